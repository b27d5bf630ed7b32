"""Temporary files ("parts") that are being written, and the removal of those that killed processes left behind.

The writer of a part holds a lock on it, which the operating system releases when the process ends for any reason. So
a part that can be locked has no writer any more. On a file system without locks, no part counts as left behind. On
Windows no lock is needed: an open file cannot be renamed there.
"""

import os
import re
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Self

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # a module or None

_NAME = re.compile(r"\.audioguide-[0-9a-f]{12}\.part")


class Part:
    """A new, locked temporary file; leaving the context removes it unless it was moved into place.

    Raises:
        OSError: it cannot be created.
    """

    def __init__(self, folder: Path) -> None:
        self.path, self.file = _create(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        with suppress(OSError):
            if os.name != "nt":
                self.path.unlink(missing_ok=True)  # before the lock is released, so that no sweep finds it
            self.file.close()
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def write(self, data: bytes | memoryview) -> None:
        """Write all of data; an unbuffered file may take only a part of it at once.

        Raises:
            OSError: it cannot be written.
        """
        rest = memoryview(data)
        while rest:
            rest = rest[self.file.write(rest) or 0 :]

    def move(self, target: Path) -> None:
        """Rename the file to target, replacing what is there in one step.

        Raises:
            OSError: it cannot be renamed.
        """
        if os.name == "nt":  # an open file cannot be renamed there; elsewhere the lock is held until after the rename
            self.file.close()
        self.path.replace(target)


def left_behind(folder: Path) -> list[Path]:
    """Return the parts in a folder whose writers are gone."""
    return [path for path in _parts(folder) if _is_abandoned(path)]


def sweep(folder: Path) -> list[Path]:
    """Remove the parts in a folder whose writers are gone, and return their paths."""
    return [path for path in _parts(folder) if _is_abandoned(path, remove=True)]


def _parts(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            ours = [entry for entry in entries if _NAME.fullmatch(entry.name)]
    except OSError:
        return []
    return sorted(folder / entry.name for entry in ours if entry.is_file(follow_symlinks=False))


def _create(folder: Path) -> tuple[Path, FileIO]:
    """Return a new file with a lock on it; if another process swept it away before the lock, create another."""
    while True:
        path = folder / f".audioguide-{os.urandom(6).hex()}.part"
        file = path.open("xb", buffering=0)  # unbuffered: a full disk must raise in write(), not in close()
        _lock(file)
        if _is_same_file(path, file):
            return path, file
        file.close()


def _lock(file: FileIO) -> None:
    if fcntl:
        with suppress(OSError):  # a file system without locks: no other process can lock it either
            fcntl.flock(file, fcntl.LOCK_EX)


def _is_same_file(path: Path, file: FileIO) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _is_abandoned(path: Path, remove: bool = False) -> bool:
    """Return whether a part has no writer any more; if so and remove is set, remove it."""
    try:
        if fcntl is None:
            path.rename(path)  # Windows refuses this while the file is open
            if remove:
                path.unlink()
            return True
        with path.open("r+b") as file:  # open for writing: NFS refuses locks on read-only files
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if remove:
                path.unlink()
    except OSError:
        return False
    return True

"""Files that are being written, under temporary names; what a killed process left of them is told from what lives.

Whoever writes a part holds a lock on it, which the system lets go of when the process ends, however it ends. A part
that can be locked is therefore nobody's any more. Where a file system has no locks, no part counts as left behind;
Windows has its own: what is open there cannot be removed.
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
    fcntl = None  # type: ignore[assignment]  # a module or nothing

_NAME = re.compile(r"\.audioguide-[0-9a-f]{12}\.part")


class Part:
    """A new file that nobody else has; a context that removes it again unless it was moved into place."""

    def __init__(self, folder: Path) -> None:
        """Make one in folder.

        Raises:
            OSError: it cannot be made.
        """
        self.path, self.file = _made(folder)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *reason: object) -> None:
        """Close and remove it, unless it was moved."""
        with suppress(OSError):
            if os.name != "nt":
                self.path.unlink(missing_ok=True)  # while it is held: nobody sweeps it, and nobody can hold it up
            self.file.close()
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def move(self, target: Path) -> None:
        """Let it stand at target, in one step.

        Raises:
            OSError: it cannot stand there.
        """
        if os.name == "nt":  # what is open there cannot be moved; elsewhere it is held until it stands
            self.file.close()
        self.path.replace(target)


def left_behind(folder: Path) -> list[Path]:
    """Return the parts in a folder whose writers are gone."""
    return [path for path in _parts(folder) if _is_nobodys(path)]


def sweep(folder: Path) -> list[Path]:
    """Remove the parts in a folder whose writers are gone, and return them."""
    return [path for path in _parts(folder) if _is_nobodys(path, remove=True)]


def _parts(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            ours = [entry for entry in entries if _NAME.fullmatch(entry.name)]
    except OSError:
        return []
    return sorted(folder / entry.name for entry in ours if entry.is_file(follow_symlinks=False))


def _made(folder: Path) -> tuple[Path, FileIO]:
    """Return a new file that is held; one that was swept away before it was held is made anew."""
    while True:
        path = folder / f".audioguide-{os.urandom(6).hex()}.part"
        file = path.open("xb", buffering=0)  # so that a full disk shows at the write, not at the end
        _hold(file)
        if _is_still(path, file):
            return path, file
        file.close()


def _hold(file: FileIO) -> None:
    if fcntl:
        with suppress(OSError):  # a file system without locks: nobody else can hold it either
            fcntl.flock(file, fcntl.LOCK_EX)


def _is_still(path: Path, file: FileIO) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _is_nobodys(path: Path, remove: bool = False) -> bool:
    """Return whether nobody writes a part; and remove it, if so and asked for."""
    try:
        if fcntl is None:
            return _without_locks(path, remove)
        with path.open("r+b") as file:  # NFS locks only what may be written
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if remove:
                path.unlink()
    except OSError:
        return False
    return True


def _without_locks(path: Path, remove: bool) -> bool:
    """Return whether a part can be renamed, which Windows refuses while it is open; and remove it, if asked for."""
    path.rename(path)
    if remove:
        path.unlink()
    return True

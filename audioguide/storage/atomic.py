"""Atomic writes: a file is complete or does not exist."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import SEEK_END
from os import fsync
from pathlib import Path

from audioguide.core.errors import OutputError
from audioguide.storage.part_files import Part, sweep


@contextmanager
def atomic_file(path: Path, suffix: str = ".mp3") -> Iterator["Draft"]:
    """Yield a draft of the file at path: a temporary file, moved into place on success and removed on any exception.

    The folder of path is created if its own parent exists. Temporary files of killed builds in it are removed.

    Args:
        path: the file to write; ~ is expanded and links are followed.
        suffix: the required end of the name, so that a file of another type is never overwritten.

    Raises:
        OutputError: the file cannot be written.
    """
    target = _target(expand_home(path), suffix)
    folder = target.parent
    is_new_folder = not folder.exists()
    part = _open(path, folder)
    try:
        with part:
            draft = Draft(path, part)
            yield draft
            draft.sync()
            _replace(path, part, target)
    finally:
        if is_new_folder and not target.exists():
            with suppress(OSError):  # another program has created a file in it
                folder.rmdir()


def expand_home(path: Path) -> Path:
    """Return path with ~ replaced by the home folder.

    Raises:
        OutputError: there is no home folder.
    """
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise OutputError(f"{path}: there is no home folder; write the full path") from error


def read_at_most(path: Path, most: int) -> bytes | None:
    """Return the content of a file, or None if it is larger than most bytes; never reads more than that.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(most + 1)
    return data if len(data) <= most else None


class Draft:
    """A file that is being written.

    Args:
        path: the final path, for messages.
        part: the temporary file.
    """

    def __init__(self, path: Path, part: Part) -> None:
        self._path = path
        self._part = part

    def write(self, data: bytes | memoryview) -> None:
        """Append data.

        Raises:
            OutputError: it cannot be written.
        """
        try:
            self._part.write(data)
        except OSError as error:
            raise _cannot(self._path, error, "free some disk space, or choose another place with --out FILE") from error

    def overwrite_start(self, data: bytes) -> None:
        """Overwrite the first len(data) bytes; later writes append to the end again.

        Raises:
            OutputError: it cannot be written.
        """
        self._part.file.seek(0)
        self.write(data)
        self._part.file.seek(0, SEEK_END)

    def sync(self) -> None:
        """Wait until all data is on the disk, so that a power cut cannot leave an incomplete file under the final name.

        Raises:
            OutputError: the disk is full, or failed.
        """
        try:
            fsync(self._part.file.fileno())
        except OSError as error:
            raise _cannot(self._path, error, "free some disk space, or choose another place with --out FILE") from error


def _target(path: Path, suffix: str) -> Path:
    """Return path with links resolved, which is a regular file or does not exist yet."""
    try:
        target = path.resolve()
        if not path.name or target.is_dir():
            raise OutputError(f"{path} is a folder; name a file, such as {path / 'session.mp3'}")
        if target.suffix.lower() != suffix:
            raise OutputError(f"{path}: the name must end in {suffix}; write {path.with_suffix(suffix)}")
        if target.exists() and not target.is_file():
            raise OutputError(f"{path} is not a regular file; choose another with --out FILE")
    except (OSError, RuntimeError) as error:
        raise _cannot(path, error, "choose another place with --out FILE") from error
    return target


def _open(path: Path, folder: Path) -> Part:
    try:
        if folder.parent.is_dir():
            folder.mkdir(exist_ok=True)
        sweep(folder)
        return Part(folder)
    except OSError as error:
        raise _cannot(path, error, "choose another place with --out FILE") from error


def _replace(path: Path, part: Part, target: Path) -> None:
    try:
        part.move(target)
    except PermissionError as error:
        raise _cannot(path, error, "close the program that plays it") from error
    except OSError as error:
        raise _cannot(path, error, "choose another place with --out FILE") from error


def _cannot(path: Path, error: Exception, advice: str) -> OutputError:
    return OutputError(f"{path} cannot be written ({getattr(error, 'strerror', None) or error}); {advice}")

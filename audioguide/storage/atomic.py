"""Files that are whole or not there."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import SEEK_END, FileIO
from os import fsync
from pathlib import Path

from audioguide.core.errors import OutputError
from audioguide.storage.part_files import Part, sweep


@contextmanager
def atomic_file(path: Path, suffix: str = ".mp3") -> Iterator["Draft"]:
    """Open a temporary neighbour of path for writing; move it into place when all went well, else remove it.

    A folder that is missing is made, if the folder it belongs into is there. The
    name must end in suffix, so that no file of another kind is ever overwritten.
    What builds that were killed have left beside it is removed.

    Raises:
        OutputError: the place cannot be written.
    """
    target = _target(at_home(path), suffix)
    folder = target.parent
    made = not folder.exists()
    part = _open(path, folder)
    try:
        with part:
            draft = Draft(path, part.file)
            yield draft
            draft.settle()
            _replace(path, part, target)
    finally:
        if made and not target.exists():
            with suppress(OSError):  # something else has been put there
                folder.rmdir()


def at_home(path: Path) -> Path:
    """Return a path in which ~ is the home folder.

    Raises:
        OutputError: there is none.
    """
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise OutputError(f"{path}: there is no home folder; write the whole path") from error


def read_at_most(path: Path, most: int) -> bytes | None:
    """Return what a file holds, or None where that is more than so many bytes; it is not read further then.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(most + 1)
    return data if len(data) <= most else None


class Draft:
    """A file that is being written."""

    def __init__(self, path: Path, file: FileIO) -> None:
        """Write to file, which will stand at path."""
        self._path = path
        self._file = file

    def put(self, data: bytes | memoryview) -> None:
        """Append bytes.

        Raises:
            OutputError: they cannot be written.
        """
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
        except OSError as error:
            raise _cannot(self._path, error, "make room, or choose another place with --out FILE") from error

    def put_first(self, data: bytes) -> None:
        """Write bytes over as many at the beginning, and go on at the end."""
        self._file.seek(0)
        self.put(data)
        self._file.seek(0, SEEK_END)

    def settle(self) -> None:
        """Wait until the disk holds all of it, so that no power cut leaves a file that is whole by name only.

        Raises:
            OutputError: it cannot hold it.
        """
        try:
            fsync(self._file.fileno())
        except OSError as error:
            raise _cannot(self._path, error, "make room, or choose another place with --out FILE") from error


def _target(path: Path, suffix: str) -> Path:
    """Return where path leads to, which is an ordinary file or nothing yet."""
    try:
        target = path.resolve()
        if not path.name or target.is_dir():
            raise OutputError(f"{path} is a folder; name a file, such as {path / 'session.mp3'}")
        if target.suffix.lower() != suffix:
            raise OutputError(f"{path}: what is written ends in {suffix}; name it {path.with_suffix(suffix)}")
        if target.exists() and not target.is_file():
            raise OutputError(f"{path} is no ordinary file; choose another with --out FILE")
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

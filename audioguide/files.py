"""Files that are whole or not there."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import SEEK_END, FileIO
from pathlib import Path
from secrets import token_hex

from audioguide.errors import OutputError


@contextmanager
def atomic_file(path: Path, suffix: str = ".mp3") -> Iterator["Draft"]:
    """Open a temporary neighbour of path for writing; move it into place when all went well, else remove it.

    A folder that is missing is made, if the folder it belongs into is there. The
    name must end in suffix, so that no file of another kind is ever overwritten.

    Raises:
        OutputError: the place cannot be written.
    """
    target = _target(path.expanduser(), suffix)
    part = neighbour(target)
    made = not part.parent.exists()
    file = _open(path, part)
    try:
        with file:
            yield Draft(path, file)
        _replace(path, part, target)
    finally:
        part.unlink(missing_ok=True)
        if made and not target.exists():
            with suppress(OSError):  # something else has been put there
                part.parent.rmdir()


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


def neighbour(path: Path) -> Path:
    """Return a name beside path that nothing else has."""
    return path.with_name(f".{token_hex(6)}.part")


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


def _open(path: Path, part: Path) -> FileIO:
    try:
        if part.parent.parent.is_dir() and not part.parent.exists():
            part.parent.mkdir()
        return part.open("xb", buffering=0)  # so that a full disk shows at the write, not at the end
    except OSError as error:
        raise _cannot(path, error, "choose another place with --out FILE") from error


def _replace(path: Path, part: Path, target: Path) -> None:
    try:
        part.replace(target)
    except PermissionError as error:
        raise _cannot(path, error, "close the program that plays it") from error
    except OSError as error:
        raise _cannot(path, error, "choose another place with --out FILE") from error


def _cannot(path: Path, error: Exception, advice: str) -> OutputError:
    return OutputError(f"{path} cannot be written ({getattr(error, 'strerror', None) or error}); {advice}")

"""Files that are whole or not there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import getpid
from pathlib import Path

from audioguide.errors import OutputError


@contextmanager
def atomic_file(path: Path) -> Iterator[Callable[[bytes], object]]:
    """Open a temporary neighbour of path for writing; move it into place when all went well, else remove it.

    Raises:
        OutputError: the place cannot be written.
    """
    part = path.with_name(f".{path.name}.{getpid()}.part")
    try:
        if path.is_dir():
            raise OutputError(f"{path} is a folder; name a file, such as {path / 'session.mp3'}")
        if path.parent.parent.is_dir():
            path.parent.mkdir(exist_ok=True)
        file = part.open("wb")
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror}); choose another place with --out FILE"
        ) from error
    try:
        with file:
            yield file.write
        part.replace(path)
    except OSError as error:
        advice = (
            "close the program that plays it" if isinstance(error, PermissionError) else "make room or use --out FILE"
        )
        raise OutputError(f"{path} cannot be written ({error.strerror}); {advice}") from error
    finally:
        part.unlink(missing_ok=True)

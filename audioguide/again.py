"""What the last build said, told again where nothing has changed since: neither what it was made of nor what it wrote.

A build that is asked for once more then takes hardly longer than Python's own start. Like make, this goes by the
stamps of files (size, both times, inode), not by what is in them. What is looked at: the program and the folders of its
libraries, the scripts, the voice, and the files that were written. Whatever cannot be looked at is built as ever.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from audioguide.errors import StoreError
from audioguide.store import Store, key_of

FORMAT = 1
_KIND = "builds"
_MOST_FILES = 2_000
_STEADY_NS = 50_000_000
"""What was written a moment ago may be written again without another time: file systems count in steps."""

Stamp = list[int]


@dataclass(frozen=True, slots=True)
class Told:
    """What a command said."""

    out: str
    err: str


def recall(arguments: Sequence[str], store: Store) -> Told | None:
    """Return what the same command said here, or None where that must be found out anew.

    Args:
        arguments: of the command line.
        store: where it was remembered.
    """
    try:
        found = store.read(_KIND, _key(arguments))
        if found is None:
            return None
        body = json.loads(found[1])
        same = all(_stamp(path) == stamp for path, stamp in body["stamps"].items())
        same = same and all(_inside(folder) == files for folder, files in body["folders"].items())
        return Told(body["out"], body["err"]) if same else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


class Memory:
    """Takes down what a build is made of before it begins, and what it said when it has ended."""

    def __init__(self, folders: Iterable[Path], files: Iterable[Path]) -> None:
        """Look at the folders and files that a build will read; now, since they may change while it runs."""
        now = time.time_ns()
        self._folders = {str(folder.absolute()): _inside(str(folder.absolute())) for folder in folders}
        self._stamps = {path: _stamp(path) for path in (*_program(), *(str(file.absolute()) for file in files))}
        looked_at = [*self._stamps.values(), *(stamp for inside in self._folders.values() for stamp in inside.values())]
        self._steady = all(stamp and abs(now - stamp[1]) > _STEADY_NS for stamp in looked_at)

    def keep(
        self, arguments: Sequence[str], store: Store, told: Told, written: Iterable[Path], still: Callable[[], bool]
    ) -> None:
        """Remember what a build said, if everything that it read or wrote can be looked at again.

        Args:
            arguments: of the command line.
            store: where it is remembered.
            told: what it said.
            written: the files it wrote.
            still: returns whether these are still its own, and no other build has put others there.
        """
        stamps = self._stamps | {str(path.absolute()): _stamp(str(path.absolute())) for path in written}
        if not (self._steady and all(stamps.values()) and still()):
            return
        body = {"out": told.out, "err": told.err, "stamps": stamps, "folders": self._folders}
        try:
            store.write(_KIND, _key(arguments), json.dumps(body).encode())
        except (OSError, StoreError):
            return  # then it is built again


def _key(arguments: Sequence[str]) -> str:
    return key_of(FORMAT, list(arguments), os.getcwd(), sys.version, sys.executable)  # noqa: PTH109  # pathlib is slow


def _program() -> Iterator[str]:
    """Yield what changes with the program: its own files, and the folders into which packages are installed."""
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120  # pathlib is slow
    yield from (entry for entry in _files(here) if entry.endswith(".py"))
    yield from (folder for folder in sys.path if folder.endswith("-packages"))


def _inside(folder: str) -> dict[str, Stamp]:
    """Return the stamps of all files in a folder, by name; an empty one for what cannot be looked at."""
    stamps: dict[str, Stamp] = {}
    try:
        for path in _files(folder):
            stamps[path] = _stamp(path)
            if len(stamps) > _MOST_FILES:
                return {folder: []}
    except OSError:
        return {folder: []}
    return stamps


def _files(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    yield from _files(entry.path)
            else:
                yield entry.path


def _stamp(path: str) -> Stamp:
    """Return what tells a state of a file from another one; nothing where there is none."""
    try:
        facts = os.stat(path)  # noqa: PTH116
    except OSError:
        return []
    return [facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino]

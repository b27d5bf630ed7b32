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

from audioguide.store import TAG, Store, key_of

FORMAT = 1
_KIND = "builds"
_MOST_FILES = 2_000
_STEADY_NS, _COARSE_STEADY_NS = 50_000_000, 2_100_000_000
"""What was written a moment ago may be written again without another time: file systems count in steps, some of them in
whole seconds or two."""
_SECOND_NS = 10**9
_LASTS_S = 24 * 3600
"""After a day all is put together once more, and so what is needed for it is marked as used."""
_OUR_OWN = (".mp3", ".vtt", ".srt", ".lrc", ".part")
"""What builds write may stand among the scripts."""

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
        if not 0 <= time.time() - body["at"] < _LASTS_S:
            return None
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
        self._steady = all(stamp and _is_steady(stamp, now) for stamp in looked_at)

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
        body = {"at": time.time(), "out": told.out, "err": told.err, "stamps": stamps, "folders": self._folders}
        try:
            store.write(_KIND, _key(arguments), json.dumps(body).encode())
        except (OSError, ValueError):  # a folder that is gone, a name that is no text
            return  # then it is built again


def _key(arguments: Sequence[str]) -> str:
    """Return what makes two commands the same: words, place, whose home, and the Python that runs them."""
    python = sys.version, sys.executable, sys.path[1:]
    home = os.path.expanduser("~")  # noqa: PTH111  # pathlib is slow
    return key_of(FORMAT, list(arguments), os.getcwd(), home, python)  # noqa: PTH109


def _program() -> Iterator[str]:
    """Yield what changes with the program: its own files, and the folders into which packages are installed."""
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120  # pathlib is slow
    yield from (entry for entry in _files(here) if entry.endswith(".py"))
    yield from (folder for folder in sys.path[1:] if os.path.isdir(folder))  # noqa: PTH112


def _inside(folder: str) -> dict[str, Stamp]:
    """Return the stamps of the files in a folder, caches and sessions left out; an empty one where that fails."""
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
                if entry.name != "__pycache__" and not os.path.exists(os.path.join(entry.path, TAG)):  # noqa: PTH110, PTH118
                    yield from _files(entry.path)
            elif not entry.name.endswith(_OUR_OWN):
                yield entry.path


def _is_steady(stamp: Stamp, now: int) -> bool:
    """Return whether a file that is written from now on will have another time than it has."""
    coarse = stamp[1] % _SECOND_NS == 0
    return abs(now - stamp[1]) > (_COARSE_STEADY_NS if coarse else _STEADY_NS)


def _stamp(path: str) -> Stamp:
    """Return what tells a state of a file from another one; nothing where there is none."""
    try:
        facts = os.stat(path)  # noqa: PTH116
    except OSError:
        return []
    return [facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino]

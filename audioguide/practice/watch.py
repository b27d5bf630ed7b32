"""Builds again at every save: the loop, and apart from it the world in which files change."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from audioguide.core.characters import HIDDEN
from audioguide.core.errors import AudioguideError, InputError, ScriptErrors
from audioguide.practice.definition import find_practice
from audioguide.storage.file_stamp import FileStamp
from audioguide.storage.shelf import is_file, is_path

QUIET_MS, MOST_QUIET_MS = 100, 1_000
"""A save is over when nothing was written for so long, or at the latest after that: editors write in several goes."""
_LOOK_MS = 250
"""How often is looked whether a folder was put in another's place, or the voice's file was changed."""
_PASSING = re.compile(r"[.#~].*|.*~|__pycache__|.*\.(?:bak|tmp|part|mp3|vtt|srt|lrc|wav|flac|pyc)", re.IGNORECASE)
"""Names of what editors, and this program, write beside the scripts; Vim tries files named by a number as well."""
_MOST_NAMES = 3


# --- the loop ---


def watch(
    changes: Iterable[set[Path]],
    build: Callable[[], str],
    now: Callable[[], datetime] = datetime.now,
    timer: Callable[[], float] = time.perf_counter,
) -> Iterator[str]:
    """Build for each set of changes, and yield what came of it: one line, or one for each thing that is wrong.

    Args:
        changes: what was saved; an empty set builds too.
        build: builds, and returns what was written.
        now: tells the time of day.
        timer: tells seconds that pass.
    """
    for changed in changes:
        start = timer()
        try:
            words = [f"{build()}, in {timer() - start:.1f} s"]
        except ScriptErrors as error:
            words = [str(one) for one in error.errors]
        except (AudioguideError, OSError) as error:
            words = [str(error)]
        head = f"{now():%H:%M:%S}  {_names(changed)}"
        yield from (_plain(f"{head}{line}") for line in words)


def _names(changed: Iterable[Path]) -> str:
    """Return what was changed as the beginning of a line.

    >>> _names([Path("p/b.md.j2"), Path("p/a.md.j2")]), _names(map(Path, "abcde")), _names([])
    ('a.md.j2, b.md.j2: ', 'a, b, c and 2 more: ', '')
    """
    names = sorted({path.name for path in changed})
    more = len(names) - _MOST_NAMES
    listed = ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
    return f"{listed}: " if names else ""


def _plain(line: str) -> str:
    """Return a line that stays one; what is hidden in it is shown."""
    return HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", line.replace("\n", " "))


# --- the world ---


class Scene:
    """What a session is made of on disk: the folders of its practice, and its voice's file."""

    def __init__(self, practice: str, voice: str, cache: Path | None = None) -> None:
        """Look at a practice and a voice, as given; cache is a folder that a build fills.

        Raises:
            InputError: there is no such practice.
        """
        self._practice = practice
        self._voice = Path(voice).expanduser().resolve() if is_path(voice) else None
        self._cache = cache.expanduser().resolve() if cache else None
        self.folders = [_folder(practice)]
        """Of the practice; where it cannot be read, those of the last time."""
        try:
            self._read()
        except InputError:
            raise
        except AudioguideError:  # it is there, and can be mended
            pass

    def _read(self) -> None:
        self.folders = [layer.folder.resolve() for layer in find_practice(self._practice).layers]

    def look_again(self) -> None:
        """Find out whether the practice has other folders now."""
        with suppress(AudioguideError):
            self._read()

    def stamps(self) -> dict[Path, FileStamp | int | None]:
        """Return what tells each folder from another one in its place, and the voice's file from a later state of it.

        A voice's file inside one of the folders is watched there.
        """
        stamps: dict[Path, FileStamp | int | None] = {}
        for folder in self.folders:
            stamp = _stamp(folder)
            stamps[folder] = stamp and stamp.inode
        if self._voice and not self._folder_of(self._voice):
            stamps[self._voice] = _stamp(self._voice)
        return stamps

    def matters(self, path: Path) -> bool:
        """Return whether a change of a file may change a session."""
        folder = self._folder_of(path)
        if folder is None or path.name.isdecimal() or (self._cache and path.is_relative_to(self._cache)):
            return False
        return not any(_PASSING.fullmatch(part) for part in path.relative_to(folder).parts)

    def _folder_of(self, path: Path) -> Path | None:
        return next((folder for folder in self.folders if path.is_relative_to(folder)), None)


def saves(scene: Scene) -> Iterator[set[Path]]:
    """Yield an empty set when watching has begun, then what was saved, each time it was; for ever.

    What is saved while nobody asks for the next set is in that one.
    """
    begun, changed = False, set[Path]()
    while True:
        stamps = scene.stamps()
        for names, gone in _ticks(folder for folder in scene.folders if folder.is_dir()):
            changed |= {path for path in names if scene.matters(path)}
            if changed or not begun:
                yield changed
                begun, changed = True, set()
                scene.look_again()
            elif (later := scene.stamps()) != stamps:
                changed = {path for path in stamps if path in later and later[path] != stamps[path]}
                break
            if gone & stamps.keys():  # nothing is told of what comes in its place, which may be there already
                changed = {path for path in gone & stamps.keys() if path.exists()}
                break


def _ticks(folders: Iterable[Path]) -> Iterator[tuple[set[Path], set[Path]]]:
    """Yield (all, deleted ones) of what was changed in folders, after each save; empty where nothing was for long."""
    from watchfiles import Change
    from watchfiles import watch as watch_folders

    for changes in watch_folders(
        *folders,
        watch_filter=None,
        step=QUIET_MS,
        debounce=MOST_QUIET_MS,
        rust_timeout=_LOOK_MS,
        yield_on_timeout=True,
    ):
        yield {Path(name) for _, name in changes}, {Path(name) for kind, name in changes if kind is Change.deleted}


def _folder(practice: str) -> Path:
    path = Path(practice).expanduser().resolve()
    return path.parent if is_file(path) else path


def _stamp(path: Path) -> FileStamp | None:
    try:
        return FileStamp.of(path)
    except OSError:
        return None

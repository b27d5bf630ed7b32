"""Rebuilds a session at every save: the loop, and separately the files that it watches."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from audioguide.core.characters import visible
from audioguide.core.errors import AudioguideError, InputError, ScriptErrors
from audioguide.practice.definition import find_practice
from audioguide.storage.file_stamp import FileStamp
from audioguide.storage.shelf import is_file, is_path

QUIET_MS, MOST_QUIET_MS = 100, 1_000
"""A save counts as finished when nothing was written for QUIET_MS, or after MOST_QUIET_MS: editors write repeatedly."""
_POLL_MS = 250
"""The interval of checks whether a folder was replaced by another one, or the voice file was changed."""
_TEMPORARY = re.compile(r"[.#~].*|.*~|__pycache__|.*\.(?:bak|tmp|part|mp3|vtt|srt|lrc|wav|flac|pyc)", re.IGNORECASE)
"""Names of files that editors and this program write next to the scripts. Vim also writes files named by a number."""
_MOST_NAMES = 3


# --- the loop ---


def watch(
    changes: Iterable[set[Path]],
    build: Callable[[], str],
    now: Callable[[], datetime] = datetime.now,
    timer: Callable[[], float] = time.perf_counter,
) -> Iterator[str]:
    """Build for each set of changes, and yield the result: one line, or one for each error.

    Args:
        changes: the files that were saved; an empty set builds as well.
        build: builds the session, and returns a line about what it wrote.
        now: the time of day.
        timer: a clock in seconds.
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
        yield from (visible(f"{head}{line}".replace("\n", " ")) for line in words)


def _names(changed: Iterable[Path]) -> str:
    """Return the names of changed files, for the beginning of a line.

    >>> _names([Path("p/b.md.j2"), Path("p/a.md.j2")]), _names(map(Path, "abcde")), _names([])
    ('a.md.j2, b.md.j2: ', 'a, b, c and 2 more: ', '')
    """
    names = sorted({path.name for path in changed})
    more = len(names) - _MOST_NAMES
    listed = ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
    return f"{listed}: " if names else ""


# --- the world ---


class WatchedFiles:
    """The files that a session depends on: the folders of its practice, and its voice file."""

    def __init__(self, practice: str, voice: str, cache: Path | None = None) -> None:
        """Find the files of a practice and a voice; cache is a folder that builds write to.

        Raises:
            InputError: there is no such practice.
        """
        self._practice = practice
        self._voice = Path(voice).expanduser().resolve() if is_path(voice) else None
        self._cache = cache.expanduser().resolve() if cache else None
        self.folders = [_folder(practice)]
        """The folders of the practice and of those that it extends, as of the last time that it could be read."""
        try:
            self._find_folders()
        except InputError:
            raise
        except AudioguideError:  # the practice exists, and the writer can fix it
            pass

    def _find_folders(self) -> None:
        self.folders = [layer.folder.resolve() for layer in find_practice(self._practice).layers]

    def refresh(self) -> None:
        """Update the folders: the practice may extend another one now."""
        with suppress(AudioguideError):
            self._find_folders()

    def stamps(self) -> dict[Path, FileStamp | int | None]:
        """Return values that change when a folder is replaced, or the voice file is changed.

        A voice's file inside one of the folders is watched there.
        """
        stamps: dict[Path, FileStamp | int | None] = {}
        for folder in self.folders:
            stamp = _stamp(folder)
            stamps[folder] = stamp and stamp.inode
        if self._voice and not self._folder_of(self._voice):
            stamps[self._voice] = _stamp(self._voice)
        return stamps

    def is_relevant(self, path: Path) -> bool:
        """Return whether a change of this file may change the session."""
        folder = self._folder_of(path)
        if folder is None or path.name.isdecimal() or (self._cache and path.is_relative_to(self._cache)):
            return False
        return not any(_TEMPORARY.fullmatch(part) for part in path.relative_to(folder).parts)

    def _folder_of(self, path: Path) -> Path | None:
        return next((folder for folder in self.folders if path.is_relative_to(folder)), None)


def saves(files: WatchedFiles) -> Iterator[set[Path]]:
    """Yield an empty set when watching has begun, then the set of changed files after every save, endlessly.

    Files that are saved while the caller handles one set are in the next one.
    """
    begun, changed = False, set[Path]()
    while True:
        stamps = files.stamps()
        for paths, deleted in _changes(folder for folder in files.folders if folder.is_dir()):
            changed |= {path for path in paths if files.is_relevant(path)}
            if changed or not begun:
                yield changed
                begun, changed = True, set()
                files.refresh()
            elif (later := files.stamps()) != stamps:
                changed = {path for path in stamps if path in later and later[path] != stamps[path]}
                break
            if deleted & stamps.keys():  # what replaces a deleted folder is not watched yet, and may exist already
                changed = {path for path in deleted & stamps.keys() if path.exists()}
                break


def _changes(folders: Iterable[Path]) -> Iterator[tuple[set[Path], set[Path]]]:
    """Yield (changed, deleted) paths in folders after each save, and two empty sets every _POLL_MS without one."""
    from watchfiles import Change
    from watchfiles import watch as watch_folders

    for changes in watch_folders(
        *folders,
        watch_filter=None,
        step=QUIET_MS,
        debounce=MOST_QUIET_MS,
        rust_timeout=_POLL_MS,
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

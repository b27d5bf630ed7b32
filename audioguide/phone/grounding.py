"""The tracks with which the page grounds: one for all sessions of the same practice, voice and words."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from audioguide.core.errors import AudioguideError
from audioguide.core.request import Request
from audioguide.phone.catalogue import SessionFile, read, stamp_of
from audioguide.phone.companion import companion_request, edges
from audioguide.session import build as sessions
from audioguide.session.fit import Progress
from audioguide.storage.store import Store, key_of


@dataclass(frozen=True, slots=True)
class Track:
    """A grounding, and the closing behind it."""

    key: str
    entry: SessionFile
    grounding_end: int
    """Frames."""
    closing_start: int
    """Frames."""


class Groundings:
    """The tracks of sessions, built into a folder as far as they can be."""

    def __init__(self, folder: Path, store: Store, near: Path, tell: Callable[[str], None]) -> None:
        """Build into folder; practices and voices may stand near, and tell is told once why a track is missing."""
        self._folder = folder
        self._store = store
        self._near = near
        self._tell = tell
        self._told: set[str] = set()
        self._built: dict[str, Track] = {}
        self.tracks: dict[str, Track | None] = {}
        """By the digest of a session; None where there can be none."""

    def missing(self, entries: Iterable[SessionFile]) -> list[SessionFile]:
        """Return the sessions that were not looked at yet."""
        return [entry for entry in entries if entry.digest not in self.tracks]

    def build(self, entries: Iterable[SessionFile], progress: Progress | None = None) -> None:
        """Build the tracks of sessions, one after the other; progress is told how far the speaking is."""
        for entry in self.missing(entries):
            try:
                track = self._track(companion_request(entry.manifest, self._near), progress)
            except Exception as error:  # a manifest may say anything: the sessions play without it
                track = None
                self._tell_once(f"{_why(error)}; until then the page offers no grounding there")
            self.tracks = {**self.tracks, entry.digest: track}

    def _track(self, request: Request, progress: Progress | None) -> Track | None:
        key = key_of(asdict(request))[:12]
        if key not in self._built:
            path = self._folder / f"{key}.mp3"
            sessions.write(request, path, self._store, progress)
            stamp = stamp_of(path.stat())
            entry = read(path, stamp) if stamp else None
            if entry is None:  # something else was put there in the meantime
                return None
            self._built[key] = Track(key, entry, *edges(entry.manifest))
        return self._built[key]

    def _tell_once(self, words: str) -> None:
        if words not in self._told:
            self._told.add(words)
            self._tell(words)


def _why(error: Exception) -> str:
    """Return why there is no track; of an error that nobody foresaw its kind, too."""
    if isinstance(error, (AudioguideError, OSError, ValueError)):
        return str(error)
    return f"a grounding failed for a reason that is not yours ({type(error).__name__}: {error})"

"""The tracks that the page plays on Grounding; sessions with the same practice, voice and options share one.

A track is one MP3, so that a phone which has it needs no network: the grounding, which ends by saying that nothing
more plays; at least rendering.APART_S of room tone; the closing that the session itself would have.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from audioguide.audio.sound import SWELL
from audioguide.core.clock import LEAD, frames
from audioguide.core.errors import AudioguideError, InputError
from audioguide.core.request import Request, restored_options
from audioguide.phone.catalogue import SessionFile, read_mp3
from audioguide.practice.definition import find_practice
from audioguide.practice.rendering import APART_S, FINISH
from audioguide.session import build as sessions
from audioguide.session.fit import Progress
from audioguide.session.manifest import Manifest
from audioguide.speech.voices import find_voice
from audioguide.storage.file_stamp import FileStamp
from audioguide.storage.store import Store, key_of

_Definition = TypeVar("_Definition")
_FADE = frames(1)
"""How much of the room tone after its last word belongs to the grounding. Frames."""


@dataclass(frozen=True, slots=True)
class Track:
    """The MP3 of a grounding and a closing."""

    key: str
    """Identifies the request that it was built from; letters and figures."""
    session_file: SessionFile
    grounding_end: int
    """Frames."""
    closing_start: int
    """Frames."""


class Groundings:
    """The tracks of a folder's sessions, built on demand."""

    def __init__(self, folder: Path, store: Store, sessions_folder: Path, warn: Callable[[str], None]) -> None:
        """Build no track yet.

        Args:
            folder: where tracks are written.
            store: where clips and pieces are kept.
            sessions_folder: practices and voices are also looked for in it and next to it.
            warn: called once with each reason why a track could not be built.
        """
        self._folder = folder
        self._store = store
        self._sessions_folder = sessions_folder
        self._warn = warn
        self._warnings: set[str] = set()
        self._built: dict[str, Track] = {}
        self.tracks: dict[str, Track | None] = {}
        """By the digest of a session; None if its track could not be built."""

    def missing(self, session_files: Iterable[SessionFile]) -> list[SessionFile]:
        """Return the sessions for which no track was built or tried yet."""
        return [file for file in session_files if file.digest not in self.tracks]

    def build(self, session_files: Iterable[SessionFile], progress: Progress | None = None) -> None:
        """Build the missing tracks of sessions, one after the other."""
        for session_file in self.missing(session_files):
            try:
                track = self._track(grounding_request(session_file.manifest, self._sessions_folder), progress)
            except Exception as error:  # a manifest may contain anything; the sessions play without a track
                track = None
                self._warn_once(
                    f"{_reason(error)}; until this is fixed, the page offers no grounding for the affected sessions"
                )
            self.tracks = {**self.tracks, session_file.digest: track}

    def _track(self, request: Request, progress: Progress | None) -> Track | None:
        key = key_of(asdict(request))[:12]
        if key not in self._built:
            path = self._folder / f"{key}.mp3"
            sessions.write(request, path, self._store, progress)
            session_file = read_mp3(path, FileStamp.of(path))
            if session_file is None:  # another program has replaced the file
                return None
            self._built[key] = Track(key, session_file, *silence_bounds(session_file.manifest))
        return self._built[key]

    def _warn_once(self, message: str) -> None:
        if message not in self._warnings:
            self._warnings.add(message)
            self._warn(message)


def grounding_request(manifest: Manifest, sessions_folder: Path) -> Request:
    """Return the request for a session's track: grounding and closing in its practice, voice, pace and options.

    Args:
        manifest: of the session.
        sessions_folder: a practice or voice that is not on a shelf is looked for in this folder, next to it, and in
            the current folder.

    Raises:
        InputError: practice or voice is not found, or the practice has no grounding.
        ScriptError: practice or voice has an error; ScriptErrors: several.
    """
    path, practice = _find("practice", find_practice, manifest.practice, sessions_folder, manifest)
    voice, _ = _find("voice", find_voice, str(manifest.voice.get("name", "")), sessions_folder, manifest, ".toml")
    if practice.grounding is None:
        raise InputError(
            f"practice {practice.name} has no grounding; write [interlude.grounding] into its practice.toml"
        )
    track = {"samples": None, "only": practice.grounding.step.name, "grounding": None}
    place = {"practice": path, "voice": voice, "with_closing": manifest.timeline.total}
    return Request(**{**restored_options(manifest.options), **track, **place})


def silence_bounds(manifest: Manifest) -> tuple[int, int]:
    """Return where the silence of a track starts and ends: the end of its grounding, the start of its closing. Frames.

    Args:
        manifest: of the track.

    Raises:
        InputError: it is not the manifest of a track.
    """
    sounds = manifest.timeline.sounds
    for mark in manifest.timeline.chapters:
        ends = [sound.end for sound in sounds if sound.end <= mark.start]
        starts = [sound.start for sound in sounds if sound.start >= mark.start]
        if mark.title == FINISH and ends and starts and starts[0] - ends[-1] >= frames(APART_S):
            return ends[-1] + _FADE, starts[0] - SWELL - LEAD
    raise InputError(f"{manifest.title} has no closing after its grounding")


def _find(
    kind: str,
    find: Callable[[str], _Definition],
    name: str,
    sessions_folder: Path,
    manifest: Manifest,
    suffix: str = "",
) -> tuple[str, _Definition]:
    """Return (built-in name or path, definition) of a practice or voice."""
    for path in _candidates(name, sessions_folder, suffix):
        try:
            return path, find(path)
        except InputError:
            continue
    raise InputError(
        f"the grounding of {manifest.title!r} needs {kind} {name!r}, which was not found; put {name}{suffix} next to "
        "the sessions, or run this in the folder that contains it"
    )


def _candidates(name: str, sessions_folder: Path, suffix: str) -> Iterator[str]:
    """Yield the name, for a built-in one, then paths; nothing if the name, which comes from a file, contains a path."""
    if not name or Path(name).name != name:
        return
    yield name
    for folder in (sessions_folder.absolute(), sessions_folder.absolute().parent, Path.cwd()):
        yield str(folder / f"{name}{suffix}")


def _reason(error: Exception) -> str:
    if isinstance(error, (AudioguideError, OSError, ValueError)):
        return str(error)
    return f"a grounding could not be built because of an unexpected error ({type(error).__name__}: {error})"

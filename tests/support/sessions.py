"""Finished sessions and their parts, for tests that damage them and put them together again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np

from audioguide.audio.id3 import id3, tag_size
from audioguide.audio.mp3 import encode, info_frame, stream_frames
from audioguide.core.clock import FRAME, RATE_HZ
from audioguide.core.model import Bell, Phrase, Placed, Sound, Timeline
from audioguide.core.request import Request
from audioguide.session.build import write
from audioguide.session.manifest import OWNER, Manifest, to_bytes
from audioguide.session.session_file import Session
from audioguide.storage.store import Store
from support.audio import Signal, decode, to_pcm
from support.scripts import write_practice

HUM = 'engine = "fake"\nlanguage = "en"\npace_wpm = 110\ngain_db = -2.7\n'
"""The fake voice at the loudness of a session."""

LONG = """
# Beginning
Hello there, and welcome to this quiet place on the floor.
You may move, or stop, or stay just as you are.
[pause 4s]
Let the legs be long, and let the arms lie where they like.
Nothing has to happen here, and nothing has to be held.
# Middle
The breath comes and goes by itself, in and out, slowly.
Perhaps the back of the pelvis has some weight for now.
The floor is under you, and it will stay there.
It is quiet here now, and it can stay quiet a while.
[rest]
# End
Still lying there, you might notice what is different, or the same.
Let the eyes open, and look around in the room a little.
[bell]
Come back slowly, with the head last, when you are ready.
Thank you for lying down here today, and until another time.
"""
"""More than a minute of speech."""

SHORT = """
# One
Hello there, and welcome to this quiet place.
You may move, or stop, or stay.
[rest]
# The end
The floor is under you, and it stays there.
[bell]
Thank you, and until another time.
"""


@dataclass(frozen=True)
class Finished:
    """A session, and its file."""

    session: Session
    path: Path

    @property
    def timeline(self) -> Timeline:
        return self.session.timeline

    @property
    def phrases(self) -> list[Sound]:
        return [sound for sound in self.timeline.sounds if isinstance(sound.cue, Phrase)]

    @property
    def bells(self) -> list[Sound]:
        return [sound for sound in self.timeline.sounds if isinstance(sound.cue, Bell)]

    @cached_property
    def data(self) -> bytes:
        return self.path.read_bytes()

    @property
    def tag(self) -> bytes:
        return self.data[: tag_size(self.data)]

    @property
    def frames(self) -> bytes:
        """The bytes after the tag."""
        return self.data[tag_size(self.data) :]

    @cached_property
    def signal(self) -> Signal:
        return decode(self.data)

    def longest_gap(self) -> tuple[int, int]:
        """Return (start, length) in samples of the longest silence between two sounds, without its edges."""
        start, length = max(list(self.timeline.gaps())[1:-1], key=lambda gap: gap[1])
        return (start + 10) * FRAME, (length - 130) * FRAME  # there may be a swell at the end


def finished(folder: Path, text: str, seconds: float, store: Store, voice: str = HUM) -> Finished:
    """Build a session of a text, with a voice given as TOML."""
    practice = write_practice(folder / "small", 'title = "Small"\nsteps = ["a"]\n', {"a": text})
    (folder / "hum.toml").write_text(voice, encoding="utf-8")
    request = Request(round(seconds * RATE_HZ), practice=str(practice), voice=str(folder / "hum.toml"))
    return Finished(write(request, folder / f"{seconds:g}.mp3", store), folder / f"{seconds:g}.mp3")


def encoded(signal: Signal, total: int) -> bytes:
    """Return an MP3 of a signal, with the Info frame of a session of total samples."""
    length = stream_frames(total) * FRAME
    return info_frame(total) + encode(to_pcm(np.pad(signal, (0, length))[:length]))


def signed(
    session: Session,
    frames: bytes,
    out: Path,
    *,
    manifest: Manifest | None = None,
    chapters: Sequence[Placed] | None = None,
) -> Path:
    """Write a session's tag, with the digest of these frames, and the frames; return the path."""
    complete = replace(manifest or session.manifest, sha256=sha256(frames).hexdigest())
    marks = session.timeline.chapters if chapters is None else chapters
    out.write_bytes(id3(session.about, marks, session.timeline.total, (OWNER, to_bytes(complete))) + frames)
    return out

"""A timeline -> the MP3 frames of a session. Each piece (phrase, bell, stretch of tone) is encoded once and cached."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from audioguide.audio import sound
from audioguide.audio.mp3 import FRAME_BYTES, encode, encoder_version, info_frame, stream_frames
from audioguide.core.clock import FRAME, FRAME_MS, LEAD, TAIL, TICK, frames_for
from audioguide.core.errors import DamagedError
from audioguide.core.model import Bell, Clip, Phrase, Sound, Tick, Timeline
from audioguide.core.threads import in_order, run_in_background
from audioguide.storage.store import Store, key_of
from audioguide.timeline.plan import OPENING

_KIND = "pieces"
_TONE_FRAMES = 60_000 // FRAME_MS
"""Room tone is one piece of a minute; each silence uses as many frames of it as it needs, repeatedly if necessary."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A sequence of MP3 frames that is in the store or can be made."""

    key: str
    frames: int
    pcm: Callable[[Store], bytes]
    """Returns the audio to encode if the frames are not in the store."""


def sound_digest(timeline: Timeline, clips: Mapping[Phrase, Clip]) -> str:
    """Return a digest of everything audible in a session: of the keys of all pieces, without making them."""
    ends = (_opening(), _minute_of_tone(), _closing(timeline))
    return key_of([piece.key for piece in (*ends, *_sounds(timeline, clips))])


class Pieces:
    """Makes the pieces of sessions, or reads them from the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def make_common(self) -> None:
        """Make the pieces that every session needs in the background, as one core is idle while an engine is loaded."""
        pieces = [piece for piece in (_minute_of_tone(), _opening()) if self._store.facts(_KIND, piece.key) is None]
        if pieces:
            run_in_background(partial(self._make_missing, pieces))

    def stream(self, timeline: Timeline, clips: Mapping[Phrase, Clip]) -> Iterator[bytes | memoryview]:
        """Yield the Info frame, then the frames of the session in time order; missing pieces are made in parallel.

        Args:
            timeline: the position of each sound.
            clips: the clip of each phrase.
        """
        pieces = _sounds(timeline, clips)
        opening, minute, closing = _opening(), _minute_of_tone(), _closing(timeline)
        self._make_missing([opening, minute, *pieces, closing])
        tone = memoryview(self._frames(minute))
        yield info_frame(timeline.total)
        yield self._frames(opening)
        at = OPENING
        for placed, piece in zip(timeline.sounds, pieces, strict=True):
            yield from _repeat(tone, placed.start - sound.lead_frames(placed.announced) - at)
            yield self._frames(piece)
            at = placed.end + TAIL
        yield from _repeat(tone, timeline.frames - timeline.closing - at)
        yield self._frames(closing)

    def _make_missing(self, pieces: Iterable[Piece]) -> None:
        """Make the pieces that are not in the store, several at once."""
        missing = {piece.key: piece for piece in pieces if self._store.facts(_KIND, piece.key) is None}
        for _ in in_order([partial(self._make, piece) for piece in missing.values()]):
            pass

    def _frames(self, piece: Piece) -> bytes:
        """Return the frames of a piece, from the store if they are there and have the right length."""
        cached = self._store.read(_KIND, piece.key)
        if cached is not None and len(cached[1]) == piece.frames * FRAME_BYTES:
            return cached[1]
        return self._make(piece)

    def _make(self, piece: Piece) -> bytes:
        frames = encode(piece.pcm(self._store))
        self._store.write(_KIND, piece.key, frames)
        return frames


# --- the key of each piece, and how to make it ---


def _sounds(timeline: Timeline, clips: Mapping[Phrase, Clip]) -> list[Piece]:
    return [_sound(placed, clips) for placed in timeline.sounds]


def _sound(placed: Sound, clips: Mapping[Phrase, Clip]) -> Piece:
    match placed.cue:
        case Phrase() as phrase:
            return _phrase(clips[phrase], phrase.manner.level_db, placed.announced)
        case Bell(strokes=strokes):
            count = LEAD + sound.bell_frames(strokes) + TAIL
            return _piece(("bell", strokes), count, lambda _: sound.bell(strokes))
        case Tick():
            return _piece(("tick", TICK), LEAD + TICK + TAIL, lambda _: sound.tick())


def _phrase(clip: Clip, level_db: float, announced: bool) -> Piece:
    count = sound.lead_frames(announced) + frames_for(clip.samples) + TAIL
    gain_db = clip.gain_db + level_db
    identity = ("phrase", clip.digest, gain_db, announced)
    return _piece(identity, count, lambda store: sound.phrase(_clip_pcm(clip, store), gain_db, announced))


def _opening() -> Piece:
    return _piece(("opening", OPENING), OPENING, lambda _: sound.opening(OPENING))


def _minute_of_tone() -> Piece:
    return _piece(("tone", _TONE_FRAMES), _TONE_FRAMES, lambda _: sound.tone(_TONE_FRAMES))


def _closing(timeline: Timeline) -> Piece:
    start = timeline.frames - timeline.closing
    samples, count = timeline.total - start * FRAME, stream_frames(timeline.total) - start
    return _piece(("closing", samples, count), count, lambda _: sound.closing(samples, count))


def _piece(identity: tuple[object, ...], frame_count: int, pcm: Callable[[Store], bytes]) -> Piece:
    return Piece(key_of(identity, (sound.FORMAT, sound.TONE_DBFS, encoder_version())), frame_count, pcm)


def _clip_pcm(clip: Clip, store: Store) -> bytes:
    cached = store.read("clips", clip.key)
    if cached is None:
        raise DamagedError(clip.key, f"a clip in the cache was damaged ({store.folder}); build again to recreate it")
    return cached[1]


def _repeat(minute: memoryview, frame_count: int) -> Iterator[memoryview]:
    """Yield frame_count frames of room tone."""
    for start in range(0, frame_count, _TONE_FRAMES):
        yield minute[: min(_TONE_FRAMES, frame_count - start) * FRAME_BYTES]

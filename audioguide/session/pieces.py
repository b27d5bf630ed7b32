"""A timeline -> the MP3 frames of a session, piece by piece, each made once and kept in the store."""

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
"""Room tone is one piece of a minute, of which a silence takes what it needs."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some frames by name: they are in the store, or can be made."""

    key: str
    frames: int
    pcm: Callable[[Store], bytes]
    """Returns the sound that is encoded where the frames are missing."""


def identity(timeline: Timeline, clips: Mapping[Phrase, Clip]) -> str:
    """Return a digest of all that is heard in a session: of every piece, in its order; reads and makes nothing."""
    ends = (_opening(), _minute(), _closing(timeline))
    return key_of([piece.key for piece in (*ends, *_sounds(timeline, clips))])


class Pieces:
    """Makes or finds the pieces of sessions."""

    def __init__(self, store: Store) -> None:
        """Keep pieces in store."""
        self._store = store

    def begin(self) -> None:
        """Begin with what every session needs, where it is missing; one core idles while an engine is loaded."""
        pieces = [piece for piece in (_minute(), _opening()) if self._store.facts(_KIND, piece.key) is None]
        if pieces:
            run_in_background(partial(self._make_missing, pieces))

    def stream(self, timeline: Timeline, clips: Mapping[Phrase, Clip]) -> Iterator[bytes | memoryview]:
        """Yield the Info frame, then the frames of the whole session in time order; several pieces are made at once.

        Args:
            timeline: what stands where.
            clips: the clip of each phrase.
        """
        pieces = _sounds(timeline, clips)
        opening, minute, closing = _opening(), _minute(), _closing(timeline)
        self._make_missing([opening, minute, *pieces, closing])
        tone = memoryview(self._frames(minute))
        yield info_frame(timeline.total)
        yield self._frames(opening)
        at = OPENING
        for placed, piece in zip(timeline.sounds, pieces, strict=True):
            yield from _lasting(tone, placed.start - sound.lead_frames(placed.announced) - at)
            yield self._frames(piece)
            at = placed.end + TAIL
        yield from _lasting(tone, timeline.frames - timeline.closing - at)
        yield self._frames(closing)

    def phrase(self, clip: Clip, level_db: float = 0.0, announced: bool = False) -> bytes:
        """Return the frames of a clip: its speech, softer or louder by level_db, with tone before and behind."""
        return self._frames(_phrase(clip, level_db, announced))

    def _make_missing(self, pieces: Iterable[Piece]) -> None:
        """Make what is not in the store, several at once."""
        missing = {piece.key: piece for piece in pieces if self._store.facts(_KIND, piece.key) is None}
        for _ in in_order([partial(self._make, piece) for piece in missing.values()]):
            pass

    def _frames(self, piece: Piece) -> bytes:
        """Return a piece out of the store, or make it; one of another length counts as damaged."""
        found = self._store.read(_KIND, piece.key)
        if found is not None and len(found[1]) == piece.frames * FRAME_BYTES:
            return found[1]
        return self._make(piece)

    def _make(self, piece: Piece) -> bytes:
        frames = encode(piece.pcm(self._store))
        self._store.write(_KIND, piece.key, frames)
        return frames


# --- the names of pieces, and how each is made ---


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
    named = ("phrase", clip.digest, gain_db, announced)
    return _piece(named, count, lambda store: sound.phrase(_clip_pcm(clip, store), gain_db, announced))


def _opening() -> Piece:
    return _piece(("opening", OPENING), OPENING, lambda _: sound.opening(OPENING))


def _minute() -> Piece:
    return _piece(("tone", _TONE_FRAMES), _TONE_FRAMES, lambda _: sound.tone(_TONE_FRAMES))


def _closing(timeline: Timeline) -> Piece:
    start = timeline.frames - timeline.closing
    samples, count = timeline.total - start * FRAME, stream_frames(timeline.total) - start
    return _piece(("closing", samples, count), count, lambda _: sound.closing(samples, count))


def _piece(named: tuple[object, ...], frame_count: int, pcm: Callable[[Store], bytes]) -> Piece:
    return Piece(key_of(named, (sound.FORMAT, sound.TONE_DBFS, encoder_version())), frame_count, pcm)


def _clip_pcm(clip: Clip, store: Store) -> bytes:
    found = store.read("clips", clip.key)
    if found is None:
        words = f"a clip in the cache was damaged ({store.folder}); build once more to mend it"
        raise DamagedError(clip.key, words)
    return found[1]


def _lasting(minute: memoryview, frame_count: int) -> Iterator[memoryview]:
    """Yield room tone of so many frames."""
    for start in range(0, frame_count, _TONE_FRAMES):
        yield minute[: min(_TONE_FRAMES, frame_count - start) * FRAME_BYTES]

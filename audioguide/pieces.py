"""A timeline -> the MP3 frames of a session, piece by piece, each made once and kept in the store."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from audioguide import sound
from audioguide.clock import FRAME, FRAME_MS, LEAD, TAIL, frames_for
from audioguide.crew import in_order
from audioguide.errors import DamagedError
from audioguide.model import Bell, Clip, Phrase, Sound, Tick, Timeline
from audioguide.mp3 import FRAME_BYTES, encode, encoder_version, info_frame, stream_frames
from audioguide.plan import OPENING
from audioguide.store import Store, key_of

_KIND = "pieces"
_TONE_FRAMES = 60_000 // FRAME_MS
"""Room tone is one piece of a minute, of which a silence takes what it needs."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some frames that are in the store, or can be made."""

    key: str
    frames: int
    pcm: Callable[[], bytes]
    """Returns the sound that is encoded where the frames are missing."""


class Pieces:
    """Makes or finds the pieces of sessions in one voice."""

    def __init__(self, store: Store) -> None:
        """Keep pieces in store."""
        self._store = store
        self._always = (sound.FORMAT, sound.TONE_DBFS, encoder_version())

    def stream(self, timeline: Timeline, clips: Mapping[Phrase, Clip]) -> Iterator[bytes | memoryview]:
        """Yield the Info frame, then the frames of the whole session in time order; several pieces are made at once.

        Args:
            timeline: what stands where.
            clips: the clip of each phrase.
        """
        pieces = [self._sound(placed, clips) for placed in timeline.sounds]
        opening, minute, closing = self._opening(), self._minute(), self._closing(timeline)
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
        return self._frames(self._phrase(clip, level_db, announced))

    def _sound(self, placed: Sound, clips: Mapping[Phrase, Clip]) -> _Piece:
        match placed.cue:
            case Phrase() as phrase:
                return self._phrase(clips[phrase], phrase.manner.level_db, placed.announced)
            case Bell(strokes=strokes):
                count = LEAD + sound.bell_frames(strokes) + TAIL
                return self._piece(("bell", strokes), count, partial(sound.bell, strokes))
            case Tick():
                return self._piece(("tick", sound.TICK), LEAD + sound.TICK + TAIL, sound.tick)

    def _phrase(self, clip: Clip, level_db: float, announced: bool) -> _Piece:
        count = sound.lead_frames(announced) + frames_for(clip.samples) + TAIL
        gain_db = clip.gain_db + level_db
        identity = ("phrase", clip.digest, gain_db, announced)
        return self._piece(identity, count, lambda: sound.phrase(self._clip_pcm(clip), gain_db, announced))

    def _opening(self) -> _Piece:
        return self._piece(("opening", OPENING), OPENING, partial(sound.opening, OPENING))

    def _minute(self) -> _Piece:
        return self._piece(("tone", _TONE_FRAMES), _TONE_FRAMES, partial(sound.tone, _TONE_FRAMES))

    def _closing(self, timeline: Timeline) -> _Piece:
        start = timeline.frames - timeline.closing
        samples, count = timeline.total - start * FRAME, stream_frames(timeline.total) - start
        return self._piece(("closing", samples, count), count, partial(sound.closing, samples, count))

    def _piece(self, identity: tuple[object, ...], frame_count: int, pcm: Callable[[], bytes]) -> _Piece:
        return _Piece(key_of(identity, self._always), frame_count, pcm)

    def _clip_pcm(self, clip: Clip) -> bytes:
        found = self._store.read("clips", clip.key)
        if found is None:
            words = f"a clip in the cache was damaged ({self._store.folder}); build once more to mend it"
            raise DamagedError(clip.key, words)
        return found[1]

    def _make_missing(self, pieces: list[_Piece]) -> None:
        """Make what is not in the store, several at once."""
        missing = {piece.key: piece for piece in pieces if self._store.facts(_KIND, piece.key) is None}
        for _ in in_order([partial(self._make, piece) for piece in missing.values()]):
            pass

    def _frames(self, piece: _Piece) -> bytes:
        """Return a piece out of the store, or make it; one of another length counts as damaged."""
        found = self._store.read(_KIND, piece.key)
        if found is not None and len(found[1]) == piece.frames * FRAME_BYTES:
            return found[1]
        return self._make(piece)

    def _make(self, piece: _Piece) -> bytes:
        frames = encode(piece.pcm())
        self._store.write(_KIND, piece.key, frames)
        return frames


def _lasting(minute: memoryview, frame_count: int) -> Iterator[memoryview]:
    """Yield room tone of so many frames."""
    for start in range(0, frame_count, _TONE_FRAMES):
        yield minute[: min(_TONE_FRAMES, frame_count - start) * FRAME_BYTES]

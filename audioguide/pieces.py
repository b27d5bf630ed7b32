"""A timeline -> the MP3 frames of a session, piece by piece, each made once and kept in the store."""

from collections.abc import Callable, Iterator, Mapping

from audioguide import sound
from audioguide.clock import FRAME, FRAME_MS, LEAD, TAIL, frames_for
from audioguide.errors import DamagedError
from audioguide.model import Bell, Clip, Phrase, Sound, Tick, Timeline
from audioguide.mp3 import FRAME_BYTES, encode, encoder_version, info_frame, stream_frames
from audioguide.plan import OPENING
from audioguide.store import Store, key_of

_KIND = "pieces"
_TONE_FRAMES = 60_000 // FRAME_MS
"""Room tone is one piece of a minute, of which a silence takes what it needs."""


class Pieces:
    """Makes or finds the pieces of sessions in one voice."""

    def __init__(self, store: Store) -> None:
        """Keep pieces in store."""
        self._store = store
        self._always = (sound.FORMAT, sound.TONE_DBFS, encoder_version())

    def stream(self, timeline: Timeline, clips: Mapping[Phrase, Clip]) -> Iterator[bytes]:
        """Yield the Info frame, then the frames of the whole session in time order.

        Args:
            timeline: what stands where.
            clips: the clip of each phrase.
        """
        yield info_frame(timeline.total)
        yield self._opening()
        at = OPENING
        for placed in timeline.sounds:
            yield from self.tone(placed.start - sound.lead_frames(placed.announced) - at)
            yield self._sound(placed, clips)
            at = placed.end + TAIL
        yield from self.tone(timeline.frames - timeline.closing - at)
        yield self._closing(timeline)

    def _opening(self) -> bytes:
        return self._made(("opening", OPENING), OPENING, lambda: sound.opening(OPENING))

    def tone(self, frame_count: int) -> Iterator[bytes]:
        """Yield room tone of so many frames."""
        minute = self._made(("tone", _TONE_FRAMES), _TONE_FRAMES, lambda: sound.tone(_TONE_FRAMES))
        for start in range(0, frame_count, _TONE_FRAMES):
            yield minute[: min(_TONE_FRAMES, frame_count - start) * FRAME_BYTES]

    def phrase(self, clip: Clip, level_db: float = 0.0, announced: bool = False) -> bytes:
        """Return the piece of a clip: its speech, softer or louder by level_db, with tone before and behind."""
        count = sound.lead_frames(announced) + frames_for(clip.samples) + TAIL
        gain_db = clip.gain_db + level_db
        identity = ("phrase", clip.digest, gain_db, announced)
        return self._made(identity, count, lambda: sound.phrase(self._pcm(clip), gain_db, announced))

    def _bell(self, strokes: int) -> bytes:
        count = LEAD + sound.bell_frames(strokes) + TAIL
        return self._made(("bell", strokes), count, lambda: sound.bell(strokes))

    def _tick(self) -> bytes:
        return self._made(("tick", sound.TICK), LEAD + sound.TICK + TAIL, sound.tick)

    def _closing(self, timeline: Timeline) -> bytes:
        start = timeline.frames - timeline.closing
        samples, count = timeline.total - start * FRAME, stream_frames(timeline.total) - start
        return self._made(("closing", samples, count), count, lambda: sound.closing(samples, count))

    def _sound(self, placed: Sound, clips: Mapping[Phrase, Clip]) -> bytes:
        match placed.cue:
            case Phrase() as phrase:
                return self.phrase(clips[phrase], phrase.manner.level_db, placed.announced)
            case Bell(strokes=strokes):
                return self._bell(strokes)
            case Tick():
                return self._tick()

    def _pcm(self, clip: Clip) -> bytes:
        found = self._store.read("clips", clip.key)
        if found is None:
            words = f"a clip in the cache was damaged ({self._store.folder}); build once more to mend it"
            raise DamagedError(clip.key, words)
        return found[1]

    def _made(self, identity: tuple[object, ...], frame_count: int, make: Callable[[], bytes]) -> bytes:
        """Return a piece out of the store, or make it; one of another length counts as damaged."""
        key = key_of(identity, self._always)
        found = self._store.read(_KIND, key)
        if found is not None and len(found[1]) == frame_count * FRAME_BYTES:
            return found[1]
        piece = encode(make())
        self._store.write(_KIND, key, piece)
        return piece

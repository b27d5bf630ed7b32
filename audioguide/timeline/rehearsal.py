"""PURE. A timeline -> one for proof-listening, in which long silences are cut to half a second with a soft tick."""

from bisect import bisect_left
from dataclasses import dataclass, replace

from audioguide.core.clock import FRAME, LEAD, TICK, frames
from audioguide.core.model import Placed, Sound, Tick, Timeline
from audioguide.timeline.plan import CLOSING, OPENING

LONGEST_KEPT = frames(2)
"""The longest silence that is not cut. Frames."""
CUT = frames(0.5)
"""The length of a cut silence. Frames."""
_TICK_AT = (CUT - TICK) // 2


@dataclass(frozen=True, slots=True)
class _Silence:
    """A silence of a timeline; all numbers are frames."""

    start: int
    length: int
    opening: int = 0
    """The fade-in at its beginning."""
    fade: int = 0
    """The fade-out at its end."""

    @property
    def is_long(self) -> bool:
        """Whether the part without fades is cut."""
        return self.length - self.opening - self.fade > LONGEST_KEPT

    @property
    def rehearsed(self) -> int:
        """Its length in the rehearsal; the fade of a sleep ending becomes an ordinary one."""
        inner = CUT if self.is_long else self.length - self.opening - self.fade
        return self.opening + inner + min(CLOSING, self.fade)

    def moved(self, mark: Placed, index: int, start: int) -> Placed:
        """Return a chapter mark in this silence, moved with it.

        In a cut silence the marks are at its beginning, a frame apart.

        Args:
            mark: in the timeline.
            index: of the mark among those in this silence.
            start: frame of this silence in the rehearsal.
        """
        offset = index if self.is_long else mark.start - self.start
        return replace(mark, start=start + min(offset, self.rehearsed))


def rehearsal(timeline: Timeline) -> Timeline:
    """Return the timeline with every silence over 2 s cut to half a second, with a tick in the middle.

    The fade-in and the last five seconds of the fade-out stay. Chapters start where their silence starts. Nothing is
    announced: there is no room for a swell, and no silence is long enough to startle.
    """
    silences = _silences(timeline)
    edges = [sound.start for sound in timeline.sounds]
    sounds: list[Sound] = []
    chapters: list[Placed] = []
    at = 0
    for index, silence in enumerate(silences):
        marks = [mark for mark in timeline.chapters if bisect_left(edges, mark.start + 1) == index]
        chapters += [silence.moved(mark, nth, at) for nth, mark in enumerate(marks)]
        if silence.is_long:
            sounds.append(Sound(at + silence.opening + _TICK_AT, TICK, Tick()))
        at += silence.rehearsed
        if index < len(edges):
            sounds.append(replace(timeline.sounds[index], start=at, announced=False))
            at = sounds[-1].end
    return Timeline(tuple(sounds), tuple(chapters), at * FRAME, at, min(CLOSING, timeline.closing))


def _silences(timeline: Timeline) -> list[_Silence]:
    silences = [_Silence(start, length) for start, length in timeline.gaps()]
    silences[0] = replace(silences[0], opening=OPENING)
    silences[-1] = replace(silences[-1], fade=timeline.closing)
    return silences


def beginning_with(timeline: Timeline, first: int) -> Timeline:
    """Return the rest of a timeline from a sound on, with a new fade-in before it.

    It starts with the chapter that the sound belongs to.

    Args:
        timeline: of the whole session.
        first: index of the sound.
    """
    if first == 0:
        return timeline
    kept = timeline.sounds[first:]
    earlier = kept[0].start - OPENING - LEAD
    running = [mark for mark in timeline.chapters if mark.start <= kept[0].start]
    later = timeline.chapters[len(running) :]
    return Timeline(
        tuple(replace(sound, start=sound.start - earlier) for sound in kept),
        (
            *(replace(mark, start=0) for mark in running[-1:]),
            *(replace(mark, start=mark.start - earlier) for mark in later),
        ),
        timeline.total - earlier * FRAME,
        timeline.frames - earlier,
        timeline.closing,
    )

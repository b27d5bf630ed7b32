"""PURE. A timeline -> one for proof-listening: long silences cut to half a second with a soft tick."""

from bisect import bisect_left
from dataclasses import dataclass, replace

from audioguide.core.clock import FRAME, LEAD, TICK, frames
from audioguide.core.model import Placed, Sound, Tick, Timeline
from audioguide.timeline.plan import CLOSING, OPENING

LONGEST_KEPT = frames(2)
"""A silence up to here stays as it is. Frames."""
CUT = frames(0.5)
"""What is left of a longer one. Frames."""
_TICK_AT = (CUT - TICK) // 2


@dataclass(frozen=True, slots=True)
class _Silence:
    """A silence of a timeline, and what becomes of it; all in frames."""

    start: int
    length: int
    opening: int = 0
    """What the fade-in at its beginning takes."""
    fade: int = 0
    """What the fade-out at its end takes."""

    @property
    def is_long(self) -> bool:
        """Whether what lies outside of the fades is cut."""
        return self.length - self.opening - self.fade > LONGEST_KEPT

    @property
    def heard(self) -> int:
        """Its length in the rehearsal; a fade into sleep becomes an ordinary one."""
        inner = CUT if self.is_long else self.length - self.opening - self.fade
        return self.opening + inner + min(CLOSING, self.fade)

    def moved(self, mark: Placed, nth: int, at: int) -> Placed:
        """Return the nth chapter mark of this silence, which now begins at at: as it was, or right at the beginning."""
        place = nth if self.is_long else mark.start - self.start
        return replace(mark, start=at + min(place, self.heard))


def rehearsal(timeline: Timeline) -> Timeline:
    """Return the timeline with every silence over 2 s cut to half a second, in whose middle lies a tick.

    The fade-in and the last five seconds of the fade-out stay, and chapters begin where their silence begins. Nothing
    is announced: there is no room for a swell, and no silence long enough to be startled after.
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
        at += silence.heard
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
    """Return the timeline from its first-th sound on, counted from 0, with a fade-in of its own before that.

    The chapter that runs there begins it.
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

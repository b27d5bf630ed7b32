"""PURE. Cues and the measured lengths of their sounds -> a Timeline of exactly the chosen length.

Pauses behave like TeX's glue. One level applies to all pauses of a session: at 0 each has its natural length; below,
all shrink together towards their shortest; above, all grow towards their longest, and rests grow by their weight, until
at the top a rest of weight 1 reaches the practice's longest silence. All of this is integer arithmetic on frames, so
lengths are exact; only the end of the session is cut to the sample.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from audioguide.core.clock import FRAME, LEAD, RATE_HZ, TAIL, clock, frames, frames_for
from audioguide.core.errors import LengthError, ScriptError
from audioguide.core.model import Bell, Chapter, Cue, Pause, Phrase, Placed, Sound, Sounding, Timeline, Written

OPENING = frames_for(2 * RATE_HZ)
"""The fade-in at the beginning, before any sound. Frames."""
CLOSING = frames_for(5 * RATE_HZ)
"""The fade-out at the end, after all sounds. Frames."""
CHAPTER_LEAD = frames_for(2 * RATE_HZ)
"""The least time between a chapter's mark and the next sound: players jump late rather than early. Frames."""
SLEEP_CLOSING = frames(30)
"""The fade-out of a session that ends in sleep. Frames."""
ANNOUNCE_AFTER = frames(10)
"""After this much silence a phrase would startle, so it is announced by a swell. Frames."""
LONGEST_SILENCE = frames(300)
_GUARD = LEAD + TAIL
"""What the pieces around a silence take of it, so the least silence, however short the written pause. Frames."""

_TOP = 1 << 24
"""The highest level; levels are so fine that one step changes no silence by more than a few frames."""


@dataclass(slots=True)
class _Segment:
    """The silence between two sounds or chapter marks."""

    chapter: Chapter | None = None
    """The mark at its beginning."""
    pauses: list[Pause] = field(default_factory=list)
    reserved: int = 0
    """Frames for fades and leads, besides the pauses."""

    def bounds(self, cap: int) -> tuple[int, int, int, int]:
        """Return (shortest, natural, longest, weight), lengths in frames."""
        shortest, natural, longest, weight = (
            sum(getattr(pause, name) for pause in self.pauses) for name in ("shortest", "natural", "longest", "weight")
        )
        fixed = self.reserved
        return shortest + fixed, natural + fixed, cap if weight else longest + fixed, weight


@dataclass(slots=True)
class _Gap:
    """The silence between two sounds, divided into segments by chapter marks."""

    segments: list[_Segment]

    def drop_implied_pauses(self) -> None:
        """Drop the pauses of line ends and blank lines if a pause is written; else keep the longest of each segment."""
        marked = any(pause.written is Written.MARK for segment in self.segments for pause in segment.pauses)
        for segment in self.segments:
            implied = [pause for pause in segment.pauses if pause.written is not Written.MARK]
            longest = max(implied, key=lambda pause: pause.natural, default=None)
            kept = [longest] if longest and not marked else []
            segment.pauses = [pause for pause in segment.pauses if pause.written is Written.MARK] + kept


class _Glue:
    """The lengths of a gap as monotone functions of the level, in whole frames."""

    def __init__(self, gap: _Gap, cap: int) -> None:
        self._parts = [segment.bounds(cap) for segment in gap.segments]
        self._cap = cap
        shortest = sum(part[0] for part in self._parts)
        if shortest < _GUARD:
            low, natural, high, weight = self._parts[-1]
            self._parts[-1] = (max(_GUARD, low), max(_GUARD, natural), max(_GUARD, high), weight)
        if shortest > cap:
            raise _too_long(gap, shortest, cap)

    def total(self, level: int) -> int:
        """Return the frames of the gap at a level."""
        return min(self._cap, sum(self._uncapped(level)))

    def _uncapped(self, level: int) -> list[int]:
        return [self._part(level, *part) for part in self._parts]

    def _part(self, level: int, shortest: int, natural: int, longest: int, weight: int) -> int:
        if level < 0:
            return natural - (natural - shortest) * -level // _TOP
        grown = weight * self._cap if weight else longest - natural
        return min(longest, natural + grown * level // _TOP)

    def parts(self, level: int, total: int) -> list[int]:
        """Return the frames of each segment, which sum to total; that is from total(level) to total(level + 1)."""
        lengths = self._uncapped(min(level + 1, _TOP))
        above = [length - part[0] for length, part in zip(lengths, self._parts, strict=True)]
        spare = total - sum(part[0] for part in self._parts)
        weights = above if sum(above) else [1] * len(above)
        edges = [spare * upto // sum(weights) for upto in accumulate(weights, initial=0)]
        shares = [high - low for low, high in pairwise(edges)]
        return [part[0] + share for part, share in zip(self._parts, shares, strict=True)]


def lay_out(
    cues: Sequence[Cue],
    lengths: Sequence[int],
    target: int,
    *,
    longest_silence: int = LONGEST_SILENCE,
    closing: int = CLOSING,
) -> Timeline:
    """Return the timeline of exactly target samples.

    Args:
        cues: of the session, in order.
        lengths: frames of each sound among the cues (phrases and bells), in order.
        target: samples of the session.
        longest_silence: the most frames between two sounds.
        closing: frames of the fade at the end.

    Raises:
        LengthError: the pauses do not allow this length; has the possible range in samples.
        ScriptError: a silence cannot be shrunk to longest_silence.
    """
    sounds, gaps = _split(cues, closing)
    glues = [_Glue(gap, longest_silence) for gap in gaps]
    room = frames_for(target) - sum(lengths)
    _refuse_impossible(glues, sum(lengths), target)
    level = _level(glues, room)
    totals = _exact(glues, level, room)
    parts = [glue.parts(level, total) for glue, total in zip(glues, totals, strict=True)]
    placed, chapters, end = _place(sounds, lengths, gaps, parts)
    return Timeline(tuple(placed), tuple(chapters), target, end, closing)


def natural_length(
    cues: Sequence[Cue], lengths: Sequence[int], *, longest_silence: int = LONGEST_SILENCE, closing: int = CLOSING
) -> int:
    """Return the samples of a session whose pauses all have their natural length; arguments as for lay_out."""
    _, gaps = _split(cues, closing)
    return (sum(lengths) + sum(_Glue(gap, longest_silence).total(0) for gap in gaps)) * FRAME


def _split(cues: Iterable[Cue], closing: int) -> tuple[list[Sounding], list[_Gap]]:
    """Return the sounds and the silences before, between and after them."""
    sounds: list[Sounding] = []
    gaps = [_Gap([_Segment()])]
    for cue in cues:
        if isinstance(cue, Phrase | Bell):
            sounds.append(cue)
            gaps.append(_Gap([_Segment()]))
        elif isinstance(cue, Pause):
            gaps[-1].segments[-1].pauses.append(cue)
        else:
            gaps[-1].segments.append(_Segment(cue, reserved=CHAPTER_LEAD))
    _reserve_ends(gaps, closing)
    for gap in gaps:
        gap.drop_implied_pauses()
    return sounds, gaps


def _reserve_ends(gaps: list[_Gap], closing: int) -> None:
    """Reserve the fades; a chapter at the very beginning needs no lead besides the fade-in."""
    opening = gaps[0].segments
    if len(opening) == 1 or opening[0].pauses:
        opening[0].reserved += OPENING + LEAD
    else:
        opening[1].reserved = max(OPENING + LEAD, CHAPTER_LEAD)
    gaps[-1].segments[-1].reserved += closing + TAIL


def _too_long(gap: _Gap, shortest: int, cap: int) -> ScriptError:
    pauses = [pause for segment in gap.segments for pause in segment.pauses]
    chapters = [segment.chapter for segment in gap.segments if segment.chapter]
    where = max(pauses, key=lambda pause: pause.shortest).source if pauses else chapters[-1].source
    return ScriptError(
        where,
        f"the silence here is at least {clock(shortest * FRAME)}, but longest_silence is {clock(cap * FRAME)}; "
        "say something in between, or raise longest_silence in practice.toml",
    )


def _range(glues: list[_Glue], speech: int) -> tuple[int, int]:
    low, high = (speech + sum(glue.total(level) for glue in glues) for level in (-_TOP, _TOP))
    return (low - 1) * FRAME + 1, high * FRAME


def _refuse_impossible(glues: list[_Glue], speech: int, target: int) -> None:
    low, high = _range(glues, speech)
    if not low <= target <= high:
        raise LengthError(target, low, high)


def _level(glues: list[_Glue], room: int) -> int:
    """Return the highest level at which the silences fit into room, in frames."""
    low, high = -_TOP, _TOP
    while low < high:
        middle = (low + high + 1) // 2
        if sum(glue.total(middle) for glue in glues) <= room:
            low = middle
        else:
            high = middle - 1
    return low


def _exact(glues: list[_Glue], level: int, room: int) -> list[int]:
    """Return the frames of each gap; what is left over at this level goes to the first gaps that would grow next."""
    totals = [glue.total(level) for glue in glues]
    left = room - sum(totals)
    for index, glue in enumerate(glues):
        more = min(left, glue.total(min(level + 1, _TOP)) - totals[index])
        totals[index] += more
        left -= more
    return totals


def _place(
    sounds: list[Sounding], lengths: Sequence[int], gaps: list[_Gap], parts: list[list[int]]
) -> tuple[list[Sound], list[Placed], int]:
    """Return the placed sounds, the placed chapters, and the frame at which the session ends."""
    placed: list[Sound] = []
    chapters: list[Placed] = []
    at = 0
    for index, (gap, segment_lengths) in enumerate(zip(gaps, parts, strict=True)):
        for segment, length in zip(gap.segments, segment_lengths, strict=True):
            if segment.chapter:
                chapters.append(Placed(at, segment.chapter.title))
            at += length
        if index < len(sounds):
            announced = isinstance(sounds[index], Phrase) and sum(segment_lengths) >= ANNOUNCE_AFTER
            placed.append(Sound(at, lengths[index], sounds[index], announced))
            at = placed[-1].end
    return placed, chapters, at

"""PURE. What the words promise about a silence, held against the plan.

Someone who hears "the next three minutes are quiet" and lies there for six begins to wonder whether the player stopped.
"""

from collections.abc import Iterable
from fractions import Fraction

from audioguide.clock import FRAME, RATE_HZ, clock
from audioguide.errors import ScriptError
from audioguide.model import Bell, Chapter, Cue, Pause, Phrase, Timeline, Written
from audioguide.numerals import spoken_durations

TOLERANCE = Fraction(1, 5)


def check_promises(cues: Iterable[Cue], timeline: Timeline) -> None:
    """Refuse a length that is spoken right before a rest and is more than a fifth off.

    Right before means in the same paragraph. Vague lengths ("a few minutes") are always fine, and so is the length of
    the whole session.

    Raises:
        ScriptError: at the phrase that states the length.
    """
    silences = [length for _, length in timeline.gaps()][1:]
    paragraph: list[Phrase] = []
    sounds = 0
    for cue in cues:
        if isinstance(cue, Phrase):
            paragraph.append(cue)
        elif isinstance(cue, Pause) and cue.weight and paragraph:
            _check(paragraph, silences[sounds - 1], timeline)
        if isinstance(cue, Phrase | Bell):
            sounds += 1
        if _ends_paragraph(cue):
            paragraph = []


def _ends_paragraph(cue: Cue) -> bool:
    return isinstance(cue, Bell | Chapter) or (isinstance(cue, Pause) and cue.written is not Written.LINE)


def _check(paragraph: list[Phrase], silence: int, timeline: Timeline) -> None:
    true = [Fraction(silence * FRAME, RATE_HZ), Fraction(timeline.total, RATE_HZ)]
    for phrase in reversed(paragraph):
        stated = spoken_durations(phrase.text)
        if not stated:
            continue
        if not any(low * (1 - TOLERANCE) <= s <= high * (1 + TOLERANCE) for _, low, high in stated for s in true):
            words = stated[-1][0]
            raise ScriptError(
                phrase.source,
                f'"{words}" is said here, but the silence that follows is {clock(silence * FRAME)} in this plan; '
                'say "a few minutes", or write a [pause ...] of that length instead of [rest]',
            )
        return

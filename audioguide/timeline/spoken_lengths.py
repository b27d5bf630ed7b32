"""PURE. What the words promise about a silence, held against the plan.

Someone who hears "the next three minutes are quiet" and lies there for six begins to wonder whether the player stopped.
"""

from collections.abc import Iterable
from fractions import Fraction

from audioguide.core.clock import FRAME, RATE_HZ, clock
from audioguide.core.errors import ScriptError
from audioguide.core.model import Bell, Chapter, Cue, Pause, Phrase, Timeline, Written
from audioguide.core.numerals import spoken_durations

TOLERANCE = Fraction(1, 5)


def check_promises(cues: Iterable[Cue], timeline: Timeline) -> None:
    """Refuse a length that is spoken right before a rest and is more than a fifth off.

    Right before means in the last paragraph before the rest's silence. Vague lengths ("a few minutes") are always fine,
    and so is the length of the whole session.

    Raises:
        ScriptError: at the phrase that states the length.
    """
    silences = [length for _, length in timeline.gaps()][1:]
    paragraph: list[Phrase] = []
    sounds, ended = 0, False
    for cue in cues:
        if isinstance(cue, Phrase):
            paragraph = [cue] if ended else [*paragraph, cue]
            ended = False
        elif isinstance(cue, Bell):
            paragraph = []
        elif isinstance(cue, Pause) and cue.weight and paragraph:
            _check(paragraph, silences[sounds - 1], timeline.total)
        sounds += isinstance(cue, Phrase | Bell)
        ended = ended or _ends_paragraph(cue)


def _ends_paragraph(cue: Cue) -> bool:
    return isinstance(cue, Chapter) or (isinstance(cue, Pause) and cue.written is not Written.LINE)


def _check(paragraph: list[Phrase], silence: int, total: int) -> None:
    for phrase in reversed(paragraph):
        stated = [span for span in spoken_durations(phrase.text) if not _fits(span, total)]
        if stated and not _fits(stated[-1], silence * FRAME):
            raise ScriptError(
                phrase.source,
                f'"{stated[-1][0]}" is said here, but the silence after it is {clock(silence * FRAME)} in this plan; '
                'say "a few minutes", or write a [pause ...] of that length instead of [rest]',
            )
        if stated:
            return


def _fits(stated: tuple[str, Fraction, Fraction], samples: int) -> bool:
    _, low, high = stated
    return low * (1 - TOLERANCE) <= Fraction(samples, RATE_HZ) <= high * (1 + TOLERANCE)

"""PURE. Compares the lengths that phrases announce with the silences that follow them.

A listener who hears "the next three minutes are quiet" and then lies there for six wonders whether the player stopped.
"""

from collections.abc import Iterable
from fractions import Fraction

from audioguide.core.clock import FRAME, RATE_HZ, clock
from audioguide.core.errors import ScriptError
from audioguide.core.model import Bell, Chapter, Cue, Pause, Phrase, Timeline, Written
from audioguide.core.numerals import spoken_durations

TOLERANCE = Fraction(1, 5)
"""How far a silence may be off, as a share of the announced length."""


def check_announced_lengths(cues: Iterable[Cue], timeline: Timeline) -> None:
    """Raise an error if a length announced right before a rest is off by more than a fifth.

    "Right before" means in the last paragraph before the silence of the rest. Vague lengths ("a few minutes") and the
    length of the whole session are always fine.

    Raises:
        ScriptError: at the phrase that announces the length.
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
        announced = [span for span in spoken_durations(phrase.text) if not _fits(span, total)]
        if announced and not _fits(announced[-1], silence * FRAME):
            raise ScriptError(
                phrase.source,
                f'"{announced[-1][0]}" is announced here, but at this length the silence is {clock(silence * FRAME)}; '
                'say "a few minutes", or write a [pause ...] of that length instead of [rest]',
            )
        if announced:
            return


def _fits(span: tuple[str, Fraction, Fraction], samples: int) -> bool:
    _, low, high = span
    return low * (1 - TOLERANCE) <= Fraction(samples, RATE_HZ) <= high * (1 + TOLERANCE)

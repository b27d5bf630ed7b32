"""PURE. The marks of scripts, such as [pause 6s], [rest 3] and [bell]: reads them, and suggests corrections."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction

from audioguide.core.clock import duration, frames
from audioguide.core.errors import ScriptError
from audioguide.core.model import Bell, Cue, Pause, Source, Written


@dataclass(frozen=True, slots=True)
class Elastic:
    """How far a kind of pause may shrink and stretch; its natural length is a third of the way up."""

    shortest_s: Fraction
    longest_s: Fraction

    def pause(self, source: Source, written: Written = Written.MARK) -> Pause:
        """Return the pause of this kind that is written at source."""
        natural_s = self.shortest_s + (self.longest_s - self.shortest_s) / 3
        lengths = (frames(self.shortest_s), frames(natural_s), frames(self.longest_s))
        return Pause(*lengths, weight=0, source=source, written=written)


def elastic(shortest_s: str, longest_s: str) -> Elastic:
    """Return an Elastic with these lengths, written as exact decimals."""
    return Elastic(Fraction(shortest_s), Fraction(longest_s))


NAMED = {"breath": elastic("4", "10"), "long pause": elastic("12", "45")}
REST_SHORTEST_S, REST_NATURAL_S = 6, 10
MOST_WEIGHT = 100
MOST_STROKES = 12
MOST_MARK = 60
"""Characters between a mark's brackets."""


def read_mark(inside: str, source: Source, *, suggest: bool = True) -> Cue:
    """Return the cue of a mark.

    Args:
        inside: the text between its brackets.
        source: where it is written.
        suggest: whether the error for an unknown mark suggests known ones.

    Raises:
        ScriptError: there is no such mark.
    """
    if len(inside) > MOST_MARK:
        raise ScriptError(source, f"[{clipped(inside)}] is not a mark; write words to be spoken without brackets")
    words = inside.split()
    if " ".join(words) in NAMED:
        return NAMED[" ".join(words)].pause(source)
    if words and words[0] in _READERS and len(words) <= 2:
        return _READERS[words[0]](" ".join(words[1:]), inside, source)
    raise ScriptError(source, f"unknown mark [{inside}]{_suggestion(words) if suggest else ''}")


def clipped(text: str) -> str:
    """Return text, cut to the length of a mark, for an error message."""
    return text if len(text) <= MOST_MARK else f"{text[:MOST_MARK]}…"


def _suggestion(words: list[str]) -> str:
    """Return the mark that the writer may have meant; if there is none, all forms of marks."""
    if not words:
        return "; write a mark like [pause 6s]"
    first, *rest = words
    names = [first.lower(), *get_close_matches(first.lower(), _READERS, n=1)]
    if joined := re.fullmatch(r"([a-z]+)([0-9].*)", first.lower()):
        first, rest = joined[1], [joined[2], *rest]
        names = [first, *names]
    guesses = [f"{name} {glue.join(rest)}".strip() for name in names for glue in (" ", "")]
    guesses = get_close_matches(" ".join(words).lower(), NAMED, n=1) + guesses
    guesses += [_short_units(guess) for guess in guesses]
    for guess in guesses:
        if _is_mark(guess):
            return f"; did you mean [{guess}]?"
    return f"; choose from {', '.join(f'[{form}]' for form in _FORMS)}"


def _short_units(words: str) -> str:
    """Return a mark's words with the units of lengths in their short form.

    >>> _short_units("pause 8 seconds"), _short_units("pause 8s-12s")
    ('pause 8s', 'pause 8s..12s')
    """
    short = re.sub(r"(?<=[0-9]) ?(seconds?|secs?|minutes?|mins?)", lambda unit: unit[1][0], words)
    return re.sub(r"(?<=[sm]) ?[-–] ?(?=[0-9])", "..", short)


def _is_mark(inside: str) -> bool:
    try:
        read_mark(inside, Source("", 0), suggest=False)
    except ScriptError:
        return False
    return True


def _read_pause(value: str, inside: str, source: Source) -> Pause:
    low, dots, high = value.partition("..")
    shortest_s, longest_s = duration(low), duration(high) if dots else duration(low)
    if shortest_s is None or longest_s is None:
        raise ScriptError(source, f"[{inside}] has no length; {_length_advice(value, inside)}")
    if shortest_s > longest_s:
        raise ScriptError(source, f"[{inside}] has its longer length first; did you mean [pause {high}..{low}]?")
    if not frames(longest_s):
        raise ScriptError(source, f"[{inside}] is too short to hear; leave it out or make it a second")
    return Elastic(shortest_s, longest_s).pause(source)


def _length_advice(value: str, inside: str) -> str:
    guess = _short_units(inside)
    if without_units := re.fullmatch(r"([0-9]+)(?:\.\.([0-9]+))?", value):
        guess = "pause " + "..".join(f"{number}s" for number in without_units.groups() if number)
    if guess != inside and _is_mark(guess):
        return f"did you mean [{guess}]?"
    return "write it like [pause 6s] or [pause 4s..12s]"


def _read_rest(value: str, inside: str, source: Source) -> Pause:
    weight = _count(value, inside, source, MOST_WEIGHT, "a rest's share")
    shortest, natural = frames(REST_SHORTEST_S), frames(REST_NATURAL_S)
    return Pause(shortest, natural, natural, weight, source)


def _read_bell(value: str, inside: str, source: Source) -> Bell:
    return Bell(_count(value, inside, source, MOST_STROKES, "a bell's strokes"), source)


def _count(value: str, inside: str, source: Source, most: int, name: str) -> int:
    if not value:
        return 1
    if value.isascii() and value.isdigit() and len(value) < 7 and 1 <= int(value) <= most:
        return int(value)
    raise ScriptError(source, f"[{inside}]: {name} must be a whole number from 1 to {most}")


_READERS: dict[str, Callable[[str, str, Source], Cue]] = {"pause": _read_pause, "rest": _read_rest, "bell": _read_bell}
_FORMS = ("pause 6s", "pause 4s..12s", "rest", "rest 3", *NAMED, "bell", "bell 3")

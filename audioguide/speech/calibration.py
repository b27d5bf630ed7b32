"""Twelve lines that are no part of any practice, and what is measured on them: a voice's loudness and its true pace."""

import re
from collections.abc import Callable, Iterable

LINES = (
    "You might let your shoulders be heavy, and your hands rest wherever they like to rest.",
    "There is nothing that has to happen here. Nothing that you do can be wrong.",
    "If one leg would rather be bent for a while, let it be bent.",
    "Perhaps you notice the floor under your heels. Perhaps the back of your head is heavier than before.",
    "Some people hear the sounds of the house now, some a clock, some their own breath.",
    "Whenever you like, you can open your eyes, look around the room, and move.",
    "The muscles along the front of the spine may take their time. That is fine.",
    "Where do the cushions hold you? Where do they not? Take a moment, or two.",
    "A blanket over the belly can be pleasant, and so can no blanket at all.",
    "Coming back later is as good as coming back now.",
    "The back of the pelvis is broad, and the floor under it is broader still. It has all day.",
    "When you are ready, roll to one side. Wait there for a breath or two.",
)
"""Short and long, of one sentence and of two, like a script's. Any twelve lines of a voice agree in loudness within a
quarter of a decibel."""
FASTER = 1.075
"""How much faster than a script they are read: 1.07 to 1.10, of hibari-tts and of eSpeak NG alike."""
LOUDER_LU = 0.3
"""How much louder than a session they measure, where soft entries, pauses and bells count as well: 0.2 to 0.5."""
_TRIES = 4
_NEAR = 0.02
_WORD = re.compile(r"[\w'’-]+")


def count_words(text: str) -> int:
    """Return how many words a text has.

    >>> count_words("Don’t hurry: half-way is fine.")
    5
    """
    return len(_WORD.findall(text))


def pace_wpm(spoken: Iterable[tuple[str, float]]) -> float:
    """Return true words a minute of phrases, as (words, seconds that they last).

    >>> pace_wpm([("one two three", 2.0), ("four", 0.5)])
    96.0
    """
    pairs = list(spoken)
    return sum(count_words(words) for words, _ in pairs) * 60 / sum(seconds for _, seconds in pairs)


def nominal_pace(asked_wpm: float, measure: Callable[[float], float]) -> float:
    """Return the pace to ask of an engine that is not calibrated, so that a script's true pace is the asked one.

    Args:
        asked_wpm: true words a minute.
        measure: speaks the lines at a nominal pace and returns their true one.
    """
    wanted_wpm = asked_wpm * FASTER
    nominal = asked_wpm
    before: tuple[float, float] | None = None
    for _ in range(_TRIES):
        true_wpm = measure(nominal)
        if abs(true_wpm / wanted_wpm - 1) <= _NEAR:
            break
        now = nominal, true_wpm
        nominal += (wanted_wpm - true_wpm) / _slope(before, now)
        before = now
    return nominal


def _slope(before: tuple[float, float] | None, now: tuple[float, float]) -> float:
    """Return how fast the true pace grows with the nominal one: a secant, or at first as if in proportion."""
    if before and (now[0] - before[0]) * (now[1] - before[1]) > 0:
        return (now[1] - before[1]) / (now[0] - before[0])
    return now[1] / now[0]

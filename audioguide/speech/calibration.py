"""PURE. Twelve lines for measuring a voice's loudness and true pace; they are not part of any practice."""

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
"""Short and long, with one sentence or two, like the lines of a script. The loudness of a voice over any twelve lines
is the same within a quarter of a decibel."""
FASTER = 1.075
"""The pace of these lines divided by that of a script: 1.07 to 1.10, with hibari-tts and with eSpeak NG."""
LOUDER_LU = 0.3
"""The loudness of these lines above that of a session, which also has soft entries, pauses and bells: 0.2 to 0.5."""
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
    """Return the true words a minute of phrases, each given as (text, seconds).

    >>> pace_wpm([("one two three", 2.0), ("four", 0.5)])
    96.0
    """
    pairs = list(spoken)
    return sum(count_words(words) for words, _ in pairs) * 60 / sum(seconds for _, seconds in pairs)


def nominal_pace(asked_wpm: float, measure: Callable[[float], float]) -> float:
    """Return the pace to ask of an engine that is not calibrated, so that a script has the wanted true pace.

    Args:
        asked_wpm: the wanted true words a minute.
        measure: speaks the lines at a nominal pace and returns their true pace.
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
    """Return the slope of the true pace over the nominal one: from two measurements, or as if proportional from one."""
    if before and (now[0] - before[0]) * (now[1] - before[1]) > 0:
        return (now[1] - before[1]) / (now[0] - before[0])
    return now[1] / now[0]

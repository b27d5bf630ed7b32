"""PURE. How long the sounds of a session will take, estimated from the words: nothing is spoken."""

import re
from collections.abc import Iterable

from audioguide.audio.sound import bell_frames
from audioguide.core.clock import frames
from audioguide.core.model import Bell, Cue, Phrase
from audioguide.speech.calibration import count_words

PACE_WPM = 118
"""True words a minute: those of the default voice. Its own 20 minutes contain 3 % less speech than this estimates."""
_UNSPACED = re.compile("[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Letters of Thai, Lao, Khmer, Japanese and Chinese, which are written without spaces between words."""
_LETTERS_PER_WORD = 2
"""In these scripts, roughly."""


def estimated_lengths(cues: Iterable[Cue]) -> list[int]:
    """Return the frames of each sound among the cues (phrases and bells), in order.

    The length of a bell is exact.
    """
    return [_frames(cue) for cue in cues if isinstance(cue, Phrase | Bell)]


def _frames(cue: Phrase | Bell) -> int:
    if isinstance(cue, Bell):
        return bell_frames(cue.strokes)
    return max(1, frames(_words(cue.text) * 60 / (PACE_WPM * cue.manner.pace)))


def _words(text: str) -> float:
    """Return how many words a text has; letters of unspaced scripts are counted on top of the run they form.

    >>> _words("Let it be."), _words("床に横になる")
    (3.0, 4.0)
    """
    return count_words(text) + len(_UNSPACED.findall(text)) / _LETTERS_PER_WORD

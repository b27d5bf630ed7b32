"""The engine "fake", for tests: a steady tone as long as the words, the same on every machine, without any library."""

import math
from array import array

from audioguide.speech.engine import Recording
from audioguide.speech.voices import Voice

_RATE_HZ = 24_000
_TONE_HZ = 220
_PEAK = 8_000
_SILENCE = 2_400
"""Samples of silence before and after the tone."""


class Fake:
    """Hums instead of speaking."""

    slowest_wpm = 20.0
    fastest_wpm = 600.0
    calibrated = True
    reads_phonemes = False

    def probe(self) -> str:
        """Return an empty string: it works everywhere."""
        return ""

    def fingerprint(self, voice: Voice) -> str:
        """Return a constant: its sound depends on text and pace only."""
        return "fake 1"

    def speak(self, text: str, voice: Voice) -> Recording:
        """Return a hum as long as the words take at the voice's pace, between two short silences."""
        samples = round(len(text.split()) * 60 / voice.pace_wpm * _RATE_HZ)
        period = [round(_PEAK * math.sin(2 * math.pi * _TONE_HZ * i / _RATE_HZ)) for i in range(_RATE_HZ // 20)]
        hum = (period * (samples // len(period) + 1))[:samples]
        silence = [0] * _SILENCE
        return Recording(array("h", silence + hum + silence).tobytes(), _RATE_HZ)

    def close(self) -> None:
        """Do nothing: it holds no resources."""

"""Checks that a recording from an engine can be the speech of its text."""

from audioguide.core.clock import RATE_HZ
from audioguide.core.errors import EngineError
from audioguide.speech.engine import Recording

_LEAST_SHARE = 0.2
"""The least share of the expected duration that must not be silence: 0.58 to 1.0 in the built-in practice."""
_MOST_SAMPLES_PER_WORD = RATE_HZ * 4
_MOST_AT_THE_RAILS = 0.05
"""The share of samples that may be at full scale, where overdriven sound and NaN from an engine end up."""
_PLAUSIBLE_HZ = range(8_000, 192_001)


def plausible_speech(recording: Recording, text: str, pace_wpm: float) -> bytes:
    """Return a recording as 16-bit PCM at 24 kHz without the silence around it.

    Raises:
        EngineError: it is silent or overdriven, or far too short or too long for these words at this pace.
    """
    from audioguide.audio.sound import clipped_share, conform, sounding_samples

    if recording.rate_hz not in _PLAUSIBLE_HZ or len(recording.pcm) % 2:
        raise EngineError(f"the engine returned sound that cannot be read ({recording.rate_hz} Hz)")
    pcm = conform(recording.pcm, recording.rate_hz)
    if not pcm:
        raise EngineError("the engine returned silence")
    if clipped_share(pcm) > _MOST_AT_THE_RAILS:
        raise EngineError("the engine returned noise, not speech")
    words, sounding = len(text.split()), sounding_samples(pcm)  # not count_words: it splits phonemes, as in /ˈpsoʊ.əs/
    least = words * _LEAST_SHARE * 60 / pace_wpm * RATE_HZ
    if sounding < least or len(pcm) // 2 > (words + 2) * _MOST_SAMPLES_PER_WORD:
        raise EngineError(f"the engine returned {sounding / RATE_HZ:.1f} s of sound for {words} words")
    return pcm

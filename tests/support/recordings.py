"""Recordings for tests: synthetic speech in a room with noise, written into a recorded voice's folder."""

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from audioguide.core.clock import RATE_HZ
from audioguide.speech.recordings import phrase_id

Signal = NDArray[np.float64]

FIRST, SECOND, THIRD = "Let your eyes open, and look around.", "There is no hurry.", "Rest here for a while."
PITCHES_HZ = {FIRST: 300.0, SECOND: 400.0, THIRD: 500.0}


def speech(seconds: float = 2.0, rate_hz: int = 44_100, hz: float = 300.0, dbfs: float = -20.0) -> Signal:
    """Return a tone that rises and falls four times a second, like syllables, and begins and ends at its loudest."""
    at = np.arange(round(seconds * rate_hz)) / rate_hz
    syllables = 0.55 + 0.45 * np.cos(2 * np.pi * 4 * at)
    voiced = syllables * np.sin(2 * np.pi * hz * at)
    loud: Signal = voiced * 10 ** (dbfs / 20) * np.sqrt(2)
    return loud


def noise(samples: int, dbfs: float, seed: int = 1) -> Signal:
    return 10 ** (dbfs / 20) * np.random.default_rng(seed).standard_normal(samples)


def in_a_room(
    spoken: Signal, rate_hz: int, noise_dbfs: float = -60.0, before_s: float = 1.0, after_s: float = 1.5
) -> Signal:
    """Return speech in a room with noise."""
    before, after = (np.zeros(round(seconds * rate_hz)) for seconds in (before_s, after_s))
    signal = np.concatenate([before, spoken, after])
    return signal + noise(signal.size, noise_dbfs)


def pitch_hz(signal: Signal, rate_hz: int = RATE_HZ) -> float:
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(signal.size), 1 << 19))
    return float(spectrum.argmax() * rate_hz / (1 << 19))


def record(voice: Path, text: str, signal: Signal | None = None, rate_hz: int = 44_100, suffix: str = ".wav") -> Path:
    """Write a recording of a phrase into a voice's folder: in stereo, with 24 bits if the file type has them."""
    folder = voice.with_suffix("")
    folder.mkdir(exist_ok=True)
    path = folder / (phrase_id(text) + suffix)
    signal = in_a_room(speech(2.0, rate_hz, PITCHES_HZ.get(text, 600.0)), rate_hz) if signal is None else signal
    subtype = None if suffix == ".mp3" else "PCM_24"
    soundfile.write(path, np.stack([signal, signal], axis=1), rate_hz, subtype=subtype)
    return path

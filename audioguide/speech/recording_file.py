"""A recording from a microphone -> speech like an engine's: decoded, trimmed, mono."""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from audioguide.audio import loudness
from audioguide.audio.meter import HIGHEST_RATE_HZ, LOWEST_RATE_HZ, silence_stderr
from audioguide.core.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Signal = NDArray[np.float64]

MOST_S = 60
"""No phrase is longer: such a file is a whole session, or the recording was never stopped."""

_MOST_BYTES = 400_000_000
_WINDOW_MS = 20
_SPEECH_WINDOWS = 10
"""The level of speech is the one that 0.2 s in total reach: longer than any knock, shorter than any word."""
_SOFTEST_DBFS = -50.0
"""Softer speech cannot be distinguished from noise."""
_QUIET_WINDOWS, _QUIET_PERCENT = 5, 10
"""The noise of the room is the tenth percentile of all stretches of a tenth of a second: at least as many are before,
after and between the words."""
_OVER_NOISE_DB = 5.0
"""The level of noise varies by this much."""
_DEEPEST_DB, _SHALLOWEST_DB = -35.0, -20.0
"""The threshold for speech relative to its level: in a silent room, and in a noisy one."""
_JOINED_WINDOWS = 8
"""Sounds within 160 ms belong together: the t of "rest" comes that late."""
_KNOCK_WINDOWS = 2
"""A single sound of 40 ms or less is the click of a button."""
_KEPT_BEFORE_MS, _KEPT_AFTER_MS = (20, 160), 320
"""Kept on each side of the speech; before it, from a silent room to a noisy one. The outer half is faded. Measured with
white and pink noise: 24 dB or more below speech, an f began up to 120 ms before it exceeded the threshold, and a soft
last word ended 280 ms after it did; 20 dB below, nothing is trimmed. With 45 dB or more, none of 188 lines began before
the threshold was exceeded, so captions need not be early. No beginning was lost at any level of noise."""


def read(path: Path) -> bytes:
    """Return the content of a recording's file.

    Raises:
        InputError: it cannot be read, or is too long.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _too_long(str(path))
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error


def conformed(data: bytes, shown: str) -> bytes:
    """Return the speech of a recording as 16-bit mono PCM at 24 kHz.

    Args:
        data: the content of the file, at any rate, mono or stereo.
        shown: the file's name in errors.

    Raises:
        InputError: it cannot be decoded, is too long, or has no audible speech.
    """
    import numpy as np

    from audioguide.audio.sound import conform

    signal, rate_hz = _decoded(data, shown)
    if signal.size > MOST_S * rate_hz:
        raise _too_long(shown)
    speech = trimmed(signal, rate_hz)
    pcm = np.clip(np.rint(speech * 32768), -32768, 32767).astype("<i2").tobytes()
    conformed_pcm = conform(pcm, rate_hz, silence_dbfs=_SOFTEST_DBFS + _DEEPEST_DB) if pcm else b""
    if not conformed_pcm:
        raise InputError(f"{shown} is silent, or far too soft to be heard; record it again, nearer to the microphone")
    return conformed_pcm


def _too_long(shown: str) -> InputError:
    return InputError(f"{shown} is longer than {MOST_S} s; cut it into one file for each phrase")


def _decoded(data: bytes, shown: str) -> tuple["Signal", int]:
    """Return a file's rate and samples, shape (samples,), with channels averaged; at most a little over MOST_S."""
    import numpy as np
    import soundfile

    try:
        with silence_stderr(), soundfile.SoundFile(BytesIO(data)) as file:
            rate_hz, promised = int(file.samplerate), int(file.frames)
            wanted = min(promised, (MOST_S + 1) * rate_hz)
            signal = file.read(wanted, dtype="float64", always_2d=True).mean(axis=1)
    except (soundfile.SoundFileError, ValueError, TypeError, MemoryError) as error:
        raise InputError(f"{shown} is not a sound file that can be read; save it as WAV, FLAC or MP3") from error
    if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
        raise InputError(
            f"{shown} has a sample rate of {rate_hz} Hz; save it with one from {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ}"
        )
    if signal.size < 0.9 * wanted or not np.isfinite(signal).all():
        raise InputError(f"{shown} is damaged or cut short; save it again")
    return signal, rate_hz


def trimmed(signal: "Signal", rate_hz: int) -> "Signal":
    """Return a recording from shortly before its speech to shortly after it, faded; empty if it has no speech.

    Speech is any sound louder than the recording's own noise and longer than a knock.
    """
    import numpy as np

    centred = signal - signal.mean() if signal.size else signal
    window = rate_hz * _WINDOW_MS // 1000
    loud, noisy = _loud_windows(loudness.k_weighted(centred, loudness.k_response(centred.size, rate_hz)), window)
    runs = np.split(loud, np.flatnonzero(np.diff(loud) > _JOINED_WINDOWS) + 1)
    spoken = [run for run in runs if run.size > _KNOCK_WINDOWS]
    if not spoken:
        return centred[:0]
    first, last = int(spoken[0][0]) * window, (int(spoken[-1][-1]) + 1) * window
    silent_ms, noisy_ms = _KEPT_BEFORE_MS
    start = max(0, first - round((silent_ms + (noisy_ms - silent_ms) * noisy) * rate_hz / 1000))
    kept = centred[start : last + _KEPT_AFTER_MS * rate_hz // 1000].copy()
    after = start + kept.size - last
    return _faded(kept, (first - start) // 2, after // 2)


def _loud_windows(signal: "Signal", window: int) -> "tuple[NDArray[np.intp], float]":
    """Return the indices of the windows with speech, none if nothing is loud enough; and the noise of the room.

    The noise is 0 in a room where the threshold for speech is at its deepest, and 1 where it is at its shallowest.

    Args:
        signal: K-weighted, which attenuates hum and rumble.
        window: its length in samples.
    """
    import numpy as np

    power = (signal[: signal.size // window * window].reshape(-1, window) ** 2).mean(axis=1)
    levels = _dbfs(power)
    if not power.size or (speech := float(np.sort(levels)[-_SPEECH_WINDOWS:][0])) < _SOFTEST_DBFS:
        return np.zeros(0, np.intp), 0.0
    quiet = np.percentile(_dbfs(loudness.averaged(power, _QUIET_WINDOWS)), _QUIET_PERCENT)
    threshold = np.clip(quiet + _OVER_NOISE_DB, speech + _DEEPEST_DB, speech + _SHALLOWEST_DB)
    noisy = (threshold - speech - _DEEPEST_DB) / (_SHALLOWEST_DB - _DEEPEST_DB)
    return np.flatnonzero(levels > threshold), float(noisy)


def _dbfs(power: "Signal") -> "Signal":
    import numpy as np

    return 10 * np.log10(np.maximum(power, 1e-12))


def _faded(signal: "Signal", rise: int, fall: int) -> "Signal":
    """Return a signal with its first samples faded in and its last samples faded out, in place."""
    import numpy as np

    signal[:rise] *= np.linspace(0, 1, rise)
    signal[signal.size - fall :] *= np.linspace(1, 0, fall)
    return signal

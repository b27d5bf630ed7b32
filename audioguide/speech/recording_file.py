"""One recording as it came from a microphone -> speech as an engine would have spoken it: decoded, trimmed, mono."""

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
"""No phrase lasts that long: such a file is a whole session, or was never stopped."""

_MOST_BYTES = 400_000_000
_WINDOW_MS = 20
_SPEECH_WINDOWS = 10
"""The level of speech is reached for 0.2 s in all: no knock lasts so long, and no word is shorter."""
_SOFTEST_DBFS = -50.0
"""Speech below this is told apart from its noise no more."""
_QUIET_WINDOWS, _QUIET_PERCENT = 5, 10
"""The room is heard in the quietest tenths of a second: a tenth of them are before, behind and between the words."""
_OVER_NOISE_DB = 5.0
"""Noise wanders by so much."""
_DEEPEST_DB, _SHALLOWEST_DB = -35.0, -20.0
"""Where speech begins and ends, as seen from its level: in a silent room, and in a noisy one."""
_JOINED_WINDOWS = 8
"""What is loud within 160 ms belongs together: the t of "rest" comes that late."""
_KNOCK_WINDOWS = 2
"""What is loud for 40 ms by itself is the click of a button."""
_KEPT_BEFORE_MS, _KEPT_BEHIND_MS = (20, 160), 320
"""In front, from a silent room to a noisy one; the outer half is faded. Measured with white and pink noise 24 dB below
speech and more: an f began up to 120 ms earlier than it stood out, a soft last word ended 280 ms later; 20 dB below,
nothing is trimmed. With 45 dB and more no word of 188 lines began before it stood out, so that captions need not be
early; at no noise was a beginning lost."""


def read(take: Path) -> bytes:
    """Return the bytes of a recording's file.

    Raises:
        InputError: they cannot be read, or are too many.
    """
    try:
        if take.stat().st_size > _MOST_BYTES:
            raise _too_long(str(take))
        return take.read_bytes()
    except OSError as error:
        raise InputError(f"{take} cannot be read ({error.strerror})") from error


def conformed(data: bytes, shown: str) -> bytes:
    """Return a recording as speech at 24 kHz, mono, 16 bit, without what lies before and behind it.

    Args:
        data: the file, of any rate, mono or stereo.
        shown: its name in errors.

    Raises:
        InputError: it cannot be read, is too long, or nothing is heard in it.
    """
    import numpy as np

    from audioguide.audio.sound import conform

    signal, rate_hz = _decoded(data, shown)
    if signal.size > MOST_S * rate_hz:
        raise _too_long(shown)
    speech = trimmed(signal, rate_hz)
    pcm = np.clip(np.rint(speech * 32768), -32768, 32767).astype("<i2").tobytes()
    whole = conform(pcm, rate_hz, silence_dbfs=_SOFTEST_DBFS + _DEEPEST_DB) if pcm else b""
    if not whole:
        raise InputError(f"{shown} is silent, or far too soft to be heard; record it again, nearer to the microphone")
    return whole


def _too_long(shown: str) -> InputError:
    return InputError(f"{shown} is longer than {MOST_S} s; each file holds one phrase, so cut it")


def _decoded(data: bytes, shown: str) -> tuple["Signal", int]:
    """Return a file's samples, its channels averaged, shape (samples,), and its rate; a little more than MOST_S."""
    import numpy as np
    import soundfile

    try:
        with silence_stderr(), soundfile.SoundFile(BytesIO(data)) as file:
            rate_hz, promised = int(file.samplerate), int(file.frames)
            asked = min(promised, (MOST_S + 1) * rate_hz)
            signal = file.read(asked, dtype="float64", always_2d=True).mean(axis=1)
    except (soundfile.SoundFileError, ValueError, TypeError, MemoryError) as error:
        raise InputError(f"{shown} is no sound that can be read; save it anew as WAV, FLAC or MP3") from error
    if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
        raise InputError(f"{shown} runs at {rate_hz} Hz; {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} can be used")
    if signal.size < 0.9 * asked or not np.isfinite(signal).all():
        raise InputError(f"{shown} is damaged, or cut short; save it anew")
    return signal, rate_hz


def trimmed(signal: "Signal", rate_hz: int) -> "Signal":
    """Return a recording from a little before its speech to a little behind it, faded; empty where it has none.

    Speech is what stands out of the recording's own noise, and lasts longer than a knock.
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
    kept = centred[start : last + _KEPT_BEHIND_MS * rate_hz // 1000].copy()
    behind = start + kept.size - last
    return _faded(kept, (first - start) // 2, behind // 2)


def _loud_windows(signal: "Signal", window: int) -> "tuple[NDArray[np.intp], float]":
    """Return the numbers of the windows in which someone speaks, none where nothing is loud enough; and the noise.

    It goes from 0, a room in which speech is told apart as far down as it goes, to 1.

    Args:
        signal: K-weighted, so that neither hum nor rumble counts for much.
        window: samples.
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
    """Return a signal whose first and last samples rise and fall."""
    import numpy as np

    signal[:rise] *= np.linspace(0, 1, rise)
    signal[signal.size - fall :] *= np.linspace(1, 0, fall)
    return signal

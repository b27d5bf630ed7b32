"""Loudness (ITU-R BS.1770-4) and a look-ahead peak limiter; numpy in, numpy out.

Signals are float64 arrays of shape (samples,), mono, 24 kHz, full scale at 1.0.
"""

from typing import TYPE_CHECKING

from audioguide.clock import RATE_HZ

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Signal = NDArray[np.float64]

TARGET_LUFS = -19.0
"""Integrated loudness of speech, mono: what players show as -16 LUFS in stereo (AES TD1008)."""
CEILING_DBFS = -2.3
"""Peak of a phrase at 4x oversampling before encoding; the decoded MP3 then stays below -1.5 dBTP."""
SILENT_LUFS = -120.0

_OVERSAMPLING = 4
_LOOKAHEAD_S = 0.005
_BLOCK_S, _STEP_S = 0.4, 0.1
_ABSOLUTE_GATE_LUFS, _RELATIVE_GATE_LU = -70.0, -10.0
_OFFSET_LU = -0.691


def loudness(signal: "Signal") -> float:
    """Return integrated loudness in LUFS, gated as BS.1770-4 says; SILENT_LUFS where nothing passes the gate."""
    import numpy as np

    power = _block_power(signal)
    audible = power[_lufs(power) > _ABSOLUTE_GATE_LUFS]
    if not audible.size:
        return SILENT_LUFS
    gate = _lufs(np.atleast_1d(audible.mean()))[0] + _RELATIVE_GATE_LU
    return float(_lufs(np.atleast_1d(audible[_lufs(audible) > gate].mean()))[0])


def momentary_maximum(signal: "Signal") -> float:
    """Return the loudest 400 ms in LUFS (EBU Tech 3341, momentary)."""
    return float(_lufs(_block_power(signal)).max())


def _lufs(power: "Signal") -> "Signal":
    import numpy as np

    return _OFFSET_LU + 10 * np.log10(np.maximum(power, 1e-12))


def _block_power(signal: "Signal") -> "Signal":
    """Return the mean square of each K-weighted 400 ms block, 100 ms apart; a short signal is one block."""
    import numpy as np

    weighted = _k_weighted(signal)
    block, step = round(_BLOCK_S * RATE_HZ), round(_STEP_S * RATE_HZ)
    if weighted.size < block:
        weighted = np.pad(weighted, (0, block - weighted.size))
    windows = np.lib.stride_tricks.sliding_window_view(weighted, block)[::step]
    power: Signal = np.einsum("ij,ij->i", windows, windows) / block
    return power


def _k_weighted(signal: "Signal") -> "Signal":
    """Return the signal through BS.1770's two filters, applied in the frequency domain with a second of room."""
    import numpy as np

    size = 1 << (signal.size + RATE_HZ - 1).bit_length()
    spectrum = np.fft.rfft(signal, size)
    turns = np.exp(-2j * np.pi * np.arange(spectrum.size) / size)
    for numerator, denominator in (_shelf(), _high_pass()):
        spectrum *= np.polyval(numerator[::-1], turns) / np.polyval(denominator[::-1], turns)
    return np.fft.irfft(spectrum, size)[: signal.size]


def _shelf() -> tuple[list[float], list[float]]:
    """Return the (b, a) of the head's high shelf: the analogue prototype behind BS.1770's 48 kHz coefficients."""
    import math

    centre_hz, gain_db, quality = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    turn = math.tan(math.pi * centre_hz / RATE_HZ)
    high = 10 ** (gain_db / 20)
    band = high**0.4996667741545416
    base = 1 + turn / quality + turn * turn
    numerator = [
        (high + band * turn / quality + turn * turn) / base,
        2 * (turn * turn - high) / base,
        (high - band * turn / quality + turn * turn) / base,
    ]
    return numerator, [1.0, 2 * (turn * turn - 1) / base, (1 - turn / quality + turn * turn) / base]


def _high_pass() -> tuple[list[float], list[float]]:
    """Return the (b, a) of BS.1770's second stage."""
    import math

    centre_hz, quality = 38.13547087602444, 0.5003270373238773
    turn = math.tan(math.pi * centre_hz / RATE_HZ)
    base = 1 + turn / quality + turn * turn
    return [1.0, -2.0, 1.0], [1.0, 2 * (turn * turn - 1) / base, (1 - turn / quality + turn * turn) / base]


def limit(signal: "Signal", ceiling_dbfs: float = CEILING_DBFS) -> "Signal":
    """Return the signal with its true peaks held at the ceiling; what stays below is not touched.

    The gain needed at each sample is held 5 ms ahead and behind, then smoothed over as long, so that it never jumps.
    """
    import numpy as np
    import soxr

    ceiling = 10 ** (ceiling_dbfs / 20)
    finer = np.abs(soxr.resample(signal, RATE_HZ, RATE_HZ * _OVERSAMPLING))
    finer = np.pad(finer, (0, max(0, signal.size * _OVERSAMPLING - finer.size)))[: signal.size * _OVERSAMPLING]
    peaks = np.maximum(finer.reshape(-1, _OVERSAMPLING).max(axis=1), np.abs(signal))
    if not signal.size or peaks.max() <= ceiling:
        return signal
    reach = round(_LOOKAHEAD_S * RATE_HZ)
    needed = np.pad(np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9)), 2 * reach, constant_values=1.0)
    held = np.lib.stride_tricks.sliding_window_view(needed, 2 * reach + 1).min(axis=1)
    window = np.hanning(2 * reach + 3)[1:-1]
    limited: Signal = signal * np.convolve(held, window / window.sum(), mode="valid")
    return limited


def gain(signal: "Signal", gain_db: float) -> "Signal":
    """Return the signal made louder or softer."""
    louder: Signal = signal * 10 ** (gain_db / 20)
    return louder

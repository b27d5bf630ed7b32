"""Loudness (ITU-R BS.1770-4) and a look-ahead peak limiter, on numpy arrays.

Signals are float64 arrays with full scale at 1.0; unless stated otherwise mono, 24 kHz, shape (samples,). Hops are the
mean squares of a K-weighted signal over 100 ms each, shape (hops,). All loudness values are calculated from hops.
"""

from functools import cache
from typing import TYPE_CHECKING

from audioguide.core.clock import RATE_HZ

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Signal = NDArray[np.float64]
    Spectrum = NDArray[np.complex128]

TARGET_LUFS = -19.0
"""Integrated loudness of speech, mono; equals -16 LUFS in stereo (AES TD1008)."""
CEILING_DBFS = -2.5
"""Peak of a phrase at 4x oversampling before encoding; the decoded MP3 then stays below -1.5 dBTP."""
SILENT_LUFS = -120.0

_OVERSAMPLING = 4
_TAPS = 12
"""Samples on each side that an interpolated value is calculated from; BS.1770-4 uses six."""
_LOOKAHEAD_S = 0.005
_HOP_S = 0.1
_BLOCK_HOPS = 4
"""400 ms, with 75 % overlap (BS.1770-4); EBU Tech 3341 calls the same length momentary."""
_ABSOLUTE_GATE_LUFS, _RELATIVE_GATE_LU = -70.0, -10.0
_OFFSET_LU = -0.691


def integrated_lufs(signal: "Signal") -> float:
    """Return the gated integrated loudness in LUFS (BS.1770-4), or SILENT_LUFS if nothing passes the gate."""
    return integrated(hop_power(signal))


def momentary_maximum(signal: "Signal") -> float:
    """Return the loudest 400 ms in LUFS (EBU Tech 3341, momentary)."""
    return loudest(hop_power(signal))


def integrated(hops: "Signal") -> float:
    """Return the gated loudness of hops in LUFS (BS.1770-4), or SILENT_LUFS if nothing passes the gate."""
    passed = gated(averaged(hops, _BLOCK_HOPS), _RELATIVE_GATE_LU)
    return float(lufs(passed.mean(keepdims=True))[0]) if passed.size else SILENT_LUFS


def loudest(hops: "Signal", count: int = _BLOCK_HOPS) -> float:
    """Return the maximum loudness over count hops in LUFS; 4 is EBU Tech 3341's momentary, 30 its short-term."""
    return float(lufs(averaged(hops, count)).max())


def gated(power: "Signal", relative_lu: float) -> "Signal":
    """Return the values above -70 LUFS that are also above the loudness of those plus relative_lu (negative)."""
    audible = power[lufs(power) > _ABSOLUTE_GATE_LUFS]
    if not audible.size:
        return audible
    return audible[lufs(audible) > lufs(audible.mean(keepdims=True)) + relative_lu]


def lufs(power: "Signal") -> "Signal":
    """Return K-weighted power as loudness; zero power is -120.7."""
    import numpy as np

    return _OFFSET_LU + 10 * np.log10(np.maximum(power, 1e-12))


def averaged(hops: "Signal", count: int) -> "Signal":
    """Return the moving average over count hops; a shorter signal is padded with silence."""
    import numpy as np

    padded = np.pad(hops, (0, max(0, count - hops.size)))
    means: Signal = np.lib.stride_tricks.sliding_window_view(padded, count).mean(axis=1)
    return means


def hop_power(signal: "Signal", rate_hz: int = RATE_HZ) -> "Signal":
    """Return the hops of a signal; one shorter than a block of 400 ms is padded with silence."""
    import numpy as np

    weighted = k_weighted(signal, k_response(signal.size, rate_hz))
    block = _BLOCK_HOPS * hop_samples(rate_hz)
    return hop_means(np.pad(weighted, (0, max(0, block - signal.size))), rate_hz)


def hop_means(weighted: "Signal", rate_hz: int) -> "Signal":
    """Return the mean square of each complete hop of a weighted signal, shape (..., samples) to (..., hops)."""
    import numpy as np

    hop = hop_samples(rate_hz)
    count = weighted.shape[-1] // hop
    cut = weighted[..., : count * hop].reshape(*weighted.shape[:-1], count, hop)
    means: Signal = np.einsum("...j,...j->...", cut, cut) / hop
    return means


def hop_samples(rate_hz: int) -> int:
    """Return the samples per hop.

    >>> hop_samples(24_000)
    2400
    """
    return round(_HOP_S * rate_hz)


def k_weighted(signal: "Signal", response: "Spectrum") -> "Signal":
    """Return a signal, shape (..., samples), after BS.1770's two filters.

    Args:
        signal: not longer than the samples that response was made for.
        response: of k_response.
    """
    import numpy as np

    size = 2 * (response.size - 1)
    return np.fft.irfft(np.fft.rfft(signal, size) * response, size)[..., : signal.shape[-1]]


def k_response(samples: int, rate_hz: int) -> "Spectrum":
    """Return the frequency response of BS.1770's two filters, for a signal of samples padded by one second.

    The padding keeps the ringing of the filters at the end from wrapping around to the start; after 0.3 s it is below
    1e-25.
    """
    import numpy as np

    size = 1 << (samples + rate_hz - 1).bit_length()
    turns = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    response: Spectrum = np.ones_like(turns)
    for numerator, denominator in (_shelf(rate_hz), _high_pass(rate_hz)):
        response *= np.polyval(numerator[::-1], turns) / np.polyval(denominator[::-1], turns)
    return response


def _shelf(rate_hz: int) -> tuple[list[float], list[float]]:
    """Return (b, a) of stage 1, a high shelf for the head: the analogue prototype of BS.1770's 48 kHz coefficients."""
    import math

    centre_hz, gain_db, quality = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    turn = math.tan(math.pi * centre_hz / rate_hz)
    high = 10 ** (gain_db / 20)
    band = high**0.4996667741545416
    base = 1 + turn / quality + turn * turn
    numerator = [
        (high + band * turn / quality + turn * turn) / base,
        2 * (turn * turn - high) / base,
        (high - band * turn / quality + turn * turn) / base,
    ]
    return numerator, [1.0, 2 * (turn * turn - 1) / base, (1 - turn / quality + turn * turn) / base]


def _high_pass(rate_hz: int) -> tuple[list[float], list[float]]:
    """Return (b, a) of stage 2, the high-pass."""
    import math

    centre_hz, quality = 38.13547087602444, 0.5003270373238773
    turn = math.tan(math.pi * centre_hz / rate_hz)
    base = 1 + turn / quality + turn * turn
    return [1.0, -2.0, 1.0], [1.0, 2 * (turn * turn - 1) / base, (1 - turn / quality + turn * turn) / base]


def limit(signal: "Signal", ceiling_dbfs: float = CEILING_DBFS) -> "Signal":
    """Return the signal with true peaks, at 4x oversampling, limited to the ceiling; other parts stay untouched.

    A finer meter finds slightly higher peaks: at 8x, loud noise (below 10 kHz) reaches 0.26 dB above the ceiling.

    The gain needed at a sample applies from 5 ms before to 5 ms after it, and is then smoothed over the same time, so
    that the gain never jumps. Peaks are rare, so only the samples around them are processed.
    """
    import numpy as np

    ceiling = 10 ** (ceiling_dbfs / 20)
    peaks = _true_peaks(signal, above=ceiling / 2)
    reach = round(_LOOKAHEAD_S * RATE_HZ)
    too_high = np.flatnonzero(peaks > ceiling)
    limited = signal.copy()
    for group in np.split(too_high, np.flatnonzero(np.diff(too_high) > 4 * reach) + 1) if too_high.size else ():
        part = slice(max(0, group[0] - 2 * reach), group[-1] + 2 * reach + 1)
        limited[part] *= _smoothed(np.minimum(1.0, ceiling / np.maximum(peaks[part], 1e-9)), reach)
    return limited


def _true_peaks(signal: "Signal", above: float) -> "Signal":
    """Return the peak from each sample up to the next, at 4x oversampling (BS.1770-4, annex 2).

    If neither sample exceeds above, this is the sample's own magnitude: between two samples, speech does not rise to
    twice their height.
    """
    import numpy as np

    peaks: Signal = np.abs(signal)
    near = np.flatnonzero(np.maximum(peaks, np.append(peaks[1:], 0.0)) > above)
    if not near.size:
        return peaks
    around = np.lib.stride_tricks.sliding_window_view(np.pad(signal, (_TAPS - 1, _TAPS)), 2 * _TAPS)[near]
    between = np.abs(around @ _interpolators()).max(axis=1)
    peaks[near] = np.maximum(peaks[near], between)
    return peaks


@cache
def _interpolators() -> "Signal":
    """Return the filters for the values between two samples, shape (2 * _TAPS, _OVERSAMPLING - 1)."""
    import numpy as np

    at = np.arange(1 - _TAPS, _TAPS + 1)[:, None] - np.arange(1, _OVERSAMPLING) / _OVERSAMPLING
    windowed: Signal = np.sinc(at) * np.cos(np.pi / 2 * at / _TAPS) ** 2
    return windowed


def _smoothed(needed: "Signal", reach: int) -> "Signal":
    """Return the minimum gain within reach samples on each side, smoothed over the same window."""
    import numpy as np

    padded = np.pad(needed, 2 * reach, constant_values=1.0)
    lowest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).min(axis=1)
    window = np.hanning(2 * reach + 3)[1:-1]
    return np.convolve(lowest, window / window.sum(), mode="valid")


def gain(signal: "Signal", gain_db: float) -> "Signal":
    """Return the signal with its level changed by gain_db."""
    scaled: Signal = signal * 10 ** (gain_db / 20)
    return scaled

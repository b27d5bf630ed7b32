"""Decodes an audio file block by block and measures it: levels, steps, true peak, loudness.

The decoder is libsndfile (libmpg123 for MP3), which shares no code with our encoder. Signals are float64, shape
(channels, samples), full scale at 1.0. A file is processed in windows of about ten seconds, each preceded by the last
second of the window before, so that filters and differences give the same values as on the whole signal.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from audioguide.audio import loudness
from audioguide.core.clock import FRAME_MS
from audioguide.core.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Signal = NDArray[np.float64]

SILENT_DBTP = -120.0
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 8_000, 192_000
"""BS.1770's high shelf needs at least the lower one; no recording has more than the higher one."""
MOST_CHANNELS = 2

_LEAD_S = 1
"""Seconds repeated from the window before. The ringing of BS.1770's filters is below 1e-25 after 0.3 s."""
_WINDOW_S = 8
"""Minimum of new seconds per window; extended to the size that the Fourier transform has anyway."""
_OVERSAMPLING = 4
"""BS.1770-4, annex 2."""
_EDGE = 512
"""Samples next to a cut that are ignored after oversampling; soxr's filter has a reach of 100."""
_HIGHEST_RISE = 4
"""Upper bound of the peak between samples divided by the highest sample: the coefficients of soxr's four filters sum to
at most 2.8 in magnitude."""
_SHORT_TERM_HOPS = 30
"""3 s (EBU Tech 3341)."""
_RANGE_GATE_LU = -20.0
_RANGE_PERCENTILES = (10, 95)
_stderr_lock = Lock()


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Measured values of a decoded audio file. A frame is 24 ms, a hop 100 ms; both count from the first sample."""

    rate_hz: int
    channels: int
    samples: int
    """Per channel, as decoded; the length stated in the file is not used."""
    power: "Signal"
    """Mean square of each frame, unweighted, averaged over channels, shape (frames,); the last frame may be shorter."""
    step: "Signal"
    """Largest difference between a sample of the frame and the one before it, shape (frames,). The sample before the
    first is zero."""
    weighted: "Signal"
    """Mean square of each complete hop, K-weighted (ITU-R BS.1770-4), summed over channels, shape (hops,)."""
    true_peak_dbtp: float
    """At 4x oversampling (BS.1770-4, annex 2); SILENT_DBTP for silence."""

    @property
    def integrated_lufs(self) -> float:
        """Gated loudness of the file (BS.1770-4), or SILENT_LUFS if nothing passes the gate."""
        return loudness.integrated(self.weighted)

    @property
    def momentary_max_lufs(self) -> float:
        """The loudest 400 ms (EBU Tech 3341)."""
        return loudness.loudest(self.weighted)

    @property
    def short_term_max_lufs(self) -> float:
        """The loudest 3 s (EBU Tech 3341); a shorter file is padded with silence."""
        return loudness.loudest(self.weighted, _SHORT_TERM_HOPS)


def loudness_range_lu(weighted: "Signal") -> float:
    """Return the loudness range (EBU Tech 3342) of all or some hops of a reading; 0 for less than 3 s.

    Windows of 3 s, 100 ms apart, gated at -70 LUFS and 20 LU below their own loudness; from the 10th to the 95th
    percentile.
    """
    import numpy as np

    passed = loudness.gated(loudness.averaged(weighted, _SHORT_TERM_HOPS), _RANGE_GATE_LU)
    if weighted.size < _SHORT_TERM_HOPS or not passed.size:
        return 0.0
    low, high = np.percentile(loudness.lufs(passed), _RANGE_PERCENTILES, method="nearest")
    return float(high - low)


def read(path: Path) -> Reading:
    """Return the measured values of an audio file: MP3, WAV, FLAC or another format that libsndfile supports.

    A damaged file has fewer samples: libmpg123 skips an unreadable frame and continues, or stops there. The same is
    true of an MP3 with variable bit rate and no Xing header, since libsndfile guesses its length.

    Raises:
        InputError: the file cannot be read or contains no audio.
    """
    try:
        _check_file(path)
        with _decoder(path) as sound:
            return _measure(path, sound)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error})") from error


# --- the file ---


def _check_file(path: Path) -> None:
    """Report folders, missing and empty files, which libsndfile does not distinguish in its messages."""
    if path.is_dir():
        raise InputError(f"{path} is a folder; name an audio file in it")
    if not path.exists():
        raise InputError(f"{path}: there is no such file")
    if not path.is_file():  # opening a pipe would block forever
        raise InputError(f"{path} is not a regular file")
    if not path.stat().st_size:
        raise InputError(f"{path} is empty")
    path.open("rb").close()


def _decoder(path: Path) -> Any:
    """Return a SoundFile that never seeks.

    Without this, soundfile seeks to the current position after each block. In an MP3, libmpg123 then decodes the
    previous frames again: samples differ by 1e-7, and it complains about missing bits. Passing an open file instead of
    a name would make libsndfile call back into Python, where Ctrl-C is lost.
    """
    import soundfile

    name = str(path) if os.name == "nt" else os.fsencode(path)  # a str that is not valid Unicode would be refused
    try:
        with silence_stderr():
            sound = soundfile.SoundFile(name)
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: a name that ends in .raw
        raise _not_audio(path) from error
    if sound.format == "RAW":  # guessed from the extension: any text named .vox would be 8 kHz speech
        sound.close()
        raise _not_audio(path)
    sound.seekable = lambda: False
    return sound


def _not_audio(path: Path) -> InputError:
    return InputError(f"{path} is not an audio file that can be read; use MP3, WAV or FLAC")


def _blocks(path: Path, sound: Any, size: int) -> Iterator["Signal"]:
    """Yield blocks of size samples, shape (channels, samples), up to the end or an error; the last block is empty.

    The length stated in the file is not used, since it may be wrong, nor anything after an error, since its position
    would be wrong.
    """
    import numpy as np

    while True:
        block = _next_block(sound, size)
        if not np.isfinite(block).all():
            raise InputError(f"{path} is damaged: some of its samples are not numbers")
        yield block
        if 0 < block.shape[1] < size:
            yield block[:, :0]
        if block.shape[1] < size:
            return


def _next_block(sound: Any, size: int) -> "Signal":
    """Return the next block; on an error, the samples before it, since libsndfile leaves the others NaN."""
    import numpy as np
    import soundfile

    block = np.full((size, sound.channels), np.nan, np.float32)
    with silence_stderr():
        try:
            count = len(sound.read(out=block))
        except soundfile.LibsndfileError:
            count = int(np.isnan(np.append(block[:, -1], np.nan)).argmax())
    return np.ascontiguousarray(block[:count].T, np.float64)


@contextmanager
def silence_stderr() -> Iterator[None]:
    """Discard what libmpg123 prints about damaged files, by redirecting file descriptor 2 of the process.

    The lock admits one thread at a time: a second one would save the first one's redirection, and restore that.
    """
    with _stderr_lock:
        try:
            saved = os.dup(2)
        except OSError:  # a process without stderr
            yield
            return
        try:
            with Path(os.devnull).open("wb") as devnull:
                os.dup2(devnull.fileno(), 2)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)


# --- the measures ---


@dataclass(frozen=True, slots=True, eq=False)
class _Window:
    """A stretch of a file, preceded by the second before it (at the start of the file, by silence)."""

    signal: "Signal"
    rate_hz: int
    start: int
    """Position in the file of the signal's first sample; negative in the first window."""

    @property
    def lead(self) -> int:
        """Samples at the start of the signal that the window before has had too."""
        return _LEAD_S * self.rate_hz

    @property
    def end(self) -> int:
        return self.start + int(self.signal.shape[1])

    @property
    def is_last(self) -> bool:
        """Whether it has no new samples, because the end of the file has been reached."""
        return int(self.signal.shape[1]) == self.lead


def _measure(path: Path, sound: Any) -> Reading:
    import numpy as np

    rate_hz, channels = _shape(path, sound)
    response = loudness.k_response((_LEAD_S + _WINDOW_S) * rate_hz, rate_hz)
    framewise, weighted, highest, samples = [np.zeros((2, 0))], [np.zeros(0)], 0.0, 0
    for window in _windows(_blocks(path, sound, _block_samples(response.size, rate_hz)), rate_hz, channels):
        framewise.append(_framewise(window))
        weighted.append(
            loudness.hop_means(loudness.k_weighted(window.signal, response)[:, window.lead :], rate_hz).sum(axis=0)
        )
        highest = max(highest, _true_peak(window, highest))
        samples = window.end
    if not samples:
        raise InputError(f"{path} contains no audio")
    power, step = np.concatenate(framewise, axis=1)
    true_peak_dbtp = 20 * float(np.log10(max(highest, 10 ** (SILENT_DBTP / 20))))
    return Reading(rate_hz, channels, samples, power, step, np.concatenate(weighted), true_peak_dbtp)


def _shape(path: Path, sound: Any) -> tuple[int, int]:
    """Return sample rate and channels, if they are supported."""
    rate_hz, channels = int(sound.samplerate), int(sound.channels)
    if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
        raise InputError(f"{path} has a rate of {rate_hz} Hz; only {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} is supported")
    if channels > MOST_CHANNELS:  # BS.1770-4 weights surround channels differently
        raise InputError(f"{path} has {channels} channels; only mono and stereo are supported")
    return rate_hz, channels


def _block_samples(spectrum: int, rate_hz: int) -> int:
    """Return the new samples per window: complete hops that, with lead and padding, fill the transform."""
    hop = loudness.hop_samples(rate_hz)
    return (2 * (spectrum - 1) - (_LEAD_S + 1) * rate_hz) // hop * hop


def _windows(blocks: Iterator["Signal"], rate_hz: int, channels: int) -> Iterator[_Window]:
    import numpy as np

    lead = _LEAD_S * rate_hz
    signal, end = np.zeros((channels, lead)), 0
    for block in blocks:
        signal = np.concatenate([signal[:, -lead:], block], axis=1)
        end += block.shape[1]
        yield _Window(signal, rate_hz, end - signal.shape[1])


def _frame_samples(rate_hz: int) -> int:
    return rate_hz * FRAME_MS // 1000


def _framewise(window: _Window) -> "Signal":
    """Return power and step, shape (2, frames), of the frames that end in a window, and of the rest in the last.

    A frame that begins in the window before is completely in the lead.
    """
    import numpy as np

    frame = _frame_samples(window.rate_hz)
    first = (window.start + window.lead) // frame * frame
    end = window.end if window.is_last else window.end // frame * frame
    if end == first:
        return np.zeros((2, 0))
    signal = window.signal[:, first - window.start - 1 : end - window.start]
    starts = np.arange(0, end - first, frame)
    sizes = np.diff(starts, append=end - first)
    power = np.add.reduceat(signal[:, 1:] ** 2, starts, axis=1).mean(axis=0) / sizes
    step = np.maximum.reduceat(np.abs(np.diff(signal)), starts, axis=1).max(axis=0)
    return np.stack([power, step])


def _true_peak(window: _Window, highest: float) -> float:
    """Return the true peak of a window, or 0 if it cannot exceed highest.

    Samples next to a cut are ignored, since the lead of the next window has them too; the last window ends with the
    file.
    """
    import numpy as np
    import soxr

    if np.abs(window.signal).max() * _HIGHEST_RISE <= highest:
        return 0.0
    after = 0 if window.is_last else _EDGE
    signal = np.ascontiguousarray(window.signal.T, np.float32)
    finer = soxr.resample(signal, window.rate_hz, window.rate_hz * _OVERSAMPLING)
    return max(_magnitude(finer, _EDGE * _OVERSAMPLING, after * _OVERSAMPLING), _magnitude(signal, _EDGE, after))


def _magnitude(signal: "NDArray[np.float32]", before: int, after: int) -> float:
    """Return the largest magnitude in a signal, shape (samples, channels), ignoring samples at its ends."""
    inner = signal[before : len(signal) - after]
    return float(max(inner.max(), -inner.min()))

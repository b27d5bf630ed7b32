"""Reads a finished sound file block by block and measures it: levels, steps, true peak, loudness. soundfile lives here.

The decoder is libsndfile (MP3 by libmpg123), which shares nothing with our encoder. Signals are float64, shape
(channels, samples), full scale at 1.0. An hour passes through in windows of some ten seconds, each with the second
before it in front, so that neither filters nor differences know where one window ends.
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
"""Below, BS.1770's shelf has no room; above, nobody records."""
MOST_CHANNELS = 2

_LEAD_S = 1
"""BS.1770's filters have rung out by then: below 1e-25 after 0.3 s."""
_WINDOW_S = 8
"""The least that stands between two leads; filled up to what the transform takes anyway."""
_OVERSAMPLING = 4
"""BS.1770-4, annex 2."""
_EDGE = 512
"""Samples beside a cut that oversampling may bend: soxr's filter reaches 100 far."""
_HIGHEST_RISE = 4
"""No signal rises between its samples to more than this: soxr's four filters sum up to 2.8 at most, in magnitude."""
_SHORT_TERM_HOPS = 30
"""3 s (EBU Tech 3341)."""
_RANGE_GATE_LU = -20.0
_RANGE_PERCENTILES = (10, 95)
_hushing = Lock()


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What a sound file decodes to. A frame is 24 ms, a hop 100 ms; both count from the first sample."""

    rate_hz: int
    channels: int
    samples: int
    """Of one channel, as decoded; what the file says of itself does not count."""
    power: "Signal"
    """Mean square of each frame, unweighted, channels averaged, shape (frames,); the last frame may be shorter."""
    peak: "Signal"
    """Largest magnitude in each frame, in any channel, shape (frames,)."""
    step: "Signal"
    """Largest difference between neighbours up to each sample of a frame, shape (frames,); silence stood before."""
    weighted: "Signal"
    """Mean square of each whole hop, K-weighted (ITU-R BS.1770-4), channels summed alike, shape (hops,)."""
    true_peak_dbtp: float
    """At 4x oversampling (BS.1770-4, annex 2); SILENT_DBTP for silence."""

    @property
    def frame(self) -> int:
        """Samples of a frame."""
        return _frame_samples(self.rate_hz)

    @property
    def hop(self) -> int:
        """Samples of a hop."""
        return loudness.hop_samples(self.rate_hz)

    @property
    def integrated_lufs(self) -> float:
        """Gated loudness of the whole (BS.1770-4); SILENT_LUFS where nothing passes the gate."""
        return loudness.integrated(self.weighted)

    @property
    def momentary_max_lufs(self) -> float:
        """The loudest 400 ms (EBU Tech 3341)."""
        return loudness.loudest(self.weighted)

    @property
    def short_term_max_lufs(self) -> float:
        """The loudest 3 s (EBU Tech 3341); what is shorter is filled up with silence."""
        return loudness.loudest(self.weighted, _SHORT_TERM_HOPS)


def loudness_range_lu(weighted: "Signal") -> float:
    """Return the loudness range of hops (EBU Tech 3342), all of a reading's or some; 0 where there is less than 3 s.

    Windows of 3 s, 100 ms apart, gated at -70 LUFS and 20 LU under their own loudness; from the tenth of a hundred to
    the ninety-fifth.
    """
    import numpy as np

    kept = loudness.gated(loudness.averaged(weighted, _SHORT_TERM_HOPS), _RANGE_GATE_LU)
    if weighted.size < _SHORT_TERM_HOPS or not kept.size:
        return 0.0
    low, high = np.percentile(loudness.lufs(kept), _RANGE_PERCENTILES, method="nearest")
    return float(high - low)


def read(path: Path) -> Reading:
    """Return what a sound file decodes to: MP3, WAV, FLAC or what else libsndfile knows.

    A file that is damaged within has fewer samples: libmpg123 leaves out a frame that it cannot read and goes on, or
    ends there. So has an MP3 with variable bit rate and no Xing header, whose length libsndfile guesses.

    Raises:
        InputError: the file cannot be read, or nothing in it is sound.
    """
    try:
        _look(path)
        with _decoder(path) as sound:
            return _measure(path, sound)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error})") from error


# --- the file ---


def _look(path: Path) -> None:
    """Say why there is nothing to decode, in words that tell a folder from an empty file: libsndfile's do not."""
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a sound file in it")
    if not path.exists():
        raise InputError(f"{path}: there is no such file")
    if not path.is_file():  # opening a pipe would wait for ever
        raise InputError(f"{path} is no ordinary file")
    if not path.stat().st_size:
        raise InputError(f"{path} is empty")
    path.open("rb").close()


def _decoder(path: Path) -> Any:
    """Return a SoundFile that is only ever read on.

    A plain SoundFile seeks to where it stands after each block. In an MP3 that decodes the frames before anew: samples
    come out different by 1e-7, and libmpg123 complains of bits that it no longer has. Handing over an open file instead
    of a name would let it call back into Python, where Ctrl-C is lost.
    """
    import soundfile

    name = str(path) if os.name == "nt" else os.fsencode(path)  # a str with a byte that is no UTF-8 would be refused
    try:
        with hushed():
            sound = soundfile.SoundFile(name)
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: a name that ends in .raw
        raise _no_sound(path) from error
    if sound.format == "RAW":  # guessed by the extension: any text named .vox would be 8 kHz speech
        sound.close()
        raise _no_sound(path)
    sound.seekable = lambda: False
    return sound


def _no_sound(path: Path) -> InputError:
    return InputError(f"{path} is no sound that can be read; MP3, WAV and FLAC can")


def _blocks(path: Path, sound: Any, size: int) -> Iterator["Signal"]:
    """Yield blocks of size, shape (channels, samples), up to the end or to an error; an empty one comes last.

    Neither a length that was promised counts, which may be wrong, nor what would come behind an error, out of place.
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
    """Return the next block, or as much as came before an error: what libsndfile left unwritten is still no number."""
    import numpy as np
    import soundfile

    room = np.full((size, sound.channels), np.nan, np.float32)
    with hushed():
        try:
            count = len(sound.read(out=room))
        except soundfile.LibsndfileError:
            count = int(np.isnan(np.append(room[:, -1], np.nan)).argmax())
    return np.ascontiguousarray(room[:count].T, np.float64)


@contextmanager
def hushed() -> Iterator[None]:
    """Keep from the screen what libmpg123 says of damaged files: it writes to the standard error of the process.

    One thread at a time, or the second would take the first one's nowhere for standard error, and leave it there.
    """
    with _hushing:
        try:
            kept = os.dup(2)
        except OSError:  # a process without one
            yield
            return
        try:
            with Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


# --- the measures ---


@dataclass(frozen=True, slots=True, eq=False)
class _Window:
    """Some seconds of a file and the second before them, which at the start is silence."""

    heard: "Signal"
    rate_hz: int
    start: int
    """Samples of the file before heard; below zero at the start."""

    @property
    def lead(self) -> int:
        return _LEAD_S * self.rate_hz

    @property
    def end(self) -> int:
        return self.start + int(self.heard.shape[1])

    @property
    def last(self) -> bool:
        """Whether nothing is new in it: the end of the file has been met."""
        return int(self.heard.shape[1]) == self.lead


def _measure(path: Path, sound: Any) -> Reading:
    import numpy as np

    rate_hz, channels = _shape(path, sound)
    response = loudness.k_response((_LEAD_S + _WINDOW_S) * rate_hz, rate_hz)
    framewise, weighted, highest, samples = [np.zeros((3, 0))], [np.zeros(0)], 0.0, 0
    for window in _windows(_blocks(path, sound, _fresh_samples(response.size, rate_hz)), rate_hz, channels):
        framewise.append(_framewise(window))
        weighted.append(
            loudness.hop_means(loudness.k_weighted(window.heard, response)[:, window.lead :], rate_hz).sum(axis=0)
        )
        highest = max(highest, _true_peak(window, highest))
        samples = window.end
    if not samples:
        raise InputError(f"{path} has no sound in it")
    power, peak, step = np.concatenate(framewise, axis=1)
    true_peak_dbtp = 20 * float(np.log10(max(highest, 10 ** (SILENT_DBTP / 20))))
    return Reading(rate_hz, channels, samples, power, peak, step, np.concatenate(weighted), true_peak_dbtp)


def _shape(path: Path, sound: Any) -> tuple[int, int]:
    """Return rate and channels, where they can be measured."""
    rate_hz, channels = int(sound.samplerate), int(sound.channels)
    if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
        raise InputError(f"{path} runs at {rate_hz} Hz; {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} can be measured")
    if channels > MOST_CHANNELS:  # BS.1770-4 gives those behind the listener a weight of their own
        raise InputError(f"{path} has {channels} channels; mono and stereo can be measured")
    return rate_hz, channels


def _fresh_samples(spectrum: int, rate_hz: int) -> int:
    """Return the new samples of a window: whole hops, so many that with lead and room they fill the transform."""
    hop = loudness.hop_samples(rate_hz)
    return (2 * (spectrum - 1) - (_LEAD_S + 1) * rate_hz) // hop * hop


def _windows(blocks: Iterator["Signal"], rate_hz: int, channels: int) -> Iterator[_Window]:
    import numpy as np

    lead = _LEAD_S * rate_hz
    heard, end = np.zeros((channels, lead)), 0
    for block in blocks:
        heard = np.concatenate([heard[:, -lead:], block], axis=1)
        end += block.shape[1]
        yield _Window(heard, rate_hz, end - heard.shape[1])


def _frame_samples(rate_hz: int) -> int:
    return rate_hz * FRAME_MS // 1000


def _framewise(window: _Window) -> "Signal":
    """Return power, peak and step, shape (3, frames), of the frames that end in a window; of all the rest in the last.

    A frame that begins in the window before lies whole in the lead.
    """
    import numpy as np

    frame = _frame_samples(window.rate_hz)
    first = (window.start + window.lead) // frame * frame
    end = window.end if window.last else window.end // frame * frame
    if end == first:
        return np.zeros((3, 0))
    heard = window.heard[:, first - window.start - 1 : end - window.start]
    starts = np.arange(0, end - first, frame)
    sizes = np.diff(starts, append=end - first)
    power = np.add.reduceat(heard[:, 1:] ** 2, starts, axis=1).mean(axis=0) / sizes
    peak = np.maximum.reduceat(np.abs(heard[:, 1:]), starts, axis=1).max(axis=0)
    step = np.maximum.reduceat(np.abs(np.diff(heard)), starts, axis=1).max(axis=0)
    return np.stack([power, peak, step])


def _true_peak(window: _Window, highest: float) -> float:
    """Return the highest magnitude between the samples, or 0 where it cannot be above highest.

    What lies beside a cut is left out, and heard again in the next window's lead; the last ends where the file does.
    """
    import numpy as np
    import soxr

    if np.abs(window.heard).max() * _HIGHEST_RISE <= highest:
        return 0.0
    behind = 0 if window.last else _EDGE
    heard = np.ascontiguousarray(window.heard.T, np.float32)
    finer = soxr.resample(heard, window.rate_hz, window.rate_hz * _OVERSAMPLING)
    return max(_magnitude(finer, _EDGE * _OVERSAMPLING, behind * _OVERSAMPLING), _magnitude(heard, _EDGE, behind))


def _magnitude(signal: "NDArray[np.float32]", before: int, behind: int) -> float:
    """Return the largest magnitude in a signal, shape (samples, channels), without so many at its ends."""
    inner = signal[before : len(signal) - behind]
    return float(max(inner.max(), -inner.min()))

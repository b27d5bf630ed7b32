"""Signals, MP3s of them, and decoders that share no code with our encoder."""

import io
import subprocess
from collections.abc import Iterable

import numpy as np
import soundfile
from numpy.typing import NDArray

from audioguide.audio.mp3 import encode, info_frame
from audioguide.core.clock import FRAME, RATE_HZ

Signal = NDArray[np.float64]


def sine(hz: float, frames: int, amplitude: float = 0.3) -> Signal:
    wave: Signal = amplitude * np.sin(2 * np.pi * hz * np.arange(frames * FRAME) / RATE_HZ)
    return wave


def to_pcm(signal: Signal) -> bytes:
    return np.rint(signal * 32767).astype("<i2").tobytes()


def splice(pieces: Iterable[Signal], total: int) -> bytes:
    """Return an MP3 of pieces, each encoded separately, with the Info frame of a session of total samples."""
    return info_frame(total) + b"".join(encode(to_pcm(piece)) for piece in pieces)


def decode(mp3: bytes) -> Signal:
    """Return the samples as decoded by libsndfile."""
    signal, rate_hz = soundfile.read(io.BytesIO(mp3))
    assert (rate_hz, signal.ndim) == (RATE_HZ, 1)
    samples: Signal = signal
    return samples


def decode_with_ffmpeg(mp3: bytes) -> Signal:
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "mp3", "-i", "-", "-f", "s16le", "-"]
    done = subprocess.run(command, input=mp3, capture_output=True, check=True)
    assert not done.stderr
    signal: Signal = np.frombuffer(done.stdout, "<i2") / 32768
    return signal

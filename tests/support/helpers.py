"""What several tests share: scripts as text, practices as folders, one MP3 of pieces, decoders that are not ours."""

import io
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from audioguide.audio.mp3 import encode, info_frame
from audioguide.core.clock import FRAME, RATE_HZ
from audioguide.core.model import Cue, Line, Phrase, Source
from audioguide.practice.parse import parse
from audioguide.practice.script_language import SUFFIX

Signal = NDArray[np.float64]


def lines(text: str, file: str = "s") -> list[Line]:
    """Return text as if it had been rendered from one file."""
    return [Line(line, ((0, Source(file, number)),)) for number, line in enumerate(text.split("\n"), 1)]


def cues(text: str) -> list[Cue]:
    return parse(lines(text))


def spoken(text: str) -> list[str]:
    return [cue.text for cue in cues(text) if isinstance(cue, Phrase)]


def write_practice(folder: Path, toml: str, scripts: Mapping[str, str]) -> Path:
    """Return folder, which now holds practice.toml and a script for each name."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "practice.toml").write_text(toml, encoding="utf-8")
    for name, text in scripts.items():
        (folder / (name + SUFFIX)).write_text(text, encoding="utf-8")
    return folder


def splice(pieces: Iterable[Signal], total: int) -> bytes:
    """Return the MP3 of pieces, each encoded by itself, behind the header of a session of total samples."""
    return info_frame(total) + b"".join(encode(to_pcm(piece)) for piece in pieces)


def living(word: str) -> list[int]:
    """Return the processes, as /proc tells them, whose command line holds a word; those that have ended have none."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            if word.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def to_pcm(signal: Signal) -> bytes:
    return np.rint(signal * 32767).astype("<i2").tobytes()


def sine(hz: float, frames: int, amplitude: float = 0.3) -> Signal:
    wave: Signal = amplitude * np.sin(2 * np.pi * hz * np.arange(frames * FRAME) / RATE_HZ)
    return wave


def decode(mp3: bytes) -> Signal:
    """Return the samples as libsndfile gives them out."""
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

"""Prints the quality of each voice that works on this computer: speed, words recognized, loudness and pace.

    python benchmarks/voices.py [MINUTES] [VOICE.toml ...]

Each voice speaks a session (by default, of 5 minutes) with an empty cache, and the MP3 is measured: words by the
recognizer of `audioguide verify --transcribe` (extra [verify]), loudness by its meter. "x real time" is the duration of
the speech divided by that of planning, including loading the engine. The pace error is that of all phrases together.
"""

import platform
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from audioguide.audio.meter import read
from audioguide.checks.transcribe import listen, why_not
from audioguide.core.clock import FRAME_MS, parse_length
from audioguide.core.model import Phrase
from audioguide.core.request import Request
from audioguide.session.build import plan, write
from audioguide.speech.calibration import pace_wpm
from audioguide.speech.reader import why_not as why_not_spoken
from audioguide.speech.voices import find_voice, voice_names
from audioguide.storage.store import Store


@dataclass(frozen=True)
class VoiceRow:
    voice: str
    times_real_time: float
    heard_percent: float
    integrated_lufs: float
    true_peak_dbtp: float
    asked_wpm: float
    true_wpm: float

    def __str__(self) -> str:
        pace = f"{self.asked_wpm:g} | {self.true_wpm:.1f} | {100 * (self.true_wpm / self.asked_wpm - 1):+.1f} %"
        heard = f"{self.heard_percent:.1f} %"
        return (
            f"| {self.voice} | {self.times_real_time:.0f} | {heard} "
            f"| {self.integrated_lufs:.2f} | {self.true_peak_dbtp:.2f} | {pace} |"
        )


HEAD = """\
| voice | x real time | words recognized | LUFS | dBTP | asked wpm | true wpm | pace error |
| --- | --- | --- | --- | --- | --- | --- | --- |"""


def measure(voice: str, samples: int, folder: Path) -> VoiceRow:
    store, path = Store(folder / "store"), folder / "session.mp3"
    request = Request(samples, voice=voice)
    started_s = time.perf_counter()
    plan(request, store)
    planning_s = time.perf_counter() - started_s
    session = write(request, path, store)
    phrases = [sound for sound in session.timeline.sounds if isinstance(sound.cue, Phrase)]
    spoken = [(sound.cue.text, sound.length * FRAME_MS / 1000) for sound in phrases if isinstance(sound.cue, Phrase)]
    reading, lines = read(path), listen(path, phrases, session.about.language)
    return VoiceRow(
        voice=session.voice.name,
        times_real_time=sum(seconds for _, seconds in spoken) / planning_s,
        heard_percent=100 * sum(line.heard for line in lines) / sum(line.words for line in lines),
        integrated_lufs=reading.integrated_lufs,
        true_peak_dbtp=reading.true_peak_dbtp,
        asked_wpm=session.voice.pace_wpm,
        true_wpm=pace_wpm(spoken),
    )


def main(arguments: list[str]) -> None:
    if missing := why_not():
        sys.exit(missing)
    voices = [name for name in arguments if name.endswith(".toml")]
    lengths = [name for name in arguments if name not in voices] or ["5"]
    print(f"{date.today()}, Python {platform.python_version()}, {platform.machine()}, {lengths[0]} minutes\n")
    print(HEAD)
    for voice in [*voice_names(), *voices]:
        if why := why_not_spoken(find_voice(voice)):
            print(f"| {voice} | {why} |")
            continue
        with tempfile.TemporaryDirectory() as folder:
            print(measure(voice, parse_length(lengths[0]), Path(folder)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

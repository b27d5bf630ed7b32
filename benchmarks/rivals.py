"""The programs that audioguide is compared with. Each runs as a separate process on audio written by material.py.

    python rivals.py by-hand  MATERIAL OUT.mp3      (a) pydub: += over clips and silences, then export
    python rivals.py stream   MATERIAL OUT.mp3      (b) one ffmpeg process that gets the same PCM: clips and room tone
    python rivals.py zeros    MATERIAL OUT.mp3      (b) with digital silence, which is quicker to encode
    python rivals.py engine   MATERIAL -            the speech engine alone, speaking the same lines

(c), the floor, is the one-line program FLOOR. All clips are already trimmed and levelled, and all silences known. The
rivals do not render scripts, look anything up, write tags or chapters, or save anything for the next run.
"""

import json
import shutil
import subprocess
import sys
import wave
from itertools import chain
from pathlib import Path

RATE_HZ = 24_000
BITRATE = "64k"
FLOOR = "import sys; open(sys.argv[2], 'wb').write(open(sys.argv[1], 'rb').read())"
"""(c): read the finished MP3 and write its bytes. No program that writes them can do less."""


def ffmpeg() -> str:
    """Return the path of the installed ffmpeg, or else of the one in imageio-ffmpeg."""
    if path := shutil.which("ffmpeg"):
        return path
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


def by_hand(material: Path, out: str) -> None:
    """(a): what a user would write after reading pydub's README. All in memory; each += copies everything so far."""
    from pydub import AudioSegment

    AudioSegment.converter = ffmpeg()
    score = json.loads((material / "score.json").read_text())
    session = AudioSegment.silent(0, frame_rate=RATE_HZ)
    for silence, clip in score["parts"]:
        session += AudioSegment.silent(silence * 1000 / RATE_HZ, frame_rate=RATE_HZ)
        session += AudioSegment.from_wav(material / clip)
    session += AudioSegment.silent(score["end"] * 1000 / RATE_HZ, frame_rate=RATE_HZ)
    session.export(out, format="mp3", bitrate=BITRATE)


def stream(material: Path, out: str, with_tone: bool = True) -> None:
    """(b): what a good engineer would write. The encoder runs while this reads, and nothing is copied in memory."""
    score = json.loads((material / "score.json").read_text())
    command = [ffmpeg(), "-v", "error", "-y", "-f", "s16le", "-ar", str(RATE_HZ), "-ac", "1", "-i", "pipe:0"]
    minute = (material / "tone.raw").read_bytes() if with_tone else bytes(2 * 60 * RATE_HZ)
    with subprocess.Popen([*command, "-c:a", "libmp3lame", "-b:a", BITRATE, out], stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin
        for silence, clip in chain(score["parts"], [(score["end"], "")]):
            for start in range(0, 2 * silence, len(minute)):
                encoder.stdin.write(memoryview(minute)[: min(len(minute), 2 * silence - start)])
            if clip:
                with wave.open(str(material / clip)) as file:
                    encoder.stdin.write(file.readframes(file.getnframes()))
    sys.exit(encoder.returncode)


def engine(material: Path) -> None:
    """Speak every line once, one after the other, and discard the audio: no trimming, no file, no retry."""
    lines = json.loads((material / "lines.json").read_text())
    if lines["engine"] == "natural":
        return _hibari(lines["lines"])
    from audioguide.speech.engine import find_engine
    from audioguide.speech.voices import find_voice

    speaker, voice = find_engine(lines["engine"], "rivals.py"), find_voice(lines["voice"])
    for words, pace_wpm in lines["lines"]:
        speaker.speak(words, voice.at_pace(pace_wpm))
    return None


def _hibari(lines: list[tuple[str, float]]) -> None:
    """Speak with hibari-tts directly, with the settings of our engine."""
    from audioguide.speech.engine import at_pace
    from audioguide.speech.engines import hibari

    voice = hibari.Hibari()._load()
    for words, pace_wpm in lines:
        for _ in voice.stream(words, speed=at_pace(hibari._SPEEDS, pace_wpm), seed=0):
            pass


def main(which: str, material: Path, out: str) -> None:
    match which:
        case "by-hand":
            by_hand(material, out)
        case "stream" | "zeros":
            stream(material, out, which == "stream")
        case "engine":
            engine(material)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])

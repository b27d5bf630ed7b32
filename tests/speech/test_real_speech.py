"""Complete sessions in the real voices: length, loudness, peaks, chapters, and what a recognizer hears."""

import itertools
import os
import re
import subprocess
import sys
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.audio import Signal, decode_with_ffmpeg

from audioguide.audio.sound import lead_frames, phrase, to_signal
from audioguide.checks import transcribe
from audioguide.core.clock import FRAME, RATE_HZ, TAIL
from audioguide.core.model import Bell, Phrase, Sound
from audioguide.core.request import Request
from audioguide.session.build import Session, write
from audioguide.storage.store import Store
from audioguide.timeline.plan import OPENING

pytestmark = pytest.mark.speech

VOICES, MINUTES = ("calm", "system"), (5, 20, 60)
LEAST_S = 1.5
"""The shortest phrase whose loudness is meaningful."""
QUIET, SWELLED = 0.006, 0.012
"""The highest sample of the room tone, and of the tone that swells before an announced phrase."""


class Built:
    """A session, its file and its samples."""

    def __init__(self, session: Session, path: Path) -> None:
        self.session = session
        self.path = path
        signal, rate_hz = soundfile.read(path, dtype="float32")  # an hour takes 350 MB
        assert (rate_hz, signal.ndim) == (RATE_HZ, 1)
        self.signal: np.ndarray = signal

    @property
    def phrases(self) -> list[Sound]:
        return [sound for sound in self.session.timeline.sounds if isinstance(sound.cue, Phrase)]

    @property
    def silences(self) -> list[tuple[int, int, float]]:
        """(start, end, highest allowed sample) between each two sounds, without the frames next to them."""
        sounds = self.session.timeline.sounds
        pairs = itertools.pairwise(sounds)
        return [
            ((one.end + TAIL) * FRAME, (two.start - 1) * FRAME, SWELLED if two.announced else QUIET)
            for one, two in pairs
        ]

    def part(self, start: int, end: int) -> Signal:
        """Return samples between two frames."""
        return self.signal[start * FRAME : end * FRAME].astype(np.float64)

    @cached_property
    def power(self) -> Signal:
        """Mean square of each 50 ms between the fades."""
        size = RATE_HZ // 20
        closing = self.session.timeline.closing * FRAME
        inside = self.signal[2 * RATE_HZ : self.signal.size - closing]
        blocks = inside[: inside.size // size * size].reshape(-1, size)
        power: Signal = np.einsum("ij,ij->i", blocks, blocks, dtype=np.float64) / size
        return power

    def quietest_dbfs(self, blocks: int) -> float:
        """Return the level of the quietest stretch of so many 50 ms."""
        means = np.convolve(self.power, np.ones(blocks) / blocks, mode="valid")
        return float(10 * np.log10(max(means.min(), 1e-12)))

    def true_peak_dbtp(self) -> float:
        """Return the highest magnitude at 4x oversampling; only what could be it is oversampled."""
        import soxr

        size = 10 * RATE_HZ
        parts = [self.signal[max(0, at - 500) : at + size + 500] for at in range(0, self.signal.size, size)]
        loud = [part for part in parts if np.abs(part).max() > 0.4]  # -8 dBFS
        peaks = [np.abs(soxr.resample(part, RATE_HZ, 4 * RATE_HZ)).max() for part in loud]
        return float(20 * np.log10(max(peaks, default=0.4)))

    def loudness_lufs(self) -> float:
        """Return what ffmpeg measures: pyloudnorm would want 2 GB for an hour."""
        import imageio_ffmpeg

        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostats", "-i", str(self.path)]
        command += ["-filter:a", "ebur128=framelog=quiet", "-f", "null", "-"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(re.findall(r"I:\s+(-?[\d.]+) LUFS", done.stderr)[-1])


def _built(voice: str, seconds: int, store: Store, folder: Path) -> Built:
    out = folder / f"{voice}-{seconds}.mp3"
    return Built(write(Request(seconds * RATE_HZ, voice=voice), out, store), out)


@pytest.fixture(
    scope="module",
    params=[(voice, minutes) for voice in VOICES for minutes in MINUTES],
    ids=lambda pair: f"{pair[0]}-{pair[1]}m",
)
def built(request: pytest.FixtureRequest, shared_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Built:
    voice, minutes = request.param
    return _built(voice, minutes * 60, shared_store, tmp_path_factory.mktemp("sessions"))


# --- every length, both voices ---


def test_a_session_has_the_requested_length_to_the_sample(built: Built) -> None:
    assert built.signal.size == built.session.timeline.total in {minutes * 60 * RATE_HZ for minutes in MINUTES}


def test_a_session_is_at_minus_19_lufs_and_its_true_peak_below_minus_1_5_dbtp(built: Built) -> None:
    assert built.loudness_lufs() == pytest.approx(-19, abs=0.5)
    assert built.true_peak_dbtp() <= -1.5


def test_every_phrase_begins_and_ends_where_the_timeline_says(built: Built) -> None:
    for sound in built.phrases:
        quiet = SWELLED if sound.announced else QUIET
        before = built.part(sound.start - 10, sound.start)
        after = built.part(sound.end + 1, sound.end + 10)
        first, last = built.part(sound.start, sound.start + 10), built.part(sound.end - 10, sound.end)
        assert np.abs(before).max() < quiet and np.abs(after).max() < QUIET, sound
        assert min(np.abs(first).max(), np.abs(last).max()) > SWELLED, sound


def test_pauses_have_room_tone_and_are_never_loud(built: Built) -> None:
    assert built.quietest_dbfs(20) > -70
    assert built.quietest_dbfs(2) > -66
    for start, end, highest in built.silences:
        assert np.abs(built.signal[start:end]).max(initial=0) < highest, start / RATE_HZ


def test_no_join_clicks(built: Built) -> None:
    """No step between neighbouring samples above -50 dBFS, in a frame to either side."""
    timeline = built.session.timeline
    joins = [OPENING, timeline.frames - timeline.closing]
    joins += [sound.start - lead_frames(sound.announced) for sound in timeline.sounds]
    joins += [sound.end + TAIL for sound in timeline.sounds]
    for join in joins:
        assert np.abs(np.diff(built.part(join - 1, join + 1))).max() < 10 ** (-50 / 20), join * FRAME / RATE_HZ


def test_the_loudness_of_a_voice_is_even_from_phrase_to_phrase(built: Built) -> None:
    """Phrases of 1.5 s and more; a step that is meant to be softer counts as what it is meant to be."""
    import pyloudnorm

    meter = pyloudnorm.Meter(RATE_HZ)
    long = [sound for sound in built.phrases if sound.length * FRAME >= LEAST_S * RATE_HZ]
    meant = [getattr(sound.cue, "manner").level_db for sound in long]  # noqa: B009  # a Phrase, which mypy cannot see
    measured = [meter.integrated_loudness(built.part(sound.start, sound.end)) for sound in long]
    levels = np.array(measured) - np.array(meant)
    off = np.abs(levels - np.median(levels))
    worst = long[int(off.argmax())]
    assert len(long) > 5 and off.max() <= 1.5, (worst, off.max())


def test_a_bell_is_6_lu_under_the_speech_at_its_loudest(built: Built) -> None:
    import pyloudnorm

    meter = pyloudnorm.Meter(RATE_HZ, block_size=0.4)
    bells = [sound for sound in built.session.timeline.sounds if isinstance(sound.cue, Bell)]
    assert bells
    for bell in bells:
        rung = built.part(bell.start, bell.end)
        starts = range(0, rung.size - int(0.4 * RATE_HZ), RATE_HZ // 10)
        momentary = max(meter.integrated_loudness(rung[at : at + int(0.4 * RATE_HZ) + 1]) for at in starts)
        assert momentary == pytest.approx(-25, abs=1)


def test_an_announced_phrase_begins_softer_than_the_same_phrase_unannounced(built: Built, shared_store: Store) -> None:
    announced = [sound for sound in built.phrases if sound.announced]
    for sound in announced[:5]:
        assert isinstance(sound.cue, Phrase)
        clip = built.session.clips[sound.cue]
        cached = shared_store.read("clips", clip.key)
        assert cached
        plain = to_signal(phrase(cached[1], clip.gain_db + sound.cue.manner.level_db))
        unannounced = plain[lead_frames(False) * FRAME :][: sound.length * FRAME]
        here = built.part(sound.start, sound.end)
        for share, least, most in ((slice(0, RATE_HZ // 4), 1.0, 4.0), (slice(RATE_HZ, None), -0.2, 0.2)):
            softer_db = 10 * np.log10((unannounced[share] ** 2).mean() / (here[share] ** 2).mean())
            assert least <= softer_db <= most, (sound, softer_db)
    assert announced


# --- a length that is not a round number of minutes ---


@pytest.fixture(scope="module", params=VOICES)
def odd(request: pytest.FixtureRequest, shared_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return _built(request.param, 450, shared_store, tmp_path_factory.mktemp("odd"))


def test_two_decoders_agree_on_the_length_to_the_sample(odd: Built) -> None:
    assert odd.signal.size == len(decode_with_ffmpeg(odd.path.read_bytes())) == 450 * RATE_HZ


def test_two_meters_agree_on_the_loudness(odd: Built) -> None:
    import pyloudnorm

    loudness = pyloudnorm.Meter(RATE_HZ).integrated_loudness(odd.signal.astype(np.float64))
    assert loudness == pytest.approx(-19, abs=0.5)
    assert odd.loudness_lufs() == pytest.approx(loudness, abs=0.15)


def test_the_chapters_match_the_timeline(odd: Built) -> None:
    import mutagen.id3

    tags = mutagen.id3.ID3(odd.path)
    marks = sorted(tags.getall("CHAP"), key=lambda mark: mark.start_time)
    assert [mark.start_time for mark in marks] == [mark.start * 24 for mark in odd.session.timeline.chapters]
    titles = [str(mark.sub_frames["TIT2"]) for mark in marks]
    assert titles == [mark.title for mark in odd.session.timeline.chapters]
    voice = "" if odd.session.voice.name == "calm" else f", voice {odd.session.voice.name}"
    assert str(tags["TIT2"]) == f"Psoas release, seven and a half minutes{voice}"
    assert str(tags["TALB"]) == "Psoas release"


@pytest.mark.recognize
@pytest.mark.skipif(bool(transcribe.why_not()), reason="needs the verify extra: pip install -e '.[verify]'")
def test_a_recognizer_hears_the_words_at_their_times(shared_store: Store, tmp_path: Path) -> None:
    built = _built("calm", 300, shared_store, tmp_path)
    lines = transcribe.listen(built.path, built.session.timeline.sounds, "en")

    assert [line.sound for line in lines] == built.phrases
    assert sum(line.heard for line in lines) >= 0.95 * sum(line.words for line in lines) > 100
    assert all(line.was_heard for line in lines)


@pytest.mark.skipif(os.name == "nt", reason="sets HOME, which Windows does not read")
def test_the_natural_voice_writes_nothing_to_the_home_and_opens_no_connection(tmp_path: Path) -> None:
    """onnxruntime sends no telemetry if CI variables are set, so they are removed here."""
    home = tmp_path / "home"
    home.mkdir()
    environment = {key: value for key, value in os.environ.items() if key in ("PATH", "LD_LIBRARY_PATH", "LANG")}
    environment |= {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
    program = (
        "import os, stat, time\n"
        "from audioguide.speech.engines.hibari import Hibari\n"
        "from audioguide.speech.voices import find_voice\n"
        "Hibari().speak('Hello there.', find_voice('calm'))\n"
        "time.sleep(1)\n"
        "def is_socket(fd):\n"
        "    try:\n"
        "        return stat.S_ISSOCK(os.fstat(fd).st_mode)\n"
        "    except OSError:\n"
        "        return False\n"
        "print([fd for fd in range(3, 256) if is_socket(fd)])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n" and done.stderr == ""
    assert not list(home.rglob("*"))

"""A timeline becomes MP3 frames, piece by piece; read back by decoders that are not our encoder."""

import io
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from support.voices import phrase, voice_of

from audioguide.audio.mp3 import FRAME_BYTES, stream_frames
from audioguide.audio.sound import SWELL, SWELL_DB, TONE_DBFS, bell_frames, lead_frames
from audioguide.core.clock import FRAME, RATE_HZ, TAIL, frames, frames_for
from audioguide.core.errors import DamagedError
from audioguide.core.model import Bell, Clip, Cue, Manner, Pause, Phrase, Timeline
from audioguide.session import pieces
from audioguide.session.pieces import Pieces
from audioguide.speech.speaker import Speaker
from audioguide.storage.store import Store
from audioguide.timeline.plan import CLOSING, OPENING, SLEEP_CLOSING, lay_out, natural_length

Signal = NDArray[np.float64]
STEP = 10 ** (-48 / 20)
"""No sample in the tone around a join lies farther from the one before it than this: 0.4 % of full scale."""


def pause(seconds: float, line: int) -> Pause:
    count = frames(seconds)
    return Pause(count, count, count, 0, phrase("", line).source)


CUES: tuple[Cue, ...] = (
    phrase("Lie down on your back.", 1),
    pause(1, 2),
    phrase("Let the floor hold you, and take your time.", 3),
    pause(0, 4),
    phrase("Rest.", 5),
    pause(70, 6),
    Bell(1, phrase("", 7).source),
    pause(3, 8),
    phrase("Lie down on your back.", 9),
    pause(12, 10),
    phrase("Rest.", 11),  # announced
    pause(0.2, 12),
)


class Studio:
    """A voice that hums, a store, and a timeline of cues."""

    def __init__(
        self, folder: Path, more: int = 123, gain_db: float = -3.0, cues: Sequence[Cue] = CUES, closing: int = CLOSING
    ) -> None:
        self.store = Store(folder)
        self.more = more
        self.gain_db = gain_db
        self.cues = cues
        self.closing = closing

    def timeline(self) -> tuple[Timeline, dict[Phrase, Clip]]:
        with Speaker(voice_of("fake", gain_db=self.gain_db), self.store) as speaker:
            clips = {cue: speaker.clip(cue) for cue in self.cues if isinstance(cue, Phrase)}
        lengths = [self._frames(cue, clips) for cue in self.cues if isinstance(cue, Phrase | Bell)]
        total = natural_length(self.cues, lengths, closing=self.closing) - FRAME + self.more
        return lay_out(self.cues, lengths, total, closing=self.closing), clips

    @staticmethod
    def _frames(cue: Phrase | Bell, clips: dict[Phrase, Clip]) -> int:
        return bell_frames(cue.strokes) if isinstance(cue, Bell) else frames_for(clips[cue].samples)

    def parts(self) -> list[bytes]:
        return list(Pieces(self.store).stream(*self.timeline()))

    def session(self) -> bytes:
        return b"".join(self.parts())

    def kept(self, kind: str = "pieces") -> list[Path]:
        return sorted(path for path in (self.store.folder / kind).rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store that holds one session's clips and pieces, and nothing else."""
    folder = tmp_path_factory.mktemp("warm") / "store"
    Studio(folder).session()
    return folder


@pytest.fixture(scope="module")
def studio(warm: Path, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """Return a studio with a store that the tests of this file only add to."""
    return Studio(Path(shutil.copytree(warm, tmp_path_factory.mktemp("shared") / "store")))


@pytest.fixture
def own(warm: Path, tmp_path: Path) -> Studio:
    """Return a studio whose store may be spoiled."""
    return Studio(Path(shutil.copytree(warm, tmp_path / "own")))


@pytest.fixture(scope="module")
def decoded(studio: Studio) -> Signal:
    return decode(studio.session())


def decode(mp3: bytes) -> Signal:
    """Return what libsndfile hears."""
    samples, rate_hz = soundfile.read(io.BytesIO(mp3), dtype="float64")
    assert rate_hz == RATE_HZ
    assert samples.ndim == 1
    return np.asarray(samples)


def decode_with_ffmpeg(mp3: bytes, folder: Path) -> Signal:
    from imageio_ffmpeg import get_ffmpeg_exe

    path = folder / "session.mp3"
    path.write_bytes(mp3)
    command = [get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-f", "s16le", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stderr == b""
    return np.frombuffer(done.stdout, "<i2").astype(float) / 32_768


def digest(mp3: bytes) -> str:
    """Return what two sessions are compared by: a difference of a megabyte in a report helps nobody."""
    return sha256(mp3).hexdigest()


def rms_db(signal: Signal) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(signal**2)) + 1e-12))


def tenths_db(signal: Signal, every: int = 240) -> Signal:
    """Return the level of each 100 ms, one every 10 ms, in dBFS."""
    upto = np.concatenate([[0.0], np.cumsum(signal**2)])
    return np.asarray(10 * np.log10((upto[2_400:] - upto[:-2_400])[::every] / 2_400 + 1e-15))


def joins(timeline: Timeline) -> Iterable[int]:
    """Yield the samples where one piece ends and the next begins."""
    yield OPENING * FRAME
    for sound in timeline.sounds:
        yield (sound.start - lead_frames(sound.announced)) * FRAME
        yield (sound.end + TAIL) * FRAME
    for before, after in pairwise(timeline.sounds):
        start = after.start - lead_frames(after.announced)
        yield from range((before.end + TAIL + 2_500) * FRAME, start * FRAME, 2_500 * FRAME)
    yield (timeline.frames - CLOSING) * FRAME


# --- length and place ---


@pytest.mark.parametrize("more", [1, 2, 47, 48, 123, 575, 576])
def test_a_session_decodes_to_exactly_its_samples(studio: Studio, more: int) -> None:
    other = Studio(studio.store.folder, more)
    timeline, _ = other.timeline()
    mp3 = other.session()
    assert decode(mp3).size == timeline.total
    assert len(mp3) == (stream_frames(timeline.total) + 1) * FRAME_BYTES


@pytest.mark.parametrize("more", [1, 123, 576])
def test_ffmpeg_hears_as_many_samples_and_the_same_ones(studio: Studio, tmp_path: Path, more: int) -> None:
    other = Studio(studio.store.folder, more)
    mp3 = other.session()
    theirs = decode_with_ffmpeg(mp3, tmp_path)
    assert theirs.size == other.timeline()[0].total
    assert np.abs(theirs - decode(mp3)).max() < 3 / 32_768


def test_each_sound_begins_and_ends_within_a_frame_of_its_place(studio: Studio, decoded: Signal) -> None:
    timeline, clips = studio.timeline()
    loud = np.convolve(np.abs(decoded), np.ones(48) / 48, mode="same") > 10 ** (-40 / 20)
    phrases = [sound for sound in timeline.sounds if isinstance(sound.cue, Phrase)]
    assert len(phrases) == 5
    for sound in phrases:
        assert isinstance(sound.cue, Phrase)
        start, end = sound.start * FRAME, sound.start * FRAME + clips[sound.cue].samples
        around = np.flatnonzero(loud[start - FRAME : end + FRAME]) + start - FRAME
        assert abs(around[0] - start) <= FRAME
        assert -0.09 * RATE_HZ < around[-1] - end <= FRAME  # a clip ends with 60 ms of its own silence, and a fade
        assert loud[start + 2 * FRAME : end - 5 * FRAME].all()


def test_a_bell_begins_at_its_place(studio: Studio, decoded: Signal) -> None:
    timeline, _ = studio.timeline()
    (start,) = (sound.start * FRAME for sound in timeline.sounds if isinstance(sound.cue, Bell))
    assert rms_db(decoded[start - 4 * FRAME : start - FRAME]) < -57
    assert rms_db(decoded[start + 2 * FRAME : start + 6 * FRAME]) > -35


def test_nothing_sounds_in_the_silences_but_the_room_tone(studio: Studio, decoded: Signal) -> None:
    timeline, _ = studio.timeline()
    leads = [*(lead_frames(sound.announced) for sound in timeline.sounds), 0]
    for (start, length), lead in zip(timeline.gaps(), leads, strict=True):
        silence = decoded[(start + TAIL) * FRAME : (start + length - lead) * FRAME]
        assert silence.size == 0 or np.abs(silence).max() < 10 ** (-44 / 20)


def test_no_tenth_of_a_second_falls_silent_between_the_fades(studio: Studio, decoded: Signal) -> None:
    timeline, _ = studio.timeline()
    inside = decoded[OPENING * FRAME : (timeline.frames - CLOSING) * FRAME]
    assert tenths_db(inside).min() > -66


def test_no_tenth_of_a_second_falls_silent_across_a_join(studio: Studio, decoded: Signal) -> None:
    timeline, _ = studio.timeline()
    for place in joins(timeline):
        assert tenths_db(decoded[place - 2_400 : place + 2_400], every=24).min() > -66, f"at {place / RATE_HZ:.3f} s"


def test_no_join_steps(studio: Studio, decoded: Signal) -> None:
    timeline, _ = studio.timeline()
    places = list(joins(timeline))
    assert len(places) > 11
    for place in places:
        around = decoded[place - FRAME // 2 : place + FRAME // 2]
        assert np.abs(np.diff(around)).max() < STEP, f"at {place / RATE_HZ:.3f} s"


def test_the_session_fades_in_from_nothing_and_ends_in_nothing(decoded: Signal) -> None:
    assert rms_db(decoded[:240]) < -80
    assert rms_db(decoded[-2_400:]) < -80
    assert np.abs(decoded[-240:]).max() < 3 / 32_768


def test_the_shortest_closing_that_a_length_leaves_is_as_exact(studio: Studio) -> None:
    one, whole = (decode(Studio(studio.store.folder, more).session()) for more in (1, FRAME))
    assert whole.size - one.size == FRAME - 1
    assert np.array_equal(one[: -CLOSING * FRAME - FRAME], whole[: -CLOSING * FRAME - 2 * FRAME + 1])


# --- announced, softer, and faded for long ---


def test_the_tone_swells_in_front_of_the_announced_phrase_only(studio: Studio, decoded: Signal) -> None:
    timeline, _ = studio.timeline()
    assert [sound.announced for sound in timeline.sounds] == [False] * 5 + [True]
    far = [after for before, after in pairwise(timeline.sounds) if after.start - before.end > 20]
    assert len(far) == 4
    for sound in far:
        level = rms_db(decoded[(sound.start - 8) * FRAME : (sound.start - 2) * FRAME])
        assert level == pytest.approx(TONE_DBFS + SWELL_DB * sound.announced, abs=1.5)


def test_the_swell_rises_out_of_the_silence_without_a_step(studio: Studio, decoded: Signal) -> None:
    start = studio.timeline()[0].sounds[-1].start
    swell = decoded[(start - SWELL - 42) * FRAME : (start - 2) * FRAME]  # a second more in front
    fifths = [rms_db(swell[at : at + 4_800]) for at in range(0, swell.size - 4_800, 4_800)]
    assert all(after - before > -0.7 for before, after in pairwise(fifths))
    assert max(after - before for before, after in pairwise(fifths)) < 2
    seconds = [rms_db(swell[at : at + RATE_HZ]) for at in range(0, swell.size - RATE_HZ, RATE_HZ // 4)]
    assert max(seconds) < -50


def test_the_announced_phrase_enters_softly_and_is_as_loud_as_the_plain_one_afterwards(
    studio: Studio, decoded: Signal
) -> None:
    long = phrase("Let the floor hold you, and take your time.", 3)
    other = Studio(studio.store.folder, cues=(long, pause(12, 2), long, pause(3, 4)))
    session = decode(other.session())
    plain, announced = (session[sound.start * FRAME : sound.end * FRAME] for sound in other.timeline()[0].sounds)
    assert rms_db(plain[480:1_680]) - rms_db(announced[480:1_680]) == pytest.approx(2.7, abs=0.4)
    assert rms_db(plain[12_000:60_000]) == pytest.approx(rms_db(announced[12_000:60_000]), abs=0.02)


@pytest.mark.parametrize("level_db", [-0.5, -3.0])
@pytest.mark.parametrize("silence_s", [2, 12])  # plain, announced
def test_the_level_of_a_step_makes_its_phrases_softer_by_just_that(
    studio: Studio, level_db: float, silence_s: float
) -> None:
    words = "Let the floor hold you, and take your time."
    first, soft, last = (phrase(words, line, Manner(1.0, level)) for line, level in ((1, 0.0), (3, level_db), (5, 0.0)))
    cues = (first, pause(silence_s, 2), soft, pause(silence_s, 4), last, pause(3, 6))
    other = Studio(studio.store.folder, cues=cues)
    session = decode(other.session())
    _, softer, plain = (
        rms_db(session[sound.start * FRAME + 14_400 : sound.end * FRAME - 4_800])
        for sound in other.timeline()[0].sounds
    )
    assert plain - softer == pytest.approx(-level_db, abs=0.05)


def test_a_softer_phrase_is_spoken_no_second_time(own: Studio) -> None:
    words = [phrase("Rest.", line, Manner(1.0, level)) for line, level in ((1, 0.0), (3, -2.0), (5, -3.0))]
    before = len(own.kept("clips"))
    own.cues = (words[0], pause(2, 2), words[1], pause(2, 4), words[2], pause(2, 6))
    own.session()
    assert len(own.kept("clips")) == before


@pytest.mark.parametrize("more", [1, 576])
def test_a_session_with_a_long_fade_is_as_exact_and_falls_evenly(studio: Studio, more: int) -> None:
    other = Studio(studio.store.folder, more, closing=SLEEP_CLOSING)
    timeline, _ = other.timeline()
    session = decode(other.session())
    assert session.size == timeline.total
    tenths = [rms_db(part) for part in np.array_split(session[(timeline.frames - SLEEP_CLOSING) * FRAME :], 10)]
    assert tenths == sorted(tenths, reverse=True)
    assert tenths[0] == pytest.approx(TONE_DBFS - 0.4, abs=0.5)
    assert tenths[4] == pytest.approx(TONE_DBFS - 5.2, abs=1)
    assert rms_db(session[-240:]) < -80


# --- pieces are kept ---


def test_a_second_stream_reads_every_piece_from_the_store(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    first = studio.session()

    def never(*_: object) -> bytes:
        raise AssertionError("a piece was made again")

    monkeypatch.setattr(pieces, "encode", never)
    monkeypatch.setattr(pieces.sound, "tone", never)
    assert digest(studio.session()) == digest(first)


def test_the_same_session_in_another_store_has_the_same_bytes(studio: Studio, own: Studio) -> None:
    for path in own.kept():
        path.unlink()
    assert digest(own.session()) == digest(studio.session())


def test_a_phrase_that_comes_twice_is_one_piece_and_announced_another(own: Studio) -> None:
    # three phrases and one of them announced, the bell, a minute of tone, the opening, the closing
    assert (len(own.kept("clips")), len(own.kept())) == (3, 8)


def test_another_gain_makes_other_phrases_and_keeps_the_rest(own: Studio) -> None:
    before = own.session()
    own.gain_db -= 6
    after = own.session()
    assert len(own.kept()) == 8 + 4
    start = own.timeline()[0].sounds[0].start * FRAME
    louder, softer = (rms_db(decode(mp3)[start : start + RATE_HZ]) for mp3 in (before, after))
    assert louder - softer == pytest.approx(6, abs=0.1)


def whole_entry(body: bytes, key: str) -> bytes:
    """Return what the store writes for a body."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.write("pieces", key, body)
        return store.path("pieces", key).read_bytes()


DAMAGES: dict[str, Callable[[bytes, str], bytes]] = {
    "empty": lambda data, key: b"",
    "cut short": lambda data, key: data[: len(data) // 2],
    "a flipped bit in the body": lambda data, key: data[:-100] + bytes([data[-100] ^ 1]) + data[-99:],
    "a flipped bit in the head": lambda data, key: bytes([data[0] ^ 1]) + data[1:],
    "zeros": lambda data, key: bytes(len(data)),
    "another file": lambda data, key: b"<html></html>\n" + data,
    "whole, but a frame too long": lambda data, key: whole_entry(data.partition(b"\n")[2] + data[-FRAME_BYTES:], key),
    "whole, but of no length": lambda data, key: whole_entry(b"", key),
    "size in words": lambda data, key: data.replace(b'"size": ', b'"size": "x', 1),
}


def spoil(paths: list[Path], damage: str) -> dict[Path, bytes]:
    """Return what stood there."""
    whole = {path: path.read_bytes() for path in paths}
    for path, data in whole.items():
        path.write_bytes(DAMAGES[damage](data, path.name))
    return whole


def changed(whole: dict[Path, bytes]) -> list[Path]:
    return [path for path, data in whole.items() if path.read_bytes() != data]


def test_every_damaged_piece_is_made_again_with_the_same_bytes(own: Studio) -> None:
    first = digest(own.session())
    whole = spoil(own.kept(), "a flipped bit in the body")
    assert len(changed(whole)) == 8
    assert digest(own.session()) == first
    assert changed(whole) == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_no_kind_of_damage_to_a_piece_is_heard(own: Studio, damage: str) -> None:
    first = digest(own.session())
    short = sorted(own.kept(), key=lambda path: path.stat().st_size)[:4]
    whole = spoil(short, damage)
    assert digest(own.session()) == first
    assert changed(whole) == []


CLIP_DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a flipped bit of its sound": lambda data: data[:-100] + bytes([data[-100] ^ 1]) + data[-99:],
    "another digest in its head": lambda data: data.replace(b'"sha256": "', b'"sha256": "0', 1),
    "other samples in its head": lambda data: data.replace(b'"samples": ', b'"samples": 1', 1),
}


@pytest.mark.parametrize("damage", CLIP_DAMAGES)
def test_each_further_build_mends_a_damaged_clip(own: Studio, tmp_path: Path, damage: str) -> None:
    whole = Studio(Path(shutil.copytree(own.store.folder, tmp_path / "whole")), gain_db=-6.0)
    own.gain_db = -6.0  # so that no phrase's piece is there yet
    for path in own.kept("clips"):
        path.write_bytes(CLIP_DAMAGES[damage](path.read_bytes()))
    assert digest(_built_after(own, tries=1 + len(own.kept("clips")))) == digest(whole.session())


def _built_after(own: Studio, tries: int) -> bytes:
    for _ in range(tries):
        try:
            return own.session()
        except DamagedError as error:
            assert "once more" in str(error)  # what the error says will help
    raise AssertionError("no try mended the store")


def test_a_clip_that_vanished_is_not_missed_while_its_piece_is_there(own: Studio) -> None:
    first = own.session()
    timeline, clips = own.timeline()
    for path in own.kept("clips"):
        path.unlink()
    assert digest(b"".join(Pieces(own.store).stream(timeline, clips))) == digest(first)

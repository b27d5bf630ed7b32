"""The frames of a session, checked with independent decoders."""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from support.audio import Signal, decode, decode_with_ffmpeg
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

STEP = 10 ** (-48 / 20)
"""Limit for the difference between neighbouring samples of tone around a join: 0.4 % of full scale."""


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


class Material:
    """Cues, a voice that hums, and a store: everything a session is made from."""

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
        return [bytes(part) for part in Pieces(self.store).stream(*self.timeline())]

    def session(self) -> bytes:
        return b"".join(self.parts())

    def files(self, kind: str = "pieces") -> list[Path]:
        return sorted(path for path in (self.store.folder / kind).rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with exactly the clips and pieces of one session."""
    folder = tmp_path_factory.mktemp("warm") / "store"
    Material(folder).session()
    return folder


@pytest.fixture(scope="module")
def material(warm: Path, tmp_path_factory: pytest.TempPathFactory) -> Material:
    """Material with a store that tests may only add to."""
    return Material(Path(shutil.copytree(warm, tmp_path_factory.mktemp("shared") / "store")))


@pytest.fixture
def own(warm: Path, tmp_path: Path) -> Material:
    """Material with a store that a test may damage."""
    return Material(Path(shutil.copytree(warm, tmp_path / "own")))


@pytest.fixture(scope="module")
def decoded(material: Material) -> Signal:
    return decode(material.session())


def digest(mp3: bytes) -> str:
    """Return a digest, since pytest would print a megabyte of differences between two sessions."""
    return sha256(mp3).hexdigest()


def rms_db(signal: Signal) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(signal**2)) + 1e-12))


def tenths_db(signal: Signal, every: int = 240) -> Signal:
    """Return the levels of windows of 100 ms, 10 ms apart, in dBFS."""
    upto = np.concatenate([[0.0], np.cumsum(signal**2)])
    return np.asarray(10 * np.log10((upto[2_400:] - upto[:-2_400])[::every] / 2_400 + 1e-15))


def joins(timeline: Timeline) -> Iterable[int]:
    """Yield the positions where one piece ends and the next begins, in samples."""
    yield OPENING * FRAME
    for sound in timeline.sounds:
        yield (sound.start - lead_frames(sound.announced)) * FRAME
        yield (sound.end + TAIL) * FRAME
    for before, after in pairwise(timeline.sounds):
        start = after.start - lead_frames(after.announced)
        yield from range((before.end + TAIL + 2_500) * FRAME, start * FRAME, 2_500 * FRAME)
    yield (timeline.frames - CLOSING) * FRAME


# --- length and position ---


@pytest.mark.parametrize("more", [1, 2, 47, 48, 123, 575, 576])
def test_a_session_decodes_to_exactly_the_planned_samples(material: Material, more: int) -> None:
    other = Material(material.store.folder, more)
    timeline, _ = other.timeline()
    mp3 = other.session()
    assert decode(mp3).size == timeline.total
    assert len(mp3) == (stream_frames(timeline.total) + 1) * FRAME_BYTES


@pytest.mark.parametrize("more", [1, 123, 576])
def test_ffmpeg_decodes_the_same_samples(material: Material, more: int) -> None:
    other = Material(material.store.folder, more)
    mp3 = other.session()
    decoded_by_ffmpeg = decode_with_ffmpeg(mp3)
    assert decoded_by_ffmpeg.size == other.timeline()[0].total
    assert np.abs(decoded_by_ffmpeg - decode(mp3)).max() < 3 / 32_768


def test_each_phrase_begins_and_ends_within_a_frame_of_its_position(material: Material, decoded: Signal) -> None:
    timeline, clips = material.timeline()
    loud = np.convolve(np.abs(decoded), np.ones(48) / 48, mode="same") > 10 ** (-40 / 20)
    phrases = [sound for sound in timeline.sounds if isinstance(sound.cue, Phrase)]
    assert len(phrases) == 5
    for sound in phrases:
        assert isinstance(sound.cue, Phrase)
        start, end = sound.start * FRAME, sound.start * FRAME + clips[sound.cue].samples
        around = np.flatnonzero(loud[start - FRAME : end + FRAME]) + start - FRAME
        assert abs(around[0] - start) <= FRAME
        assert -0.09 * RATE_HZ < around[-1] - end <= FRAME  # a clip ends with a fade and 60 ms of silence
        assert loud[start + 2 * FRAME : end - 5 * FRAME].all()


def test_a_bell_begins_at_its_position(material: Material, decoded: Signal) -> None:
    timeline, _ = material.timeline()
    (start,) = (sound.start * FRAME for sound in timeline.sounds if isinstance(sound.cue, Bell))
    assert rms_db(decoded[start - 4 * FRAME : start - FRAME]) < -57
    assert rms_db(decoded[start + 2 * FRAME : start + 6 * FRAME]) > -35


def test_silences_contain_only_room_tone(material: Material, decoded: Signal) -> None:
    timeline, _ = material.timeline()
    leads = [*(lead_frames(sound.announced) for sound in timeline.sounds), 0]
    for (start, length), lead in zip(timeline.gaps(), leads, strict=True):
        silence = decoded[(start + TAIL) * FRAME : (start + length - lead) * FRAME]
        assert silence.size == 0 or np.abs(silence).max() < 10 ** (-44 / 20)


def test_no_tenth_of_a_second_between_the_fades_is_silent(material: Material, decoded: Signal) -> None:
    timeline, _ = material.timeline()
    inside = decoded[OPENING * FRAME : (timeline.frames - CLOSING) * FRAME]
    assert tenths_db(inside).min() > -66


def test_no_tenth_of_a_second_across_a_join_is_silent(material: Material, decoded: Signal) -> None:
    timeline, _ = material.timeline()
    for position in joins(timeline):
        assert tenths_db(decoded[position - 2_400 : position + 2_400], every=24).min() > -66, (
            f"at {position / RATE_HZ:.3f} s"
        )


def test_no_join_has_a_step(material: Material, decoded: Signal) -> None:
    timeline, _ = material.timeline()
    positions = list(joins(timeline))
    assert len(positions) > 11
    for position in positions:
        around = decoded[position - FRAME // 2 : position + FRAME // 2]
        assert np.abs(np.diff(around)).max() < STEP, f"at {position / RATE_HZ:.3f} s"


def test_the_session_starts_and_ends_in_silence(decoded: Signal) -> None:
    assert rms_db(decoded[:240]) < -80
    assert rms_db(decoded[-2_400:]) < -80
    assert np.abs(decoded[-240:]).max() < 3 / 32_768


def test_a_session_with_a_partial_last_frame_is_exact(material: Material) -> None:
    partial, full = (decode(Material(material.store.folder, more).session()) for more in (1, FRAME))
    assert full.size - partial.size == FRAME - 1
    assert np.array_equal(partial[: -CLOSING * FRAME - FRAME], full[: -CLOSING * FRAME - 2 * FRAME + 1])


# --- announced phrases, levels, long fades ---


def test_the_tone_swells_before_the_announced_phrase_only(material: Material, decoded: Signal) -> None:
    timeline, _ = material.timeline()
    assert [sound.announced for sound in timeline.sounds] == [False] * 5 + [True]
    far = [after for before, after in pairwise(timeline.sounds) if after.start - before.end > 20]
    assert len(far) == 4
    for sound in far:
        level = rms_db(decoded[(sound.start - 8) * FRAME : (sound.start - 2) * FRAME])
        assert level == pytest.approx(TONE_DBFS + SWELL_DB * sound.announced, abs=1.5)


def test_the_swell_rises_without_a_step(material: Material, decoded: Signal) -> None:
    start = material.timeline()[0].sounds[-1].start
    swell = decoded[(start - SWELL - 42) * FRAME : (start - 2) * FRAME]  # starts a second earlier
    fifths = [rms_db(swell[at : at + 4_800]) for at in range(0, swell.size - 4_800, 4_800)]
    assert all(after - before > -0.7 for before, after in pairwise(fifths))
    assert max(after - before for before, after in pairwise(fifths)) < 2
    seconds = [rms_db(swell[at : at + RATE_HZ]) for at in range(0, swell.size - RATE_HZ, RATE_HZ // 4)]
    assert max(seconds) < -50


def test_an_announced_phrase_enters_softly_and_then_has_the_level_of_a_plain_one(
    material: Material, decoded: Signal
) -> None:
    long = phrase("Let the floor hold you, and take your time.", 3)
    other = Material(material.store.folder, cues=(long, pause(12, 2), long, pause(3, 4)))
    session = decode(other.session())
    plain, announced = (session[sound.start * FRAME : sound.end * FRAME] for sound in other.timeline()[0].sounds)
    assert rms_db(plain[480:1_680]) - rms_db(announced[480:1_680]) == pytest.approx(2.7, abs=0.4)
    assert rms_db(plain[12_000:60_000]) == pytest.approx(rms_db(announced[12_000:60_000]), abs=0.02)


@pytest.mark.parametrize("level_db", [-0.5, -3.0])
@pytest.mark.parametrize("silence_s", [2, 12])  # plain, announced
def test_the_level_of_a_step_changes_its_phrases_by_exactly_that(
    material: Material, level_db: float, silence_s: float
) -> None:
    text = "Let the floor hold you, and take your time."
    first, soft, last = (phrase(text, line, Manner(1.0, level)) for line, level in ((1, 0.0), (3, level_db), (5, 0.0)))
    cues = (first, pause(silence_s, 2), soft, pause(silence_s, 4), last, pause(3, 6))
    other = Material(material.store.folder, cues=cues)
    session = decode(other.session())
    _, softer, plain = (
        rms_db(session[sound.start * FRAME + 14_400 : sound.end * FRAME - 4_800])
        for sound in other.timeline()[0].sounds
    )
    assert plain - softer == pytest.approx(-level_db, abs=0.05)


def test_a_phrase_at_another_level_is_not_spoken_again(own: Material) -> None:
    rests = [phrase("Rest.", line, Manner(1.0, level)) for line, level in ((1, 0.0), (3, -2.0), (5, -3.0))]
    before = len(own.files("clips"))
    own.cues = (rests[0], pause(2, 2), rests[1], pause(2, 4), rests[2], pause(2, 6))
    own.session()
    assert len(own.files("clips")) == before


@pytest.mark.parametrize("more", [1, 576])
def test_a_session_with_a_long_fade_is_exact_and_the_fade_is_steady(material: Material, more: int) -> None:
    other = Material(material.store.folder, more, closing=SLEEP_CLOSING)
    timeline, _ = other.timeline()
    session = decode(other.session())
    assert session.size == timeline.total
    tenths = [rms_db(part) for part in np.array_split(session[(timeline.frames - SLEEP_CLOSING) * FRAME :], 10)]
    assert tenths == sorted(tenths, reverse=True)
    assert tenths[0] == pytest.approx(TONE_DBFS - 0.4, abs=0.5)
    assert tenths[4] == pytest.approx(TONE_DBFS - 5.2, abs=1)
    assert rms_db(session[-240:]) < -80


# --- cached pieces ---


def test_a_second_stream_reads_every_piece_from_the_store(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    first = material.session()

    def never(*_: object) -> bytes:
        raise AssertionError("a piece was made again")

    monkeypatch.setattr(pieces, "encode", never)
    monkeypatch.setattr(pieces.sound, "tone", never)
    assert digest(material.session()) == digest(first)


def test_the_same_session_in_another_store_has_the_same_bytes(material: Material, own: Material) -> None:
    for path in own.files():
        path.unlink()
    assert digest(own.session()) == digest(material.session())


def test_a_repeated_phrase_is_one_piece_and_an_announced_one_another(own: Material) -> None:
    # three phrases, one of them also announced; the bell, a minute of tone, the opening, the closing
    assert (len(own.files("clips")), len(own.files())) == (3, 8)


def test_another_gain_makes_new_phrases_only(own: Material) -> None:
    before = own.session()
    own.gain_db -= 6
    after = own.session()
    assert len(own.files()) == 8 + 4
    start = own.timeline()[0].sounds[0].start * FRAME
    louder, softer = (rms_db(decode(mp3)[start : start + RATE_HZ]) for mp3 in (before, after))
    assert louder - softer == pytest.approx(6, abs=0.1)


def intact_entry(body: bytes, key: str) -> bytes:
    """Return the entry that the store writes for a body."""
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
    "intact, but a frame too long": lambda data, key: intact_entry(data.partition(b"\n")[2] + data[-FRAME_BYTES:], key),
    "intact, but empty": lambda data, key: intact_entry(b"", key),
    "size as text": lambda data, key: data.replace(b'"size": ', b'"size": "x', 1),
}


def damage_files(paths: list[Path], damage: str) -> dict[Path, bytes]:
    """Damage files, and return their original content."""
    original = {path: path.read_bytes() for path in paths}
    for path, data in original.items():
        path.write_bytes(DAMAGES[damage](data, path.name))
    return original


def changed(original: dict[Path, bytes]) -> list[Path]:
    return [path for path, data in original.items() if path.read_bytes() != data]


def test_damaged_pieces_are_made_again_with_the_same_bytes(own: Material) -> None:
    first = digest(own.session())
    original = damage_files(own.files(), "a flipped bit in the body")
    assert len(changed(original)) == 8
    assert digest(own.session()) == first
    assert changed(original) == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_no_kind_of_damage_to_a_piece_reaches_the_session(own: Material, damage: str) -> None:
    first = digest(own.session())
    short = sorted(own.files(), key=lambda path: path.stat().st_size)[:4]
    original = damage_files(short, damage)
    assert digest(own.session()) == first
    assert changed(original) == []


CLIP_DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a flipped bit in the audio": lambda data: data[:-100] + bytes([data[-100] ^ 1]) + data[-99:],
    "another digest in the header": lambda data: data.replace(b'"sha256": "', b'"sha256": "0', 1),
    "other samples in the header": lambda data: data.replace(b'"samples": ', b'"samples": 1', 1),
}


@pytest.mark.parametrize("damage", CLIP_DAMAGES)
def test_each_further_build_recreates_a_damaged_clip(own: Material, tmp_path: Path, damage: str) -> None:
    original = Material(Path(shutil.copytree(own.store.folder, tmp_path / "original")), gain_db=-6.0)
    own.gain_db = -6.0  # a gain for which no phrase has a piece yet
    for path in own.files("clips"):
        path.write_bytes(CLIP_DAMAGES[damage](path.read_bytes()))
    assert digest(_built_after(own, tries=1 + len(own.files("clips")))) == digest(original.session())


def _built_after(own: Material, tries: int) -> bytes:
    for _ in range(tries):
        try:
            return own.session()
        except DamagedError as error:
            assert "build again" in str(error)
    raise AssertionError("damaged clips were not recreated")


def test_a_removed_clip_is_not_needed_while_its_piece_exists(own: Material) -> None:
    first = own.session()
    timeline, clips = own.timeline()
    for path in own.files("clips"):
        path.unlink()
    assert digest(b"".join(Pieces(own.store).stream(timeline, clips))) == digest(first)

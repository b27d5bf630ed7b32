"""A person's own voice: recordings from home become phrases like an engine's, and what is missing is told."""

import re
import shutil
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import FAKE_VOICE
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyloudnorm import Meter
from support.audio import decode
from support.scripts import write_practice
from support.voices import phrase

from audioguide.audio.loudness import TARGET_LUFS
from audioguide.cli.main import run
from audioguide.core.clock import FRAME, RATE_HZ
from audioguide.core.errors import AudioguideError, InputError
from audioguide.core.model import Clip
from audioguide.core.request import Request
from audioguide.session.build import Session, say, write
from audioguide.speech import reader, recorded
from audioguide.speech.recorded import GAIN_STEP_DB, Recordings, find_takes, phrase_id
from audioguide.speech.recording_file import conformed, trimmed
from audioguide.speech.speaker import Speaker
from audioguide.speech.voices import Voice, find_voice
from audioguide.storage.store import Store

Signal = NDArray[np.float64]

FIRST, SECOND, THIRD = "Let your eyes open, and look around.", "There is no hurry.", "Rest here for a while."
PITCHES_HZ = {FIRST: 300.0, SECOND: 400.0, THIRD: 500.0}
FAKE_HZ = 220.0


def speech(seconds: float = 2.0, rate_hz: int = 44_100, hz: float = 300.0, dbfs: float = -20.0) -> Signal:
    """Return what rises and falls four times a second, as syllables do, and begins and ends at its loudest."""
    at = np.arange(round(seconds * rate_hz)) / rate_hz
    syllables = 0.55 + 0.45 * np.cos(2 * np.pi * 4 * at)
    voiced = syllables * np.sin(2 * np.pi * hz * at)
    loud: Signal = voiced * 10 ** (dbfs / 20) * np.sqrt(2)
    return loud


def noise(samples: int, dbfs: float, seed: int = 1) -> Signal:
    return 10 ** (dbfs / 20) * np.random.default_rng(seed).standard_normal(samples)


def at_home(
    spoken: Signal, rate_hz: int, noise_dbfs: float = -60.0, before_s: float = 1.0, behind_s: float = 1.5
) -> Signal:
    """Return speech in a room that is never silent."""
    before, behind = (np.zeros(round(seconds * rate_hz)) for seconds in (before_s, behind_s))
    whole = np.concatenate([before, spoken, behind])
    return whole + noise(whole.size, noise_dbfs)


def pitch_hz(signal: Signal, rate_hz: int = RATE_HZ) -> float:
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(signal.size), 1 << 19))
    return float(spectrum.argmax() * rate_hz / (1 << 19))


def heard(take: Path) -> Signal:
    return np.frombuffer(conformed(take.read_bytes(), take.name), "<i2") / 32768


def record(voice: Path, text: str, signal: Signal | None = None, rate_hz: int = 44_100, suffix: str = ".wav") -> Path:
    """Write a recording of a phrase into a voice's folder; in stereo, at 24 bits where the kind of file has them."""
    folder = voice.with_suffix("")
    folder.mkdir(exist_ok=True)
    path = folder / (phrase_id(text) + suffix)
    signal = at_home(speech(2.0, rate_hz, PITCHES_HZ.get(text, 600.0)), rate_hz) if signal is None else signal
    subtype = None if suffix == ".mp3" else "PCM_24"
    soundfile.write(path, np.stack([signal, signal], axis=1), rate_hz, subtype=subtype)
    return path


@pytest.fixture
def mia(tmp_path: Path) -> Path:
    """A voice file with a fallback, and two of three phrases recorded in the folder beside it."""
    shutil.copy(FAKE_VOICE, tmp_path / "other.toml")
    voice = tmp_path / "mia.toml"
    voice.write_text('engine = "recorded"\ndescription = "my own"\nfallback = "other.toml"\n', encoding="utf-8")
    record(voice, FIRST)
    record(voice, SECOND, suffix=".flac", rate_hz=48_000)
    return voice


def alone(voice: Path) -> Path:
    """Take a voice its fallback."""
    voice.write_text('engine = "recorded"\n', encoding="utf-8")
    return voice


def build(voice: Path, out: Path, store: Store, scripts: Mapping[str, str] | None = None) -> Session:
    text = f"# Beginning\n{FIRST}\n[rest]\n{SECOND}\n[rest]\n{THIRD}\n[rest]\n"
    folder = write_practice(voice.parent / "practice", 'title = "T"\nsteps = ["a"]\n', scripts or {"a": text})
    return write(Request(60 * RATE_HZ, practice=str(folder), voice=str(voice)), out, store)


def clips(voice: Path, store: Store) -> dict[str, Clip]:
    with reader.reader(find_voice(str(voice)), store) as who:
        return {text: who.clip(phrase(text)) for text in (FIRST, SECOND, THIRD)}


# --- the id ---


@given(st.text(min_size=1))
def test_an_id_is_short_and_safe_on_every_file_system(text: str) -> None:
    assert re.fullmatch("[a-z0-9]([a-z0-9-]{0,31})-[0-9a-f]{8}", phrase_id(text))


@given(st.text(alphabet="aé ’\u00a0\n'\"“ñ.", min_size=1))
def test_an_id_does_not_depend_on_spaces_quotation_marks_and_how_accents_are_stored(text: str) -> None:
    straight = text.replace("’", "'").replace("“", '"')
    others = (straight, f"  {text}\n", unicodedata.normalize("NFD", text), text.replace(" ", " \t "))
    assert {phrase_id(other) for other in others} == {phrase_id(text)}


@pytest.mark.parametrize("other", [FIRST.lower(), FIRST.rstrip("."), FIRST.replace(",", ""), FIRST + " Now."])
def test_other_words_or_signs_are_another_phrase(other: str) -> None:
    assert phrase_id(other) != phrase_id(FIRST)


def test_an_id_stays_what_it_is() -> None:
    """Recordings on someone's disk are named so: it must never change."""
    assert phrase_id(FIRST) == "let-your-eyes-open-7e1209a5"


# --- one recording ---


@pytest.mark.parametrize(
    ("suffix", "rate_hz", "subtype"),
    [
        (".wav", 44_100, "PCM_24"),
        (".wav", 96_000, "FLOAT"),
        (".wav", 8_000, "PCM_U8"),
        (".flac", 48_000, "PCM_16"),
        (".mp3", 22_050, None),
        (".mp3", 44_100, None),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_any_kind_rate_and_number_of_channels_comes_out_as_the_same_speech(
    tmp_path: Path, suffix: str, rate_hz: int, subtype: str | None, channels: int
) -> None:
    path = tmp_path / f"take{suffix}"
    signal = at_home(speech(2.0, rate_hz), rate_hz)
    soundfile.write(path, np.stack([signal] * channels, axis=1), rate_hz, subtype=subtype)
    spoken = heard(path)

    assert 2.0 <= spoken.size / RATE_HZ <= 2.6
    assert abs(pitch_hz(spoken) - 300) < 2
    plain = speech(2.0, RATE_HZ)
    assert abs(Meter(RATE_HZ).integrated_loudness(spoken) - Meter(RATE_HZ).integrated_loudness(plain)) < 0.5


@pytest.mark.parametrize("noise_dbfs", [-90, -70, -55, -48, -45])
@pytest.mark.parametrize("before_s", [0.0, 0.1, 3.0])
@pytest.mark.parametrize("behind_s", [0.0, 0.1, 3.0])
def test_a_room_that_is_not_silent_is_trimmed_too_and_no_speech_with_it(
    noise_dbfs: float, before_s: float, behind_s: float
) -> None:
    rate_hz = 44_100
    signal = at_home(speech(2.0, rate_hz), rate_hz, noise_dbfs, before_s, behind_s)
    kept = trimmed(signal, rate_hz)
    middle = kept.size // 2
    start = int(np.flatnonzero(signal - signal.mean() == kept[middle])[0]) - middle
    first, last = round(before_s * rate_hz), signal.size - round(behind_s * rate_hz)

    assert first - 0.18 * rate_hz <= start <= first
    assert last <= start + kept.size <= last + 0.34 * rate_hz
    unchanged = slice(first - start, last - start)
    assert np.array_equal(kept[unchanged], (signal - signal.mean())[first:last])


@pytest.mark.parametrize("noise_dbfs", [-90, -75, -65])
@pytest.mark.parametrize("before_s", [0.0, 0.1, 3.0])
def test_what_a_quiet_room_has_in_front_of_speech_makes_captions_early_by_no_more_than_60_ms(
    tmp_path: Path, noise_dbfs: float, before_s: float
) -> None:
    take = tmp_path / "take.wav"
    soundfile.write(take, at_home(speech(2.0, 44_100), 44_100, noise_dbfs, before_s), 44_100, subtype="PCM_24")
    assert np.flatnonzero(np.abs(heard(take)) > 0.02)[0] <= 0.06 * RATE_HZ


def test_the_click_of_a_button_is_no_speech() -> None:
    rate_hz = 44_100
    signal = at_home(speech(2.0, rate_hz), rate_hz)
    for at in (0.3, 4.2):
        signal[round(at * rate_hz) :][:800] += noise(800, -6)

    assert trimmed(signal, rate_hz).size < 2.6 * rate_hz
    assert np.abs(trimmed(signal, rate_hz)).max() < 0.2


def test_hum_rumble_and_an_offset_do_not_hide_where_speech_begins() -> None:
    rate_hz = 44_100
    signal = at_home(speech(2.0, rate_hz), rate_hz)
    at = np.arange(signal.size) / rate_hz
    signal += 0.05 + 0.02 * np.sin(2 * np.pi * 12 * at) + 0.005 * np.sin(2 * np.pi * 50 * at)

    assert trimmed(signal, rate_hz).size < 2.6 * rate_hz


def test_what_is_left_of_the_room_rises_and_falls() -> None:
    kept = trimmed(at_home(speech(), 44_100, -48), 44_100)
    assert abs(kept[0]) == abs(kept[-1]) == 0
    assert np.abs(kept[:1000]).std() < np.abs(kept[3000:5000]).std() / 2


# --- a session ---


def test_a_session_has_each_recording_in_its_place_at_the_level_of_speech(
    mia: Path, tmp_path: Path, shared_store: Store
) -> None:
    record(mia, THIRD, at_home(speech(2.0, 22_050, 500.0, dbfs=-23.0), 22_050), 22_050, ".mp3")
    session = build(mia, tmp_path / "s.mp3", shared_store)
    signal = decode((tmp_path / "s.mp3").read_bytes())

    assert len(signal) == 60 * RATE_HZ
    assert [sound.cue.text for sound in session.timeline.sounds] == [FIRST, SECOND, THIRD]  # type: ignore[union-attr]
    for sound, hz in zip(session.timeline.sounds, PITCHES_HZ.values(), strict=True):
        inside = signal[sound.start * FRAME : sound.end * FRAME]
        assert abs(pitch_hz(inside) - hz) < 2
        assert abs(Meter(RATE_HZ).integrated_loudness(inside) - TARGET_LUFS) < 2.5
        assert np.abs(signal[: sound.start * FRAME][-6000:]).max() < 0.02
    whole = Meter(RATE_HZ).integrated_loudness(signal)
    assert abs(whole - TARGET_LUFS) < 0.5


@pytest.mark.parametrize("dbfs", [-40.0, -30.0, -20.0, -12.0])
def test_one_static_gain_brings_all_recordings_to_the_level_of_speech(
    mia: Path, tmp_path: Path, shared_store: Store, dbfs: float
) -> None:
    for text, off_db in ((FIRST, 1.0), (SECOND, 0.0), (THIRD, -1.0)):
        shutil.rmtree(mia.with_suffix("")) if text == FIRST else None
        spoken = speech(2.0, 48_000, PITCHES_HZ[text], dbfs + off_db)
        record(mia, text, at_home(spoken, 48_000, dbfs - 40), 48_000)
    session = build(mia, tmp_path / "s.mp3", shared_store)
    signal = decode((tmp_path / "s.mp3").read_bytes())

    assert len({clip.gain_db for clip in session.clips.values()}) == 1
    for sound in session.timeline.sounds:
        inside = signal[sound.start * FRAME : sound.end * FRAME]
        assert abs(Meter(RATE_HZ).integrated_loudness(inside) - TARGET_LUFS) < 1.5


def test_a_gain_in_the_voice_file_wins(mia: Path, tmp_path: Path, shared_store: Store) -> None:
    mia.write_text(mia.read_text() + "gain_db = 3.25\n")
    found = clips(mia, shared_store)
    assert (found[FIRST].gain_db, found[THIRD].gain_db) == (3.25, 0.0)


def test_what_is_not_recorded_is_spoken_by_the_fallback_with_its_own_gain(
    mia: Path, tmp_path: Path, shared_store: Store
) -> None:
    session = build(mia, tmp_path / "s.mp3", shared_store)
    signal = decode((tmp_path / "s.mp3").read_bytes())
    third = session.timeline.sounds[2]
    with Speaker(find_voice(FAKE_VOICE), shared_store) as other:
        assert clips(mia, shared_store)[THIRD] == other.clip(phrase(THIRD))

    assert abs(pitch_hz(signal[third.start * FRAME : third.end * FRAME]) - FAKE_HZ) < 2


def test_a_second_build_reads_the_same_to_the_byte_and_imports_nothing(mia: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    first = build(mia, tmp_path / "a.mp3", store)
    second = build(mia, tmp_path / "b.mp3", store)

    assert (first.spoken, second.spoken) == (3, 0)
    assert (tmp_path / "a.mp3").read_bytes() == (tmp_path / "b.mp3").read_bytes()


def test_a_phrase_recorded_anew_changes_and_no_other(mia: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    before, first = clips(mia, store), build(mia, tmp_path / "a.mp3", store)
    pieces = {path.name for path in (store.folder / "pieces").rglob("*") if path.is_file()}
    record(mia, SECOND, at_home(speech(2.0, 48_000, 450.0), 48_000), 48_000, ".flac")
    after, second = clips(mia, store), build(mia, tmp_path / "b.mp3", store)

    assert [text for text in before if before[text] != after[text]] == [SECOND]
    assert before[FIRST].gain_db % GAIN_STEP_DB == 0
    made = {path.name for path in (store.folder / "pieces").rglob("*") if path.is_file()} - pieces
    assert len(made) == 1
    sound = second.timeline.sounds[1]
    inside = decode((tmp_path / "b.mp3").read_bytes())[sound.start * FRAME : sound.end * FRAME]
    assert abs(pitch_hz(inside) - 450) < 2
    assert first.manifest.versions["engine"] != second.manifest.versions["engine"]


def test_a_damaged_clip_is_made_again_in_the_same_build(mia: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    build(mia, tmp_path / "a.mp3", store)
    shutil.rmtree(store.folder / "pieces")
    for clip in (store.folder / "clips").rglob("*"):
        if clip.is_file():
            clip.write_bytes(clip.read_bytes()[:-1] + b"\x7f")
    build(mia, tmp_path / "b.mp3", store)

    assert (tmp_path / "a.mp3").read_bytes() == (tmp_path / "b.mp3").read_bytes()


def test_a_step_that_is_softer_is_softer_with_recordings_too(mia: Path, tmp_path: Path, shared_store: Store) -> None:
    toml = 'title = "T"\nsteps = [{script = "a", level = -3}, "b"]\n'
    text = f"# Beginning\n{SECOND}\n[rest]\n"
    folder = write_practice(tmp_path / "practice", toml, {"a": text, "b": text})
    request = Request(60 * RATE_HZ, practice=str(folder), voice=str(mia))
    session = write(request, tmp_path / "s.mp3", shared_store)
    signal = decode((tmp_path / "s.mp3").read_bytes())
    soft, loud = (signal[each.start * FRAME : each.end * FRAME].std() for each in session.timeline.sounds)

    assert abs(20 * np.log10(loud / soft) - 3) < 0.3


def test_a_text_can_be_said_too(mia: Path, tmp_path: Path, shared_store: Store) -> None:
    said = say(f"{FIRST} [pause 2s] Hello.", find_voice(str(mia)), tmp_path / "s.mp3", shared_store)
    assert said.timeline.sounds[0].length * 0.024 < 2.6


# --- the fallback ---


def with_fallback(voice: Path, name: str) -> Voice:
    return replace(find_voice(str(voice)), fallback=name)


def test_a_fallback_is_a_name_on_the_shelf_or_a_file_beside_the_voice(
    mia: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mia.parent / "elsewhere").mkdir()
    monkeypatch.chdir(mia.parent / "elsewhere")
    asked = find_voice("../mia.toml")

    for name, engine in (("calm", "natural"), ("other.toml", "fake"), ("./other.toml", "fake"), (FAKE_VOICE, "fake")):
        found = recorded.find_fallback(replace(asked, fallback=name))
        assert found is not None and found.engine == engine
    assert recorded.find_fallback(replace(asked, fallback="")) is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mia.toml", "fallback mia.toml is recorded as well; name a voice that can speak any phrase"),
        ("clam", "there is no voice 'clam' for a fallback; did you mean calm? (there is calm"),
        ("none.toml", "none.toml for a fallback"),
        ("german.toml", "voice mia speaks 'en', but its fallback german.toml 'de'; name another"),
    ],
)
def test_a_fallback_that_cannot_stand_in_is_told(mia: Path, name: str, words: str) -> None:
    (mia.parent / "german.toml").write_text('engine = "fake"\nlanguage = "de"\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        reader.reader(with_fallback(mia, name), Store(mia.parent / "store"))
    assert words in str(caught.value)


def test_an_engine_that_is_not_needed_need_not_work(
    mia: Path, tmp_path: Path, shared_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from audioguide.speech.engines.fake import Fake

    record(mia, THIRD)
    monkeypatch.setattr(Fake, "probe", lambda self: "it is broken")
    monkeypatch.setattr(Fake, "fingerprint", lambda self, voice: pytest.fail("nobody asked"))
    build(mia, tmp_path / "s.mp3", shared_store)


# --- errors ---


def test_without_a_fallback_all_that_is_missing_is_listed_in_one_line(
    mia: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(alone(mia), "Another phrase.")
    (mia.with_suffix("") / f"{phrase_id(FIRST)}.wav").unlink()
    text = f"# B\n{FIRST}\n{SECOND}\n[rest]\n{THIRD}\n{FIRST}\n[rest]\n"
    folder = write_practice(tmp_path / "practice", 'title = "T"\nsteps = ["a"]\n', {"a": text})
    arguments = ["build", "1", "--practice", str(folder), "--voice", str(mia), "--cache", str(tmp_path / "store")]

    assert run([*arguments, "--out", str(tmp_path / "s.mp3")]) == 1
    words = capsys.readouterr().err
    assert words.count("\n") == 1
    assert f"voice mia has no recording of 2 phrases; `audioguide lines --voice {mia} --out sheet.csv`" in words
    assert "or name a fallback in" in words
    assert words.endswith(f': {phrase_id(FIRST)} ("{FIRST}"), {phrase_id(THIRD)} ("{THIRD}")\n')
    assert not (tmp_path / "s.mp3").exists()


def _two_files(voice: Path) -> None:
    record(voice, FIRST, suffix=".mp3")


def _two_cases(voice: Path) -> None:
    take = record(voice, FIRST)
    shutil.copy(take, take.with_name(take.name.upper()))


def _text(voice: Path) -> None:
    record(voice, FIRST).write_text("no sound at all\n" * 100)


def _empty(voice: Path) -> None:
    record(voice, FIRST).write_bytes(b"")


def _cut_mp3(voice: Path) -> None:
    record(voice, FIRST).unlink()
    take = record(voice, FIRST, suffix=".mp3")
    take.write_bytes(take.read_bytes()[: take.stat().st_size // 2])


def _torn_mp3(voice: Path) -> None:
    record(voice, FIRST).unlink()
    take = record(voice, FIRST, suffix=".mp3")
    data = take.read_bytes()
    take.write_bytes(data[:5000] + bytes(3000) + data[8000:])


def _cut_flac(voice: Path) -> None:
    record(voice, FIRST).unlink()
    take = record(voice, FIRST, suffix=".flac")
    take.write_bytes(take.read_bytes()[: take.stat().st_size // 2])


def _not_a_number(voice: Path) -> None:
    signal = at_home(speech(), 44_100)
    signal[50_000] = np.nan
    soundfile.write(record(voice, FIRST), signal, 44_100, subtype="FLOAT")


def _silent(voice: Path) -> None:
    record(voice, FIRST, np.zeros(44_100))


def _no_samples(voice: Path) -> None:
    record(voice, FIRST, np.zeros(0))


def _only_a_click(voice: Path) -> None:
    signal = noise(88_200, -70)
    signal[44_100:45_000] += noise(900, -10)
    record(voice, FIRST, signal)


def _far_too_soft(voice: Path) -> None:
    record(voice, FIRST, at_home(speech(dbfs=-62.0), 44_100, -90))


def _too_long(voice: Path) -> None:
    record(voice, FIRST, at_home(speech(61.0, 8_000), 8_000), 8_000)


def _too_slow(voice: Path) -> None:
    record(voice, FIRST, at_home(speech(2.0, 4_000), 4_000), 4_000)


def _no_folder(voice: Path) -> None:
    shutil.rmtree(voice.with_suffix(""))


def _a_file_for_a_folder(voice: Path) -> None:
    _no_folder(voice)
    voice.with_suffix("").write_text("")


def _a_pace(voice: Path) -> None:
    voice.write_text(voice.read_text() + "pace_wpm = 100\n")


MISTAKES = {
    _two_files: r"let-your-.*\.mp3 and let-your-.*\.wav are recordings of one phrase; keep one of them",
    _two_cases: "are recordings of one phrase; keep one of them",
    _text: "is no sound that can be read; save it anew as WAV, FLAC or MP3",
    _empty: "is no sound that can be read",
    _cut_mp3: "is damaged, or cut short; save it anew",
    _torn_mp3: "is no sound that can be read|is damaged",
    _cut_flac: "is no sound that can be read|is damaged",
    _not_a_number: "is damaged",
    _silent: "is silent, or far too soft to be heard; record it again, nearer to the microphone",
    _no_samples: "is silent",
    _only_a_click: "is silent",
    _far_too_soft: "is silent, or far too soft",
    _too_long: "is longer than 60 s; each file holds one phrase, so cut it",
    _too_slow: "runs at 4000 Hz; 8000 to 192000 can be used",
    _no_folder: r"voice mia has no folder .*mia \(.*\); make it, and put in the recordings that `audioguide lines",
    _a_file_for_a_folder: "voice mia has no folder .*mia ",
    _a_pace: r"mia\.toml:\d+: pace_wpm has no effect with engine 'recorded'; leave it out",
}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__.strip("_"))
def test_every_mistake_is_one_line_and_leaves_nothing(
    mia: Path, tmp_path: Path, shared_store: Store, capfd: pytest.CaptureFixture[str], mistake: object
) -> None:
    mistake(mia)  # type: ignore[operator]  # pytest hands it over as an object
    with pytest.raises(AudioguideError, match=MISTAKES[mistake]) as caught:  # type: ignore[index]  # one of its keys
        build(mia, tmp_path / "s.mp3", shared_store)

    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")  # libmpg123 would complain on its own
    assert not (tmp_path / "s.mp3").exists()


def test_a_recording_that_nobody_asks_for_may_be_broken(mia: Path, tmp_path: Path, shared_store: Store) -> None:
    before = clips(mia, shared_store)
    record(mia, "Some other phrase.").write_text("no sound")
    record(mia, "One more.", np.zeros(44_100))

    assert clips(mia, shared_store) == before


def test_another_pace_is_not_for_recordings(mia: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, cache = str(tmp_path / "s.mp3"), str(tmp_path / "store")
    assert run(["say", FIRST, "--voice", str(mia), "--pace", "90", "--out", out, "--cache", cache]) == 1
    assert "speaks as fast as it was read; leave --pace" in capsys.readouterr().err


def test_files_of_the_system_and_of_other_kinds_are_no_recordings(mia: Path) -> None:
    folder = mia.with_suffix("")
    takes = find_takes(find_voice(str(mia)))
    for name in (".DS_Store", f"._{phrase_id(FIRST)}.wav", "notes.txt", f"{phrase_id(THIRD)}.m4a"):
        (folder / name).write_bytes(b"x")
    (folder / "old.wav").mkdir()

    assert find_takes(find_voice(str(mia))) == takes
    left = [path.name for path in recorded.leftovers(find_voice(str(mia)), map(phrase_id, (FIRST, THIRD)))]
    assert left == ["notes.txt", f"{phrase_id(THIRD)}.m4a", f"{phrase_id(SECOND)}.flac"]


@pytest.mark.parametrize("name", ["upper", "title"])
def test_a_name_in_other_capitals_is_found(mia: Path, tmp_path: Path, name: str) -> None:
    take = record(mia, FIRST)
    take.rename(take.with_name(getattr(take.name, name)()))
    assert phrase_id(FIRST) in find_takes(find_voice(str(mia)))


# --- whether it works here ---


def test_how_a_recorded_voice_stands_is_told(mia: Path) -> None:
    assert reader.why_not(find_voice(str(mia))) == ""
    assert reader.why_not(find_voice(FAKE_VOICE)) == ""
    assert "there is no voice 'clam'" in reader.why_not(with_fallback(mia, "clam"))
    shutil.rmtree(mia.with_suffix(""))
    assert "voice mia has no folder" in reader.why_not(find_voice(str(mia)))
    mia.with_suffix("").mkdir()
    assert reader.why_not(find_voice(str(mia))) == ""
    assert "nothing is recorded yet in" in reader.why_not(find_voice(str(alone(mia))))


def test_a_reader_without_a_fallback_refuses_what_is_not_recorded(mia: Path, tmp_path: Path) -> None:
    with Recordings(find_voice(str(mia)), Store(tmp_path / "store"), None) as who:
        assert who.missing([phrase(FIRST), phrase(FIRST, 2)]) == [phrase(FIRST)]
        with pytest.raises(AudioguideError, match="no recording of 1 phrase;"):
            who.clip(phrase(THIRD))


def test_every_missing_phrase_is_listed_however_many(mia: Path, tmp_path: Path, shared_store: Store) -> None:
    mia.write_text('engine = "recorded"\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        write(Request(20 * 60 * RATE_HZ, voice=str(mia)), tmp_path / "s.mp3", shared_store)

    listed = re.findall(r"[a-z-]+-[0-9a-f]{8}", str(caught.value))
    assert len(listed) == len(set(listed)) > 40 and "\n" not in str(caught.value)

"""A person's own voice: sessions with recordings, with a fallback voice, and with mistakes."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import FAKE_VOICE
from pyloudnorm import Meter
from support.audio import decode
from support.recordings import FIRST, PITCHES_HZ, SECOND, THIRD, in_a_room, noise, pitch_hz, record, speech
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
from audioguide.speech.recorded import GAIN_STEP_DB, RecordedReader
from audioguide.speech.recordings import phrase_id
from audioguide.speech.speaker import Speaker
from audioguide.speech.voices import Voice, find_voice
from audioguide.storage.store import Store

FAKE_HZ = 220.0


def without_fallback(voice: Path) -> Path:
    """Remove a voice's fallback."""
    voice.write_text('engine = "recorded"\n', encoding="utf-8")
    return voice


def build(voice: Path, out: Path, store: Store, scripts: Mapping[str, str] | None = None) -> Session:
    text = f"# Beginning\n{FIRST}\n[rest]\n{SECOND}\n[rest]\n{THIRD}\n[rest]\n"
    folder = write_practice(voice.parent / "practice", 'title = "T"\nsteps = ["a"]\n', scripts or {"a": text})
    return write(Request(60 * RATE_HZ, practice=str(folder), voice=str(voice)), out, store)


def clips(voice: Path, store: Store) -> dict[str, Clip]:
    with reader.open_reader(find_voice(str(voice)), store) as voice_reader:
        return {text: voice_reader.clip(phrase(text)) for text in (FIRST, SECOND, THIRD)}


# --- a session ---


def test_a_session_has_each_recording_in_its_place_at_the_level_of_speech(
    mia: Path, tmp_path: Path, shared_store: Store
) -> None:
    record(mia, THIRD, in_a_room(speech(2.0, 22_050, 500.0, dbfs=-23.0), 22_050), 22_050, ".mp3")
    session = build(mia, tmp_path / "s.mp3", shared_store)
    signal = decode((tmp_path / "s.mp3").read_bytes())

    assert len(signal) == 60 * RATE_HZ
    assert [sound.cue.text for sound in session.timeline.sounds] == [FIRST, SECOND, THIRD]  # type: ignore[union-attr]
    for sound, hz in zip(session.timeline.sounds, PITCHES_HZ.values(), strict=True):
        inside = signal[sound.start * FRAME : sound.end * FRAME]
        assert abs(pitch_hz(inside) - hz) < 2
        assert abs(Meter(RATE_HZ).integrated_loudness(inside) - TARGET_LUFS) < 2.5
        assert np.abs(signal[: sound.start * FRAME][-6000:]).max() < 0.02
    loudness = Meter(RATE_HZ).integrated_loudness(signal)
    assert abs(loudness - TARGET_LUFS) < 0.5


@pytest.mark.parametrize("dbfs", [-40.0, -30.0, -20.0, -12.0])
def test_one_static_gain_brings_all_recordings_to_the_level_of_speech(
    mia: Path, tmp_path: Path, shared_store: Store, dbfs: float
) -> None:
    for text, off_db in ((FIRST, 1.0), (SECOND, 0.0), (THIRD, -1.0)):
        shutil.rmtree(mia.with_suffix("")) if text == FIRST else None
        spoken = speech(2.0, 48_000, PITCHES_HZ[text], dbfs + off_db)
        record(mia, text, in_a_room(spoken, 48_000, dbfs - 40), 48_000)
    session = build(mia, tmp_path / "s.mp3", shared_store)
    signal = decode((tmp_path / "s.mp3").read_bytes())

    assert len({clip.gain_db for clip in session.clips.values()}) == 1
    for sound in session.timeline.sounds:
        inside = signal[sound.start * FRAME : sound.end * FRAME]
        assert abs(Meter(RATE_HZ).integrated_loudness(inside) - TARGET_LUFS) < 1.5


def test_a_gain_in_the_voice_file_is_used(mia: Path, tmp_path: Path, shared_store: Store) -> None:
    mia.write_text(mia.read_text() + "gain_db = 3.25\n")
    by_text = clips(mia, shared_store)
    assert (by_text[FIRST].gain_db, by_text[THIRD].gain_db) == (3.25, 0.0)


def test_missing_phrases_are_spoken_by_the_fallback_with_its_own_gain(
    mia: Path, tmp_path: Path, shared_store: Store
) -> None:
    session = build(mia, tmp_path / "s.mp3", shared_store)
    signal = decode((tmp_path / "s.mp3").read_bytes())
    third = session.timeline.sounds[2]
    with Speaker(find_voice(FAKE_VOICE), shared_store) as other:
        assert clips(mia, shared_store)[THIRD] == other.clip(phrase(THIRD))

    assert abs(pitch_hz(signal[third.start * FRAME : third.end * FRAME]) - FAKE_HZ) < 2


def test_a_second_build_speaks_nothing_and_gives_the_same_bytes(mia: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    first = build(mia, tmp_path / "a.mp3", store)
    second = build(mia, tmp_path / "b.mp3", store)

    assert (first.spoken, second.spoken) == (3, 0)
    assert (tmp_path / "a.mp3").read_bytes() == (tmp_path / "b.mp3").read_bytes()


def test_recording_a_phrase_again_changes_only_that_phrase(mia: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    before, first = clips(mia, store), build(mia, tmp_path / "a.mp3", store)
    pieces = {path.name for path in (store.folder / "pieces").rglob("*") if path.is_file()}
    record(mia, SECOND, in_a_room(speech(2.0, 48_000, 450.0), 48_000), 48_000, ".flac")
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


def test_a_softer_step_is_softer_with_recordings_too(mia: Path, tmp_path: Path, shared_store: Store) -> None:
    toml = 'title = "T"\nsteps = [{script = "a", level = -3}, "b"]\n'
    text = f"# Beginning\n{SECOND}\n[rest]\n"
    folder = write_practice(tmp_path / "practice", toml, {"a": text, "b": text})
    request = Request(60 * RATE_HZ, practice=str(folder), voice=str(mia))
    session = write(request, tmp_path / "s.mp3", shared_store)
    signal = decode((tmp_path / "s.mp3").read_bytes())
    soft, loud = (signal[each.start * FRAME : each.end * FRAME].std() for each in session.timeline.sounds)

    assert abs(20 * np.log10(loud / soft) - 3) < 0.3


def test_say_uses_recordings_too(mia: Path, tmp_path: Path, shared_store: Store) -> None:
    said = say(f"{FIRST} [pause 2s] Hello.", find_voice(str(mia)), tmp_path / "s.mp3", shared_store)
    assert said.timeline.sounds[0].length * 0.024 < 2.6


# --- the fallback ---


def with_fallback(voice: Path, name: str) -> Voice:
    return replace(find_voice(str(voice)), fallback=name)


def test_a_fallback_is_a_name_on_the_shelf_or_a_file_relative_to_the_voice(
    mia: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mia.parent / "elsewhere").mkdir()
    monkeypatch.chdir(mia.parent / "elsewhere")
    voice = find_voice("../mia.toml")

    for name, engine in (("calm", "natural"), ("other.toml", "fake"), ("./other.toml", "fake"), (FAKE_VOICE, "fake")):
        fallback = recorded.find_fallback(replace(voice, fallback=name))
        assert fallback is not None and fallback.engine == engine
    assert recorded.find_fallback(replace(voice, fallback="")) is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mia.toml", "fallback mia.toml is recorded as well; name a voice that can speak any phrase"),
        ("clam", "there is no voice 'clam' for a fallback; did you mean calm? (choose from calm"),
        ("none.toml", "none.toml for a fallback"),
        ("german.toml", "voice mia speaks 'en', but its fallback german.toml 'de'; name another"),
    ],
)
def test_a_fallback_that_cannot_be_used_is_an_error(mia: Path, name: str, words: str) -> None:
    (mia.parent / "german.toml").write_text('engine = "fake"\nlanguage = "de"\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        reader.open_reader(with_fallback(mia, name), Store(mia.parent / "store"))
    assert words in str(caught.value)


def test_an_engine_that_is_not_needed_need_not_work(
    mia: Path, tmp_path: Path, shared_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from audioguide.speech.engines.fake import Fake

    record(mia, THIRD)
    monkeypatch.setattr(Fake, "probe", lambda self: "it is broken")
    monkeypatch.setattr(Fake, "fingerprint", lambda self, voice: pytest.fail("not needed"))
    build(mia, tmp_path / "s.mp3", shared_store)


# --- errors ---


def test_without_a_fallback_all_missing_phrases_are_listed_in_one_line(
    mia: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(without_fallback(mia), "Another phrase.")
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
    other = take.with_name(take.name.upper())
    if other.exists():
        pytest.skip("needs a file system in which capitals make another name")
    shutil.copy(take, other)


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
    signal = in_a_room(speech(), 44_100)
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
    record(voice, FIRST, in_a_room(speech(dbfs=-62.0), 44_100, -90))


def _too_long(voice: Path) -> None:
    record(voice, FIRST, in_a_room(speech(61.0, 8_000), 8_000), 8_000)


def _too_slow(voice: Path) -> None:
    record(voice, FIRST, in_a_room(speech(2.0, 4_000), 4_000), 4_000)


def _no_folder(voice: Path) -> None:
    shutil.rmtree(voice.with_suffix(""))


def _a_file_for_a_folder(voice: Path) -> None:
    _no_folder(voice)
    voice.with_suffix("").write_text("")


def _a_pace(voice: Path) -> None:
    voice.write_text(voice.read_text() + "pace_wpm = 100\n")


MISTAKES = {
    _two_files: r"let-your-.*\.mp3 and let-your-.*\.wav are recordings of the same phrase; keep one of them",
    _two_cases: "are recordings of the same phrase; keep one of them",
    _text: "is not a sound file that can be read; save it as WAV, FLAC or MP3",
    _empty: "is not a sound file that can be read",
    _cut_mp3: "is damaged or cut short; save it again",
    _torn_mp3: "is not a sound file that can be read|is damaged",
    _cut_flac: "is not a sound file that can be read|is damaged",
    _not_a_number: "is damaged",
    _silent: "is silent, or far too soft to be heard; record it again, nearer to the microphone",
    _no_samples: "is silent",
    _only_a_click: "is silent",
    _far_too_soft: "is silent, or far too soft",
    _too_long: "is longer than 60 s; cut it into one file for each phrase",
    _too_slow: "has a sample rate of 4000 Hz; save it with one from 8000 to 192000",
    _no_folder: r"voice mia has no folder .*mia \(.*\); make it, and put in the recordings that `audioguide lines",
    _a_file_for_a_folder: "voice mia has no folder .*mia ",
    _a_pace: r"mia\.toml:\d+: pace_wpm has no effect with engine 'recorded'; leave it out",
}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__.strip("_"))
def test_every_mistake_is_one_line_and_writes_no_file(
    mia: Path, tmp_path: Path, shared_store: Store, capfd: pytest.CaptureFixture[str], mistake: object
) -> None:
    mistake(mia)  # type: ignore[operator]  # pytest hands it over as an object
    with pytest.raises(AudioguideError, match=MISTAKES[mistake]) as caught:  # type: ignore[index]  # one of its keys
        build(mia, tmp_path / "s.mp3", shared_store)

    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")  # libmpg123 would complain on its own
    assert not (tmp_path / "s.mp3").exists()


def test_an_unused_recording_may_be_broken(mia: Path, tmp_path: Path, shared_store: Store) -> None:
    before = clips(mia, shared_store)
    record(mia, "Some other phrase.").write_text("no sound")
    record(mia, "One more.", np.zeros(44_100))

    assert clips(mia, shared_store) == before


def test_another_pace_is_refused_for_recordings(mia: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, cache = str(tmp_path / "s.mp3"), str(tmp_path / "store")
    assert run(["say", FIRST, "--voice", str(mia), "--pace", "90", "--out", out, "--cache", cache]) == 1
    assert "speaks as fast as it was read; leave --pace" in capsys.readouterr().err


# --- whether it works here ---


def test_why_a_recorded_voice_cannot_be_used(mia: Path) -> None:
    assert reader.why_not(find_voice(str(mia))) == ""
    assert reader.why_not(find_voice(FAKE_VOICE)) == ""
    assert "there is no voice 'clam'" in reader.why_not(with_fallback(mia, "clam"))
    shutil.rmtree(mia.with_suffix(""))
    assert "voice mia has no folder" in reader.why_not(find_voice(str(mia)))
    mia.with_suffix("").mkdir()
    assert reader.why_not(find_voice(str(mia))) == ""
    assert "nothing is recorded yet in" in reader.why_not(find_voice(str(without_fallback(mia))))


def test_a_reader_without_a_fallback_refuses_what_is_not_recorded(mia: Path, tmp_path: Path) -> None:
    with RecordedReader(find_voice(str(mia)), Store(tmp_path / "store"), None) as voice_reader:
        assert voice_reader.missing([phrase(FIRST), phrase(FIRST, 2)]) == [phrase(FIRST)]
        with pytest.raises(AudioguideError, match="no recording of 1 phrase;"):
            voice_reader.clip(phrase(THIRD))


def test_every_missing_phrase_is_listed_however_many(mia: Path, tmp_path: Path, shared_store: Store) -> None:
    mia.write_text('engine = "recorded"\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        write(Request(20 * 60 * RATE_HZ, voice=str(mia)), tmp_path / "s.mp3", shared_store)

    listed = re.findall(r"[a-z-]+-[0-9a-f]{8}", str(caught.value))
    assert len(listed) == len(set(listed)) > 40 and "\n" not in str(caught.value)

"""A voice's true pace and its gain: measured on the calibration lines, once for a store."""

import pytest
from pyloudnorm import Meter
from support.stored import stored_files, with_fact
from support.voices import LINES, TEXTS, Counting, Plain, Uncalibrated, phrase, speak_all, use_engine, voice_of

from audioguide.audio.sound import to_signal
from audioguide.core.clock import RATE_HZ
from audioguide.core.errors import EngineError
from audioguide.core.model import ORDINARY, Manner
from audioguide.speech import calibration
from audioguide.speech.calibration import LOUDER_LU, pace_wpm
from audioguide.speech.engine import Recording
from audioguide.speech.speaker import Speaker
from audioguide.speech.voices import Voice
from audioguide.storage.store import Store

# --- engines that are not calibrated ---


def true_pace(speaking: Speaker, manner: Manner = ORDINARY) -> float:
    """Return the words a minute of a voice over lines that its pace was not measured on."""
    return pace_wpm((line, speaking.clip(phrase(line, manner=manner)).samples / RATE_HZ) for line in LINES)


@pytest.mark.parametrize("asked_wpm", [80.0, 120.0, 200.0])
@pytest.mark.parametrize(("times", "more_wpm"), [(1.3, 0.0), (0.7, 0.0), (0.8, 30.0)])
def test_an_uncalibrated_engine_is_corrected_to_the_requested_pace(
    store: Store, monkeypatch: pytest.MonkeyPatch, times: float, more_wpm: float, asked_wpm: float
) -> None:
    use_engine(monkeypatch, Uncalibrated(times, more_wpm))
    with Speaker(voice_of("fake", asked_wpm), store) as speaking:
        assert true_pace(speaking) == pytest.approx(asked_wpm, rel=0.03)


def test_with_an_uncalibrated_engine_the_pace_of_a_step_is_measured_too(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_engine(monkeypatch, Uncalibrated(0.6, 60.0))
    with Speaker(voice_of("fake", 120.0), store) as speaking:
        assert true_pace(speaking, Manner(0.85)) == pytest.approx(102, rel=0.03)


def test_the_true_pace_is_measured_once_for_a_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = Uncalibrated(), Uncalibrated(), Uncalibrated()
    speak_all(first, store, monkeypatch)
    measured = first.texts[: -len(TEXTS)]
    assert measured and set(measured) == set(calibration.LINES)
    assert first.texts[len(measured) :] == list(TEXTS)
    assert len(measured) <= 4 * len(calibration.LINES)

    speak_all(second, store, monkeypatch)
    assert second.texts == []
    use_engine(monkeypatch, third)
    with Speaker(voice_of("fake"), store) as speaking:
        speaking.clip(phrase("Some other words."))
    assert third.texts == ["Some other words."]
    assert third.paces == first.paces[-1:]


def test_another_pace_language_option_or_version_is_measured_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak_all(Uncalibrated(), store, monkeypatch)
    for changes in ({"pace_wpm": 130.0}, {"language": "de"}, {"options": {"voice": "other"}}):
        engine = Uncalibrated()
        speak_all(engine, store, monkeypatch, **changes)
        assert set(calibration.LINES) <= set(engine.texts), changes
    newer = Uncalibrated()
    newer._fingerprint = "counting 2"
    speak_all(newer, store, monkeypatch)
    assert set(calibration.LINES) <= set(newer.texts)


@pytest.mark.parametrize("engine", [Counting(), Plain()], ids=["calibrated", "says nothing of it"])
def test_an_engine_is_not_measured_unless_it_declares_itself_uncalibrated(
    store: Store, monkeypatch: pytest.MonkeyPatch, engine: Counting | Plain
) -> None:
    use_engine(monkeypatch, engine)
    with Speaker(voice_of("fake", 117.0), store) as speaking:
        speaking.clip(phrase("Rest here."))
    assert (engine.texts, engine.paces) == (["Rest here."], [117.0])


@pytest.mark.parametrize("failure", [RuntimeError("bad node"), EngineError("the reed is cracked")], ids=repr)
def test_an_error_while_measuring_the_pace_names_the_voice(
    store: Store, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    class FailingEngine(Uncalibrated):
        def speak(self, text: str, voice: Voice) -> Recording:
            raise failure

    use_engine(monkeypatch, FailingEngine())
    with Speaker(voice_of("fake"), store) as speaking, pytest.raises(EngineError, match=rf"voice hum.*{failure}"):
        speaking.clip(phrase("Rest here."))


def test_a_passing_error_while_measuring_the_pace_is_tried_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stumbling(Uncalibrated):
        def speak(self, text: str, voice: Voice) -> Recording:
            recording = super().speak(text, voice)
            if len(self.texts) == 3:
                raise EngineError("it stumbled")
            return recording

    use_engine(monkeypatch, Stumbling())
    with Speaker(voice_of("fake"), store) as speaking:
        assert true_pace(speaking) == pytest.approx(120, rel=0.03)


# --- gain ---


def test_the_gain_brings_the_calibration_lines_slightly_above_minus_19_lufs(store: Store) -> None:
    with Speaker(voice_of("fake", 400.0, gain_db=None), store) as speaking:
        gain_db = speaking.gain_db
        clips = [store.read("clips", speaking.clip(phrase(line)).key) for line in calibration.LINES]
    speech = to_signal(b"".join(entry[1] for entry in clips if entry))
    assert Meter(24_000).integrated_loudness(speech) + gain_db - LOUDER_LU == pytest.approx(-19, abs=0.15)


def test_the_gain_is_measured_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Counting()
    use_engine(monkeypatch, engine)
    with Speaker(voice_of("fake", 400.0, gain_db=None), store) as speaking:
        first = speaking.gain_db
        assert speaking.gain_db == first
    assert sorted(engine.texts) == sorted(calibration.LINES)
    monkeypatch.setattr(Speaker, "_measure_gain", None)
    with Speaker(voice_of("fake", 400.0, gain_db=None), store) as speaking:
        assert speaking.gain_db == first
    assert len(engine.texts) == len(calibration.LINES)


def test_every_clip_carries_the_gain_of_its_voice(store: Store) -> None:
    with Speaker(voice_of("fake", 400.0, gain_db=None), store) as speaking:
        assert speaking.clip(phrase("Rest.")).gain_db == speaking.gain_db != 0
    with Speaker(voice_of("fake", 400.0, gain_db=-2.5), store) as speaking:
        assert speaking.clip(phrase("Rest.")).gain_db == -2.5


def test_an_unused_gain_is_not_measured(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Counting()
    use_engine(monkeypatch, engine)
    with Speaker(voice_of("fake", gain_db=None), store) as speaking:
        assert speaking.missing([phrase("Rest.")]) == [phrase("Rest.")]
    assert engine.texts == []


def test_a_gain_in_the_voice_file_is_used_without_measuring(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Counting()
    use_engine(monkeypatch, engine)
    with Speaker(voice_of("fake", gain_db=-2.5), store) as speaking:
        assert speaking.gain_db == -2.5
    assert engine.texts == []


def test_gain_lines_that_are_damaged_in_the_store_do_not_change_the_gain(store: Store) -> None:
    with Speaker(voice_of("fake", 400.0, gain_db=None), store) as speaking:
        expected = speaking.gain_db
    for path in stored_files(store, "gains"):
        path.unlink()
    for path in stored_files(store, "clips"):
        data = path.read_bytes()
        path.write_bytes(data[:-2] + bytes([data[-2] ^ 1, data[-1]]))  # the body: facts() cannot see it
    with Speaker(voice_of("fake", 400.0, gain_db=None), store) as speaking:
        assert speaking.gain_db == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("damage", ["empty", "no gain", "not a number"])
def test_a_damaged_gain_is_measured_again(store: Store, damage: str) -> None:
    with Speaker(voice_of("fake", 400.0, gain_db=None), store) as speaking:
        expected = speaking.gain_db
    (path,) = stored_files(store, "gains")
    data = path.read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "no gain": data.replace(b"gain_db", b"gain_xx"),
            "not a number": with_fact(data, "gain_db", '"loud"'),
        }[damage]
    )
    with Speaker(voice_of("fake", 400.0, gain_db=None), store) as speaking:
        assert speaking.gain_db == expected

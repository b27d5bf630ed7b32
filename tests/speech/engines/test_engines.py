"""The contract of an engine, tested with each of them."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest
from support.voices import LINES, needs_piper, phrase, voice_of

from audioguide.audio.sound import conform
from audioguide.core.errors import EngineError, InputError, ScriptError
from audioguide.core.lexicon import entries_for
from audioguide.speech.engine import Engine, Recording, engine_names, find_engine
from audioguide.speech.engines.hibari import Hibari
from audioguide.speech.speaker import Speaker, why_not
from audioguide.speech.voices import Voice, voice_names
from audioguide.storage.store import Store

REAL = [pytest.param(name, marks=pytest.mark.speech) for name in ("natural", "system")]
REAL += [pytest.param("piper", marks=[pytest.mark.speech, needs_piper])]
TOLERANCE = 0.08
"""How much the pace over LINES may differ from the requested one: thirds of one script differ by up to 5 %, and short
phrases, or phrases of two sentences, by more."""
LATIN = "Ça va, naïve, Zoë, 9:30 p.m. – yes…"


@pytest.fixture(scope="module", params=[*REAL, "fake"])
def name(request: pytest.FixtureRequest) -> str:
    """An engine's name in voice files."""
    return str(request.param)


@pytest.fixture(scope="module")
def engine(name: str) -> Iterator[Engine]:
    engine = find_engine(name, "voices/test.toml")
    yield engine
    engine.close()


@pytest.fixture
def voice(name: str) -> Voice:
    return voice_of(name)


def spoken_s(engine: Engine, voice: Voice, text: str) -> float:
    recording = engine.speak(text, voice)
    return len(conform(recording.pcm, recording.rate_hz)) / 2 / 24_000


def wpm(engine: Engine, voice: Voice) -> float:
    return sum(len(line.split()) for line in LINES) * 60 / sum(spoken_s(engine, voice, line) for line in LINES)


def test_probe_is_empty_for_an_engine_that_works(engine: Engine) -> None:
    assert engine.probe() == ""


def test_the_fingerprint_is_the_same_in_another_instance(name: str, engine: Engine, voice: Voice) -> None:
    first = engine.fingerprint(voice)
    other = find_engine(name, "voices/test.toml")
    assert isinstance(first, str)
    assert first.strip()
    assert other.fingerprint(voice) == engine.fingerprint(voice) == first
    other.close()


def test_a_phrase_becomes_16_bit_samples_of_a_plausible_rate_and_length(engine: Engine, voice: Voice) -> None:
    recording = engine.speak("Let your shoulders be heavy, and rest.", voice)
    assert isinstance(recording.pcm, bytes)
    assert len(recording.pcm) % 2 == 0
    assert 16_000 <= recording.rate_hz <= 48_000
    assert 2 < len(recording.pcm) / 2 / recording.rate_hz < 8
    samples = np.frombuffer(recording.pcm, "<i2").astype(float)
    assert 500 < np.abs(samples).max() < 32_767
    assert abs(samples.mean()) < 50


def test_more_words_last_longer(engine: Engine, voice: Voice) -> None:
    lines = ("Rest.", "Rest here for a while.", "Rest here for a while, and let the floor hold all of you.")
    short, longer, longest = (spoken_s(engine, voice, line) for line in lines)
    assert short * 1.5 < longer < longest / 1.5


def test_a_fresh_engine_gives_the_same_bytes_for_the_same_phrase(name: str, engine: Engine, voice: Voice) -> None:
    recordings: list[Recording] = []
    for _ in range(2):
        fresh = find_engine(name, "voices/test.toml")
        recordings.append(fresh.speak(LINES[0], voice))
        fresh.close()
    assert recordings[0] == recordings[1]


def test_a_repeated_phrase_has_the_same_length_whatever_came_before(engine: Engine, voice: Voice) -> None:
    first = spoken_s(engine, voice, LINES[0])
    engine.speak(LINES[1], voice)
    # eSpeak NG carries state from phrase to phrase: its bytes differ each time, its length by a few milliseconds
    assert spoken_s(engine, voice, LINES[0]) == pytest.approx(first, rel=0.01)


@pytest.mark.speech
def test_the_natural_voice_repeats_a_phrase_with_the_same_bytes() -> None:
    natural, voice = Hibari(), voice_of("natural")
    first = natural.speak(LINES[0], voice)
    natural.speak(LINES[1], voice)
    assert natural.speak(LINES[0], voice) == first


def test_a_faster_pace_is_shorter(engine: Engine, voice: Voice) -> None:
    low, high = engine.slowest_wpm, engine.fastest_wpm
    paces = [low + (high - low) * part for part in (0, 0.3, 0.6, 1)]
    lengths = [spoken_s(engine, voice.at_pace(pace), LINES[0]) for pace in paces]
    assert all(slower > faster * 1.05 for slower, faster in pairwise(lengths)), lengths


@pytest.mark.parametrize("pace", ["slowest", "the voice's own", "fastest"])
def test_over_a_script_the_pace_is_close_to_the_requested_one(engine: Engine, voice: Voice, pace: str) -> None:
    asked = {"slowest": engine.slowest_wpm, "fastest": engine.fastest_wpm}.get(pace, voice.pace_wpm)
    assert wpm(engine, voice.at_pace(asked)) == pytest.approx(asked, rel=TOLERANCE)


@pytest.mark.parametrize("bound", ["slowest", "fastest"])
def test_a_pace_beyond_an_engines_bounds_is_refused_with_the_bound(
    name: str, engine: Engine, bound: str, tmp_path: Path
) -> None:
    limit = engine.slowest_wpm if bound == "slowest" else engine.fastest_wpm
    beyond = limit - 1 if bound == "slowest" else limit + 1
    with pytest.raises(InputError, match=rf"{beyond:g} words a minute.*{bound} (is )?{limit:g}"):
        Speaker(voice_of(name, beyond), Store(tmp_path))


def test_closing_twice_is_harmless_and_speaking_still_works_afterwards(name: str, engine: Engine, voice: Voice) -> None:
    other = find_engine(name, "voices/test.toml")
    other.close()
    assert other.speak("Rest.", voice).pcm
    other.close()
    other.close()
    assert other.speak("Rest.", voice).pcm
    other.close()


@pytest.mark.parametrize("text", ["Smile 🙂 now.", "The letter Ω.", "こんにちは", "Καλημέρα", "Peace ☮", "🧘‍♀️"])
def test_characters_that_a_voice_cannot_read_are_refused_with_file_and_line(
    name: str, text: str, tmp_path: Path
) -> None:
    with Speaker(voice_of(name), Store(tmp_path)) as speaker:
        with pytest.raises(ScriptError) as caught:
            speaker.clip(phrase(text, line=7))
        assert str(caught.value).startswith("arrive.md.j2:7: ")
        assert "cannot read" in str(caught.value)
        assert not list(tmp_path.rglob("clips/*/*"))


def test_latin_letters_with_any_accent_are_spoken(name: str, tmp_path: Path) -> None:
    texts = (LATIN, normalize("NFD", LATIN), "“It’s fine,” she said; Łódź, Ærø & 50 %.")
    with Speaker(voice_of(name), Store(tmp_path)) as speaker:
        for text in texts:
            assert speaker.clip(phrase(text)).samples > 24_000


def test_punctuation_without_words_is_an_error_and_never_silence(name: str, tmp_path: Path) -> None:
    with Speaker(voice_of(name), Store(tmp_path)) as speaker:
        for text in ("…", "–", "?!", "'"):
            with pytest.raises(ScriptError, match=r"^arrive\.md\.j2:3: .*contains nothing that can be spoken"):
                speaker.clip(phrase(text, line=3))
        assert not list(tmp_path.rglob("clips/*/*"))


def test_every_tested_engine_is_in_the_table_and_usable(name: str) -> None:
    assert name in engine_names()
    assert why_not(voice_of(name)) == ""


@pytest.mark.speech
@pytest.mark.parametrize("name", voice_names())
def test_every_voice_of_the_shelf_has_psoas_in_its_lexicon(name: str, tmp_path: Path) -> None:
    from audioguide.speech.voices import find_voice

    voice = find_voice(name)
    with Speaker(voice, Store(tmp_path)) as speaker:
        assert "psoas" in entries_for(voice.engine, [voice.lexicon])
        assert speaker.clip(phrase("Your psoas may rest.")).samples > 24_000


class FakeModel:
    """A model of hibari-tts that returns samples of the test's choosing."""

    sample_rate = 24_000

    def __init__(self, speech: "np.ndarray[tuple[int], np.dtype[np.float32]] | Exception") -> None:
        self._speech = speech

    def phonemize(self, text: str) -> list[str]:
        return ["rˈɛst"]

    def ids(self, phonemes: str) -> list[int]:
        return [0, *range(1, len(phonemes) + 1), 0]

    def from_ids(self, ids: list[int], speed: float, noise: object) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
        if isinstance(self._speech, Exception):
            raise self._speech
        return self._speech


def hibari_with(speech: "np.ndarray[tuple[int], np.dtype[np.float32]] | Exception") -> Hibari:
    engine = Hibari()
    engine._model = FakeModel(speech)
    return engine


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_from_the_natural_voice_are_errors(number: float) -> None:
    speech = np.zeros(24_000, np.float32)
    speech[100] = number
    with pytest.raises(EngineError, match="NaN or infinity"):
        hibari_with(speech).speak("Rest.", voice_of("natural"))


def test_the_natural_voice_clips_rather_than_wraps_around() -> None:
    speech = np.array([1.5, -1.5, 0.5], np.float32)
    pcm = hibari_with(speech).speak("Rest.", voice_of("natural")).pcm
    assert np.frombuffer(pcm, "<i2").tolist() == [32_767, -32_768, 16_384]


@pytest.mark.parametrize("error", [RuntimeError("onnxruntime: bad node"), ValueError("shape"), OSError("no model")])
def test_any_exception_of_hibari_becomes_an_engine_error(error: Exception) -> None:
    with pytest.raises(EngineError, match=str(error)):
        hibari_with(error).speak("Rest.", voice_of("natural"))


@pytest.mark.parametrize("name", ["natural", "system"])
def test_an_unknown_option_is_refused_with_the_voice_file(name: str, tmp_path: Path) -> None:
    with (
        Speaker(voice_of(name, options={"pitch": "9"}), Store(tmp_path)) as speaker,
        pytest.raises(EngineError, match=rf"voices/{voice_of(name).name}\.toml.*option"),
    ):
        speaker.clip(phrase("Rest."))

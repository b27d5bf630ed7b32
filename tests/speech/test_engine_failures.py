"""Engines that fail: garbage instead of speech, errors, and hanging."""

import threading
from pathlib import Path

import pytest
from support.stored import stored_files
from support.voices import Answering, Counting, phrase, use_engine, voice_of

from audioguide.core.errors import EngineError, PhraseError
from audioguide.speech import speaker
from audioguide.speech.engine import Recording
from audioguide.speech.engines.fake import Fake
from audioguide.speech.plausibility import plausible_speech
from audioguide.speech.speaker import ATTEMPTS, Speaker
from audioguide.speech.voices import Voice
from audioguide.storage.store import Store

HUM = Fake().speak("Let the floor hold you.", voice_of("fake"))


# --- garbage ---

GARBAGE = {
    "nothing": Recording(b"", 24_000),
    "one byte": Recording(b"x", 24_000),
    "an odd byte count": Recording(HUM.pcm + b"x", 24_000),
    "silence": Recording(bytes(100_000), 24_000),
    "silence at another rate": Recording(bytes(100_000), 22_050),
    "rate 0": Recording(HUM.pcm, 0),
    "a rate below zero": Recording(HUM.pcm, -24_000),
    "rate 4 kHz": Recording(HUM.pcm, 4_000),
    "rate 1 MHz": Recording(HUM.pcm, 1_000_000),
    "a tenth of a second": Recording(HUM.pcm[20_000:24_800], 24_000),
    "half a second, then silence": Recording(HUM.pcm[20_000:36_000] + bytes(200_000) + HUM.pcm[20_000:20_600], 24_000),
    "no numbers": Recording(b"\x00\x80" * 60_000, 24_000),
    "no numbers in the middle": Recording(HUM.pcm + b"\x00\x80" * 10_000 + HUM.pcm, 24_000),
    "two minutes": Recording(HUM.pcm * 50, 24_000),
}


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_from_an_engine_is_never_accepted(store: Store, monkeypatch: pytest.MonkeyPatch, garbage: str) -> None:
    engine = Answering([GARBAGE[garbage]] * ATTEMPTS)
    use_engine(monkeypatch, engine)
    wanted = phrase("Let the floor hold you.", line=31)
    with Speaker(voice_of("fake"), store) as speaking:
        with pytest.raises(EngineError) as caught:
            speaking.clip(wanted)
        assert speaking.missing([wanted]) == [wanted]
    assert str(caught.value).startswith('arrive.md.j2:31: voice hum cannot speak "Let the floor hold you.": ')
    assert len(engine.texts) == ATTEMPTS
    assert stored_files(store, "clips") == []


@pytest.mark.parametrize("garbage", GARBAGE)
def test_after_passing_garbage_the_phrase_is_spoken_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, garbage: str
) -> None:
    use_engine(monkeypatch, Answering([GARBAGE[garbage]] * (ATTEMPTS - 1)))
    with Speaker(voice_of("fake"), store) as speaking:
        recovered = speaking.clip(phrase("Let the floor hold you."))
    use_engine(monkeypatch, Counting())
    with Speaker(voice_of("fake"), Store(tmp_path / "other")) as speaking:
        assert recovered == speaking.clip(phrase("Let the floor hold you."))


def test_words_that_cannot_be_spoken_are_not_tried_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Answering([PhraseError("the engine found nothing to pronounce")] * ATTEMPTS)
    use_engine(monkeypatch, engine)
    wanted = phrase("Hmm.", line=4)
    with Speaker(voice_of("fake"), store) as speaking:
        with pytest.raises(EngineError, match=r'^arrive\.md\.j2:4: .*"Hmm\.": the engine found nothing to pronounce$'):
            speaking.clip(wanted)
        assert speaking.missing([wanted]) == [wanted]
    assert engine.texts == ["Hmm."]


def test_an_engine_error_is_reported_with_the_phrase_shortened(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    use_engine(monkeypatch, Answering([EngineError("the reed is cracked")] * ATTEMPTS))
    with (
        Speaker(voice_of("fake"), store) as speaking,
        pytest.raises(EngineError) as caught,
    ):
        speaking.clip(phrase("Let the floor hold you. " * 20, line=2))
    message = str(caught.value)
    assert message.startswith("arrive.md.j2:2: ")
    assert message.endswith(": the reed is cracked")
    assert len(message) < 160
    assert isinstance(caught.value.__cause__, EngineError)


@pytest.mark.parametrize("foreign", [RuntimeError("bad node"), ValueError("no shape"), OSError("gone"), KeyError("x")])
def test_any_exception_of_an_engine_is_reported_with_the_phrase(
    store: Store, monkeypatch: pytest.MonkeyPatch, foreign: Exception
) -> None:
    use_engine(monkeypatch, Answering([foreign] * ATTEMPTS))
    with (
        Speaker(voice_of("fake"), store) as speaking,
        pytest.raises(EngineError, match=r"^arrive\.md\.j2:6: "),
    ):
        speaking.clip(phrase("Rest.", line=6))


def test_a_keyboard_interrupt_is_never_tried_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(Counting):
        def speak(self, text: str, voice: object) -> Recording:
            self.texts.append(text)
            raise KeyboardInterrupt

    engine = Stopped()
    use_engine(monkeypatch, engine)
    with pytest.raises(KeyboardInterrupt), Speaker(voice_of("fake"), store) as speaking:
        speaking.clip(phrase("Rest."))
    assert (engine.texts, engine.closed) == (["Rest."], 1)


@pytest.mark.parametrize("words", [8, 40])
@pytest.mark.parametrize(("pace_wpm", "fits"), [(2_400.0, False), (400.0, True), (40.0, True), (10.0, False)])
def test_only_fast_to_very_slow_speech_is_plausible(words: int, pace_wpm: float, fits: bool) -> None:
    text = " ".join(["rest"] * words)
    recording = Fake().speak(text, voice_of("fake", pace_wpm))
    if fits:
        assert plausible_speech(recording, text, 120.0)
        return
    with pytest.raises(EngineError, match=f"for {words} words"):
        plausible_speech(recording, text, 120.0)


class Hanging:
    """An engine that never comes to an end with one of its phrases."""

    slowest_wpm, fastest_wpm, calibrated, reads_phonemes = 20.0, 600.0, True, False

    def __init__(self) -> None:
        self.stop = threading.Event()

    def probe(self) -> str:
        return ""

    def fingerprint(self, voice: Voice) -> str:
        return "hanging"

    def speak(self, text: str, voice: Voice) -> Recording:
        if "forever" in text:
            self.stop.wait()
        return Fake().speak(text, voice)

    def close(self) -> None:
        self.stop.set()


def test_the_error_for_an_engine_that_hangs_names_the_line(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    use_engine(monkeypatch, Hanging())
    message = r'arrive.md.j2:7: voice hum cannot speak "Rest forever now.": it took longer than 0.5 s'
    with Speaker(voice_of("fake"), store) as speaking:
        list(speaking.speak([phrase("Rest.", 1)]))  # what is imported first may take longer than half a second
        monkeypatch.setattr(speaker, "PATIENCE_S", 0.5)
        with pytest.raises(EngineError, match=message):
            list(speaking.speak([phrase("Rest.", 1), phrase("Rest forever now.", 7), phrase("Rest again.", 9)]))


def test_the_error_for_an_engine_that_hangs_while_it_is_measured_names_the_voice(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Hanging()
    use_engine(monkeypatch, engine)
    monkeypatch.setattr(speaker, "PATIENCE_S", 0.5)
    monkeypatch.setattr(speaker, "LINES", ("This lasts forever.",))
    with (
        pytest.raises(EngineError, match=r"voice hum cannot be measured: a line took longer than 0\.5 s"),
        Speaker(voice_of("fake", gain_db=None), store) as speaking,
    ):
        speaking.clip(phrase("Rest."))

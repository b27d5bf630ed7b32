"""Phrases -> clips in the store, each spoken once; also a voice's gain, measured once."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Self

from audioguide.clock import RATE_HZ
from audioguide.errors import EngineError, InputError, ScriptError, StoreError
from audioguide.model import Clip, Phrase, Source
from audioguide.speak.engine import Engine, Recording, find_engine
from audioguide.speak.normalise import apply_lexicon, is_phonemes, unreadable
from audioguide.store import Facts, Store, key_of
from audioguide.voices import Voice, find_voice, voice_names

FORMAT = 1
"""Raised when a clip's treatment changes, so that no old clip is used again."""
ATTEMPTS = 3
_KIND = "clips"
_LEAST_SAMPLES_PER_WORD = RATE_HZ // 20
_MOST_SAMPLES_PER_WORD = RATE_HZ * 4
_BELIEVABLE_HZ = range(8_000, 192_001)

GAIN_LINES = (
    "You might let your shoulders be heavy, and your hands rest wherever they like to rest.",
    "There is nothing that has to happen here, and nothing that you could do wrong.",
    "If one leg would rather be bent for a while, let it be bent.",
    "Perhaps you notice the floor under your heels, and the weight of the back of your head.",
    "Some people hear the sounds of the house now, and some hear their own breath.",
    "Whenever you like, you can open your eyes, look around the room, and move.",
    "The muscles along the front of the spine may take their time, and that is fine.",
    "Take a moment to find out where the cushions hold you, and where they do not.",
    "A blanket over the belly can be pleasant, and so can no blanket at all.",
    "Coming back later is as good as coming back now.",
    "The back of the pelvis is broad, and the floor under it is broader still.",
    "When you are ready, roll to one side and wait there for a breath or two.",
)
"""What a voice's loudness is measured on; any twelve lines of a voice agree within a quarter of a decibel."""


class Speaker:
    """One voice at one pace, with its engine and the store; a context that closes the engine."""

    def __init__(self, voice: Voice, store: Store, lexicon: Mapping[str, str] | None = None) -> None:
        """Find the voice's engine.

        Args:
            voice: who speaks.
            store: where clips are kept.
            lexicon: the practice's own; it wins over the voice's.

        Raises:
            EngineError: there is no such engine, or it cannot be loaded here.
            InputError: the pace is out of its reach.
        """
        self.voice = voice
        self.spoken = 0
        """Phrases that were not in the store."""
        self._store = store
        self._lexicons = (lexicon or {}, voice.lexicon)
        self._refuse_unreadable_lexicon()
        self._proved = False
        self._engine: Engine = find_engine(voice.engine, voice.shown)
        self._refuse_pace()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *reason: object) -> None:
        """Close the engine."""
        self._engine.close()

    @cached_property
    def _fingerprint(self) -> str:
        try:
            return self._engine.fingerprint(self.voice)
        except EngineError as error:
            raise self._unusable(str(error)) from error

    def _require_engine(self) -> None:
        """Let the engine show that it works here, before the first phrase that must be spoken."""
        if not self._proved and (why := self._engine.probe()):
            raise self._unusable(why)
        self._proved = True

    def _unusable(self, why: str) -> EngineError:
        others = [name for name in voice_names() if find_voice(name).engine != self.voice.engine]
        hint = f"; another voice is --voice {others[0]}" if others else ""
        return EngineError(f"voice {self.voice.name} cannot be used here: {why}{hint}")

    def missing(self, phrases: Iterable[Phrase]) -> list[Phrase]:
        """Return the phrases whose clips are not in the store, each text once."""
        by_text = {phrase.text: phrase for phrase in reversed(list(phrases))}
        return [phrase for phrase in reversed(by_text.values()) if self._known(self._key(phrase)) is None]

    def clip(self, phrase: Phrase) -> Clip:
        """Return a phrase's clip, spoken now unless it is in the store.

        Raises:
            ScriptError: this voice cannot read the phrase.
            EngineError: the engine failed at it, ATTEMPTS times.
        """
        key = self._key(phrase)
        facts = self._known(key)
        if facts is None:
            pcm = self._speak(phrase)
            facts = self._store.write(_KIND, key, pcm, {"samples": len(pcm) // 2})
            self.spoken += 1
        return Clip(key, int(facts["samples"]), str(facts["sha256"]))

    def gain_db(self) -> float:
        """Return what brings this voice to the session's loudness: from its file, or measured on GAIN_LINES."""
        if self.voice.gain_db is not None:
            return self.voice.gain_db
        lines = [Phrase(line, Source(self.voice.shown, 1)) for line in GAIN_LINES]
        key = key_of("gain", [self._key(line) for line in lines])
        facts = self._store.facts("gains", key) or self._measure_gain(key, lines)
        return float(facts["gain_db"])

    def _measure_gain(self, key: str, lines: Sequence[Phrase]) -> Facts:
        from audioguide.level import SILENT_LUFS, TARGET_LUFS, loudness
        from audioguide.sound import to_signal

        measured = loudness(to_signal(b"".join(self._pcm(line) for line in lines)))
        if measured <= SILENT_LUFS:
            raise EngineError(
                f"voice {self.voice.name} is too soft to be measured; write gain_db into {self.voice.shown}"
            )
        return self._store.write("gains", key, b"", {"gain_db": round(TARGET_LUFS - measured, 2)})

    def _pcm(self, phrase: Phrase) -> bytes:
        """Return a phrase's sound; one that was damaged in the store is spoken again."""
        for _ in range(2):
            found = self._store.read(_KIND, self.clip(phrase).key)
            if found:
                return found[1]
        words = f"a clip in the cache stays damaged ({self._store.folder}); choose another folder with --cache DIR"
        raise StoreError(words)

    def _key(self, phrase: Phrase) -> str:
        voice = self.voice
        return key_of(
            FORMAT, self._words(phrase), voice.engine, self._fingerprint, voice.pace_wpm, voice.language, voice.options
        )

    def _known(self, key: str) -> Facts | None:
        facts = self._store.facts(_KIND, key)
        return facts if facts and "samples" in facts else None

    def _words(self, phrase: Phrase) -> str:
        """Return what the engine is given: the phrase with the lexicons applied."""
        if sign := unreadable(phrase.text):
            words = f"voice {self.voice.name} cannot read {sign!r} (U+{ord(sign):04X}); write it as words"
            raise ScriptError(phrase.source, words)
        return apply_lexicon(phrase.text, *self._lexicons)

    def _speak(self, phrase: Phrase) -> bytes:
        words = self._words(phrase)
        self._require_engine()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return _checked(self._engine.speak(words, self.voice), phrase.text)
            except Exception as error:  # engines are other people's code, and may raise anything
                if attempt == ATTEMPTS:
                    who = f"{phrase.source}: voice {self.voice.name} cannot speak"
                    raise EngineError(f'{who} "{textwrap.shorten(phrase.text, 60)}": {_reason(error)}') from error
        raise AssertionError("unreachable")

    def _refuse_unreadable_lexicon(self) -> None:
        for lexicon in self._lexicons:
            for word, said in lexicon.items():
                if not is_phonemes(said) and (sign := unreadable(said)):
                    raise InputError(
                        f"the lexicon says {word} = {said!r}, but {sign!r} cannot be read; write it as it sounds"
                    )

    def _refuse_pace(self) -> None:
        slowest, fastest, asked = self._engine.slowest_wpm, self._engine.fastest_wpm, self.voice.pace_wpm
        if not slowest <= asked <= fastest:
            raise InputError(
                f"voice {self.voice.name} cannot speak at {asked:g} words a minute; "
                f"its slowest is {slowest:g}, its fastest {fastest:g}"
            )


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, EngineError) else f"{error} ({type(error).__name__})"


def _checked(recording: Recording, text: str) -> bytes:
    """Return a recording trimmed at 24 kHz, if it can be speech at all.

    Raises:
        EngineError: it is silent, cut short, or far too long for these words.
    """
    from audioguide.sound import conform

    if recording.rate_hz not in _BELIEVABLE_HZ or len(recording.pcm) % 2:
        raise EngineError(f"the engine returned sound that cannot be read ({recording.rate_hz} Hz)")
    pcm = conform(recording.pcm, recording.rate_hz)
    if not pcm:
        raise EngineError("the engine returned silence")
    words, samples = len(text.split()), len(pcm) // 2
    if not words * _LEAST_SAMPLES_PER_WORD <= samples <= (words + 2) * _MOST_SAMPLES_PER_WORD:
        raise EngineError(f"the engine returned {samples / RATE_HZ:.1f} s of sound for {words} words")
    return pcm


def why_not(voice: Voice) -> str:
    """Return why a voice cannot be used here, or nothing."""
    try:
        engine = find_engine(voice.engine, voice.shown)
    except EngineError as error:
        return str(error)
    try:
        return engine.probe()
    finally:
        engine.close()

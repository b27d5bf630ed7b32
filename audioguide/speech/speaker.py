"""Phrases -> clips in the store, each spoken once; also a voice's gain and its true pace, measured once."""

import textwrap
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from typing import Self

from audioguide.core.clock import RATE_HZ
from audioguide.core.errors import EngineError, InputError, PhraseError, ScriptError
from audioguide.core.lexicon import Lexicon, LexiconEntry, entries_for
from audioguide.core.model import Clip, Phrase, Source
from audioguide.core.threads import in_order, join_all
from audioguide.speech.calibration import FASTER, LINES, LOUDER_LU, nominal_pace, pace_wpm
from audioguide.speech.engine import Engine, Engines, Recording, find_engine
from audioguide.speech.normalise import apply_lexicon, is_phonemes, spoken, unreadable
from audioguide.speech.voices import RECORDED, Voice, find_voice, voice_names
from audioguide.storage.store import Facts, Store, key_of

FORMAT = 3
"""Raised when a clip's treatment changes, so that no old clip is used again."""
ATTEMPTS = 3
PATIENCE_S = 300.0
"""How long a phrase is waited for, all attempts together; engines that run a child have narrower bounds."""
CLOSE_S = 0.8
"""How long phrases that nobody waits for any more may take to end: Ctrl-C is answered within a second."""
_KIND = "clips"
_LEAST_SHARE = 0.2
"""What sounds of a phrase, of the time that its words take at its pace: 0.58 to 1.0 in the practice on the shelf."""
_MOST_SAMPLES_PER_WORD = RATE_HZ * 4
_MOST_AT_THE_RAILS = 0.05
"""How much of a recording may be overdriven; what is no number in an engine ends there, too."""
_BELIEVABLE_HZ = range(8_000, 192_001)


class Speaker:
    """One voice at one pace, with its engine and the store; a context that closes the engine."""

    def __init__(self, voice: Voice, store: Store, lexicon: Lexicon = (), engines: Engines | None = None) -> None:
        """Find the voice's engine.

        Args:
            voice: who speaks.
            store: where clips are kept.
            lexicon: the practice's own; it wins over the voice's.
            engines: those that several sessions share; None: engines of its own, closed at the end.

        Raises:
            EngineError: there is no such engine, or it cannot be loaded here.
            InputError: the pace is out of its reach.
            ScriptError: an entry of a lexicon cannot be read.
        """
        self.voice = voice
        self._store = store
        self._engines = engines or Engines()
        self._own = engines is None
        with self._lent() as engine:
            self._engine: Engine = engine
            """For what is asked of any of them."""
        self._calibrating = threading.Lock()
        self._closed = False
        self._keys: dict[Phrase, str] = {}
        self._refuse_pace()
        entries = entries_for(voice.engine, (lexicon, voice.lexicon))
        self._lexicon = {word: self._readable(entry) for word, entry in entries.items()}

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *reason: object) -> None:
        """Close the engines, and let what they were at come to its end."""
        self._closed = True
        if self._own:
            self._engines.__exit__(*reason)
        join_all(CLOSE_S)

    @cached_property
    def _fingerprint(self) -> str:
        try:
            return self._engine.fingerprint(self.voice)
        except EngineError as error:
            raise self._unusable(str(error)) from error

    @contextmanager
    def _lent(self) -> Iterator[Engine]:
        """Give an engine that nobody else uses."""
        engine = self._engines.lend(self.voice.engine, self.voice.shown)
        try:
            yield engine
        finally:
            self._engines.give_back(self.voice.engine, engine)

    def _require(self, engine: Engine) -> None:
        """Let an engine show that it works here, before its first phrase."""
        if id(engine) not in self._engines.proved and (why := engine.probe()):
            raise self._unusable(why)
        self._engines.proved.add(id(engine))

    def _unusable(self, why: str) -> EngineError:
        others = [name for name in voice_names() if find_voice(name).engine not in (self.voice.engine, RECORDED)]
        hint = f"; another voice is --voice {others[0]}" if others else ""
        return EngineError(f"voice {self.voice.name} cannot be used here: {why}{hint}")

    def missing(self, phrases: Iterable[Phrase]) -> list[Phrase]:
        """Return the phrases whose clips are not in the store, each once."""
        by_key = {self._key(phrase): phrase for phrase in reversed(list(phrases))}
        return [phrase for key, phrase in reversed(by_key.items()) if self._known(key) is None]

    def speak(self, phrases: Sequence[Phrase]) -> Iterator[None]:
        """Speak phrases into the store, several at once; yields when each is there, in their order.

        Raises:
            ScriptError: this voice cannot read a phrase.
            EngineError: the engine failed at one, ATTEMPTS times, or took longer than PATIENCE_S.
        """
        done = in_order([partial(self._keep, phrase) for phrase in phrases], PATIENCE_S)
        for phrase in phrases:
            try:
                next(done)
            except TimeoutError as error:
                raise self._failed(phrase, f"it took longer than {PATIENCE_S:g} s") from error
            yield

    def clip(self, phrase: Phrase) -> Clip:
        """Return a phrase's clip, spoken now unless it is in the store.

        Raises:
            ScriptError: this voice cannot read the phrase.
            EngineError: the engine failed at it, ATTEMPTS times.
        """
        key = self._key(phrase)
        facts = self._known(key)
        if facts is None:
            facts, _ = self._keep(phrase)
        return Clip(key, int(facts["samples"]), str(facts["sha256"]), self.gain_db)

    def fingerprint(self) -> str:
        """Return what changes the sound beside words and voice: the engine's package, model and versions."""
        return self._fingerprint

    @cached_property
    def gain_db(self) -> float:
        """What brings this voice to the session's loudness: from its file, or measured on the reference lines."""
        if self.voice.gain_db is not None:
            return self.voice.gain_db
        lines = self._lines
        key = key_of("gain", LOUDER_LU, [self._key(line) for line in lines])
        facts = self._store.facts("gains", key) or self._measure_gain(key, lines)
        return float(facts["gain_db"])

    def _measure_gain(self, key: str, lines: Sequence[Phrase]) -> Facts:
        from audioguide.audio.loudness import SILENT_LUFS, TARGET_LUFS, integrated_lufs
        from audioguide.audio.sound import to_signal

        measured = integrated_lufs(to_signal(b"".join(self._of_lines([partial(self._pcm, line) for line in lines]))))
        if measured <= SILENT_LUFS:
            raise EngineError(
                f"voice {self.voice.name} is too soft to be measured; write gain_db into {self.voice.shown}"
            )
        return self._store.write("gains", key, b"", {"gain_db": round(TARGET_LUFS + LOUDER_LU - measured, 2)})

    def _of_lines(self, jobs: Sequence[Callable[[], bytes]]) -> list[bytes]:
        """Return the sounds of the lines on which a voice is measured."""
        try:
            return list(in_order(jobs, PATIENCE_S))
        except TimeoutError as error:
            words = f"voice {self.voice.name} cannot be measured: a line took longer than {PATIENCE_S:g} s"
            raise EngineError(words) from error

    def _pcm(self, phrase: Phrase) -> bytes:
        """Return a phrase's sound, spoken again where it was damaged in the store."""
        found = self._store.read(_KIND, self._key(phrase))
        return found[1] if found else self._keep(phrase)[1]

    def _keep(self, phrase: Phrase) -> tuple[Facts, bytes]:
        """Speak a phrase and put it into the store."""
        words = self._words(phrase)
        pcm = self._spoken(phrase, words, self._nominal(self._pace(phrase)))
        return self._store.write(_KIND, self._key(phrase), pcm, {"samples": len(pcm) // 2}), pcm

    def _pace(self, phrase: Phrase) -> float:
        """Return the true words a minute of a phrase's manner; a step never leaves what the engine can reach."""
        asked = self.voice.pace_wpm * phrase.manner.pace
        return min(max(asked, self._engine.slowest_wpm), self._engine.fastest_wpm)

    def _key(self, phrase: Phrase) -> str:
        if phrase not in self._keys:
            voice = self.voice
            self._keys[phrase] = key_of(
                *(FORMAT, self._words(phrase), voice.engine, self._fingerprint),
                *(self._pace(phrase), voice.language, voice.options),
            )
        return self._keys[phrase]

    def _known(self, key: str) -> Facts | None:
        facts = self._store.facts(_KIND, key)
        return facts if facts and "samples" in facts else None

    def _words(self, phrase: Phrase) -> str:
        """Return what the engine is given: the phrase with the lexicons applied, numbers and signs as words."""
        voice = self.voice
        if sign := unreadable(phrase.text, voice.language):
            words = f"voice {voice.name} cannot read {sign!r} (U+{ord(sign):04X}); write it as words"
            raise ScriptError(phrase.source, words)
        words = spoken(apply_lexicon(phrase.text, self._lexicon), voice.language)
        if not any(sign.isalnum() for sign in words):
            raise ScriptError(phrase.source, f"{phrase.text!r} has nothing in it that can be said; write words")
        return words

    def _spoken(self, phrase: Phrase, words: str, nominal_wpm: float) -> bytes:
        voice = self.voice.at_pace(nominal_wpm)
        with self._lent() as engine:
            self._require(engine)
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    return _checked(engine.speak(words, voice), words, voice.pace_wpm)
                except Exception as error:  # engines are other people's code, and may raise anything
                    if attempt == ATTEMPTS or self._closed or isinstance(error, PhraseError):
                        raise self._failed(phrase, _reason(error)) from error
        raise AssertionError("unreachable")

    def _failed(self, phrase: Phrase, why: str) -> EngineError:
        who = f"{phrase.source}: voice {self.voice.name} cannot speak"
        return EngineError(f'{who} "{textwrap.shorten(phrase.text, 60)}": {why}')

    def _nominal(self, pace: float) -> float:
        """Return the pace to ask of the engine: the true one, or what measuring its lines has shown to give that."""
        if getattr(self._engine, "calibrated", True):
            return pace
        voice = self.voice
        key = key_of("pace", LINES, FASTER, voice.engine, self._fingerprint, pace, voice.language, voice.options)
        with self._calibrating:
            facts = self._store.facts("paces", key)
            if facts is None:
                nominal = nominal_pace(pace, self._true_pace)
                facts = self._store.write("paces", key, b"", {"nominal_wpm": nominal})
        return float(facts["nominal_wpm"])

    def _true_pace(self, nominal_wpm: float) -> float:
        lines = [partial(self._spoken, line, self._words(line), nominal_wpm) for line in self._lines]
        clips = self._of_lines(lines)
        return pace_wpm((line, len(pcm) / 2 / RATE_HZ) for line, pcm in zip(LINES, clips, strict=True))

    @property
    def _lines(self) -> list[Phrase]:
        return [Phrase(line, Source(self.voice.shown, 1)) for line in LINES]

    def _readable(self, entry: LexiconEntry) -> str:
        """Return how a word is said, if this voice's engine can read that.

        Raises:
            ScriptError: it cannot.
        """
        said = entry.said
        if not is_phonemes(said):
            if sign := unreadable(said, self.voice.language):
                words = f"the lexicon says {entry.word} = {said!r}, but {sign!r} cannot be read; write it as it sounds"
                raise ScriptError(entry.source, words)
        elif not getattr(self._engine, "reads_phonemes", False):
            words = (
                f"{entry.word} = {said!r} are phonemes, but engine {self.voice.engine!r} reads none; write it as it "
                f"sounds, or put the phonemes under [lexicon.ENGINE] of the engine that they are for"
            )
            raise ScriptError(entry.source, words)
        return said

    def _refuse_pace(self) -> None:
        slowest, fastest, asked = self._engine.slowest_wpm, self._engine.fastest_wpm, self.voice.pace_wpm
        if not slowest <= asked <= fastest:
            raise InputError(
                f"voice {self.voice.name} cannot speak at {asked:g} words a minute; "
                f"its slowest is {slowest:g}, its fastest {fastest:g}"
            )


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, EngineError) else f"{error} ({type(error).__name__})"


def _checked(recording: Recording, text: str, pace_wpm: float) -> bytes:
    """Return a recording trimmed at 24 kHz, if it can be speech at all.

    Raises:
        EngineError: it is silent or overdriven, or sounds far too shortly or too long for these words at this pace.
    """
    from audioguide.audio.sound import clipped_share, conform, sounding_samples

    if recording.rate_hz not in _BELIEVABLE_HZ or len(recording.pcm) % 2:
        raise EngineError(f"the engine returned sound that cannot be read ({recording.rate_hz} Hz)")
    pcm = conform(recording.pcm, recording.rate_hz)
    if not pcm:
        raise EngineError("the engine returned silence")
    if clipped_share(pcm) > _MOST_AT_THE_RAILS:
        raise EngineError("the engine returned noise, not speech")
    words, sounding = len(text.split()), sounding_samples(pcm)
    least = words * _LEAST_SHARE * 60 / pace_wpm * RATE_HZ
    if sounding < least or len(pcm) // 2 > (words + 2) * _MOST_SAMPLES_PER_WORD:
        raise EngineError(f"the engine returned {sounding / RATE_HZ:.1f} s of sound for {words} words")
    return pcm


def why_not(voice: Voice) -> str:
    """Return why a voice cannot be used here, or nothing."""
    try:
        engine = find_engine(voice.engine, voice.shown)
    except EngineError as error:
        return str(error)
    try:
        return engine.probe() or (engine.fingerprint(voice) and "")
    except EngineError as error:
        return str(error)
    finally:
        engine.close()

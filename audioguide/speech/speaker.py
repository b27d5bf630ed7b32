"""Phrases -> clips in the store, each spoken once; also a voice's gain and true pace, each measured once."""

import textwrap
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cached_property, partial
from typing import Self

from audioguide.core.characters import code_point
from audioguide.core.clock import RATE_HZ
from audioguide.core.errors import EngineError, InputError, PhraseError, ScriptError
from audioguide.core.lexicon import Lexicon, LexiconEntry, entries_for
from audioguide.core.model import Clip, Phrase, Source
from audioguide.core.threads import in_order, join_all
from audioguide.speech.calibration import FASTER, LINES, LOUDER_LU, nominal_pace, pace_wpm
from audioguide.speech.clips import clip_facts, read_clip, write_clip
from audioguide.speech.engine import Engine, Engines, find_engine
from audioguide.speech.normalise import apply_lexicon, is_phonemes, normalise, unreadable
from audioguide.speech.plausibility import plausible_speech
from audioguide.speech.voices import RECORDED, Voice, find_voice, voice_names
from audioguide.storage.store import Facts, Store, key_of

FORMAT = 3
"""Raised when the processing of clips changes, so that no old clip is reused."""
ATTEMPTS = 3
PATIENCE_S = 300.0
"""Time limit for a phrase, all attempts together; engines with a child process have shorter limits of their own."""
CLOSE_S = 0.8
"""How long to wait at the end for phrases that are still being spoken: Ctrl-C is answered within a second."""


class Speaker:
    """One voice at one pace, with its engines and the store; a context manager that closes the engines."""

    def __init__(self, voice: Voice, store: Store, lexicon: Lexicon = (), engines: Engines | None = None) -> None:
        """Find the voice's engine.

        Args:
            voice: the voice that speaks.
            store: where clips are kept.
            lexicon: the practice's lexicon, which takes precedence over the voice's.
            engines: engines that several sessions share; None: its own, closed at the end.

        Raises:
            EngineError: there is no such engine, or it cannot be loaded.
            InputError: the engine cannot speak at this pace.
            ScriptError: an entry of a lexicon cannot be read.
        """
        self.voice = voice
        self._store = store
        self._engines = engines or Engines()
        self._owns_engines = engines is None
        with self._borrowed_engine() as engine:
            self._engine: Engine = engine
            """One of the engines; paces and fingerprint are the same for all."""
        self._calibration_lock = threading.Lock()
        self._closed = False
        self._keys: dict[Phrase, str] = {}
        self._refuse_pace_out_of_range()
        entries = entries_for(voice.engine, (lexicon, voice.lexicon))
        self._lexicon = {word: self._readable_spelling(entry) for word, entry in entries.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self._closed = True
        if self._owns_engines:
            self._engines.__exit__(*reason)
        join_all(CLOSE_S)

    @cached_property
    def _fingerprint(self) -> str:
        try:
            return self._engine.fingerprint(self.voice)
        except EngineError as error:
            raise self._unusable(str(error)) from error

    def _borrowed_engine(self) -> AbstractContextManager[Engine]:
        return self._engines.borrowed(self.voice.engine, self.voice.shown)

    def _unusable(self, reason: str) -> EngineError:
        others = [name for name in voice_names() if find_voice(name).engine not in (self.voice.engine, RECORDED)]
        hint = f"; try --voice {others[0]}" if others else ""
        return EngineError(f"voice {self.voice.name} cannot be used here: {reason}{hint}")

    def missing(self, phrases: Iterable[Phrase]) -> list[Phrase]:
        """Return the phrases whose clips are not in the store, each once."""
        by_key = {self._key(phrase): phrase for phrase in reversed(list(phrases))}
        return [phrase for key, phrase in reversed(by_key.items()) if clip_facts(self._store, key) is None]

    def speak(self, phrases: Sequence[Phrase]) -> Iterator[None]:
        """Speak phrases into the store, several at once; yield once for each that is done, in their order.

        Raises:
            ScriptError: this voice cannot read a phrase.
            EngineError: the engine failed ATTEMPTS times at one phrase, or took longer than PATIENCE_S.
        """
        done = in_order([partial(self._speak_into_store, phrase) for phrase in phrases], PATIENCE_S)
        for phrase in phrases:
            try:
                next(done)
            except TimeoutError as error:
                raise self._phrase_error(phrase, f"it took longer than {PATIENCE_S:g} s") from error
            yield

    def clip(self, phrase: Phrase) -> Clip:
        """Return a phrase's clip; speak it now unless it is in the store.

        Raises:
            ScriptError: this voice cannot read the phrase.
            EngineError: the engine failed ATTEMPTS times.
        """
        key = self._key(phrase)
        facts = clip_facts(self._store, key)
        if facts is None:
            facts, _ = self._speak_into_store(phrase)
        return Clip(key, int(facts["samples"]), str(facts["sha256"]), self.gain_db)

    def fingerprint(self) -> str:
        """Return what the sound depends on besides words and voice: the engine's package, model and versions."""
        return self._fingerprint

    @cached_property
    def gain_db(self) -> float:
        """The gain to the session's loudness: from the voice's file, or measured on the calibration lines."""
        if self.voice.gain_db is not None:
            return self.voice.gain_db
        lines = self._calibration_lines
        key = key_of("gain", LOUDER_LU, [self._key(line) for line in lines])
        facts = self._store.facts("gains", key) or self._measure_gain(key, lines)
        return float(facts["gain_db"])

    def _measure_gain(self, key: str, lines: Sequence[Phrase]) -> Facts:
        from audioguide.audio.loudness import SILENT_LUFS, TARGET_LUFS, integrated_lufs
        from audioguide.audio.sound import to_signal

        clips = self._speak_lines([partial(self._stored_pcm, line) for line in lines])
        measured = integrated_lufs(to_signal(b"".join(clips)))
        if measured <= SILENT_LUFS:
            raise EngineError(
                f"voice {self.voice.name} is too soft to be measured; write gain_db into {self.voice.shown}"
            )
        return self._store.write("gains", key, b"", {"gain_db": round(TARGET_LUFS + LOUDER_LU - measured, 2)})

    def _speak_lines(self, jobs: Sequence[Callable[[], bytes]]) -> list[bytes]:
        """Return the sound of the calibration lines, each spoken by a job."""
        try:
            return list(in_order(jobs, PATIENCE_S))
        except TimeoutError as error:
            message = f"voice {self.voice.name} cannot be measured: a line took longer than {PATIENCE_S:g} s"
            raise EngineError(message) from error

    def _stored_pcm(self, phrase: Phrase) -> bytes:
        """Return a phrase's sound from the store; speak it if it is missing or damaged there."""
        return read_clip(self._store, self._key(phrase), lambda: self._speak_into_store(phrase)[1])

    def _speak_into_store(self, phrase: Phrase) -> tuple[Facts, bytes]:
        pcm = self._speak_words(phrase, self._words(phrase), self._nominal_pace(self._true_pace(phrase)))
        return write_clip(self._store, self._key(phrase), pcm), pcm

    def _true_pace(self, phrase: Phrase) -> float:
        """Return the true words a minute for a phrase's manner, within what the engine can reach."""
        wanted_wpm = self.voice.pace_wpm * phrase.manner.pace
        return min(max(wanted_wpm, self._engine.slowest_wpm), self._engine.fastest_wpm)

    def _key(self, phrase: Phrase) -> str:
        if phrase not in self._keys:
            voice = self.voice
            self._keys[phrase] = key_of(
                *(FORMAT, self._words(phrase), voice.engine, self._fingerprint),
                *(self._true_pace(phrase), voice.language, voice.options),
            )
        return self._keys[phrase]

    def _words(self, phrase: Phrase) -> str:
        """Return the text for the engine: the phrase with the lexicons applied, numbers and signs as words."""
        voice = self.voice
        if char := unreadable(phrase.text, voice.language):
            message = f"voice {voice.name} cannot read {char!r} ({code_point(char)}); write it as words"
            raise ScriptError(phrase.source, message)
        words = normalise(apply_lexicon(phrase.text, self._lexicon), voice.language)
        if not any(char.isalnum() for char in words):
            raise ScriptError(phrase.source, f"{phrase.text!r} contains nothing that can be spoken; write words")
        return words

    def _speak_words(self, phrase: Phrase, words: str, nominal_wpm: float) -> bytes:
        voice = self.voice.at_pace(nominal_wpm)
        with self._borrowed_engine() as engine:
            if reason := self._engines.probe(engine):
                raise self._unusable(reason)
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    return plausible_speech(engine.speak(words, voice), words, voice.pace_wpm)
                except Exception as error:  # an engine of another package may raise anything
                    if attempt == ATTEMPTS or self._closed or isinstance(error, PhraseError):
                        raise self._phrase_error(phrase, _reason(error)) from error
        raise AssertionError("unreachable")

    def _phrase_error(self, phrase: Phrase, reason: str) -> EngineError:
        start = f"{phrase.source}: voice {self.voice.name} cannot speak"
        return EngineError(f'{start} "{textwrap.shorten(phrase.text, 60)}": {reason}')

    def _nominal_pace(self, true_wpm: float) -> float:
        """Return the engine's pace for a true pace; measured on the calibration lines if it is not calibrated."""
        if getattr(self._engine, "calibrated", True):
            return true_wpm
        voice = self.voice
        key = key_of("pace", LINES, FASTER, voice.engine, self._fingerprint, true_wpm, voice.language, voice.options)
        with self._calibration_lock:
            facts = self._store.facts("paces", key)
            if facts is None:
                nominal_wpm = nominal_pace(true_wpm, self._measure_pace)
                facts = self._store.write("paces", key, b"", {"nominal_wpm": nominal_wpm})
        return float(facts["nominal_wpm"])

    def _measure_pace(self, nominal_wpm: float) -> float:
        lines = self._calibration_lines
        clips = self._speak_lines([partial(self._speak_words, line, self._words(line), nominal_wpm) for line in lines])
        return pace_wpm((line, len(pcm) / 2 / RATE_HZ) for line, pcm in zip(LINES, clips, strict=True))

    @property
    def _calibration_lines(self) -> list[Phrase]:
        return [Phrase(line, Source(self.voice.shown, 1)) for line in LINES]

    def _readable_spelling(self, entry: LexiconEntry) -> str:
        """Return how a lexicon says a word.

        Raises:
            ScriptError: the voice's engine cannot read that.
        """
        said = entry.said
        if is_phonemes(said):
            if not getattr(self._engine, "reads_phonemes", False):
                message = (
                    f"{entry.word} = {said!r} are phonemes, which engine {self.voice.engine!r} does not accept; "
                    f"write it as it sounds, or put the phonemes under [lexicon.ENGINE] of the engine that they are for"
                )
                raise ScriptError(entry.source, message)
        elif char := unreadable(said, self.voice.language):
            message = f"the lexicon says {entry.word} = {said!r}, but {char!r} cannot be read; write it as it sounds"
            raise ScriptError(entry.source, message)
        return said

    def _refuse_pace_out_of_range(self) -> None:
        slowest, fastest, pace = self._engine.slowest_wpm, self._engine.fastest_wpm, self.voice.pace_wpm
        if not slowest <= pace <= fastest:
            raise InputError(
                f"voice {self.voice.name} cannot speak at {pace:g} words a minute; "
                f"its slowest is {slowest:g}, its fastest {fastest:g}"
            )


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, EngineError) else f"{error} ({type(error).__name__})"


def why_not(voice: Voice) -> str:
    """Return why a voice cannot be used on this computer, or an empty string if it can."""
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

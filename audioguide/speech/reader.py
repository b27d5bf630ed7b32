"""The interface of whatever reads a session's phrases: an engine, or a person's recordings."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, Self

from audioguide.core.lexicon import Lexicon
from audioguide.core.model import Clip, Phrase
from audioguide.speech import recorded, speaker
from audioguide.speech.engine import Engines
from audioguide.speech.recorded import RecordedReader
from audioguide.speech.speaker import Speaker
from audioguide.speech.voices import RECORDED, Voice
from audioguide.storage.store import Store


class Reader(Protocol):
    """Turns phrases into clips; a context manager that releases its engine."""

    voice: Voice

    def __enter__(self) -> Self: ...

    def __exit__(self, *reason: object) -> None: ...

    def missing(self, phrases: Iterable[Phrase]) -> list[Phrase]:
        """Return the phrases whose clips are not in the store, each once."""

    def speak(self, phrases: Sequence[Phrase]) -> Iterator[None]:
        """Put the clips of phrases into the store, several at once; yield once for each that is done."""

    def clip(self, phrase: Phrase) -> Clip:
        """Return a phrase's clip; make it now unless it is in the store."""

    def fingerprint(self) -> str:
        """Return what the sound depends on besides words and voice."""


def open_reader(voice: Voice, store: Store, lexicon: Lexicon = (), engines: Engines | None = None) -> Reader:
    """Return a reader for a voice.

    Args:
        voice: the voice that reads.
        store: where clips are kept.
        lexicon: the practice's lexicon, which takes precedence over the voice's.
        engines: engines that several sessions share; None: its own, closed at the end.

    Raises:
        AudioguideError: the voice cannot be used.
    """
    if voice.engine != RECORDED:
        return Speaker(voice, store, lexicon, engines)
    fallback = recorded.find_fallback(voice)
    return RecordedReader(voice, store, Speaker(fallback, store, lexicon, engines) if fallback else None)


def why_not(voice: Voice) -> str:
    """Return why a voice cannot be used on this computer, or an empty string if it can."""
    return recorded.why_not(voice) if voice.engine == RECORDED else speaker.why_not(voice)

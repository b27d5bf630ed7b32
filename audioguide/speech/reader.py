"""Who speaks: an engine, or a person's recordings with an engine behind them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, Self

from audioguide.core.lexicon import Lexicon
from audioguide.core.model import Clip, Phrase
from audioguide.speech import recorded, speaker
from audioguide.speech.engine import Engines
from audioguide.speech.speaker import Speaker
from audioguide.speech.voices import Voice
from audioguide.storage.store import Store


class Reader(Protocol):
    """Gives the clip of every phrase; a context that lets go of its engine at the end."""

    voice: Voice

    def __enter__(self) -> Self:
        """Return itself."""

    def __exit__(self, *reason: object) -> None:
        """Close what it holds."""

    def missing(self, phrases: Iterable[Phrase]) -> list[Phrase]:
        """Return the phrases that must be spoken now, each once."""

    def speak(self, phrases: Sequence[Phrase]) -> Iterator[None]:
        """Put the clips of phrases into the store, several at once; yields when each is there, in their order."""

    def clip(self, phrase: Phrase) -> Clip:
        """Return a phrase's clip."""

    def fingerprint(self) -> str:
        """Return what changes the sound beside words and voice."""


def reader(voice: Voice, store: Store, lexicon: Lexicon = (), engines: Engines | None = None) -> Reader:
    """Return who reads in a voice.

    Args:
        voice: who speaks.
        store: where clips are kept.
        lexicon: the practice's own; it wins over the voice's.
        engines: those that several sessions share; None: engines of its own.

    Raises:
        AudioguideError: the voice cannot be used.
    """
    if voice.engine != recorded.ENGINE:
        return Speaker(voice, store, lexicon, engines)
    fallback = recorded.find_fallback(voice)
    return recorded.Recordings(voice, store, Speaker(fallback, store, lexicon, engines) if fallback else None)


def why_not(voice: Voice) -> str:
    """Return why a voice cannot be used here, or nothing."""
    return recorded.why_not(voice) if voice.engine == recorded.ENGINE else speaker.why_not(voice)

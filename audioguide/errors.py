"""Every error a user can meet, as one tree; str() is the whole message.

AudioguideError            exit 1, one line that says what to do
├── InputError             an argument that cannot be used: a length, a name, an option
├── ScriptError            a script, practice.toml or voice file is wrong: file:line: words
├── LengthError            the chosen length cannot be met
├── EngineError            a voice cannot speak, here or this phrase
│   └── PhraseError        it cannot speak this phrase, however often it is asked
├── StoreError             the cache cannot be used
│   └── DamagedError       something in it was damaged, and is gone now: another try makes it again
└── OutputError            the session cannot be written
"""

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audioguide.model import Source


class AudioguideError(Exception):
    """What went wrong and what to do about it, in one line."""


class InputError(AudioguideError):
    """An argument cannot be used."""


class ScriptError(AudioguideError):
    """Something written in a file is wrong; the message opens with ``file:line``."""

    def __init__(self, source: "Source", words: str) -> None:
        """Keep where it stands and what is wrong there."""
        super().__init__(f"{source}: {words}")
        self.source = source
        self.words = words


class LengthError(AudioguideError):
    """The asked length lies outside of what the wording can fill.

    Attributes:
        asked: samples asked for.
        shortest: fewest samples the wording as rendered can take.
        longest: most samples the wording as rendered can take.
    """

    def __init__(self, asked: int, shortest: int, longest: int, message: str = "") -> None:
        """Keep the three lengths; without a message they are told in samples."""
        super().__init__(message or f"{asked} samples asked, {shortest} to {longest} are possible")
        self.asked = asked
        self.shortest = shortest
        self.longest = longest


class EngineError(AudioguideError):
    """A speech engine is missing, or could not speak a phrase."""


class PhraseError(EngineError):
    """These words cannot be spoken; asking again is in vain."""


class StoreError(AudioguideError):
    """The cache folder cannot be used."""


class DamagedError(StoreError):
    """An entry of the cache was damaged and has been removed."""

    def __init__(self, key: str, words: str) -> None:
        """Keep the entry's key and what to say."""
        super().__init__(words)
        self.key = key


class OutputError(AudioguideError):
    """The finished file cannot be written."""


def did_you_mean(word: str, known: "Iterable[str]") -> str:
    """Return ``; did you mean X?`` for the known word closest to word, or nothing.

    >>> did_you_mean("pasue", ["pause", "rest"])
    '; did you mean pause?'
    >>> did_you_mean("zzz", ["pause", "rest"])
    ''
    """
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""

"""Every error a user can meet, as one tree; str() is the whole message.

AudioguideError            exit 1, one line that says what to do
├── InputError             an argument that cannot be used: a length, a name, an option
│   └── MissingError       phrases that are not recorded
├── ScriptError            a script, practice.toml or voice file is wrong: file:line: words
├── ScriptErrors           several of these, a line for each
├── BusyError              the computer was too busy to finish in time; nothing is wrong with the input
├── LengthError            the chosen length cannot be met
├── EngineError            a voice cannot speak, here or this phrase
│   └── PhraseError        it cannot speak this phrase, however often it is asked
├── StoreError             something of the cache; always the one kind of it that there is:
│   └── DamagedError       an entry of it was damaged, and is gone now: another try makes it again
└── OutputError            the session cannot be written
"""

from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

from audioguide.core.characters import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from audioguide.core.model import Source

_Read = TypeVar("_Read")
_Else = TypeVar("_Else")


_EXCERPT = 100
"""How much of a line is shown around what is wrong in it."""


class AudioguideError(Exception):
    """What went wrong and what to do about it, in one line."""

    most_signs = 800
    """How much of a message is shown: what is wrong may be endless."""

    def __str__(self) -> str:
        """Return the message, not endless; what would break its line or act on a terminal is told by its number."""
        words = super().__str__()
        half = self.most_signs // 2
        words = words if len(words) <= self.most_signs else f"{words[:half]} … {words[-half:]}"
        return visible(words)


class InputError(AudioguideError):
    """An argument cannot be used."""


class MissingError(InputError):
    """Phrases are not recorded; the message lists them all, however many."""

    most_signs = 1_000_000


class ScriptError(AudioguideError):
    """Something written in a file is wrong; the message opens with ``file:line``."""

    def __init__(self, source: "Source", words: str, line: str = "", column: int = 0) -> None:
        """Keep where it stands, what is wrong there, and if it is known the line's text and the place in it."""
        super().__init__(f"{source}: {words}")
        self.source = source
        self.words = words
        self.line = line
        self.column = column

    def excerpt(self) -> list[str]:
        """Return the part of the line that is wrong, and a caret under it; nothing where the line is not known."""
        if not self.line.strip():
            return []
        start = max(0, self.column - _EXCERPT // 2)
        return [self.line[start : start + _EXCERPT], " " * (self.column - start) + "^"]


class ScriptErrors(AudioguideError):  # noqa: N818  # a plural of ScriptError, not another kind
    """Several things are wrong; the message has a line for each."""

    def __init__(self, errors: "Iterable[ScriptError]") -> None:
        """Keep them in their order."""
        self.errors = tuple(errors)
        super().__init__(*self.errors)

    def __str__(self) -> str:
        """Return a line for each."""
        return "\n".join(map(str, self.errors))


class ErrorCollector:
    """Errors in scripts that are collected, so that all of them can be told at once."""

    def __init__(self) -> None:
        """Begin with none."""
        self._errors: dict[str, ScriptError] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._errors)

    def add(self, error: ScriptError | ScriptErrors) -> None:
        """Keep an error; the same one, such as out of a loop, counts once."""
        for one in error.errors if isinstance(error, ScriptErrors) else (error,):
            self._errors.setdefault(str(one), one)

    def catch(self, read: "Callable[[], _Read]", instead: "_Else") -> "_Read | _Else":
        """Return what read returns; or keep its error and return what stands in for it."""
        try:
            return read()
        except (ScriptError, ScriptErrors) as error:
            self.add(error)
            return instead

    def raise_all(self) -> None:
        """Raise what was collected.

        Raises:
            ScriptError: it was one.
            ScriptErrors: they were several.
        """
        errors = list(self._errors.values())
        if len(errors) == 1:
            raise errors[0]
        if errors:
            raise ScriptErrors(errors)


class BusyError(AudioguideError):
    """The computer was too busy to finish in time; the same input may well succeed later."""


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
    """Something of the cache: never raised by itself, for a cache that cannot be used stops no build."""


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

"""PURE. All errors that users can see, as one tree. str() returns the complete message.

AudioguideError            exit code 1; one line that says what to do
├── InputError             an argument cannot be used: a length, a name, an option
│   └── MissingError       phrases without a recording
├── ScriptError            a mistake in a script, practice.toml or voice file: file:line: message
├── ScriptErrors           several of these, one per line
├── BusyError              the computer was too busy to finish in time; the input is not at fault
├── LengthError            the wording cannot fill the requested length
├── EngineError            a voice cannot be used on this computer, or failed to speak a phrase
│   └── PhraseError        it cannot speak this phrase at all; trying again does not help
├── StoreError             base class for cache errors; an unusable cache must not stop a build
│   └── DamagedError       a cache entry was damaged and has been removed; the next attempt recreates it
└── OutputError            the session file cannot be written
"""

from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

from audioguide.core.characters import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from audioguide.core.model import Source

_Result = TypeVar("_Result")
_Fallback = TypeVar("_Fallback")


_EXCERPT = 100
"""Characters of a line that an excerpt shows."""


class AudioguideError(Exception):
    """What went wrong and what to do about it, in one line."""

    max_chars = 800
    """Longer messages are cut in the middle: they may quote input of any length."""

    def __str__(self) -> str:
        """Return the message, shortened, with hidden characters replaced by their code points (<U+001B>)."""
        message = super().__str__()
        half = self.max_chars // 2
        message = message if len(message) <= self.max_chars else f"{message[:half]} … {message[-half:]}"
        return visible(message)


class InputError(AudioguideError):
    """An argument cannot be used."""


class MissingError(InputError):
    """Some phrases have no recording; the message lists all of them."""

    max_chars = 1_000_000


class ScriptError(AudioguideError):
    """A mistake in a file; the message begins with ``file:line``.

    Attributes:
        source: file and line of the mistake.
        message: what is wrong and what to do, without file and line.
        line: the text of that line; empty if unknown.
        column: index of the mistake in line.
    """

    def __init__(self, source: "Source", message: str, line: str = "", column: int = 0) -> None:
        super().__init__(f"{source}: {message}")
        self.source = source
        self.message = message
        self.line = line
        self.column = column

    def excerpt(self) -> list[str]:
        """Return the part of the line around the mistake and a caret under it; an empty list if line is unknown."""
        if not self.line.strip():
            return []
        start = max(0, self.column - _EXCERPT // 2)
        return [self.line[start : start + _EXCERPT], " " * (self.column - start) + "^"]


class ScriptErrors(AudioguideError):  # noqa: N818  # a plural of ScriptError, not another kind
    """Several mistakes; the message has one line for each."""

    def __init__(self, errors: "Iterable[ScriptError]") -> None:
        self.errors = tuple(errors)
        super().__init__(*self.errors)

    def __str__(self) -> str:
        return "\n".join(map(str, self.errors))


class ErrorCollector:
    """Collects script errors, so that one run reports all of them."""

    def __init__(self) -> None:
        self._errors: dict[str, ScriptError] = {}

    def __len__(self) -> int:
        return len(self._errors)

    def add(self, error: ScriptError | ScriptErrors) -> None:
        """Collect an error; repetitions with the same message (from a loop in a script) count once."""
        for one in error.errors if isinstance(error, ScriptErrors) else (error,):
            self._errors.setdefault(str(one), one)

    def catch(self, read: "Callable[[], _Result]", fallback: "_Fallback") -> "_Result | _Fallback":
        """Return the result of read(); if it raises a script error, collect that and return fallback."""
        try:
            return read()
        except (ScriptError, ScriptErrors) as error:
            self.add(error)
            return fallback

    def raise_all(self) -> None:
        """Raise the collected errors; do nothing if there are none.

        Raises:
            ScriptError: exactly one was collected.
            ScriptErrors: several were collected.
        """
        errors = list(self._errors.values())
        if len(errors) == 1:
            raise errors[0]
        if errors:
            raise ScriptErrors(errors)


class BusyError(AudioguideError):
    """The computer was too busy to finish in time; the same input may well succeed later."""


class LengthError(AudioguideError):
    """The wording cannot fill the requested length.

    Attributes:
        asked: requested length in samples.
        shortest: minimum length of the rendered wording, in samples.
        longest: maximum length of the rendered wording, in samples.
    """

    def __init__(self, asked: int, shortest: int, longest: int, message: str = "") -> None:
        super().__init__(message or f"{asked} samples requested, {shortest} to {longest} are possible")
        self.asked = asked
        self.shortest = shortest
        self.longest = longest


class EngineError(AudioguideError):
    """A speech engine is missing, or failed to speak a phrase."""


class PhraseError(EngineError):
    """The engine cannot speak this text; trying again does not help."""


class StoreError(AudioguideError):
    """Base class for cache errors; an unusable cache must not stop a build."""


class DamagedError(StoreError):
    """A cache entry was damaged and has been removed.

    Attributes:
        key: the entry's key.
    """

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


class OutputError(AudioguideError):
    """The session file cannot be written."""


def did_you_mean(word: str, known: "Iterable[str]") -> str:
    """Return ``; did you mean X?`` for the known word closest to word, or an empty string.

    >>> did_you_mean("pasue", ["pause", "rest"])
    '; did you mean pause?'
    >>> did_you_mean("zzz", ["pause", "rest"])
    ''
    """
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""

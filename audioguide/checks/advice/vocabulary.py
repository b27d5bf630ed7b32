"""PURE. The kinds of words that the rules look for; each language fills them in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Sign(Enum):
    """What a sentence can be about, for the rules about a whole session."""

    PERMITS = "gives permission"
    REFUSES = "refuses permission"
    STOP = "to stop"
    MOVE = "to move"
    OPEN_EYES = "to open the eyes"
    CLOSE_EYES = "asks to close the eyes"
    EYES_FREE = "leaves the eyes free"
    BREATH = "asks to attend to the breath"
    ANCHOR = "names something else to attend to"
    LOOK = "look around"
    GROUND = "feel the floor"
    COME_OUT = "come out"
    LYING = "says that the listener lies down"
    SIDE = "to one side"
    QUIET = "announces quiet"
    SERIES = "announces all the silences that follow"
    ASKS = "asks to do something"


@dataclass(frozen=True, slots=True)
class WordRule:
    """The words that trip a rule, and those that make them harmless; searched for sentence by sentence."""

    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None = None
    """Makes them harmless anywhere in the sentence."""
    prepared: re.Pattern[str] | None = None
    """Makes them harmless in the previous sentence of the same paragraph."""
    negated: re.Pattern[str] | None = None
    """Makes them harmless right before them."""

    def is_tripped_by(self, sentence: str, before: str = "") -> bool:
        """Return whether a sentence trips this; before is the previous sentence."""
        if self.unless and self.unless.search(sentence):
            return False
        if self.prepared and self.prepared.search(before):
            return False
        return any(not self._is_negated(sentence[: found.start()]) for found in self.pattern.finditer(sentence))

    def _is_negated(self, before: str) -> bool:
        return bool(self.negated and self.negated.search(before))


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """The words of one language; a rule without words is not applied. Compared by identity."""

    rules: Mapping[str, WordRule] = field(default_factory=dict)
    """By the name of the rule."""
    signs: Mapping[Sign, re.Pattern[str]] = field(default_factory=dict)

    def has(self, *signs: Sign) -> bool:
        """Return whether there are words for all these signs."""
        return all(sign in self.signs for sign in signs)

    def finds(self, sign: Sign, text: str) -> bool:
        """Return whether a text contains words of a sign."""
        return bool(self.signs[sign].search(plain(text)))


def plain(text: str) -> str:
    """Return text with straight apostrophes, as in the patterns.

    >>> plain("Don’t")
    "Don't"
    """
    return text.replace("’", "'")


def words(pattern: str) -> re.Pattern[str]:
    """Return a case-insensitive pattern of whole words; whitespace in it is ignored, an underscore is a space.

    >>> bool(words("let _ go | sink").search("Let go.")), bool(words("let _ go | sink").search("The sinks."))
    (True, False)
    """
    return re.compile(rf"\b(?:{_joined(pattern)})\b", re.IGNORECASE)


def openings(pattern: str) -> re.Pattern[str]:
    """Return a pattern, written as for words, that matches only at the beginning of a text."""
    return re.compile(rf"^(?:{_joined(pattern)})\b", re.IGNORECASE)


def leads(pattern: str) -> re.Pattern[str]:
    """Return a pattern, written as for words, that matches only at the end of a text; it should end with a space."""
    return re.compile(rf"\b(?:{_joined(pattern)})$", re.IGNORECASE)


def _joined(pattern: str) -> str:
    return "".join(pattern.split()).replace("_", " ")

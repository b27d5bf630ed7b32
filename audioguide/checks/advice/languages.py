"""PURE. What each language says it with: the words that the rules look for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from audioguide.core.language import base_language


class Sign(Enum):
    """What a sentence can be about; the rules about a whole session look for these."""

    LEAVE = "gives leave"
    REFUSES = "takes leave away"
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
    LYING = "tells that one lies"
    SIDE = "to one side"
    QUIET = "tells that quiet comes"
    SERIES = "tells of all the silences that follow"
    ASKS = "asks to do something"


@dataclass(frozen=True, slots=True)
class WordRule:
    """Words that trip a rule, and what makes them harmless; looked for sentence by sentence."""

    said: re.Pattern[str]
    unless: re.Pattern[str] | None = None
    """What makes harmless, anywhere in the sentence."""
    prepared: re.Pattern[str] | None = None
    """What makes harmless, in the sentence before, in the same paragraph."""
    negated: re.Pattern[str] | None = None
    """What makes harmless, right before the words."""

    def finds(self, sentence: str, before: str = "") -> bool:
        """Return whether a sentence trips this; before is the sentence before it."""
        if self.unless and self.unless.search(sentence):
            return False
        if self.prepared and self.prepared.search(before):
            return False
        return any(not self._is_negated(sentence[: found.start()]) for found in self.said.finditer(sentence))

    def _is_negated(self, before: str) -> bool:
        return bool(self.negated and self.negated.search(before))


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """What one language has for the rules; a rule whose words are missing is left out. Each is equal to itself only."""

    rules: Mapping[str, WordRule] = field(default_factory=dict)
    """By the name of the rule."""
    signs: Mapping[Sign, re.Pattern[str]] = field(default_factory=dict)

    def has(self, *signs: Sign) -> bool:
        """Return whether it knows the words of all these signs."""
        return all(sign in self.signs for sign in signs)

    def tells(self, sign: Sign, text: str) -> bool:
        """Return whether a text has words of a sign."""
        return bool(self.signs[sign].search(plain(text)))


def plain(text: str) -> str:
    """Return text with straight apostrophes, as the patterns have them.

    >>> plain("Don’t")
    "Don't"
    """
    return text.replace("’", "'")


def words(pattern: str) -> re.Pattern[str]:
    """Return a pattern of whole words, in any case; blanks and line ends in it are for the reader only.

    >>> bool(words("let _ go | sink").search("Let go.")), bool(words("let _ go | sink").search("The sinks."))
    (True, False)
    """
    return re.compile(rf"\b(?:{_joined(pattern)})\b", re.IGNORECASE)


def openings(pattern: str) -> re.Pattern[str]:
    """Return a pattern, written as for words, that must stand at the beginning."""
    return re.compile(rf"^(?:{_joined(pattern)})\b", re.IGNORECASE)


def leads(pattern: str) -> re.Pattern[str]:
    """Return a pattern, written as for words, that must stand right before something; it ends in a blank."""
    return re.compile(rf"\b(?:{_joined(pattern)})$", re.IGNORECASE)


def _joined(pattern: str) -> str:
    return "".join(pattern.split()).replace("_", " ")


def words_of(language: str) -> Words:
    """Return what a language has for the rules, which may be nothing.

    Args:
        language: BCP 47, such as en-GB.
    """
    from audioguide.checks.advice.english import ENGLISH
    from audioguide.checks.advice.german import GERMAN

    known = {"en": ENGLISH, "de": GERMAN}
    return known.get(base_language(language), Words())

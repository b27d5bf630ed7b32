"""PURE. What a careful editor would say about the wording of a session: rules, and for each language their words.

Rules that look for words know them per language; rules about lengths hold in every language. ``docs/wording.md`` tells
each rule with its source.
"""

from audioguide.checks.advice.heard import Advice, Heard, hear
from audioguide.checks.advice.languages import Words, words_of
from audioguide.checks.advice.rules import RULES, Rule
from audioguide.checks.advice.sentences import advise_words
from audioguide.checks.advice.structure import advise_structure

__all__ = ["RULES", "Advice", "Heard", "Rule", "Words", "advise", "hear", "words_of"]


def advise(heard: Heard, language: str) -> list[Advice]:
    """Return what there is to say about a session in a language; where that is not known, only what needs no words."""
    words = words_of(language)
    return [*advise_words(heard, words), *advise_structure(heard, words)]

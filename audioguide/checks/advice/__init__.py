"""PURE. Advice on the wording of a session, as a careful editor would give it.

Rules about words need a list of words for each language; rules about lengths apply in every language.
``docs/wording.md`` describes each rule and its source.
"""

from audioguide.checks.advice.heard import Advice, HeardSession, hear
from audioguide.checks.advice.languages import words_of
from audioguide.checks.advice.rules import RULES, Rule
from audioguide.checks.advice.sentences import advise_words
from audioguide.checks.advice.structure import advise_structure
from audioguide.checks.advice.vocabulary import Words

__all__ = ["RULES", "Advice", "HeardSession", "Rule", "Words", "advise", "hear", "words_of"]


def advise(heard: HeardSession, language: str) -> list[Advice]:
    """Return the advice on a session; for a language without word lists, only that of rules that need no words."""
    words = words_of(language)
    return [*advise_words(heard, words), *advise_structure(heard, words)]

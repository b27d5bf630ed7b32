"""PURE. The languages that have words for the rules. To add one, write a module like `german` and add its row."""

from audioguide.checks.advice.english import ENGLISH
from audioguide.checks.advice.german import GERMAN
from audioguide.checks.advice.vocabulary import Words
from audioguide.core.language import base_language

_LANGUAGES = {"en": ENGLISH, "de": GERMAN}


def words_of(language: str) -> Words:
    """Return the words of a language; empty if there are none for it.

    Args:
        language: BCP 47, such as en-GB.
    """
    return _LANGUAGES.get(base_language(language), Words())

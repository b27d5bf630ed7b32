"""PURE. Recognises permissions (to stop, move, look or come out) and warnings, which keep the ordinary voice."""

import re

from audioguide.core.language import base_language

_ENGLISH = re.compile(
    r"\b(?:stop|skip|mov(?:e|ed|ing)|leav(?:e|ing)|com(?:e|ing) (?:out|up)|get up|end sooner|way back|allowed|aside"
    r"|eyes? (?:may |can |might |could )?open|(?:open|close|closed) (?:your |the )?eyes"
    r"|push(?:ed)? (?:\w+ )?(?:off|away)|(?:it|they|you) may|rather not|too much|to drive"
    r"|throat|pain|numbness|faint\w*|breathing|pregnan\w*|professional|someone you trust)\b",
    re.IGNORECASE,
)
_BY_LANGUAGE = {"en": _ENGLISH}


def is_permission_or_warning(text: str, language: str) -> bool:
    """Return whether a phrase is a permission or a warning; False in languages without a pattern here.

    >>> is_permission_or_warning("You may stop at any time.", "en-US")
    True
    >>> is_permission_or_warning("The floor carries you.", "en")
    False
    """
    pattern = _BY_LANGUAGE.get(base_language(language))
    return bool(pattern and pattern.search(text))

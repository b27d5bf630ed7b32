"""PURE. From the words of a script to the words an engine is given: the lexicon, and what may be spoken at all."""

import re
import unicodedata
from collections.abc import Mapping

_PHONEMES = re.compile(r"/(.+)/")
_SPOKEN_SIGNS = frozenset(".,;:?!…'\"‘’“”«»‹›()-–—‑/%&$£€°· \u00a0\u202f\u200c\u200d\u200e\u200f\u00ad")


def unreadable(text: str) -> str:
    """Return the first character that a voice of a Latin-script language cannot read, or nothing.

    >>> unreadable("Ça va, naïve Zoë? 9:30 p.m. – yes…"), unreadable("smile 🙂"), unreadable("Ω")
    ('', '🙂', 'Ω')
    """
    return next((sign for sign in text if not _readable(sign)), "")


def _readable(sign: str) -> bool:
    if (sign.isascii() and sign.isalnum()) or sign in _SPOKEN_SIGNS:
        return True
    if unicodedata.category(sign) == "Mn":
        return True
    return sign.isalpha() and unicodedata.name(sign, "").startswith("LATIN ")


def apply_lexicon(text: str, *lexicons: Mapping[str, str]) -> str:
    """Return text with whole words written as the lexicons say; earlier lexicons win.

    >>> apply_lexicon("Your psoas. Psoasitis.", {"psoas": "SOH-as"})
    'Your SOH-as. Psoasitis.'
    """
    merged: dict[str, str] = {}
    for lexicon in reversed(lexicons):
        merged |= {word.lower(): said for word, said in lexicon.items() if word}
    if not merged:
        return text
    longest_first = sorted(merged, key=len, reverse=True)
    pattern = re.compile(r"(?<!\w)(" + "|".join(map(re.escape, longest_first)) + r")(?!\w)", re.IGNORECASE)
    return pattern.sub(lambda found: _said(found[0], merged.get(found[0].lower(), found[0])), text)


def _said(word: str, said: str) -> str:
    """Return how a word is written for the engine; ``/phonemes/`` keep the word beside them."""
    return f"[{word}]({said})" if is_phonemes(said) else said


def is_phonemes(said: str) -> bool:
    """Return whether a lexicon's entry is written in an engine's own phonemes.

    >>> is_phonemes("/sˈOəs/"), is_phonemes("SOH-as")
    (True, False)
    """
    return _PHONEMES.fullmatch(said) is not None

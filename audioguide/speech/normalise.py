"""PURE. From the words of a script to the words an engine is given: what may be spoken, the lexicon, tidy words.

The order is ``unreadable``, ``apply_lexicon``, ``spoken``: the lexicon sees the script's own words ("Dr.", "9", "TV"),
and what it says for them is tidied like the rest. Phonemes in links, ``[psoas](/sˈOəs/)``, pass through untouched.
"""

import re
import unicodedata
from collections.abc import Mapping

from audioguide.core.language import base_language
from audioguide.speech.capitals import respelled
from audioguide.speech.verbalise import VULGAR_FRACTIONS, in_english

_PHONEMES = re.compile(r"/(.+)/")
_LINK = re.compile(r"\[[^\[\]]+\]\(/[^/]*/\)")
_LINK_SIGN = "\ue000"
"""Stands for a link while the words around it are tidied; the parser lets no private character in."""
_INVISIBLE = re.compile("[\u00ad\u200c-\u200f]")
_SPACES = "\u00a0\u2002-\u200a\u202f"
_SPOKEN_SIGNS = frozenset(
    ".,;:?!¿¡…'\"‘’‚‛“”„«»‹›()-–—―‒‐‑−×/%&$£€°· \u00ad\u200c\u200d\u200e\u200f\u00a0\u202f\u2009" + VULGAR_FRACTIONS
)
_ALPHABETS = {
    "be": "CYRILLIC", "bg": "CYRILLIC", "mk": "CYRILLIC", "ru": "CYRILLIC", "sr": "CYRILLIC", "uk": "CYRILLIC",
    "el": "GREEK", "hy": "ARMENIAN", "ka": "GEORGIAN",
}  # fmt: skip
"""What a language writes besides Latin letters."""
_ENGLISH_LETTERS = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüýœÀÁÂÃÄÅÆÇÉÊÌÍÎÏÑÒÓÔÕÖØÚÜ")
"""What hibari-tts knows besides a to z; any other letter it drops without a word (tried one by one)."""
_AS_ENGLISH = {
    "ß": "ss", "ð": "th", "Ð": "Th", "þ": "th", "Þ": "Th", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "ı": "i", "ħ": "h",
    "Ħ": "H", "ŋ": "ng", "Ŋ": "Ng", "ŧ": "t", "Ŧ": "T", "Œ": "Oe",
}  # fmt: skip


def unreadable(text: str, language: str = "en") -> str:
    """Return the first character that a voice of this language cannot read, or nothing.

    >>> unreadable("Ça va, naïve Zoë? 9:30 p.m. – yes…"), unreadable("smile 🙂"), unreadable("Ω"), unreadable("Ω", "el")
    ('', '🙂', 'Ω', '')
    """
    base = base_language(language)
    composed = unicodedata.normalize("NFC", text)
    return next(
        (sign for before, sign in zip(" " + composed, composed, strict=False) if not _reads(base, before, sign)), ""
    )


def _reads(language: str, before: str, sign: str) -> bool:
    if (sign.isascii() and sign.isalnum()) or sign in _SPOKEN_SIGNS:
        return True
    if unicodedata.combining(sign):
        return before.isalpha() or bool(unicodedata.combining(before))
    if language == "en":
        return bool(_as_english(sign))
    return sign.isalpha() and unicodedata.name(sign, "").split(" ")[0] in ("LATIN", _ALPHABETS.get(language))


def _as_english(letter: str) -> str:
    """Return a Latin letter as English voices know it, or nothing.

    >>> _as_english("é"), _as_english("š"), _as_english("ß"), _as_english("ə"), _as_english("Ω")
    ('é', 's', 'ss', '', '')
    """
    if letter in _ENGLISH_LETTERS or (letter.isascii() and letter.isalpha()):
        return letter
    if not (letter.isalpha() and unicodedata.name(letter, "").startswith("LATIN ")):
        return ""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(sign))
    return _AS_ENGLISH.get(letter, plain if plain.isascii() and plain.isalpha() else "")


def apply_lexicon(text: str, *lexicons: Mapping[str, str]) -> str:
    """Return text with whole words written as the lexicons say; earlier lexicons win.

    >>> apply_lexicon("Your psoas. Psoasitis.", {"psoas": "SOH-as"})
    'Your Soh-as. Psoasitis.'
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
    return f"[{word}]({said})" if is_phonemes(said) else respelled(said)


def is_phonemes(said: str) -> bool:
    """Return whether a lexicon's entry is written in an engine's own phonemes.

    >>> is_phonemes("/sˈOəs/"), is_phonemes("SOH-as")
    (True, False)
    """
    return _PHONEMES.fullmatch(said) is not None


def spoken(text: str, language: str) -> str:
    """Return text as an engine is given it: in English all of it words, in other languages tidied only.

    Engines read figures in ways of their own and drop signs without a word; here one reading is chosen for all of them.

    >>> spoken("Don’t hurry – rest for 5–10 min. “Now” is 9:30 p.m.", "en-US")
    "Don't hurry, rest for five to ten minutes. Now is nine thirty PM."
    >>> spoken("« Repose – toi » 5 minutes", "fr")
    'Repose, toi 5 minutes'
    """
    links = iter(_LINK.findall(text))
    plain = unicodedata.normalize("NFC", _LINK.sub(_LINK_SIGN, text.replace(_LINK_SIGN, "")))
    english = base_language(language) == "en"
    said = _spaced(_unquoted(_INVISIBLE.sub("", plain)), english)
    if english:
        said = in_english("".join(_as_english(sign) if sign.isalpha() else sign for sign in said if _stays(sign)))
    return re.sub(_LINK_SIGN, lambda _: next(links), _tidy(said))


def _stays(sign: str) -> bool:
    return not unicodedata.combining(sign)


def _spaced(text: str, english: bool) -> str:
    """Return text with ordinary spaces; English thousands set apart by narrow ones get their commas."""
    if english:
        text = re.sub(rf"(?<=\d)(?:[{_SPACES}](?=\d{{3}}(?!\d))| (?=000(?!\d)))", ",", text)
    return re.sub(f"[{_SPACES}]", " ", text)


def _unquoted(text: str) -> str:
    """Return text without quotation marks, and with plain apostrophes and hyphens.

    >>> _unquoted("‘Don’t,’ “said” the muscles’ own well‑being")
    "Don't, said the muscles' own well-being"
    """
    for pattern, said in _QUOTES:
        text = pattern.sub(said, text)
    return text


_QUOTES = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        ("[‐‑]", "-"),
        ('["“”„«»‹›]', ""),
        (r"(?<=\w)[’‘‛](?=\w)", "'"),
        (r"(?<!\w)['‘‚‛’](?=\S)((?:[^'‘’]|(?<=\w)'(?=\w))*[^\s'])['’‘](?!\w)", r"\1"),
        (r"(?<!\w)[’'](?=em\b|\d0s\b)|(?<=[sS\d])['’](?!\w)", "'"),
        (r"(?<!\w)['‘‚‛’](?!em\b|\d0s\b)|[‘‚‛]|(?<![sS\d\W])['’](?!\w)", ""),
        ("’", "'"),
    )
)
_DASH = re.compile(r"(?:\s*(?:[—―·]|-{2,})|(?:^|\s+)[-–‒−](?=\s|$)|(?<!\d)[–‒]|[–‒](?!\d))+\s*")
_TIDY = (
    (re.compile(r"\s{2,}"), " "),
    (re.compile(r"\s+(?=[,;:!?]|\.(?!\d))"), ""),
    (re.compile(r"\.{3,}"), "…"),
)


def _tidy(text: str) -> str:
    """Return text with dashes as commas, and no space too many."""
    text = _DASH.sub(_pause, text)
    for pattern, said in _TIDY:
        text = pattern.sub(said, text)
    return text.strip()


def _pause(dash: re.Match[str]) -> str:
    before, after = dash.string[: dash.start()].rstrip()[-1:], dash.string[dash.end() :][:1]
    if not before or not after or after in ",;:.!?…)":
        return ""
    return " " if before in ",;:.!?…(" else ", "

"""PURE. The text of a script -> the text for an engine: readable characters, the lexicon, numbers and signs as words.

The order is ``unreadable``, ``apply_lexicon``, ``normalise``: the lexicon applies to the script's own words ("Dr.",
"9", "TV"), and its replacements are normalised like the rest. Phonemes in links, ``[psoas](/sˈOəs/)``, are not changed.
"""

import re
import unicodedata
from collections.abc import Mapping

from audioguide.core.language import base_language
from audioguide.speech.capitals import respelled
from audioguide.speech.verbalise import VULGAR_FRACTIONS, in_english

_PHONEMES = re.compile(r"/(.+)/")
_LINK = re.compile(r"\[[^\[\]]+\]\(/[^/]*/\)")
_LINK_MARK = "\ue000"
"""Replaces a link while the text around it is normalised; the parser accepts no private-use character."""
_INVISIBLE = re.compile("[\u00ad\u200c-\u200f]")
_SPACES = "\u00a0\u2002-\u200a\u202f"
_READABLE_SIGNS = frozenset(
    ".,;:?!¿¡…'\"‘’‚‛“”„«»‹›()-–—―‒‐‑−×/%&$£€°· \u00ad\u200c\u200d\u200e\u200f\u00a0\u202f\u2009" + VULGAR_FRACTIONS
)
_ALPHABETS = {
    "be": "CYRILLIC", "bg": "CYRILLIC", "mk": "CYRILLIC", "ru": "CYRILLIC", "sr": "CYRILLIC", "uk": "CYRILLIC",
    "el": "GREEK", "hy": "ARMENIAN", "ka": "GEORGIAN",
}  # fmt: skip
"""The alphabet of a language that does not use Latin letters alone."""
_ENGLISH_LETTERS = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüýœÀÁÂÃÄÅÆÇÉÊÌÍÎÏÑÒÓÔÕÖØÚÜ")
"""The letters that hibari-tts knows besides a to z; it drops any other letter silently (each was tried)."""
_AS_ENGLISH = {
    "ß": "ss", "ð": "th", "Ð": "Th", "þ": "th", "Þ": "Th", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "ı": "i", "ħ": "h",
    "Ħ": "H", "ŋ": "ng", "Ŋ": "Ng", "ŧ": "t", "Ŧ": "T", "Œ": "Oe",
}  # fmt: skip


def unreadable(text: str, language: str = "en") -> str:
    """Return the first character that a voice of this language cannot read, or an empty string.

    >>> unreadable("Ça va, naïve Zoë? 9:30 p.m. – yes…"), unreadable("smile 🙂"), unreadable("Ω"), unreadable("Ω", "el")
    ('', '🙂', 'Ω', '')
    """
    base = base_language(language)
    composed = unicodedata.normalize("NFC", text)
    pairs = zip(" " + composed, composed, strict=False)
    return next((char for before, char in pairs if not _is_readable(char, before, base)), "")


def _is_readable(char: str, before: str, language: str) -> bool:
    if (char.isascii() and char.isalnum()) or char in _READABLE_SIGNS:
        return True
    if unicodedata.combining(char):
        return before.isalpha() or bool(unicodedata.combining(before))
    if language == "en":
        return bool(_as_english(char))
    return char.isalpha() and unicodedata.name(char, "").split(" ")[0] in ("LATIN", _ALPHABETS.get(language))


def _as_english(letter: str) -> str:
    """Return a Latin letter as English voices know it, or an empty string if they do not.

    >>> _as_english("é"), _as_english("š"), _as_english("ß"), _as_english("ə"), _as_english("Ω")
    ('é', 's', 'ss', '', '')
    """
    if letter in _ENGLISH_LETTERS or (letter.isascii() and letter.isalpha()):
        return letter
    if not (letter.isalpha() and unicodedata.name(letter, "").startswith("LATIN ")):
        return ""
    plain = "".join(char for char in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(char))
    return _AS_ENGLISH.get(letter, plain if plain.isascii() and plain.isalpha() else "")


def apply_lexicon(text: str, *lexicons: Mapping[str, str]) -> str:
    """Return text with whole words replaced as the lexicons say; earlier lexicons take precedence.

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
    return pattern.sub(lambda match: _replacement(match[0], merged.get(match[0].lower(), match[0])), text)


def _replacement(word: str, said: str) -> str:
    """Return the text for a word of the lexicon: ``[word](/phonemes/)``, or its respelling."""
    return f"[{word}]({said})" if is_phonemes(said) else respelled(said)


def is_phonemes(said: str) -> bool:
    """Return whether a lexicon's entry is written in an engine's phonemes.

    >>> is_phonemes("/sˈOəs/"), is_phonemes("SOH-as")
    (True, False)
    """
    return _PHONEMES.fullmatch(said) is not None


def normalise(text: str, language: str) -> str:
    """Return the text for an engine: in English with all figures and signs as words, in other languages only tidied.

    Engines differ in how they read figures, and silently drop some signs; this chooses one reading for all of them.

    >>> normalise("Don’t hurry – rest for 5–10 min. “Now” is 9:30 p.m.", "en-US")
    "Don't hurry, rest for five to ten minutes. Now is nine thirty PM."
    >>> normalise("« Repose – toi » 5 minutes", "fr")
    'Repose, toi 5 minutes'
    """
    links = iter(_LINK.findall(text))
    plain = unicodedata.normalize("NFC", _LINK.sub(_LINK_MARK, text.replace(_LINK_MARK, "")))
    english = base_language(language) == "en"
    tidied = _spaced(_unquoted(_INVISIBLE.sub("", plain)), english)
    if english:
        base = (char for char in tidied if not unicodedata.combining(char))
        tidied = in_english("".join(_as_english(char) if char.isalpha() else char for char in base))
    return re.sub(_LINK_MARK, lambda _: next(links), _tidy(tidied))


def _spaced(text: str, english: bool) -> str:
    """Return text with ordinary spaces; in English with commas instead of the spaces that separate thousands."""
    if english:
        text = re.sub(rf"(?<=\d)(?:[{_SPACES}](?=\d{{3}}(?!\d))| (?=000(?!\d)))", ",", text)
    return re.sub(f"[{_SPACES}]", " ", text)


def _unquoted(text: str) -> str:
    """Return text without quotation marks, and with ASCII apostrophes and hyphens.

    >>> _unquoted("‘Don’t,’ “said” the muscles’ own well‑being")
    "Don't, said the muscles' own well-being"
    """
    for pattern, replacement in _QUOTES:
        text = pattern.sub(replacement, text)
    return text


_QUOTES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
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
    """Return text with dashes as commas, and without superfluous spaces."""
    text = _DASH.sub(_pause, text)
    for pattern, replacement in _TIDY:
        text = pattern.sub(replacement, text)
    return text.strip()


def _pause(dash: re.Match[str]) -> str:
    before, after = dash.string[: dash.start()].rstrip()[-1:], dash.string[dash.end() :][:1]
    if not before or not after or after in ",;:.!?…)":
        return ""
    return " " if before in ",;:.!?…(" else ", "

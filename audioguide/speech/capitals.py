"""PURE. Capitals that engines misread: shouted words, and respellings with the stress in capitals."""

import re

_SHOUTED = frozenset(
    """
    let lets lie lay sit put get go goes try hum use see feel hear stay stop do don not no yes now all any out off on in
    at as is be by he if me my of or so to up we an and but the you your are was has had have can may down low top end
    big few far too way day own one two ten new old bad ask our her his him she how who why left calm cold hot dry wet
    rib hip leg toe arm eye ear jaw lip gut fat skin shin bed mat rug pad air back both only this that
    """.upper().split()
)
"""Words in capitals that eSpeak NG (HIP, LEG, LET) or hibari-tts (GO, PUT, DOWN) spells letter by letter, and similar
ones."""
_TAILS = ("T", "RE", "LL", "VE", "M")
_INITIALS_OR_WORDS = ("IT", "US", "AM")
"""Words only if the whole text is in capitals; otherwise initials, as in "the IT band"."""
_CAPITALS = re.compile(r"\b[A-Z]{2,}(?:'[A-Z]+)?\b")
_RESPELLED = re.compile(r"\b(?=[\w-]*[A-Z]{2})[^\W\d]+(?:-[^\W\d]+)+\b")
_SENTENCE_START = re.compile(r"(?:^|[.!?…]\s)\s*\(?$")


def cased(match: re.Match[str], replacement: str) -> str:
    """Return a match's replacement, with a capital if a sentence begins there: engines recognize sentences by that."""
    if replacement != match[0] and _SENTENCE_START.search(match.string[: match.start()]):
        return replacement[:1].upper() + replacement[1:]
    return replacement


def unshouted(text: str) -> str:
    """Return text with shouted words in lower case; initials such as USA and TV stay.

    >>> unshouted("Let your HIP go NOW. DON'T try."), unshouted("The IT band"), unshouted("LET IT GO")
    ("Let your hip go now. Don't try.", 'The IT band', 'Let it go')
    """
    all_shouted = text.isupper() and any(word in _SHOUTED for word in re.findall("[A-Z]+", text))
    words = _SHOUTED.union(_INITIALS_OR_WORDS) if all_shouted else _SHOUTED
    return _CAPITALS.sub(lambda match: cased(match, _lower(match[0], words)), text)


def _lower(word: str, words: frozenset[str]) -> str:
    base, _, tail = word.partition("'")
    return word.lower() if base in words or tail in _TAILS else word


def respelled(said: str) -> str:
    """Return a lexicon's respelling without the capitals for stress, which eSpeak NG spells letter by letter.

    A capital at its start makes hibari-tts take it for a name, rather than hear a dash in "soh-as".

    >>> respelled("SOH-as"), respelled("il-ee-AK-us"), respelled("U-turn"), respelled("so as")
    ('Soh-as', 'Il-ee-ak-us', 'U-turn', 'so as')
    """
    return _RESPELLED.sub(lambda match: match[0].capitalize(), said)

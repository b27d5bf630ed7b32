"""PURE. Capitals that engines mistake: words that are shouted, respellings with their stress in capitals."""

import re

_SHOUTED = frozenset(
    """
    let lets lie lay sit put get go goes try hum use see feel hear stay stop do don not no yes now all any out off on in
    at as is be by he if me my of or so to up we an and but the you your are was has had have can may down low top end
    big few far too way day own one two ten new old bad ask our her his him she how who why left calm cold hot dry wet
    rib hip leg toe arm eye ear jaw lip gut fat skin shin bed mat rug pad air back both only this that
    """.upper().split()
)
"""Words that eSpeak NG (HIP, LEG, LET) or hibari-tts (GO, PUT, DOWN) spell in capitals, and their like."""
_TAILS = ("T", "RE", "LL", "VE", "M")
_ELSE_INITIALS = ("IT", "US", "AM")
"""Words only in text that is all in capitals: the IT band is none."""
_CAPITALS = re.compile(r"\b[A-Z]{2,}(?:'[A-Z]+)?\b")
_RESPELLED = re.compile(r"\b(?=[\w-]*[A-Z]{2})[^\W\d]+(?:-[^\W\d]+)+\b")
_SENTENCE_START = re.compile(r"(?:^|[.!?…]\s)\s*\(?$")


def cased(found: re.Match[str], said: str) -> str:
    """Return what is said for something found, with a capital where a sentence begins: engines know it by that."""
    if said != found[0] and _SENTENCE_START.search(found.string[: found.start()]):
        return said[:1].upper() + said[1:]
    return said


def unshouted(text: str) -> str:
    """Return text with shouted words in lower case; USA, TV and other initials stay.

    >>> unshouted("Let your HIP go NOW. DON'T try."), unshouted("The IT band"), unshouted("LET IT GO")
    ("Let your hip go now. Don't try.", 'The IT band', 'Let it go')
    """
    all_shouted = text.isupper() and any(word in _SHOUTED for word in re.findall("[A-Z]+", text))
    words = _SHOUTED.union(_ELSE_INITIALS) if all_shouted else _SHOUTED
    return _CAPITALS.sub(lambda found: cased(found, _lower(found[0], words)), text)


def _lower(word: str, words: frozenset[str]) -> str:
    base, _, tail = word.partition("'")
    return word.lower() if base in words or tail in _TAILS else word


def respelled(said: str) -> str:
    """Return a lexicon's respelling without its capitals of stress, which eSpeak NG says letter by letter.

    The one in front makes it a name for hibari-tts, which else hears a dash in "soh-as".

    >>> respelled("SOH-as"), respelled("il-ee-AK-us"), respelled("U-turn"), respelled("so as")
    ('Soh-as', 'Il-ee-ak-us', 'U-turn', 'so as')
    """
    return _RESPELLED.sub(lambda found: found[0].capitalize(), said)

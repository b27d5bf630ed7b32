"""PURE. Characters that cannot be spoken, shown on a terminal or written into XML."""

import re

PRIVATE = re.compile("[\ue000-\uf8ff\ud800-\udfff\U000f0000-\U0010ffff]")
"""Private-use characters and lone surrogates."""
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2060\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
"""C0 and C1 controls except tab and line feed; line separators; Unicode bidi embeddings, overrides and isolates;
zero-width spaces; noncharacters. Not joiners (U+200C and U+200D), which several languages need."""
_UNPRINTABLE = re.compile(f"{HIDDEN.pattern}|[\t\n\ud800-\udfff]")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The complement of Char in XML 1.0 (section 2.2)."""


def code_point(character: str) -> str:
    """Return the code point of a character as Unicode writes it.

    >>> code_point("\\x1b")
    'U+001B'
    """
    return f"U+{ord(character):04X}"


def private_use_message(character: str) -> str:
    """Return the error for a character that PRIVATE matches."""
    return f"a private-use character ({code_point(character)}) cannot be spoken; delete it"


def visible(text: str) -> str:
    """Return text as one printable line: hidden characters, tabs and line ends are replaced by their code points.

    >>> visible("Lie\\x1b[2J\\u202e down")
    'Lie<U+001B>[2J<U+202E> down'
    """
    return _UNPRINTABLE.sub(lambda found: f"<{code_point(found[0])}>", text)


def xml_safe(text: str) -> str:
    """Return text with U+FFFD in place of each character that XML cannot contain, even escaped.

    >>> xml_safe("a < b\\x00")
    'a < b\\ufffd'
    """
    return _NOT_XML.sub("\ufffd", text)

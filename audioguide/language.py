"""PURE. The names of the script language, which several rooms must agree on."""

import re

SUFFIX = ".md.j2"
"""How a script's file name ends."""
VARIABLES = ("minutes", "length", "grounding", "ending", "guidance", "bells", "voice")
"""What every script may use."""
FUNCTIONS = ("pause", "rest", "bell")
"""Marks out of Jinja."""
LAST_WORDS = {
    "en": "That is the grounding. Nothing more plays now, until you choose Return or Finish.",
    "de": "Das war die Erdung. Jetzt spielt nichts mehr, bis du Zurück oder Beenden wählst.",
    "fr": "C'était l'ancrage. Plus rien ne joue maintenant, jusqu'à ce que tu choisisses Reprendre ou Terminer.",
    "es": "Este era el anclaje. Ya no suena nada más, hasta que elijas Volver o Terminar.",
}
"""By language: how the grounding ends where it stands by itself, with the names of the phone page's controls."""
JINJA_GLOBALS = ("range", "dict", "cycler", "joiner", "namespace")
"""What Jinja itself brings."""
PRIVATE = re.compile("[\ue000-\uf8ff\ud800-\udfff\U000f0000-\U0010ffff]")
"""Characters without a meaning of their own, and halves of surrogate pairs."""
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2060\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
"""C0 and C1 controls, what turns text around (Unicode bidi overrides and isolates), and spaces without width."""


def base_language(tag: str) -> str:
    """Return the language of a BCP 47 tag without its region, in lower case.

    >>> base_language("en-US"), base_language("pt_BR"), base_language("DE")
    ('en', 'pt', 'de')
    """
    return tag.lower().replace("_", "-").split("-")[0]

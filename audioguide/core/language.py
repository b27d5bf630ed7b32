"""PURE. Language tags (BCP 47)."""


def base_language(tag: str) -> str:
    """Return the language subtag of a BCP 47 tag (no region), in lower case.

    >>> base_language("en-US"), base_language("pt_BR"), base_language("DE")
    ('en', 'pt', 'de')
    """
    return tag.lower().replace("_", "-").split("-")[0]

"""PURE. Counted nouns."""


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "session"), counted(2, "session")
    ('1 session', '2 sessions')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"

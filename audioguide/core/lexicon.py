"""PURE. Pronunciations: the entries of the ``[lexicon]`` tables of voices and practices, each with its source line."""

from collections.abc import Iterable
from dataclasses import dataclass

from audioguide.core.model import Source


@dataclass(frozen=True, slots=True)
class LexiconEntry:
    """The pronunciation of one word."""

    word: str
    said: str
    """A respelling (``SOH-as``), or ``/phonemes/`` for an engine that accepts them."""
    engine: str
    """The only engine that uses this entry; empty: every engine."""
    source: Source


Lexicon = tuple[LexiconEntry, ...]


def entries_for(engine: str, lexicons: Iterable[Lexicon]) -> dict[str, LexiconEntry]:
    """Return the entries that apply to an engine, keyed by the word in lower case.

    Args:
        engine: the engine's name.
        lexicons: in order of precedence; within one, an entry for this engine wins over one for all engines.
    """
    chosen: dict[str, LexiconEntry] = {}
    for lexicon in lexicons:
        for entry in sorted(lexicon, key=lambda entry: not entry.engine):
            if entry.engine in ("", engine):
                chosen.setdefault(entry.word.lower(), entry)
    return chosen

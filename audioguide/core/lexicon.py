"""How words are said: the tables ``[lexicon]`` of a voice and of a practice, whose entries know their lines."""

from collections.abc import Iterable
from dataclasses import dataclass

from audioguide.core.model import Source


@dataclass(frozen=True, slots=True)
class LexiconEntry:
    """How one word is said."""

    word: str
    said: str
    """Written as it sounds (``SOH-as``), or ``/phonemes/`` of an engine that reads them."""
    engine: str
    """The one engine that this is for; empty for every engine."""
    source: Source


Lexicon = tuple[LexiconEntry, ...]


def entries_for(engine: str, lexicons: Iterable[Lexicon]) -> dict[str, LexiconEntry]:
    """Return the entries that an engine follows, by word in lower case.

    Args:
        engine: its name.
        lexicons: an earlier one wins; in each, what is for this engine wins over what is for all.
    """
    chosen: dict[str, LexiconEntry] = {}
    for lexicon in lexicons:
        for entry in sorted(lexicon, key=lambda entry: not entry.engine):
            if entry.engine in ("", engine):
                chosen.setdefault(entry.word.lower(), entry)
    return chosen

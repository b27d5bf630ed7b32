"""PURE. The rules about words, applied sentence by sentence; the previous sentence of the paragraph counts too."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from textwrap import shorten

from audioguide.checks.advice.heard import Advice, HeardSession
from audioguide.checks.advice.vocabulary import Words, plain
from audioguide.core.model import Phrase
from audioguide.speech.calibration import count_words

MOST_WORDS = 30
"""In a sentence that is heard and not read."""
_SENTENCE = re.compile(r"(?<=[.!?…。！？؟।])[\"'”’»)]*\s+|(?<=[。！？])")
_SHOWN = 70


def sentences(text: str) -> list[str]:
    """Return the sentences of a phrase.

    >>> sentences("Come up slowly. No hurry!")
    ['Come up slowly.', 'No hurry!']
    """
    return [part.strip() for part in _SENTENCE.split(text) if part and part.strip()]


def quote(text: str) -> str:
    """Return a sentence in quotes, shortened if long."""
    return f'"{shorten(text, _SHOWN, placeholder=" …")}"'


def advise_words(heard: HeardSession, words: Words) -> Iterator[Advice]:
    """Yield the advice on single sentences of a session."""
    for paragraph in heard.paragraphs():
        yield from _advise_paragraph(paragraph, words)


def _advise_paragraph(paragraph: Iterable[Phrase], words: Words) -> Iterator[Advice]:
    before = ""
    for phrase, sentence in _all_sentences(paragraph):
        yield from (Advice(rule, phrase.source, quote(sentence)) for rule in _tripped(sentence, before, words))
        if (count := count_words(sentence)) > MOST_WORDS:
            yield Advice("long-sentence", phrase.source, f"{quote(sentence)} has {count} words")
        before = sentence


def _all_sentences(paragraph: Iterable[Phrase]) -> Iterator[tuple[Phrase, str]]:
    for phrase in paragraph:
        yield from ((phrase, sentence) for sentence in sentences(phrase.text))


@lru_cache(maxsize=10_000)
def _tripped(sentence: str, before: str, words: Words) -> tuple[str, ...]:
    """Return the names of the rules that a sentence trips; cached, since many sessions share their sentences."""
    sentence, before = plain(sentence), plain(before)
    return tuple(name for name, rule in words.rules.items() if rule.is_tripped_by(sentence, before))

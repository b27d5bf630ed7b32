"""PURE. Rendered lines -> cues: phrases, pauses, bells, chapters.

Only plain text is spoken, and nothing is dropped: whatever is neither text nor a known mark is an error with its file,
its line and a suggestion.
"""

import re
from collections.abc import Iterable, Iterator
from functools import partial

from audioguide.core.characters import HIDDEN, PRIVATE, code_point, private_use_message
from audioguide.core.errors import ErrorCollector, ScriptError
from audioguide.core.model import Bell, Chapter, Cue, Line, Pause, Phrase, Source, Written
from audioguide.practice.marks import clipped, elastic, read_mark

LINE_END = elastic("0.6", "3")
PARAGRAPH = elastic("1.5", "7.5")
MOST_LINE, MOST_PHRASE = 10_000, 3_000
"""Characters of a line, and of a phrase, which may extend over several lines."""

_MARK = re.compile(r"\[([^\[\]]*)\]")
_SENTENCE_END = re.compile("[.?!…:;。！？؟۔।][\"'”’»)」]*$")
_WORD = re.compile(r"\w")
_BLOCK_MARKDOWN = (
    (re.compile(r"[-*+•] "), "a list", "write it as sentences"),
    (re.compile(r"[0-9]{1,2}[.)] "), "a numbered list", "write the number as a word"),
    (re.compile(r">"), "a quotation", "write it as plain text"),
    (re.compile(r"##"), "a heading below a chapter", "use one # for a chapter"),
    (re.compile(r"(-{3,}|={3,}|`{3,}|~{3,})"), "a Markdown rule or fence", "leave an empty line for a pause"),
)
_INLINE_MARKDOWN = (
    (re.compile(r"</?[a-zA-Z!][^>]*>?"), "HTML", "write plain text"),
    (re.compile(r"&#?\w+;"), "an HTML entity", "write the character itself"),
    (re.compile(r"\*+"), "Markdown emphasis", "leave the asterisks out"),
    (re.compile(r"_+"), "Markdown emphasis", "leave the underscores out"),
    (re.compile(r"`+"), "Markdown code", "leave the backticks out"),
    (re.compile(r"\{[{%#]|[#%}]\}"), "a piece of Jinja", "close the tag as it was opened, or leave it out"),
    (
        re.compile(r"\((?:pause|rest|bell)\b[^)]{0,40}\)"),
        "a mark in round brackets",
        "use square brackets, as in [pause 6s]",
    ),
    (re.compile(r"[<>{}|\\^~=@#+]"), "the character", "write it as a word"),
)


def parse(lines: Iterable[Line]) -> list[Cue]:
    """Return the cues of one script, in order.

    Raises:
        ScriptError: something is neither text nor a known mark.
        ScriptErrors: several things are.
    """
    reader = _LineReader()
    for line in lines:
        reader.read(line)
    reader.end_phrase()
    reader.errors.raise_all()
    return reader.cues


class _LineReader:
    """Collects cues; its state is the phrase that continues on the next line."""

    def __init__(self) -> None:
        self.cues: list[Cue] = []
        self.errors = ErrorCollector()
        self._words: list[str] = []
        self._length = 0
        self._start: Source | None = None

    def read(self, line: Line) -> None:
        self.errors.catch(lambda: self._read(line), None)

    def _read(self, line: Line) -> None:
        _refuse_long(line, 0, len(line.text), MOST_LINE, "a line")
        _refuse_hidden(line)
        text = line.text.strip()
        if not text:
            self.end_phrase(PARAGRAPH.pause(line.source(), Written.PARAGRAPH))
        elif text.startswith("#") and not text.startswith("##"):
            self._read_chapter(line, text)
        else:
            _refuse_block_markdown(line)
            self._read_spoken(line)

    def end_phrase(self, pause: Pause | None = None) -> None:
        if self._start is not None:
            self.cues.append(Phrase(" ".join(self._words), self._start))
            self._words, self._start = [], None
        if pause is not None:
            self.cues.append(pause)

    def _read_chapter(self, line: Line, text: str) -> None:
        title = text.removeprefix("#").strip()
        if not title:
            raise _error(line, 0, "a chapter without a title; write # and a few words")
        if mark := re.search(r"\[[^\]]*\]?|\]", title):
            column = line.text.index(title) + mark.start()
            raise _error(line, column, f"a mark in a chapter's title; put {clipped(mark[0])} on a line of its own")
        _refuse_inline_markdown(line, title, line.text.index(title))
        self.end_phrase()
        self.cues.append(Chapter(title, line.source()))

    def _read_spoken(self, line: Line) -> None:
        errors_before = len(self.errors)
        for column, text, mark in _split(line):
            if mark is not None:
                self.errors.catch(partial(self._add_mark, mark, line, column), None)
            elif text.strip() and (_WORD.search(text) or len(self.errors) == errors_before):
                # after a wrong mark, a full stop alone is not an error of its own
                self.errors.catch(partial(self._add_words, line, text, column), None)
        if self._words and _SENTENCE_END.search(self._words[-1]):
            self.end_phrase(LINE_END.pause(line.source(len(line.text)), Written.LINE))

    def _add_mark(self, inside: str, line: Line, column: int) -> None:
        """Add the cue of a mark; a bell gets the pause of a line end before and after it."""
        self.end_phrase()
        source = line.source(column)
        try:
            cue = read_mark(inside, source)
        except ScriptError as error:
            raise _error(line, column, error.message) from error
        around = [LINE_END.pause(source, Written.LINE)] if isinstance(cue, Bell) else []
        self.cues += [*around, cue, *around]

    def _add_words(self, line: Line, text: str, column: int) -> None:
        _refuse_inline_markdown(line, text, column)
        column += len(text) - len(text.lstrip())
        if not self._words and not _WORD.search(text):
            raise _error(line, column, f"{clipped(text.strip())!r} has no word to speak; write one or leave it out")
        length = (self._length if self._words else 0) + len(text)
        self._length = 0  # if the phrase is too long, report that once
        _refuse_long(line, column, length, MOST_PHRASE, "a sentence")
        self._length = length
        self._start = self._start or line.source(column)
        self._words.append(" ".join(text.split()))


def _error(line: Line, column: int, words: str) -> ScriptError:
    return ScriptError(line.source(column), words, line.text, column)


def _split(line: Line) -> Iterator[tuple[int, str, str | None]]:
    """Yield (column, text, None) for text and (column, "", inside) for marks."""
    at = 0
    for mark in _MARK.finditer(line.text):
        yield at, _without_brackets(line, at, mark.start()), None
        yield mark.start(), "", mark[1]
        at = mark.end()
    yield at, _without_brackets(line, at, len(line.text)), None


def _without_brackets(line: Line, start: int, end: int) -> str:
    text = line.text[start:end]
    if bracket := re.search(r"[\[\]]", text):
        raise _error(line, start + bracket.start(), f"an unmatched {bracket[0]}; write a mark like [pause 6s]")
    return text


def _refuse_long(line: Line, column: int, length: int, most: int, name: str) -> None:
    if length > most:
        raise ScriptError(line.source(column), f"{name} of more than {most} characters; break it into several")


def _refuse_hidden(line: Line) -> None:
    """Raise an error without the line's text, which would be printed."""
    if hidden := HIDDEN.search(line.text):
        words = f"a hidden control character ({code_point(hidden[0])}); delete it"
        raise ScriptError(line.source(hidden.start()), words)
    if private := PRIVATE.search(line.text):
        raise ScriptError(line.source(private.start()), private_use_message(private[0]))


def _refuse_block_markdown(line: Line) -> None:
    indent = len(line.text) - len(line.text.lstrip())
    for pattern, name, advice in _BLOCK_MARKDOWN:
        if pattern.match(line.text, indent):
            raise _error(line, indent, f"{name} ({line.text.strip()[:24]!r}) cannot be spoken; {advice}")


def _refuse_inline_markdown(line: Line, text: str, column: int) -> None:
    for pattern, name, advice in _INLINE_MARKDOWN:
        if markdown := pattern.search(text):
            words = f"{name} ({clipped(markdown[0])}) cannot be spoken; {advice}"
            raise _error(line, column + markdown.start(), words)

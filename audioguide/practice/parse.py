"""PURE. Rendered lines -> cues: phrases, pauses, bells, chapters.

Nothing is spoken that is not plain text, and nothing is dropped: what is neither text nor a known mark is an error with
its file, its line and a suggestion.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from functools import partial

from audioguide.core.characters import HIDDEN, PRIVATE
from audioguide.core.clock import duration, frames
from audioguide.core.errors import ErrorCollector, ScriptError
from audioguide.core.model import Bell, Chapter, Cue, Line, Pause, Phrase, Source, Written


@dataclass(frozen=True, slots=True)
class Elastic:
    """How far a kind of pause may shrink and stretch; at ease a third of the way up."""

    shortest_s: Fraction
    longest_s: Fraction

    def pause(self, source: Source, written: Written = Written.MARK) -> Pause:
        """Return the pause of this kind that stands at source."""
        natural_s = self.shortest_s + (self.longest_s - self.shortest_s) / 3
        lengths = (frames(self.shortest_s), frames(natural_s), frames(self.longest_s))
        return Pause(*lengths, weight=0, source=source, written=written)


def _elastic(shortest: str, longest: str) -> Elastic:
    return Elastic(Fraction(shortest), Fraction(longest))


LINE_END = _elastic("0.6", "3")
PARAGRAPH = _elastic("1.5", "7.5")
NAMED = {"breath": _elastic("4", "10"), "long pause": _elastic("12", "45")}
REST_SHORTEST_S, REST_NATURAL_S = 6, 10
MOST_WEIGHT = 100
MOST_STROKES = 12
MOST_LINE, MOST_PHRASE, MOST_MARK = 10_000, 3_000, 60
"""Characters of a line; of a phrase, which may be several lines; and of what stands between a mark's brackets."""

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
    (re.compile(r"\*+"), "Markdown emphasis", "leave the stars out"),
    (re.compile(r"_+"), "Markdown emphasis", "leave the underlines out"),
    (re.compile(r"`+"), "Markdown code", "leave the backticks out"),
    (re.compile(r"\{[{%#]|[#%}]\}"), "a piece of Jinja", "close it as it was opened, or leave it out"),
    (
        re.compile(r"\((?:pause|rest|bell)\b[^)]{0,40}\)"),
        "a mark in round brackets",
        "use square ones, such as [pause 6s]",
    ),
    (re.compile(r"[<>{}|\\^~=@#+]"), "the sign", "write it as a word"),
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
    reader.found.raise_all()
    return reader.cues


class _LineReader:
    """Collects cues; its state is the phrase that a hard-wrapped line left open."""

    def __init__(self) -> None:
        self.cues: list[Cue] = []
        self.found = ErrorCollector()
        self._words: list[str] = []
        self._length = 0
        self._opened: Source | None = None

    def read(self, line: Line) -> None:
        self.found.catch(lambda: self._read(line), None)

    def _read(self, line: Line) -> None:
        _refuse_long(line, 0, len(line.text), MOST_LINE, "a line")
        _refuse_hidden(line)
        text = line.text.strip()
        if not text:
            self.end_phrase(PARAGRAPH.pause(line.source(), Written.PARAGRAPH))
        elif text.startswith("#") and not text.startswith("##"):
            self._chapter(line, text)
        else:
            _refuse_block_markdown(line)
            self._spoken(line)

    def end_phrase(self, pause: Pause | None = None) -> None:
        if self._opened is not None:
            self.cues.append(Phrase(" ".join(self._words), self._opened))
            self._words, self._opened = [], None
        if pause is not None:
            self.cues.append(pause)

    def _chapter(self, line: Line, text: str) -> None:
        title = text.removeprefix("#").strip()
        if not title:
            raise _wrong(line, 0, "a chapter without a title; write # and a few words")
        if found := re.search(r"\[[^\]]*\]?|\]", title):
            column = line.text.index(title) + found.start()
            raise _wrong(line, column, f"a mark in a chapter's title; put {_clipped(found[0])} on a line of its own")
        _refuse_inline_markdown(line, title, line.text.index(title))
        self.end_phrase()
        self.cues.append(Chapter(title, line.source()))

    def _spoken(self, line: Line) -> None:
        before = len(self.found)
        for column, text, mark in _pieces(line):
            if mark is not None:
                self.found.catch(partial(self._mark, mark, line, column), None)
            elif text.strip() and (_WORD.search(text) or len(self.found) == before):  # a full stop behind a wrong mark
                self.found.catch(partial(self._add_words, line, text, column), None)
        if self._words and _SENTENCE_END.search(self._words[-1]):
            self.end_phrase(LINE_END.pause(line.source(len(line.text)), Written.LINE))

    def _mark(self, inside: str, line: Line, column: int) -> None:
        """Add a mark; a bell is set off from what stands around it like a line."""
        self.end_phrase()
        source = line.source(column)
        try:
            cue = _read_mark(inside, source)
        except ScriptError as error:
            raise _wrong(line, column, error.message) from error
        around = [LINE_END.pause(source, Written.LINE)] if isinstance(cue, Bell) else []
        self.cues += [*around, cue, *around]

    def _add_words(self, line: Line, text: str, column: int) -> None:
        _refuse_inline_markdown(line, text, column)
        column += len(text) - len(text.lstrip())
        if not self._words and not _WORD.search(text):
            raise _wrong(line, column, f"{_clipped(text.strip())!r} has no word to speak; write one or leave it out")
        before, self._length = (self._length if self._words else 0), 0  # so that too many are told of once
        _refuse_long(line, column, before + len(text), MOST_PHRASE, "a sentence")
        self._length = before + len(text)
        self._opened = self._opened or line.source(column)
        self._words.append(" ".join(text.split()))


def _wrong(line: Line, column: int, words: str) -> ScriptError:
    return ScriptError(line.source(column), words, line.text, column)


def _pieces(line: Line) -> Iterator[tuple[int, str, str | None]]:
    """Yield (column, text, None) for text and (column, "", inside) for marks."""
    at = 0
    for found in _MARK.finditer(line.text):
        yield at, _without_brackets(line, at, found.start()), None
        yield found.start(), "", found[1]
        at = found.end()
    yield at, _without_brackets(line, at, len(line.text)), None


def _without_brackets(line: Line, start: int, end: int) -> str:
    text = line.text[start:end]
    if found := re.search(r"[\[\]]", text):
        raise _wrong(line, start + found.start(), f"a single {found[0]}; a mark is written like [pause 6s]")
    return text


def _refuse_long(line: Line, column: int, length: int, most: int, what: str) -> None:
    if length > most:
        raise ScriptError(line.source(column), f"{what} of more than {most} characters; break it into several")


def _clipped(text: str) -> str:
    return text if len(text) <= MOST_MARK else f"{text[:MOST_MARK]}…"


def _refuse_hidden(line: Line) -> None:
    for pattern, what in ((HIDDEN, "a hidden control character"), (PRIVATE, "a private-use character")):
        if found := pattern.search(line.text):
            words = f"{what} (U+{ord(found[0]):04X}); delete it"
            raise ScriptError(line.source(found.start()), words)  # without the line: it would be printed


def _refuse_block_markdown(line: Line) -> None:
    indent = len(line.text) - len(line.text.lstrip())
    for pattern, what, advice in _BLOCK_MARKDOWN:
        if pattern.match(line.text, indent):
            raise _wrong(line, indent, f"{what} ({line.text.strip()[:24]!r}) cannot be spoken; {advice}")


def _refuse_inline_markdown(line: Line, text: str, column: int) -> None:
    for pattern, what, advice in _INLINE_MARKDOWN:
        if found := pattern.search(text):
            raise _wrong(line, column + found.start(), f"{what} ({_clipped(found[0])}) cannot be spoken; {advice}")


def _read_mark(inside: str, source: Source, *, advise: bool = True) -> Cue:
    """Return the cue that a mark stands for; inside is what stands between its brackets."""
    if len(inside) > MOST_MARK:
        raise ScriptError(source, f"[{_clipped(inside)}] is no mark; what is to be spoken stands without brackets")
    words = inside.split()
    if " ".join(words) in NAMED:
        return NAMED[" ".join(words)].pause(source)
    if words and words[0] in _MARKS and len(words) <= 2:
        return _MARKS[words[0]](" ".join(words[1:]), inside, source)
    raise ScriptError(source, f"unknown mark [{inside}]{_suggestion(words) if advise else ''}")


def _suggestion(words: list[str]) -> str:
    """Return what the writer may have meant, if that is a mark; else the marks there are."""
    if not words:
        return "; write a mark like [pause 6s]"
    first, *rest = words
    near = [first.lower(), *get_close_matches(first.lower(), _MARKS, n=1)]
    if bare := re.fullmatch(r"([a-z]+)([0-9].*)", first.lower()):
        first, rest = bare[1], [bare[2], *rest]
        near = [first, *near]
    guesses = [f"{name} {glue.join(rest)}".strip() for name in near for glue in (" ", "")]
    guesses = get_close_matches(" ".join(words).lower(), NAMED, n=1) + guesses
    guesses += [_short_units(guess) for guess in guesses]
    for guess in guesses:
        if _parses(guess):
            return f"; did you mean [{guess}]?"
    return f"; there is {', '.join(f'[{form}]' for form in MARK_FORMS)}"


def _short_units(words: str) -> str:
    """Return a mark's words with its lengths written as marks want them.

    >>> _short_units("pause 8 seconds"), _short_units("pause 8s-12s")
    ('pause 8s', 'pause 8s..12s')
    """
    short = re.sub(r"(?<=[0-9]) ?(seconds?|secs?|minutes?|mins?)", lambda found: found[1][0], words)
    return re.sub(r"(?<=[sm]) ?[-–] ?(?=[0-9])", "..", short)


def _parses(inside: str) -> bool:
    try:
        _read_mark(inside, Source("", 0), advise=False)
    except ScriptError:
        return False
    return True


def _read_pause(value: str, inside: str, source: Source) -> Pause:
    low, dots, high = value.partition("..")
    shortest_s, longest_s = duration(low), duration(high) if dots else duration(low)
    if shortest_s is None or longest_s is None:
        bare = re.fullmatch(r"([0-9]+)(?:\.\.([0-9]+))?", value)
        with_units = "..".join(f"{part}s" for part in bare.groups() if part) if bare else ""
        guess = f"pause {with_units}" if bare else _short_units(inside)
        advice = (
            f"did you mean [{guess}]?"
            if guess != inside and _parses(guess)
            else "write it like [pause 6s] or [pause 4s..12s]"
        )
        raise ScriptError(source, f"[{inside}] has no length; {advice}")
    if shortest_s > longest_s:
        raise ScriptError(source, f"[{inside}] shrinks below itself; did you mean [pause {high}..{low}]?")
    if not frames(longest_s):
        raise ScriptError(source, f"[{inside}] has no time in it; leave it out or give it a second")
    return Elastic(shortest_s, longest_s).pause(source)


def _read_rest(value: str, inside: str, source: Source) -> Pause:
    weight = _count(value, inside, source, MOST_WEIGHT, "a rest's share")
    shortest, natural = frames(REST_SHORTEST_S), frames(REST_NATURAL_S)
    return Pause(shortest, natural, natural, weight, source)


def _read_bell(value: str, inside: str, source: Source) -> Bell:
    return Bell(_count(value, inside, source, MOST_STROKES, "a bell's strokes"), source)


def _count(value: str, inside: str, source: Source, most: int, what: str) -> int:
    if not value:
        return 1
    if value.isascii() and value.isdigit() and len(value) < 7 and 1 <= int(value) <= most:
        return int(value)
    raise ScriptError(source, f"[{inside}]: {what} must be a whole number from 1 to {most}")


_MARKS: dict[str, Callable[[str, str, Source], Cue]] = {"pause": _read_pause, "rest": _read_rest, "bell": _read_bell}
MARK_FORMS = ("pause 6s", "pause 4s..12s", "rest", "rest 3", *NAMED, "bell", "bell 3")

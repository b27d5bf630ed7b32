"""Reads TOML files strictly: with limits on their size, known keys only, and a line number in every error."""

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from audioguide.core.errors import InputError, ScriptError, did_you_mean
from audioguide.core.lexicon import Lexicon, LexiconEntry
from audioguide.core.model import Source
from audioguide.storage.atomic import read_at_most


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a TOML file, with the text of the file to find line numbers."""

    values: dict[str, object]
    shown: str
    """The file's name in messages."""
    text: str
    start: int = 0
    """Index in text where the table begins."""
    path: tuple[str, ...] = ()
    """The parts of its dotted name; empty for the top-level table."""

    def error(self, key: str, message: str) -> ScriptError:
        """Return an error at the line of a key."""
        return self._error(self._find(_key(key)), message)

    def source(self, key: str) -> Source:
        """Return file and line of a key."""
        return self._source(self._find(_key(key)))

    def error_at_value(self, value: str, message: str, *, nth: int = 1) -> ScriptError:
        """Return an error at the line where a quoted text occurs for the nth time."""
        return self._error(self._find(_value(value), nth), message)

    def _error(self, at: int, message: str) -> ScriptError:
        return ScriptError(self._source(at), message)

    def _source(self, at: int) -> Source:
        return Source(self.shown, self.text.count("\n", 0, at) + 1)

    def _find(self, pattern: str, nth: int = 1) -> int:
        """Return the index of a pattern's nth match in the table, comments excluded; the table's start if none."""
        matches = [match.start() for match in re.finditer(pattern, self.text) if match.start() >= self.start]
        outside = [at for at in matches if "#" not in self.text[self.text.rfind("\n", 0, at) + 1 : at]]
        return outside[nth - 1] if len(outside) >= nth else self.start

    def only(self, *known: str) -> None:
        """Check that the table has no other keys than these.

        Raises:
            ScriptError: for the first unknown key.
        """
        for key in self.values:
            if key not in known:
                raise self.error(key, f"unknown key {key!r}{did_you_mean(key, known)} (choose from {', '.join(known)})")

    def text_of(self, key: str, default: str | None = None) -> str:
        """Return the text under key, which is required unless there is a default."""
        value = self._get(key, default, "some text in quotes", lambda value: isinstance(value, str) and value.strip())
        return str(value)

    def number_of(self, key: str, default: float | None, low: float, high: float) -> float | None:
        """Return the number under key, from low to high, or default."""
        if key not in self.values and default is None:
            return None

        def fits(value: object) -> bool:
            return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high

        value = self._get(key, default, f"a number from {low:g} to {high:g}", fits)
        assert isinstance(value, int | float)
        return float(value)

    def table_of(self, key: str) -> "Table":
        """Return the table under key, or an empty one."""
        value = self._get(key, {}, f"a table, [{key}]", lambda value: isinstance(value, dict))
        assert isinstance(value, dict)
        path = (*self.path, key)
        match = re.search(_header(path), self.text)
        return replace(self, values=value, path=path, start=match.start() if match else self._find(_key(key)))

    def inside(self, values: dict[str, object], value: str) -> "Table":
        """Return a table that is an item of a list; its start is the line with the quoted value."""
        start = self.text.rfind("\n", 0, self._find(_value(value))) + 1
        return replace(self, values=values, start=start)

    def words_of(self, key: str) -> dict[str, str]:
        """Return the table of texts under key, or an empty dict."""
        table = self.table_of(key)
        return {name: table.text_of(name) for name in table.values}

    def names_of(self, key: str) -> tuple[str, ...]:
        """Return the list of names under key, or an empty tuple."""

        def fits(value: object) -> bool:
            return isinstance(value, list) and all(isinstance(name, str) for name in value)

        value = self._get(key, [], 'a list of names, such as ["one", "two"]', fits)
        assert isinstance(value, list)
        return tuple(value)

    def _get(self, key: str, default: object, wanted: str, fits: Callable[[object], object]) -> object:
        if key not in self.values:
            if default is None:
                raise ScriptError(Source(self.shown, 1), f"{key} is missing; write {key} = {wanted}")
            return default
        value = self.values[key]
        if not fits(value):
            raise self.error(key, f"{key} must be {wanted}, not {repr(value)[:40]}")
        return value


def _key(key: str) -> str:
    return rf"(?m)(?:^|(?<=[{{,.\[]))[ \t]*{_name(key)}(?=\s*[=.\]])"


def _header(path: tuple[str, ...]) -> str:
    return r"(?m)^[ \t]*\[\s*" + r"\s*\.\s*".join(_name(part) for part in path) + r"\s*\]"


def _name(key: str) -> str:
    return rf"[\"']?{re.escape(key)}[\"']?"


def _value(value: str) -> str:
    return rf"[\"']{re.escape(value)}[\"']"


MOST_BYTES, MOST_DOTS, MOST_ENTRIES, MOST_ITEMS = 200_000, 100, 1_000, 250
MOST_LEVELS, MOST_NUMBER = 8, 2**63
"""Limits of a TOML file: bytes, dots in one line (parsing a name of n parts takes n*n steps), entries of a table, items
of a list (an MP3 can have only a few more chapters), nesting, and the magnitude of integers (as in the TOML standard).
"""


def read_toml(path: Path, shown: str) -> Table:
    """Return the top-level table of a file.

    Raises:
        ScriptError: the file is not UTF-8 or not TOML, or exceeds a limit.
        InputError: the file cannot be read.
    """
    try:
        data = read_at_most(path, MOST_BYTES)
    except OSError as error:
        raise InputError(f"{shown} cannot be read: {error.strerror}") from error
    if data is None:
        raise ScriptError(Source(shown, 1), f"the file is larger than {MOST_BYTES // 1000} kB; leave some of it out")
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        where = Source(shown, data[: error.start].count(b"\n") + 1)
        raise ScriptError(where, "not UTF-8 text; save the file as UTF-8 in your editor") from error
    _refuse_many_dots(text, shown)
    try:
        values = tomllib.loads(text)
        _refuse_large(values, shown)
        return Table(values, shown, text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, or too many digits or brackets
        reason, _, position = str(error).partition(" (at ")
        match = re.search(r"line (\d+)", position)
        line = int(match[1]) if match else text.count("\n") + 1
        raise ScriptError(Source(shown, line), f"{reason[:1].lower()}{reason[1:]}; {_toml_advice(text)}") from error


def _refuse_many_dots(text: str, shown: str) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > MOST_DOTS:
            raise ScriptError(Source(shown, number), f"more than {MOST_DOTS} dots in a line; break it into several")


def _refuse_large(value: object, shown: str, level: int = 0, name: str = "the file") -> None:
    """Refuse values that no practice or voice needs, and that would take long to process or could not be printed."""
    if isinstance(value, dict | list):
        most = MOST_ENTRIES if isinstance(value, dict) else MOST_ITEMS
        if len(value) > most or level > MOST_LEVELS:
            limits = f"{most} entries or {MOST_LEVELS} levels"
            raise ScriptError(Source(shown, 1), f"{name} has more than {limits}; leave some of it out")
        pairs = value.items() if isinstance(value, dict) else ((name, inner) for inner in value)
        for key, inner in pairs:
            _refuse_large(inner, shown, level + 1, key[:40])
    elif isinstance(value, int) and abs(value) > MOST_NUMBER:
        raise ScriptError(Source(shown, 1), f"the number {name} is too large; write a smaller one")


def _toml_advice(text: str) -> str:
    has_curly_quotes = any(quote in text for quote in "‘’“”„")
    return 'use straight quotes, "' if has_curly_quotes else "this is not valid TOML"


KEY = "lexicon"


def read_lexicon(table: Table) -> Lexicon:
    """Return the entries of ``[lexicon]``, and those of ``[lexicon.ENGINE]`` for a single engine.

    Raises:
        ScriptError: the value of an entry is not a text.
    """
    return tuple(_entries(table.table_of(KEY)))


def _entries(table: Table, engine: str = "") -> Iterator[LexiconEntry]:
    for word, value in table.values.items():
        if isinstance(value, dict) and not engine:
            yield from _entries(table.table_of(word), word)
        else:
            yield LexiconEntry(word, table.text_of(word), engine, table.source(word))

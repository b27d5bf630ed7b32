"""The two shelves, ``scripts/`` and ``voices/``, and the strict reading of the TOML files that stand on them."""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from audioguide.errors import InputError, ScriptError, did_you_mean
from audioguide.model import Source


def shelf(name: str) -> Path:
    """Return the folder of a shelf: inside the wheel, or beside the package in a checkout."""
    package = Path(__file__).resolve().parent
    shipped = package / "shelves" / name
    return shipped if shipped.is_dir() else package.parent / name


def is_path(name: str) -> bool:
    """Return whether name is meant as a place on disk rather than as a name on a shelf.

    >>> is_path("calm"), is_path("./calm"), is_path("mine/calm.toml")
    (False, True, True)
    """
    return "/" in name or "\\" in name or name.endswith(".toml") or name in (".", "..") or Path(name).exists()


def unknown_name(kind: str, name: str, known: list[str], instead: str) -> InputError:
    """Return the error for a name that stands on no shelf."""
    there_is = ", ".join([*known, f"or {instead}"])
    return InputError(f"there is no {kind} {name!r}{did_you_mean(name, known)} (there is {there_is})")


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a TOML file that knows its lines."""

    values: dict[str, object]
    shown: str
    """The file's name in errors."""
    text: str
    start: int = 0
    """Where the table begins in text."""

    def error(self, key: str, words: str) -> ScriptError:
        """Return an error at the line where key stands."""
        return ScriptError(Source(self.shown, self.text.count("\n", 0, self._find(key)) + 1), words)

    def _find(self, key: str) -> int:
        """Return where key stands outside of remarks, at or behind the table's beginning; that beginning if nowhere."""
        pattern = re.compile(rf"^[^#\n]*?(?<![\w-])({re.escape(key)})(?![\w-])", re.MULTILINE)
        starts = (found.start(1) for found in pattern.finditer(self.text) if found.start(1) >= self.start)
        return next(starts, self.start)

    def only(self, *known: str) -> None:
        """Refuse keys that are not known.

        Raises:
            ScriptError: at the first such key.
        """
        for key in self.values:
            if key not in known:
                raise self.error(key, f"unknown key {key!r}{did_you_mean(key, known)} (there is {', '.join(known)})")

    def text_of(self, key: str, default: str | None = None) -> str:
        """Return the text under key; without a default it must be there."""
        value = self._get(key, default, "some text in quotes", lambda value: isinstance(value, str) and value.strip())
        return str(value)

    def number_of(self, key: str, default: float | None, low: float, high: float) -> float | None:
        """Return the number under key, within low and high."""
        if key not in self.values and default is None:
            return None

        def fits(value: object) -> bool:
            return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high

        value = self._get(key, default, f"a number from {low:g} to {high:g}", fits)
        assert isinstance(value, int | float)
        return float(value)

    def table_of(self, key: str) -> "Table":
        """Return the table under key; an empty one where there is none."""
        value = self._get(key, {}, f"a table, [{key}]", lambda value: isinstance(value, dict))
        assert isinstance(value, dict)
        return self.inside(value, key)

    def inside(self, values: dict[str, object], word: str) -> "Table":
        """Return a table that begins where word stands."""
        return replace(self, values=values, start=self._find(word))

    def words_of(self, key: str) -> dict[str, str]:
        """Return a table of texts, such as a lexicon."""
        table = self.table_of(key)
        return {name: table.text_of(name) for name in table.values}

    def _get(self, key: str, default: object, wanted: str, fits: Callable[[object], object]) -> object:
        if key not in self.values:
            if default is None:
                raise ScriptError(Source(self.shown, 1), f"{key} is missing; write {key} = {wanted}")
            return default
        value = self.values[key]
        if not fits(value):
            raise self.error(key, f"{key} must be {wanted}, not {value!r}")
        return value


def read_toml(path: Path, shown: str) -> Table:
    """Return the file's top table.

    Raises:
        ScriptError: it is no UTF-8, or no TOML.
        InputError: it cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{shown} cannot be read: {error.strerror}") from error
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        where = Source(shown, data[: error.start].count(b"\n") + 1)
        raise ScriptError(where, "not UTF-8 text; save the file as UTF-8 in your editor") from error
    try:
        return Table(tomllib.loads(text), shown, text)
    except tomllib.TOMLDecodeError as error:
        words, _, place = str(error).partition(" (at ")
        found = re.search(r"line (\d+)", place)
        line = int(found[1]) if found else text.count("\n") + 1
        raise ScriptError(Source(shown, line), f"{words[:1].lower()}{words[1:]}; this is no valid TOML") from error

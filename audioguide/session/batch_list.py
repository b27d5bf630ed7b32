"""A CSV list of sessions -> the request of each row, or the error in it.

The first line names the columns: options of ``audioguide build`` (length, voice, grounding, ...), and variables for the
scripts (name). A column ``say_name`` says how the value of ``name`` is pronounced. An empty cell means the default.
"""

import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from audioguide.core.errors import AudioguideError, InputError
from audioguide.core.request import OPTIONS, SAY_PREFIX, Request, check_settings, default_out
from audioguide.storage.atomic import expand_home, read_at_most
from audioguide.timeline.captions import caption_kinds

MOST_ROWS, MOST_BYTES = 10_000, 5_000_000
_OUTPUT = ("out", "captions")
"""Columns about the files that a row writes."""


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A row that can be built."""

    line: int
    """In the file, from 1."""
    request: Request
    out: Path
    captions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that cannot be built, and why."""

    line: int
    words: str


def read_batch_list(path: Path) -> list[BatchRow | RejectedRow]:
    """Return the rows of a CSV file, in their order.

    Raises:
        InputError: it cannot be read, or its first line is wrong.
    """
    try:
        data = read_at_most(path, MOST_BYTES)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    if data is None:
        raise InputError(f"{path} is larger than {MOST_BYTES // 1_000_000} MB; split it into several lists")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(f"{path}:{line}: not UTF-8 text; export it as CSV in UTF-8 (in Excel: CSV UTF-8)") from error
    return list(parse_batch_list(text, str(path)))


def parse_batch_list(text: str, shown: str) -> Iterator[BatchRow | RejectedRow]:
    """Yield the rows of a CSV text; columns are separated by commas, semicolons or tabs.

    Args:
        text: its first line has the column names.
        shown: the file's name in errors.

    Raises:
        InputError: the first line is wrong, there is no row, or there are too many.
    """
    first, _, _ = text.partition("\n")
    lines = _lines(text, max(",;\t", key=first.count), shown)
    _, head = next(lines, (1, []))
    names = _columns(head, shown)
    taken: dict[str, int] = {}
    count = 0
    for line, cells in lines:
        if any(cell.strip() for cell in cells):
            count += 1
            yield _row(line, names, cells, taken)
        if count > MOST_ROWS:
            raise InputError(f"{shown} has more than {MOST_ROWS} rows; split it into several lists")
    if not count:
        raise InputError(f"{shown} has no rows; write one session on each line below the column names")


def _lines(text: str, delimiter: str, shown: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row's first line, counted from 1, and its cells."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while True:
        line = reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"{shown}:{line}: {error}; check for a missing quotation mark") from error


def _columns(cells: list[str], shown: str) -> list[str]:
    if not cells:
        raise InputError(f"{shown} is empty; write the column names on its first line, such as name,length")
    names = [cell.strip().lower().replace("-", "_") for cell in cells]
    for name in names:
        if not name.isidentifier():
            raise InputError(f"{shown}:1: {name!r} is not a column name; use letters, digits and underscores")
        if names.count(name) > 1:
            raise InputError(f"{shown}:1: there are two columns {name}; remove one")
        if name.startswith(SAY_PREFIX) and name.removeprefix(SAY_PREFIX) not in names:
            column = name.removeprefix(SAY_PREFIX)
            raise InputError(f"{shown}:1: {name} is the pronunciation of column {column}, which is missing")
    if not {"length", "only"} & set(names):
        near = get_close_matches("length", names, n=1)
        instead = f"rename {near[0]}?" if near else "add one, with the length of each session"
        raise InputError(f"{shown}:1: there is no column length; {instead} (the columns are {', '.join(names)})")
    return names


def _row(line: int, names: list[str], cells: list[str], taken: dict[str, int]) -> BatchRow | RejectedRow:
    """Return a row. taken maps each file that a row writes to its line."""
    try:
        if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
            raise InputError(
                f"{len(cells)} cells, but {len(names)} columns; put a cell that contains a comma in quotes"
            )
        given = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}
        request = _request(given)
        out = expand_home(Path(given["out"])) if "out" in given else default_out(request)
        kinds = tuple(caption_kinds(given.get("captions", "")))
    except AudioguideError as error:
        return RejectedRow(line, str(error))
    other = taken.setdefault(_place(out), line)
    if other != line:
        return RejectedRow(line, f"line {other} already writes {out}; name another file in the column out")
    return BatchRow(line, request, out, kinds)


def _place(out: Path) -> str:
    """Return a key for a file and its captions that two paths share if they are one file on any disk."""
    return unicodedata.normalize("NFC", str(out.resolve().with_suffix(""))).casefold()


def _request(given: Mapping[str, str]) -> Request:
    """Return the request of a row: columns with an option's name are options, all others are variables."""
    columns = {row.name: (field, row.parse_cell) for field, row in OPTIONS.items() if row.parse_cell}
    options = {field: parse(given[column], column) for column, (field, parse) in columns.items() if column in given}
    said = {given[name.removeprefix(SAY_PREFIX)]: cell for name, cell in given.items() if _is_said(name, given)}
    variables = [name for name in given if name not in (*columns, *_OUTPUT) and not name.startswith(SAY_PREFIX)]
    settings = check_settings({name: given[name] for name in variables})
    fields: dict[str, object] = {**options, "settings": settings, "said": said}
    return Request(**fields)  # type: ignore[arg-type]  # each option's own reader returns what its field takes


def _is_said(name: str, given: Mapping[str, str]) -> bool:
    return name.startswith(SAY_PREFIX) and name.removeprefix(SAY_PREFIX) in given

"""Which parts of Jinja a script may use, and how large one value may be.

A script may come from anyone. A single operation that takes a gigabyte or an hour cannot be interrupted, so none is
allowed: ``FILTERS``, ``TESTS`` and ``ATTRIBUTES`` list the names that a script may use, and ``CHECKS`` looks at the
arguments of those whose result could be larger than their input. Every value that a template makes is measured, and
added to a ``Budget``.
"""

import re
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any

from jinja2 import Undefined, utils
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, LoopContext, Macro
from jinja2.sandbox import SandboxedFormatter

from audioguide.practice.budget import MOST_RUNS, Budget

MOST_SIZE, MOST_DEPTH, MOST_NUMBER = 100_000, 8, 10**15
"""Limits of one value: its characters and items in total, the depth of nested lists, the size of a number."""
MOST_FILE_TOKENS = 10_000
"""Tokens inside the tags of one file."""
MOST_PARTS, MOST_DIGITS, MOST_POWER = 1_000, 2, 10
"""The largest number for batch and slice, the digits of a width in format, and the largest exponent."""

FILTERS = {
    "changes letters, and keeps the length": "capitalize lower string title trim upper",
    "computes a number": "abs count float int length round sum wordcount",
    "picks one item": "d default first last max min",
    "reorders items, or removes some": "dictsort items list reject rejectattr reverse select selectattr sort",
    "removes duplicates": "unique",
    "applies another filter to each item": "map",
    "may return more than its input, and has a check": "batch format join replace slice",
}
"""The filters that a script may use, by the reason. Not included: those that allocate by a width or have no use in
speech (center, indent, wordwrap, truncate, urlize, tojson, xmlattr, pprint, escape, safe, ...), attr, which reads
attributes by name, and random, which differs from one rendering to the next."""

TESTS = {
    "tests the type of a value": "boolean defined false float integer iterable mapping none number sequence string "
    "true undefined",
    "compares": "== eq equalto != ne > gt greaterthan >= ge < lt lessthan <= le in sameas",
    "tests a number or the case of letters": "divisibleby even odd lower upper",
}

_TEXT = """capitalize casefold count endswith find format index isalnum isalpha isdigit islower isnumeric isspace
istitle isupper join lower lstrip partition removeprefix removesuffix replace rstrip split splitlines startswith strip
swapcase title upper"""
_LOOP = """changed cycle depth depth0 first index index0 last length nextitem previtem revindex revindex0"""
ATTRIBUTES: tuple[tuple[type, frozenset[str]], ...] = tuple(
    (kind, frozenset(names.split()))
    for kind, names in (
        # not: center, ljust, rjust, zfill, expandtabs, translate (they allocate), rfind and the like (quadratic time)
        (str, _TEXT),
        (list, "count index"),
        (tuple, "count index"),
        (dict, "get items keys values"),
        (LoopContext, _LOOP),
        (utils.Cycler, "current next reset"),
        (Macro, "arguments caller catch_kwargs catch_varargs name"),
        (BlockReference, "super"),
    )
)
"""The attributes that a script may read, by the type of the value. Items of mappings and namespaces, and the names in
an imported file, can be read as attributes as well."""


def names_in(table: Mapping[str, str]) -> list[str]:
    """Return the names that FILTERS or TESTS allows."""
    return sorted(name for names in table.values() for name in names.split())


def size_of(value: object) -> int:
    """Return how many characters and items a value contains, at all depths.

    Raises:
        SecurityError: it is too large or too deep, or contains too large a number.
    """
    size, pending = 0, [(value, 0)]
    while pending:
        item, depth = pending.pop()
        size += _own_size(item)
        if size > MOST_SIZE or depth > MOST_DEPTH:
            raise SecurityError(f"a value of more than {MOST_SIZE} characters or items, or {MOST_DEPTH} nested lists")
        if isinstance(item, dict):
            pending += [(inner, depth + 1) for pair in item.items() for inner in pair]
        elif isinstance(item, list | tuple):
            pending += [(inner, depth + 1) for inner in item]
    return size


def _own_size(item: object) -> int:
    if isinstance(item, int | float) and abs(item) > MOST_NUMBER and abs(item) != float("inf"):
        raise SecurityError("a number this large")
    return 1 + len(item) if isinstance(item, str | list | tuple | dict | range) else 1


def count_value(value: object, budget: Budget) -> object:
    """Return a value that a template made, after adding its size to the budget; an iterator becomes a list."""
    if isinstance(value, Iterator | ItemsView | KeysView | ValuesView):
        items = []
        for item in value:
            budget.check()
            items.append(item)
            if len(items) > MOST_SIZE:
                break
        value = items
    budget.add_value(size_of(value))
    return value


def as_text(value: object) -> str:
    """Return the text that ``{{ value }}`` prints.

    Raises:
        SecurityError: the value is too large, or it is a function or the like.
    """
    require_plain(value)
    size_of(value)
    return str(value)


def require_plain(value: object) -> None:
    """Accept only text, numbers, lists and mappings.

    Raises:
        SecurityError: the value is a function or the like.
    """
    if value is not None and not isinstance(value, str | int | float | list | tuple | dict | range | Undefined):
        name = getattr(value, "__name__", None) or getattr(value, "name", None)
        advice = f"; write {name}()" if name and callable(value) else ""
        raise SecurityError(f"a {type(value).__name__.lower().replace('_', ' ')} instead of text{advice}")


def bounded_range(*arguments: int) -> range:
    """Return ``range(*arguments)``.

    Raises:
        SecurityError: it is too long.
    """
    numbers = range(*arguments)
    if numbers and abs((numbers[-1] - numbers[0]) // numbers.step) >= MOST_RUNS:
        raise SecurityError(f"a range of more than {MOST_RUNS} numbers")
    return numbers


class Namespace(utils.Namespace):
    """Jinja's namespace with a short repr: Jinja's own contains the repr of every value."""

    def __repr__(self) -> str:
        return "<namespace>"


def too_large(name: str) -> SecurityError:
    """Return the error for an operator or filter whose result would exceed MOST_SIZE."""
    return SecurityError(f"the result of {name} would be too large")


def check_operator(operator: str, left: object, right: object) -> None:
    """Accept an operation whose result cannot be too large.

    Raises:
        SecurityError: its result could be too large.
    """
    if operator == "%" and isinstance(left, str):
        raise SecurityError("% on text; use {{ }} instead")
    if operator == "*" and _product(left, right) > MOST_SIZE:
        raise too_large("the operator *")
    if operator == "+" and _length(left) + _length(right) > MOST_SIZE:
        raise too_large("the operator +")
    if operator == "**" and not (_within(left, MOST_SIZE) and _within(right, MOST_POWER)):
        raise too_large("the operator **")


def _product(left: object, right: object) -> float:
    """Return the length of text or a list times a number; 0 for two numbers, whose product is measured afterwards."""
    sequence, times = (left, right) if _is_sequence(left) else (right, left)
    return _length(sequence) * times if _is_sequence(sequence) and isinstance(times, int) else 0


def _is_sequence(value: object) -> bool:
    return isinstance(value, str | list | tuple)


def _length(value: object) -> int:
    return len(value) if isinstance(value, str | list | tuple) else 0


def _within(value: object, most: int) -> bool:
    return not isinstance(value, int | float) or abs(value) <= most


class BoundedFormatter(SandboxedFormatter):
    """``str.format`` with bounds on widths and on the length of the result."""

    _size = 0

    def convert_field(self, value: Any, conversion: Any) -> Any:
        """Return a field's value, converted if the field says so (``!s``, ``!r``)."""
        return super().convert_field(as_text(value) if conversion else value, conversion)

    def format_field(self, value: Any, format_spec: str) -> str:
        """Return the text of one field.

        Raises:
            SecurityError: its width is too large, or all fields together are too long.
        """
        if re.search(rf"\d{{{MOST_DIGITS + 1}}}", format_spec):
            raise SecurityError(f"a width of more than {MOST_DIGITS} digits in format")
        text = as_text(value)
        self._size += len(text)
        if self._size > MOST_SIZE:
            raise too_large("format")
        return format(value, format_spec) if isinstance(value, int | float) else format(text, format_spec)


_PERCENT = re.compile(r"%(?:\(\w*\))?[-+ 0]{0,2}[0-9]{0,2}(?:\.[0-9]{0,2})?[sdifeEgGxXo%]", re.ASCII)


def _check_format(text: object, *values: object, **named: object) -> None:
    if "%" in _PERCENT.sub("", str(text)):
        raise SecurityError("a % conversion of that form or width in format")
    longest = max((len(as_text(value)) for value in (*values, *named.values())), default=0)
    _refuse_length("format", len(str(text)) + str(text).count("%") * (longest + 10**MOST_DIGITS))


def _check_join(values: object, between: object = "", attribute: object = None) -> None:
    count = len(values) if isinstance(values, str | list | tuple | dict | range) else 0
    _refuse_length("join", count * len(as_text(between)) + size_of(values))


def _check_text_join(between: str, values: object) -> None:
    _check_join(values, between)


def _check_replace(text: object, old: object, new: object, count: object = None) -> None:
    before, removed = as_text(text), as_text(old)
    times = before.count(removed) if removed else len(before) + 1
    _refuse_length("replace", len(before) + times * len(as_text(new)))


def _check_parts(values: object, count: object, fill_with: object = None) -> None:
    if not isinstance(count, int) or not 0 < count <= MOST_PARTS:
        raise SecurityError(f"batch or slice with a number outside 1 to {MOST_PARTS}")


def _check_batch(values: object, linecount: object, fill_with: object = None) -> None:
    _check_parts(values, linecount)


def _check_slice(values: object, slices: object, fill_with: object = None) -> None:
    _check_parts(values, slices)


def _check_round(value: object, precision: object = 0, method: object = "common") -> None:
    if not isinstance(precision, int) or abs(precision) > MOST_POWER:
        raise SecurityError(f"round to more than {MOST_POWER} digits")


def _check_sum(values: object, attribute: object = None, start: object = 0) -> None:
    if not isinstance(start, int | float):
        raise SecurityError("sum of anything but numbers")


def _refuse_length(name: str, length: int) -> None:
    if length > MOST_SIZE:
        raise too_large(name)


CHECKS: dict[str, Callable[..., None]] = {
    "batch": _check_batch,
    "format": _check_format,
    "join": _check_join,
    "replace": _check_replace,
    "round": _check_round,
    "slice": _check_slice,
    "sum": _check_sum,
}
"""Checks that run before a filter, with the filter's arguments."""
TEXT_CHECKS: dict[str, Callable[..., None]] = {"join": _check_text_join, "replace": _check_replace}
"""The same for methods of text, whose first argument is the text."""

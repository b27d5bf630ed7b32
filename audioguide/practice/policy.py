"""What the scripts of one session may take, and what of Jinja they may use.

A script may come from anyone. One step that takes a gigabyte or an hour cannot be stopped half-way, so that no such
step is allowed: ``FILTERS``, ``TESTS`` and ``ATTRIBUTES`` list by name what a script may use, and ``CHECKS`` refuses
the few of these whose result could be larger than what they are given, before it is made. Every value that a template
makes is measured, and counted in a ``Budget``.
"""

import re
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any

from jinja2 import Undefined
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, LoopContext, Macro
from jinja2.sandbox import SandboxedFormatter
from jinja2.utils import Cycler, Namespace

from audioguide.practice.budget import MOST_TURNS, Budget

MOST_SIZE, MOST_DEPTH, MOST_NUMBER = 100_000, 8, 10**15
"""What one value may be: characters and items in all, lists in lists, a number's size."""
MOST_CODE = 10_000
"""Signs and words inside the tags of one file."""
MOST_PARTS, MOST_DIGITS, MOST_POWER = 1_000, 2, 10
"""What may be asked of batch and slice, of a width, and of a power."""

FILTERS = {
    "changes letters, and keeps the length": "capitalize lower string title trim upper",
    "reads a number out of a value": "abs count float int length round sum wordcount",
    "picks one": "d default first last max min",
    "puts in another order, or leaves some out": "dictsort items list reject rejectattr reverse select selectattr sort",
    "leaves out what stands there already": "unique",
    "does to each what another filter does": "map",
    "could make more than it is given, and has a check": "batch format join replace slice",
}
"""Why a filter is allowed, and its name. Not here: what allocates by a width or has no use in speech (center, indent,
wordwrap, truncate, urlize, tojson, xmlattr, pprint, escape, safe, ...), reads attributes by name (attr), or is not the
same twice (random)."""

TESTS = {
    "asks what kind of value it is": "boolean defined false float integer iterable mapping none number sequence string "
    "true undefined",
    "compares": "== eq equalto != ne > gt greaterthan >= ge < lt lessthan <= le in sameas",
    "asks about a number or its letters": "divisibleby even odd lower upper",
}

_TEXT = """capitalize casefold count endswith find format index isalnum isalpha isdigit islower isnumeric isspace
istitle isupper join lower lstrip partition removeprefix removesuffix replace rstrip split splitlines startswith strip
swapcase title upper"""
_LOOP = """changed cycle depth depth0 first index index0 last length nextitem previtem revindex revindex0"""
ATTRIBUTES: tuple[tuple[type, frozenset[str]], ...] = tuple(
    (kind, frozenset(names.split()))
    for kind, names in (
        (
            str,
            _TEXT,
        ),  # not: center, ljust, rjust, zfill, expandtabs, translate (allocate), rfind and its like (quadratic)
        (list, "count index"),
        (tuple, "count index"),
        (dict, "get items keys values"),
        (LoopContext, _LOOP),
        (Cycler, "current next reset"),
        (Macro, "arguments caller catch_kwargs catch_varargs name"),
        (BlockReference, "super"),
    )
)
"""What a script may ask of a value by ``value.name``, beside what is in a mapping, a namespace or an imported file."""


def names_in(table: Mapping[str, str]) -> list[str]:
    """Return the names that a table allows."""
    return sorted(name for names in table.values() for name in names.split())


def measured(value: object) -> int:
    """Return the characters and items of a value with all that is in it.

    Raises:
        SecurityError: they are more than one value may have.
    """
    size, waiting = 0, [(value, 0)]
    while waiting:
        item, depth = waiting.pop()
        size += _own_size(item)
        if size > MOST_SIZE or depth > MOST_DEPTH:
            raise SecurityError(f"a value of more than {MOST_SIZE} characters or items, or {MOST_DEPTH} lists in lists")
        if isinstance(item, dict):
            waiting += [(inner, depth + 1) for pair in item.items() for inner in pair]
        elif isinstance(item, list | tuple):
            waiting += [(inner, depth + 1) for inner in item]
    return size


def _own_size(item: object) -> int:
    if isinstance(item, int | float) and abs(item) > MOST_NUMBER and abs(item) != float("inf"):
        raise SecurityError("a number so large")
    return 1 + len(item) if isinstance(item, str | list | tuple | dict | range) else 1


def settled(value: object, budget: Budget) -> object:
    """Return a value that a template made, counted; what would be made only while it is read, is made now."""
    if isinstance(value, Iterator | ItemsView | KeysView | ValuesView):
        few = []
        for item in value:
            budget.check()
            few.append(item)
            if len(few) > MOST_SIZE:
                break
        value = few
    budget.make(measured(value))
    return value


def as_text(value: object) -> str:
    """Return a value as it is printed.

    Raises:
        SecurityError: it is too large, or no text, number or list, but a function or the like.
    """
    require_plain(value)
    measured(value)
    return str(value)


def require_plain(value: object) -> None:
    """Refuse what is neither text nor a number, a list or a mapping.

    Raises:
        SecurityError: it is a function or the like.
    """
    if value is not None and not isinstance(value, str | int | float | list | tuple | dict | range | Undefined):
        name = getattr(value, "__name__", None) or getattr(value, "name", None)
        advice = f"; write {name}()" if name and callable(value) else ""
        raise SecurityError(f"a {type(value).__name__.lower().replace('_', ' ')} in place of text{advice}")


def numbers(*arguments: int) -> range:
    """Return a range that is not too long."""
    made = range(*arguments)
    if made and abs((made[-1] - made[0]) // made.step) >= MOST_TURNS:
        raise SecurityError(f"a range of more than {MOST_TURNS} numbers")
    return made


class Notes(Namespace):
    """A namespace whose name is short, however much it holds."""

    def __repr__(self) -> str:
        """Return no more than what it is."""
        return "<namespace>"


def check_operator(operator: str, left: object, right: object) -> None:
    """Refuse an operator whose result could be large.

    Raises:
        SecurityError: it could.
    """
    if operator == "%" and isinstance(left, str):
        raise SecurityError("% on text; use {{ }} in place")
    if operator == "*" and _product(left, right) > MOST_SIZE:
        raise SecurityError("the operator * on something so large")
    if operator == "+" and _length(left) + _length(right) > MOST_SIZE:
        raise SecurityError("the operator + on something so large")
    if operator == "**" and not (_within(left, MOST_SIZE) and _within(right, MOST_POWER)):
        raise SecurityError("the operator ** on something so large")


def _product(left: object, right: object) -> float:
    """Return how long text or a list times a number becomes; 0 for numbers, of which only the product is looked at."""
    length, times = (left, right) if _is_sequence(left) else (right, left)
    return _length(length) * times if _is_sequence(length) and isinstance(times, int) else 0


def _is_sequence(value: object) -> bool:
    return isinstance(value, str | list | tuple)


def _length(value: object) -> int:
    return len(value) if isinstance(value, str | list | tuple) else 0


def _within(value: object, most: int) -> bool:
    return not isinstance(value, int | float) or abs(value) <= most


class Format(SandboxedFormatter):
    """``str.format`` whose widths are small, and whose result is too."""

    _size = 0

    def convert_field(self, value: Any, conversion: Any) -> Any:
        """Return a value as text where a field asks so."""
        return super().convert_field(as_text(value) if conversion else value, conversion)

    def format_field(self, value: Any, format_spec: str) -> str:
        """Return one field's text.

        Raises:
            SecurityError: it is wide, or all are long together.
        """
        if re.search(rf"\d{{{MOST_DIGITS + 1}}}", format_spec):
            raise SecurityError(f"a width of more than {MOST_DIGITS} figures in format")
        text = as_text(value)
        self._size += len(text)
        if self._size > MOST_SIZE:
            raise SecurityError("format of something so large")
        return format(value, format_spec) if isinstance(value, int | float) else format(text, format_spec)


_PERCENT = re.compile(r"%(?:\(\w*\))?[-+ 0]{0,2}[0-9]{0,2}(?:\.[0-9]{0,2})?[sdifeEgGxXo%]", re.ASCII)


def _check_format(text: object, *values: object, **named: object) -> None:
    if "%" in _PERCENT.sub("", str(text)):
        raise SecurityError("a % of that form, or so wide, in format")
    longest = max((len(as_text(value)) for value in (*values, *named.values())), default=0)
    _refuse_length("format", len(str(text)) + str(text).count("%") * (longest + 10**MOST_DIGITS))


def _check_join(values: object, between: object = "", attribute: object = None) -> None:
    count = len(values) if isinstance(values, str | list | tuple | dict | range) else 0
    _refuse_length("join", count * len(as_text(between)) + measured(values))


def _check_text_join(between: str, values: object) -> None:
    _check_join(values, between)


def _check_replace(text: object, old: object, new: object, count: object = None) -> None:
    whole, gone = as_text(text), as_text(old)
    times = whole.count(gone) if gone else len(whole) + 1
    _refuse_length("replace", len(whole) + times * len(as_text(new)))


def _check_parts(values: object, count: object, fill_with: object = None) -> None:
    if not isinstance(count, int) or not 0 < count <= MOST_PARTS:
        raise SecurityError(f"batch and slice with a number that is not 1 to {MOST_PARTS}")


def _check_batch(values: object, linecount: object, fill_with: object = None) -> None:
    _check_parts(values, linecount)


def _check_slice(values: object, slices: object, fill_with: object = None) -> None:
    _check_parts(values, slices)


def _check_round(value: object, precision: object = 0, method: object = "common") -> None:
    if not isinstance(precision, int) or abs(precision) > MOST_POWER:
        raise SecurityError(f"round to more than {MOST_POWER} figures")


def _check_sum(values: object, attribute: object = None, start: object = 0) -> None:
    if not isinstance(start, int | float):
        raise SecurityError("sum of what is no number")


def _refuse_length(name: str, length: int) -> None:
    if length > MOST_SIZE:
        raise SecurityError(f"{name} of something so large")


CHECKS: dict[str, Callable[..., None]] = {
    "batch": _check_batch,
    "format": _check_format,
    "join": _check_join,
    "replace": _check_replace,
    "round": _check_round,
    "slice": _check_slice,
    "sum": _check_sum,
}
"""What is asked before a filter runs, with the filter's own arguments."""
TEXT_CHECKS: dict[str, Callable[..., None]] = {"join": _check_text_join, "replace": _check_replace}
"""The same for methods of text."""

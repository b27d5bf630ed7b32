"""What one option of a session is: its names, its help, and how a cell of a list is read.

The table of options itself is `Request`: each of its fields is declared with `option()`. The command line, the columns
of a list, the default file name, the session's title and its manifest are all made from these rows.
"""

from collections.abc import Callable, Iterable
from dataclasses import Field, dataclass, field
from typing import Any

from audioguide.core.errors import InputError, did_you_mean

_ROW = "option"
_YES_NO = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the table."""

    default: Any
    name: str = ""
    """On the command line without the hyphens, and as a column: ``pace``. Empty for a field that no user sets."""
    help: str = ""
    """For the command line."""
    metavar: str = ""
    """The placeholder of the value in the help; flags have none."""
    choices: tuple[str, ...] = ()
    """The values it can take; empty for any."""
    parse_cell: Callable[[str, str], object] | None = None
    """Returns the value of a cell, called with (cell, column); None where the option cannot be a column."""
    collect: Callable[[Iterable[str]], object] | None = None
    """Returns the value of an option that can be repeated on the command line, called with all of its texts."""
    file_name: Callable[[Any], list[str]] | None = None
    """Returns the parts of the default file name for a value; None where it does not appear there."""
    title: Callable[[Any], str] | None = None
    """Returns the words of the session's title for a value; None where it does not appear there."""
    title_rank: int = 1
    """Words of a lower rank come first in the title; those of one rank in the order of the table."""
    variants: tuple[object, ...] = ()
    """Values that change what is said, the one with most phrases first; a recording sheet covers all of them."""
    manifest_key: str = ""
    """The key in the manifest's ``options``; empty for the field's own name."""
    manifest_value: Callable[[Any], object] | None = lambda value: value
    """Returns what the manifest stores; None where the option is not stored."""
    stored_as: type | tuple[type, ...] = str
    """What the manifest stores, unless it is null."""

    def check(self, value: object) -> None:
        """Refuse a value that is not one of the choices.

        Raises:
            InputError: it is not.
        """
        if self.choices and value not in self.choices:
            known = ", ".join(self.choices)
            raise InputError(
                f"--{self.name} {value!r} is not known{did_you_mean(str(value), self.choices)} (choose from {known})"
            )


def option(default: Any, **row: Any) -> Any:
    """Return a dataclass field that carries its row of the table.

    Args:
        default: of the field; a mapping is copied for each instance.
        row: the fields of `Option`.
    """
    known = {_ROW: Option(default, **row)}
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=known)
    return field(default=default, metadata=known)


def row_of(field_: "Field[Any]") -> Option:
    """Return the row that a field was declared with."""
    row: Option = field_.metadata[_ROW]
    return row


def text_cell(cell: str, column: str) -> str:
    """Return a cell as it is."""
    return cell


def yes_no_cell(cell: str, column: str) -> bool:
    """Return a cell that says yes or no, in any of the usual words.

    >>> yes_no_cell("Yes", "bell"), yes_no_cell("0", "bell")
    (True, False)
    """
    if cell.lower() not in _YES_NO:
        raise InputError(f"{column} {cell!r} is neither yes nor no")
    return _YES_NO[cell.lower()]


def number_cell(cell: str, column: str) -> float:
    """Return a cell that holds a number."""
    try:
        return float(cell)
    except ValueError as error:
        raise InputError(f"{column} {cell!r} is not a number") from error

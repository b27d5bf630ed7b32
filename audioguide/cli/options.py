"""Options of the commands: those of a session, made from the table in `core.request`, and a few that commands share."""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from audioguide.core.errors import InputError
from audioguide.core.request import OPTIONS, Request

Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="The MP3 to write.  [default: a name in output/]")
]
Cache = Annotated[
    Path | None,
    typer.Option("--cache", metavar="DIR", help="Where spoken phrases are kept.  [default: your cache folder]"),
]
Captions = Annotated[
    str, typer.Option("--captions", metavar="vtt,srt,lrc,txt", help="Also write captions of these kinds.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Print details.")]
Folder = Annotated[
    str, typer.Argument(metavar="DIR", help="Your own folder, or the name of a practice.", show_default=False)
]
FileOrLength = Annotated[
    str,
    typer.Argument(
        metavar="FILE.mp3|LENGTH", help="A finished session, or a length: 5, 20m, 7:30.", show_default=False
    ),
]

_TYPES = get_type_hints(Request)
_LENGTH = "samples"


def option(field: str, help: str = "") -> Any:
    """Return the command-line option of a field of `Request`, for a command that has only some of them.

    Args:
        field: its name.
        help: instead of the table's own.
    """
    row = OPTIONS[field]
    is_switch = _TYPES[field] in (bool, bool | None)
    flags = f"--{row.name}/--no-{row.name}" if is_switch else f"--{row.name}"
    return typer.Option(flags, metavar=row.metavar or None, help=help or row.help)


def from_options(given: Mapping[str, Any]) -> Request:
    """Return the request that options from the command line make, by the names of their fields.

    Raises:
        InputError: one of them cannot be used.
    """
    return Request(**{field: _value(field, value) for field, value in given.items()})


def for_request(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that has the options of a session before its own, and is called with a `Request` first."""
    return _with_options(command, _parameters(), from_options)


def for_folder(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command as `for_request` does, but the practice is its first argument, and required."""
    parameters = {parameter.name: parameter for parameter in _parameters()}
    folder = parameters.pop("practice").replace(annotation=Folder, default=inspect.Parameter.empty)
    return _with_options(command, [folder, *parameters.values()], from_options)


def for_file(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command as `for_request` does, but called with a Path where its first argument names an MP3."""
    first, *others = _parameters()
    return _with_options(command, [first.replace(annotation=FileOrLength), *others], _file_or_request)


def _file_or_request(given: dict[str, Any]) -> "Path | Request":
    file = given[_LENGTH]
    if not file.lower().endswith(".mp3"):
        return from_options(given)
    for field, value in given.items():
        if field != _LENGTH and value not in (OPTIONS[field].default, None, []):
            flag = f"--no-{OPTIONS[field].name}" if value is False else f"--{OPTIONS[field].name}"
            raise InputError(f"{file} is finished, so {flag} has no effect; give a length instead of a file")
    return Path(file)


def _parameters() -> list[inspect.Parameter]:
    """Return the parameters that stand for the table's options: the length as an argument, all others as options."""
    return [_length() if field == _LENGTH else _parameter(field) for field in OPTIONS]


def _length() -> inspect.Parameter:
    row = OPTIONS[_LENGTH]
    annotation = Annotated[str, typer.Argument(metavar=row.metavar, help=row.help, show_default=False)]
    return _keyword(_LENGTH, annotation, "")


def _parameter(field: str) -> inspect.Parameter:
    row = OPTIONS[field]
    kind, default = (list[str] | None, None) if row.collect else (_TYPES[field], row.default)
    return _keyword(field, Annotated[kind, option(field)], default)


def _keyword(name: str, annotation: Any, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _value(field: str, value: Any) -> Any:
    row = OPTIONS[field]
    if row.collect:
        return row.collect(value or ())
    if field == _LENGTH:
        assert row.parse_cell
        return row.parse_cell(value, row.name) if value else None
    return value


def _with_options(
    command: Callable[..., None], shared: list[inspect.Parameter], read: Callable[[dict[str, Any]], object]
) -> Callable[..., None]:
    """Return a command with shared options; what read makes of them is the command's first argument."""
    own = list(inspect.signature(command).parameters.values())[1:]

    @wraps(command)
    def run(**given: Any) -> None:
        mine = {parameter.name: given.pop(parameter.name) for parameter in own}
        command(read(given), **mine)

    described: Any = run
    described.__signature__ = inspect.Signature(
        [*shared, *(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own)]
    )
    described.__annotations__ = {parameter.name: parameter.annotation for parameter in (*shared, *own)}
    return run

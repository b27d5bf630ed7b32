"""The command batch."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audioguide.cli import options as o
from audioguide.cli.output import counting
from audioguide.core.request import OPTIONS

if TYPE_CHECKING:
    from audioguide.session.batch import RowResult

SCHEMA = 1
"""Raised when the JSON changes; its schema is docs/batch.schema.json."""
HELP = f"""Build a session for each row of a CSV list.

A session that is up to date is left alone. Exits with 1 if a row failed.

Columns: {", ".join(row.name for row in OPTIONS.values() if row.parse_cell)}, captions, out. Any other column is a
variable for the scripts, such as name; say_name says how that name is pronounced.
"""


def batch(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="LIST.csv", help="One session per row; columns are options and variables.", show_default=False
        ),
    ],
    workers: Annotated[
        str,
        typer.Option(
            "--workers",
            metavar="N|dask://HOST:PORT",
            help="How many processes.  [default: one per core, at most eight]",
        ),
    ] = "",
    cache: o.Cache = None,
    as_json: o.Json = False,
) -> None:
    """Build a session for each row of a CSV list; see `HELP`."""
    from audioguide.core.threads import worker_count
    from audioguide.session import batch as batches
    from audioguide.session.batch_list import read_batch_list
    from audioguide.session.pools import find_pool
    from audioguide.storage.atomic import expand_home

    rows = read_batch_list(file)
    pool = find_pool(workers or str(min(worker_count(), len(rows))))
    results: list[RowResult] = []
    with counting("building") as progress:
        progress(0, len(rows))
        for result in batches.run(rows, pool, str(expand_home(cache).absolute()) if cache else None):
            results.append(result)
            progress(len(results), len(rows))
    results.sort(key=lambda result: result.line)
    _show(file, results, as_json)
    if any(result.state == "failed" for result in results):
        raise typer.Exit(1)


def _show(file: Path, results: "list[RowResult]", as_json: bool) -> None:
    counts = {state: sum(one.state == state for one in results) for state in ("built", "unchanged", "failed")}
    if as_json:
        typer.echo(json.dumps({"schema": SCHEMA, **counts, "rows": [_as_json(one) for one in results]}, indent=1))
        return
    for one in results:
        if one.state != "failed":
            typer.echo(_line(one))
    for one in results:
        if one.state == "failed":
            typer.echo(f"{file}:{one.line}: {one.message}", err=True)
    typer.echo(", ".join(f"{count} {state}" for state, count in counts.items()))


def _line(one: "RowResult") -> str:
    from audioguide.core.clock import clock

    out = Path(one.out)
    shown = out.relative_to(Path.cwd()) if out.is_relative_to(Path.cwd()) else out
    return f"{one.line:>6}  {one.state:<9}  {clock(one.samples):>8}  {shown}"


def _as_json(one: "RowResult") -> dict[str, object]:
    from audioguide.core.clock import RATE_HZ

    row: dict[str, object] = {"line": one.line, "state": one.state, "file": one.out or None}
    if one.state == "failed":
        return row | {"error": one.message}
    return row | {"length_s": one.samples / RATE_HZ, "phrases_spoken_now": one.spoken}

"""The command batch."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audioguide.cli import options as o

if TYPE_CHECKING:
    from audioguide.session.batch import RowResult

app = typer.Typer()
SCHEMA = 1
"""Raised when the JSON changes; its schema stands in docs/batch.schema.json."""


@app.command()
def batch(
    roster: Annotated[
        Path,
        typer.Argument(
            metavar="LIST.csv", help="One session a row; columns are options and variables.", show_default=False
        ),
    ],
    workers: Annotated[
        str,
        typer.Option(
            "--workers", metavar="N|dask://HOST:PORT", help="How many processes; left open, one a core, eight at most."
        ),
    ] = "",
    cache: o.Cache = None,
    as_json: o.Json = False,
) -> None:
    """Build many sessions out of a list; what stands already is left as it is. Ends with 1 where a row failed.

    Columns: length, practice, voice, grounding, ending, guidance, pace, bell, only, captions, out; any other is a
    variable for the scripts, such as name; say_name tells how that is said.
    """
    from audioguide.cli.progress import counting
    from audioguide.core.threads import worker_count
    from audioguide.session import batch as batches
    from audioguide.session.batch_list import read_batch_list
    from audioguide.session.pools import find_pool
    from audioguide.storage.atomic import expand_home

    rows = read_batch_list(roster)
    pool = find_pool(workers or str(min(worker_count(), len(rows))))
    outcomes: list[RowResult] = []
    with counting("building") as progress:
        progress(0, len(rows))
        for outcome in batches.run(rows, pool, str(expand_home(cache).absolute()) if cache else None):
            outcomes.append(outcome)
            progress(len(outcomes), len(rows))
    outcomes.sort(key=lambda outcome: outcome.line)
    _show(roster, outcomes, as_json)
    if any(outcome.state == "failed" for outcome in outcomes):
        raise typer.Exit(1)


def _show(roster: Path, outcomes: "list[RowResult]", as_json: bool) -> None:
    counts = {state: sum(one.state == state for one in outcomes) for state in ("built", "unchanged", "failed")}
    if as_json:
        typer.echo(json.dumps({"schema": SCHEMA, **counts, "rows": [_as_json(one) for one in outcomes]}, indent=1))
        return
    for one in outcomes:
        if one.state != "failed":
            typer.echo(_line(one))
    for one in outcomes:
        if one.state == "failed":
            typer.echo(f"{roster}:{one.line}: {one.message}", err=True)
    typer.echo(", ".join(f"{count} {state}" for state, count in counts.items()))


def _line(one: "RowResult") -> str:
    from audioguide.core.clock import clock

    out = Path(one.out)
    shown = out.relative_to(Path.cwd()) if out.is_relative_to(Path.cwd()) else out
    return f"{one.line:>6}  {one.state:<9}  {clock(one.samples):>8}  {shown}"


def _as_json(one: "RowResult") -> dict[str, object]:
    from audioguide.core.clock import RATE_HZ

    told: dict[str, object] = {"line": one.line, "state": one.state, "file": one.out or None}
    if one.state == "failed":
        return told | {"error": one.message}
    return told | {"length_s": one.samples / RATE_HZ, "phrases_spoken_now": one.spoken}

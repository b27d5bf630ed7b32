"""The command verify."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audioguide.cli import options as o

if TYPE_CHECKING:
    from audioguide.checks.measurements import Check
    from audioguide.checks.transcribe import HeardLine
    from audioguide.checks.verify import FileReport

app = typer.Typer()
_MARKS = {True: "ok", False: "FAIL", None: "-"}


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A finished MP3.", show_default=False)],
    transcribe: Annotated[
        bool, typer.Option("--transcribe", help="Listen to it as well, and list the lines that were not heard.")
    ] = False,
    as_json: o.Json = False,
) -> None:
    """Decode a finished MP3 and measure it; ends with 1 where a limit is broken."""
    from audioguide.checks.verify import verify as verify_file

    report = verify_file(file)
    lines = _listened(file, report) if transcribe else None
    if as_json:
        typer.echo(json.dumps(report.as_json() | ({} if lines is None else {"lines": _as_json(lines)}), indent=1))
    else:
        _show(report, lines)
    unheard = [line for line in lines or () if not line.was_heard]
    if unheard or not report.passed:
        raise typer.Exit(1)


def _listened(file: Path, report: "FileReport") -> "list[HeardLine]":
    from audioguide.checks.transcribe import listen
    from audioguide.core.errors import InputError

    if report.made_of is None:
        raise InputError(f"{file} does not tell what is said in it; --transcribe needs a session of audioguide")
    return listen(file, report.made_of.timeline.sounds, report.made_of.language)


def _show(report: "FileReport", lines: "list[HeardLine] | None") -> None:
    from audioguide.core.clock import FRAME, clock

    for check in report.checks:
        typer.echo(_row(check))
    if report.made_of is None:
        typer.echo("no plan of audioguide stands in this file; what needs one was not judged")
    if lines is not None:
        heard, of = sum(line.heard for line in lines), sum(line.words for line in lines)
        typer.echo(f"heard {heard} of {of} words in their place")
        for line in lines:
            if not line.was_heard:
                typer.echo(f"FAIL  not heard at {clock(line.sound.start * FRAME)}: {_text(line)}")
    failed = sum(check.passed is False for check in report.checks)
    broken = f"{failed} limit{'' if failed == 1 else 's'} broken"
    typer.echo(f"{report.file}: {broken if failed else 'all limits kept'}")


def _row(check: "Check") -> str:
    limit = f"  ({check.limit})" if check.limit else ""
    return f"{_MARKS[check.passed]:<4}  {check.name}: {check.value} {check.unit}".rstrip() + limit


def _as_json(lines: "list[HeardLine]") -> list[dict[str, object]]:
    from audioguide.core.clock import FRAME, RATE_HZ

    return [
        {
            "start_s": line.sound.start * FRAME / RATE_HZ,
            "text": _text(line),
            "words": line.words,
            "heard": line.heard,
            "passed": line.was_heard,
        }
        for line in lines
    ]


def _text(line: "HeardLine") -> str:
    return getattr(line.sound.cue, "text", "")

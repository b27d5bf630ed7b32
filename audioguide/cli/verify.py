"""The command verify."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audioguide.cli import options as o
from audioguide.core.plural import counted

if TYPE_CHECKING:
    from audioguide.checks.measurements import Check
    from audioguide.checks.transcribe import HeardLine
    from audioguide.checks.verify import FileReport

_MARKS = {True: "ok", False: "FAIL", None: "-"}


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A finished MP3.", show_default=False)],
    transcribe: Annotated[
        bool, typer.Option("--transcribe", help="Also run speech recognition, and list lines that were not heard.")
    ] = False,
    as_json: o.Json = False,
) -> None:
    """Decode and measure a finished MP3.

    Exits with 1 if a limit is broken.
    """
    from audioguide.checks.verify import verify as verify_file

    report = verify_file(file)
    lines = _listen(file, report) if transcribe else None
    if as_json:
        typer.echo(json.dumps(report.as_json() | ({} if lines is None else {"lines": _as_json(lines)}), indent=1))
    else:
        _show(report, lines)
    unheard = [line for line in lines or () if not line.was_heard]
    if unheard or not report.passed:
        raise typer.Exit(1)


def _listen(file: Path, report: "FileReport") -> "list[HeardLine]":
    from audioguide.checks.transcribe import listen
    from audioguide.core.errors import InputError

    if report.manifest is None:
        raise InputError(f"{file} has no audioguide plan, so its words are unknown; --transcribe needs a session")
    return listen(file, report.manifest.timeline.sounds, report.manifest.language)


def _show(report: "FileReport", lines: "list[HeardLine] | None") -> None:
    from audioguide.core.clock import FRAME, clock

    for check in report.checks:
        typer.echo(_row(check))
    if report.manifest is None:
        typer.echo("no audioguide plan in this file; checks that need one were skipped")
    if lines is not None:
        heard, total = sum(line.heard for line in lines), sum(line.words for line in lines)
        typer.echo(f"heard {heard} of {total} words where they should be")
        for line in lines:
            if not line.was_heard:
                typer.echo(f"FAIL  not heard at {clock(line.sound.start * FRAME)}: {_text(line)}")
    failed = sum(check.passed is False for check in report.checks)
    typer.echo(f"{report.file}: {counted(failed, 'limit') + ' broken' if failed else 'within all limits'}")


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

"""The command doctor."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audioguide.cli import options as o

if TYPE_CHECKING:
    from audioguide.checks.doctor import Diagnosis


def doctor(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder for sessions.")] = Path("output"),
    deep: Annotated[bool, typer.Option("--deep", help="Also read every byte of the cache.")] = False,
    cache: o.Cache = None,
    as_json: o.Json = False,
) -> None:
    """Check this computer, and say how to fix what does not work.

    Exits with 1 if a build would fail.
    """
    from audioguide.checks.doctor import examine, is_fatal

    findings: list[Diagnosis] = []
    for finding in examine(cache, out, deep):
        findings.append(finding)
        if not as_json:
            typer.echo(_row(finding))
    if as_json:
        typer.echo(json.dumps([finding.as_json() for finding in findings], indent=1))
    if any(is_fatal(finding) for finding in findings):
        raise typer.Exit(1)


def _row(finding: "Diagnosis") -> str:
    advice = f"; {finding.advice}" if finding.advice else ""
    return f"{finding.state.value:<5} {finding.name}: {finding.words}{advice}"

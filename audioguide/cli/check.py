"""The command check."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from audioguide.cli import options as o
from audioguide.core.defaults import PRACTICE
from audioguide.core.plural import counted

if TYPE_CHECKING:
    from audioguide.checks.wording import WordingReport


def check(
    practice: Annotated[
        str, typer.Argument(metavar="NAME|DIR", help="A practice: a name, or your own folder.")
    ] = PRACTICE,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if there is advice, too.")] = False,
    as_json: o.Json = False,
    settings: Annotated[list[str] | None, o.option("settings")] = None,
) -> None:
    """Find errors in a practice's wording, and give advice.

    The practice is rendered at many lengths, endings and kinds of guidance. Nothing is spoken: the length of each
    phrase is estimated from its words, so this takes seconds. Exits with 1 if there are errors. docs/wording.md
    explains each rule, and how to switch it off.
    """
    from audioguide.checks import wording
    from audioguide.core.request import read_settings

    report = wording.check(practice, read_settings(settings or ()))
    if as_json:
        typer.echo(json.dumps(report.as_json(), indent=1))
    else:
        for finding in report.findings:
            typer.echo(_one_line(str(finding)))
        typer.echo(_one_line(_summary(report)))
    if report.errors or (strict and report.advice):
        raise typer.Exit(1)


def _one_line(text: str) -> str:
    from audioguide.core.characters import visible

    return visible(" ".join(text.split()))


def _summary(report: "WordingReport") -> str:
    from audioguide.core.clock import clock

    advice = f"{counted(len(report.advice), 'piece')} of advice" if report.advice else "no advice"
    counts = f"{counted(len(report.errors), 'error')}, {advice}"
    if not (report.shortest and report.longest):
        return f"{report.practice}: {counts}; no session could be planned"
    sessions = f"{report.sessions} sessions of {clock(report.shortest)} to {clock(report.longest)}, as estimated"
    known = "" if report.knows_words else f"; there are no word rules for language {report.language!r}"
    return f"{report.practice}: {counts} in {sessions}{known}"

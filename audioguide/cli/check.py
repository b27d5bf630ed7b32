"""The command check."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from audioguide.cli import options as o
from audioguide.core.defaults import PRACTICE

if TYPE_CHECKING:
    from audioguide.checks.wording import WordingReport

app = typer.Typer()


@app.command()
def check(
    practice: Annotated[
        str, typer.Argument(metavar="[NAME|DIR]", help="Which practice: a name, or your own folder.")
    ] = PRACTICE,
    strict: Annotated[bool, typer.Option("--strict", help="End with 1 where there is advice, too.")] = False,
    as_json: o.Json = False,
    settings: o.Settings = None,
) -> None:
    """Tell what is wrong with a practice's wording, and what could be better.

    It is rendered at many lengths, endings and kinds of guidance. Nothing is spoken: how long a phrase lasts is
    estimated from its words, so that this takes seconds. Ends with 1 where something is wrong. docs/wording.md
    tells each rule, why it is there, and how to switch it off.
    """
    from audioguide.checks import wording as wording
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


def _pieces(count: int) -> str:
    """Return how many pieces.

    >>> _pieces(0), _pieces(1), _pieces(2)
    ('no piece', '1 piece', '2 pieces')
    """
    return f"{count or 'no'} piece{'s' if count > 1 else ''}"


def _summary(report: "WordingReport") -> str:
    from audioguide.core.clock import clock

    errors, advice = len(report.errors), len(report.advice)
    found = f"{errors} error{'' if errors == 1 else 's'}, {_pieces(advice)} of advice"
    if not (report.shortest and report.longest):
        return f"{report.practice}: {found}; no session of it could be laid out"
    looked = f"{report.sessions} sessions of {clock(report.shortest)} to {clock(report.longest)}, as estimated"
    known = "" if report.knows_words else f"; there are no rules for the words of {report.language!r}"
    return f"{report.practice}: {found} in {looked}{known}"

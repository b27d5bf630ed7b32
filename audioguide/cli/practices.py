"""The commands practices and customize."""

from pathlib import Path
from typing import Annotated

import typer

from audioguide.cli import options as o
from audioguide.core.defaults import PRACTICE

app = typer.Typer()


@app.command()
def practices() -> None:
    """List the practices and their steps."""
    from audioguide.practice.definition import find_practice, practice_names

    for name in practice_names():
        practice = find_practice(name)
        default = " (default)" if name == PRACTICE else ""
        typer.echo(f"{name}{default}: {practice.description}")
        typer.echo(f"  steps: {', '.join(practice.step_names())}")
        typer.echo(f"  folder: {practice.folder}")


@app.command()
def customize(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.", show_default=False)],
    practice: o.PracticeName = PRACTICE,
    blank: Annotated[
        bool, typer.Option("--blank", help="A tiny new practice of two steps instead of a copy; it builds at once.")
    ] = False,
) -> None:
    """Lay out your own copy of the wording, ready to edit, with a short guide. Overwrites nothing."""
    from audioguide.practice.customize import write_blank, write_copy
    from audioguide.practice.definition import find_practice

    place = folder.expanduser()
    files = write_blank(place) if blank else write_copy(place, find_practice(practice))
    typer.echo(f"{folder}  {len(files)} files; begin with {files[-1].name}")
    typer.echo(f"then: audioguide build 20 --practice {folder}", err=True)

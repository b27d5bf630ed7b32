"""The command customize."""

from pathlib import Path
from typing import Annotated

import typer

from audioguide.cli import options as o
from audioguide.cli.output import note
from audioguide.core.defaults import PRACTICE
from audioguide.core.plural import counted


def customize(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.", show_default=False)],
    practice: Annotated[str, o.option("practice")] = PRACTICE,
    blank: Annotated[
        bool, typer.Option("--blank", help="A tiny new practice of two steps instead of a copy; it builds at once.")
    ] = False,
) -> None:
    """Copy a practice into a folder of your own, to edit its words.

    A short guide is added. No file is overwritten.
    """
    from audioguide.practice.customize import write_blank, write_copy
    from audioguide.practice.definition import find_practice
    from audioguide.storage.atomic import expand_home

    target = expand_home(folder)
    files = write_blank(target) if blank else write_copy(target, find_practice(practice))
    typer.echo(f"{folder}  {counted(len(files), 'file')}; begin with {files[-1].name}")
    note(f"then: audioguide build 20 --practice {folder}")

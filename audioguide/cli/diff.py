"""The command diff."""

from typing import Annotated

import typer

from audioguide.cli import options as o
from audioguide.core.defaults import ENDINGS, GUIDANCE


def diff(
    one: Annotated[str, typer.Argument(metavar="A", help="A practice: a name, or your own folder.")],
    other: Annotated[
        str, typer.Argument(metavar="B", help="Another one; without it, A is compared with the practice it extends.")
    ] = "",
    length: Annotated[str, typer.Option("--length", metavar="LENGTH", help="Compare sessions of this length.")] = "20",
    guidance: Annotated[str, o.option("guidance")] = GUIDANCE[0],
    ending: Annotated[str, o.option("ending")] = ENDINGS[0],
    grounding: Annotated[bool | None, o.option("grounding")] = None,
    bell: Annotated[bool, o.option("bell")] = True,
    settings: Annotated[list[str] | None, o.option("settings")] = None,
) -> None:
    """Compare what two practices say, and their timetables.

    Nothing is spoken: the length of each phrase is estimated from its words.
    """
    from audioguide.checks import diff as diffs

    given = {"guidance": guidance, "ending": ending, "grounding": grounding, "bell": bell, "settings": settings}
    for line in diffs.compare(o.from_options({"samples": length, **given}), one, other):
        typer.echo(line)

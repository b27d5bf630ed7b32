"""The commands rehearse, watch and diff: for those who write."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from audioguide.cli import build
from audioguide.cli import options as o
from audioguide.core.defaults import ENDINGS, GUIDANCE

if TYPE_CHECKING:
    from audioguide.core.request import Request
    from audioguide.session.session_file import Session

app = typer.Typer()


@app.command()
@o.for_request
def rehearse(
    asked: "Request",
    start: Annotated[
        str | None, typer.Option("--from", metavar="STEP", help="Begin with this step, and go on to the end.")
    ] = None,
    captions: o.Captions = "",
    out: o.Out = None,
    cache: o.Cache = None,
    as_json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Build a session for proof-listening: each pause over 2 s is cut to half a second with a soft tick."""
    build.write(replace(asked, rehearsal=True, from_step=start), captions, out, cache, as_json, verbose)


@app.command()
@o.for_folder
def watch(
    asked: "Request",
    rehearsed: Annotated[bool, typer.Option("--rehearse", help="Cut long pauses, as rehearse does.")] = False,
    out: o.Out = None,
    cache: o.Cache = None,
) -> None:
    """Build again at every save, until Ctrl-C; says in a line what changed, what was written, and how long it took."""
    from audioguide.core.request import default_out
    from audioguide.practice import watch as watching
    from audioguide.session import build as sessions
    from audioguide.storage.store import open_store

    asked = replace(asked, rehearsal=rehearsed)
    path, store = out or default_out(asked), open_store(cache)

    def once() -> str:
        built = sessions.write(asked, path, store)
        return f"{build.line(built, path)}, {_spoken(built)}"

    scene = watching.Scene(asked.practice, asked.voice, cache)
    for line in watching.watch(watching.saves(scene), once):
        typer.echo(line)


def _spoken(built: "Session") -> str:
    return f"{built.spoken} phrase{'' if built.spoken == 1 else 's'} spoken anew"


@app.command()
def diff(
    one: Annotated[str, typer.Argument(metavar="A", help="A practice: a name, or your own folder.")],
    other: Annotated[
        str, typer.Argument(metavar="[B]", help="Another one; left open, A is compared with what it extends.")
    ] = "",
    length: Annotated[str, typer.Option("--length", metavar="LENGTH", help="Of which session.")] = "20",
    grounding: o.Grounding = None,
    ending: o.Ending = ENDINGS[0],
    guidance: o.Guidance = GUIDANCE[0],
    bell: o.BellOn = True,
    settings: o.Settings = None,
) -> None:
    """Print what two practices say differently, and how the timetable moves; speaks nothing, lengths are estimated."""
    from audioguide.checks import diff
    from audioguide.core.clock import parse_length
    from audioguide.core.request import Request, read_settings

    known = read_settings(settings or ())
    asked = Request(
        parse_length(length), grounding=grounding, ending=ending, guidance=guidance, bell=bell, settings=known
    )
    for line in diff.compare(asked, one, other):
        typer.echo(line)

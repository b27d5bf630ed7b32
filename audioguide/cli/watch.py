"""The command watch."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from audioguide.cli import options as o
from audioguide.cli.build import summary
from audioguide.core.plural import counted

if TYPE_CHECKING:
    from audioguide.core.request import Request


@o.for_folder
def watch(
    request: "Request",
    rehearsed: Annotated[bool, typer.Option("--rehearse", help="Cut long pauses, as rehearse does.")] = False,
    out: o.Out = None,
    cache: o.Cache = None,
) -> None:
    """Build again whenever you save a script, until Ctrl-C.

    Each build prints one line: what changed, what was written, and how long it took.
    """
    from audioguide.core.request import default_out
    from audioguide.practice import watch as watching
    from audioguide.session import build as sessions
    from audioguide.storage.atomic import expand_home
    from audioguide.storage.store import open_store

    request = replace(request, rehearsal=rehearsed)
    path, store = expand_home(out or default_out(request)), open_store(cache)

    def build() -> str:
        session = sessions.write(request, path, store)
        return f"{summary(session, path)}, {counted(session.spoken, 'phrase')} spoken now"

    files = watching.WatchedFiles(request.practice, request.voice, cache)
    for line in watching.watch(watching.saves(files), build):
        typer.echo(line)

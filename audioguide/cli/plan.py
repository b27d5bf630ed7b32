"""The command plan."""

import json
from typing import TYPE_CHECKING

import typer

from audioguide.cli import options as o
from audioguide.cli.output import speaking

if TYPE_CHECKING:
    from audioguide.core.request import Request


@o.for_request
def plan(request: "Request", cache: o.Cache = None, as_json: o.Json = False) -> None:
    """Print the timetable of a session, without writing an MP3.

    Phrases not in the cache are spoken, because only measured speech can be planned exactly.
    """
    from audioguide.session import build as sessions
    from audioguide.storage.store import open_store
    from audioguide.timeline import timetable

    with speaking() as progress:
        planned = sessions.plan(request, open_store(cache), progress)
    if as_json:
        head = {"schema": timetable.SCHEMA, "title": planned.about.title, "voice": planned.voice.name}
        typer.echo(json.dumps(head | timetable.as_json(planned.timeline), indent=1))
        return
    typer.echo(f"{planned.about.title}; voice {planned.voice.name}")
    typer.echo(timetable.bar(planned.timeline))
    typer.echo(timetable.summary(planned.timeline))
    for line in timetable.table(planned.timeline):
        typer.echo(line)

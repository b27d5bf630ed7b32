"""The commands build, plan and render."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from audioguide.cli import options as o
from audioguide.cli.progress import speaking

if TYPE_CHECKING:
    from audioguide.core.request import Request
    from audioguide.session.session_file import Session

app = typer.Typer()


@app.command()
@o.for_request
def build(
    asked: "Request",
    captions: o.Captions = "",
    out: o.Out = None,
    cache: o.Cache = None,
    as_json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Build a session: an MP3 of exactly LENGTH."""
    hint = "" if as_json else "In the player, keep 'trim silence' and faster speeds off: the pauses are the practice.\n"
    write(asked, captions, out, cache, as_json, verbose, hint)


def write(
    asked: "Request", captions: str, out: Path | None, cache: Path | None, as_json: bool, verbose: bool, hint: str = ""
) -> None:
    """Write a session, and print what was written; on stderr the details, if asked for, and a hint."""
    from audioguide.core.request import default_out
    from audioguide.session import build as sessions
    from audioguide.storage.atomic import expand_home
    from audioguide.storage.store import open_store
    from audioguide.timeline.captions import caption_kinds

    path, store, kinds = expand_home(out or default_out(asked)), open_store(cache), caption_kinds(captions)
    with speaking() as progress:
        built = sessions.write(asked, path, store, progress, kinds)
    typer.echo(json.dumps(_facts(built, path)) if as_json else line(built, path))
    if verbose:
        typer.echo(_details(built, store.folder), err=True)
    typer.echo(hint, nl=False, err=True)


@app.command()
@o.for_request
def plan(asked: "Request", cache: o.Cache = None, as_json: o.Json = False) -> None:
    """Print the timetable: when what is said, and the pauses. Speaks, but writes no MP3."""
    from audioguide.session import build as sessions
    from audioguide.storage.store import open_store
    from audioguide.timeline import timetable

    with speaking() as progress:
        planned = sessions.plan(asked, open_store(cache), progress)
    if as_json:
        head = {"schema": timetable.SCHEMA, "title": planned.about.title, "voice": planned.voice.name}
        typer.echo(json.dumps(head | timetable.as_json(planned.timeline), indent=1))
        return
    typer.echo(f"{planned.about.title}; voice {planned.voice.name}")
    typer.echo(timetable.bar(planned.timeline))
    typer.echo(timetable.summary(planned.timeline))
    for line in timetable.table(planned.timeline):
        typer.echo(line)


@app.command()
@o.for_request
def render(asked: "Request") -> None:
    """Print the text of a session as it will be spoken, with its marks."""
    from audioguide.session import build as sessions

    typer.echo(sessions.render(asked), nl=False)


def line(built: "Session", path: Path) -> str:
    """Return what was written, in a line."""
    from audioguide.core.clock import clock

    timeline = built.timeline
    chapters = f"{len(timeline.chapters)} chapter{'' if len(timeline.chapters) == 1 else 's'}"
    megabytes = path.stat().st_size / 1_000_000
    return f"{path}  {clock(timeline.total, millis=True)}  {chapters}  {megabytes:.1f} MB"


def _facts(built: "Session", path: Path) -> dict[str, object]:
    from audioguide.core.clock import RATE_HZ

    timeline = built.timeline
    return {
        "file": str(path),
        "length_s": timeline.total / RATE_HZ,
        "length_samples": timeline.total,
        "chapters": len(timeline.chapters),
        "bytes": path.stat().st_size,
        "voice": built.voice.name,
        "phrases": len(built.clips),
        "phrases_spoken_now": built.spoken,
    }


def _details(built: "Session", folder: Path) -> str:
    from audioguide.speech.voices import RECORDED

    voice = built.voice
    pace = "" if voice.engine == RECORDED else f", {voice.pace_wpm:g} words a minute"
    return (
        f"voice {voice.name} ({voice.engine}){pace}; "
        f"{len(built.clips)} phrases, {built.spoken} of them spoken now; kept in {folder}"
    )

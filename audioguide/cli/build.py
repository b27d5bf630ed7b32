"""The command build."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from audioguide.cli import options as o
from audioguide.cli.output import note, speaking
from audioguide.core.plural import counted

if TYPE_CHECKING:
    from audioguide.core.request import Request
    from audioguide.session.session_file import Session

_HINT = "In the player, keep 'trim silence' and faster speeds off: the pauses are the practice."


@o.for_request
def build(
    request: "Request",
    captions: o.Captions = "",
    out: o.Out = None,
    cache: o.Cache = None,
    as_json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Build a session: an MP3 of exactly LENGTH."""
    write_session(request, captions, out, cache, as_json, verbose)
    if not as_json:
        note(_HINT)


def write_session(
    request: "Request", captions: str, out: Path | None, cache: Path | None, as_json: bool, verbose: bool
) -> None:
    """Write a session and print what was written; details go to stderr."""
    from audioguide.core.request import default_out
    from audioguide.session import build as sessions
    from audioguide.storage.atomic import expand_home
    from audioguide.storage.store import open_store
    from audioguide.timeline.captions import caption_kinds

    path, store, kinds = expand_home(out or default_out(request)), open_store(cache), caption_kinds(captions)
    with speaking() as progress:
        session = sessions.write(request, path, store, progress, kinds)
    typer.echo(json.dumps(_as_json(session, path)) if as_json else summary(session, path))
    if verbose:
        note(_details(session, store.folder))


def summary(session: "Session", path: Path) -> str:
    """Return one line about a session that was written."""
    from audioguide.core.clock import clock

    timeline = session.timeline
    megabytes = path.stat().st_size / 1_000_000
    chapters = counted(len(timeline.chapters), "chapter")
    return f"{path}  {clock(timeline.total, millis=True)}  {chapters}  {megabytes:.1f} MB"


def _as_json(session: "Session", path: Path) -> dict[str, object]:
    from audioguide.core.clock import RATE_HZ

    timeline = session.timeline
    return {
        "file": str(path),
        "length_s": timeline.total / RATE_HZ,
        "length_samples": timeline.total,
        "chapters": len(timeline.chapters),
        "bytes": path.stat().st_size,
        "voice": session.voice.name,
        "phrases": len(session.clips),
        "phrases_spoken_now": session.spoken,
    }


def _details(session: "Session", folder: Path) -> str:
    from audioguide.speech.voices import RECORDED

    voice = session.voice
    pace = "" if voice.engine == RECORDED else f", {voice.pace_wpm:g} words a minute"
    phrases = f"{counted(len(session.clips), 'phrase')}, {session.spoken} spoken now"
    return f"voice {voice.name} ({voice.engine}){pace}; {phrases}; cache {folder}"

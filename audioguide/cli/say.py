"""The command say."""

from pathlib import Path
from typing import Annotated

import typer

from audioguide.cli import options as o
from audioguide.cli.output import speaking
from audioguide.core.defaults import VOICE


def say(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The words; marks such as [pause 6s] are allowed.")],
    voice_name: Annotated[str, o.option("voice")] = VOICE,
    pace: Annotated[float | None, o.option("pace_wpm")] = None,
    out: o.Out = None,
    cache: o.Cache = None,
) -> None:
    """Speak a text into an MP3, as a session would speak it."""
    from audioguide.core.clock import clock
    from audioguide.session import build as sessions
    from audioguide.speech.voices import find_voice
    from audioguide.storage.store import open_store

    voice = find_voice(voice_name).at_pace(pace)
    path = out or Path("output") / f"say-{voice.name}.mp3"
    with speaking() as progress:
        session = sessions.say(text, voice, path, open_store(cache), progress)
    typer.echo(f"{path}  {clock(session.timeline.total, millis=True)}")

"""The commands say and voices."""

from pathlib import Path
from typing import Annotated

import typer

from audioguide.cli import options as o
from audioguide.cli.progress import speaking
from audioguide.clock import clock
from audioguide.voices import DEFAULT, find_voice, voice_names

app = typer.Typer()


@app.command()
def say(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The words, with marks such as [pause 6s] if you like.")],
    voice: o.VoiceName = DEFAULT,
    pace: o.Pace = None,
    out: o.Out = None,
    cache: o.Cache = None,
) -> None:
    """Speak a text into an MP3, just as a session would speak it."""
    from audioguide import session

    who = find_voice(voice).at_pace(pace)
    path = out or Path("output") / f"say-{who.name}.mp3"
    with speaking() as progress:
        said = session.say(text, who, path, session.open_store(cache), progress)
    typer.echo(f"{path}  {clock(said.timeline.total, millis=True)}")


@app.command()
def voices() -> None:
    """List the voices, whether they work here, and what is missing where they do not."""
    from audioguide.speak.speaker import why_not

    for name in voice_names():
        voice = find_voice(name)
        state = why_not(voice) or "works here"
        default = " (default)" if name == DEFAULT else ""
        typer.echo(f"{name}{default}: {voice.description}; {voice.pace_wpm:g} words a minute; {state}")

"""The commands say and voices."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audioguide.cli import options as o
from audioguide.cli.progress import speaking
from audioguide.core.defaults import VOICE

if TYPE_CHECKING:
    from audioguide.speech.voices import Voice

SAMPLE = "You might let your shoulders be heavy, and your hands rest wherever they like. There is no hurry."

app = typer.Typer()


@app.command()
def say(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The words, with marks such as [pause 6s] if you like.")],
    voice: o.VoiceName = VOICE,
    pace: o.Pace = None,
    out: o.Out = None,
    cache: o.Cache = None,
) -> None:
    """Speak a text into an MP3, just as a session would speak it."""
    from audioguide.core.clock import clock
    from audioguide.session import build as sessions
    from audioguide.speech.voices import find_voice
    from audioguide.storage.store import open_store

    who = find_voice(voice).at_pace(pace)
    path = out or Path("output") / f"say-{who.name}.mp3"
    with speaking() as progress:
        said = sessions.say(text, who, path, open_store(cache), progress)
    typer.echo(f"{path}  {clock(said.timeline.total, millis=True)}")


@app.command()
def voices(
    sample: Annotated[
        Path | None, typer.Option("--sample", metavar="DIR", help="Speak one sentence in every voice that works here.")
    ] = None,
    cache: o.Cache = None,
) -> None:
    """List the voices, whether they work here, and what is missing where they do not."""
    from audioguide.speech.reader import why_not
    from audioguide.speech.voices import RECORDED, find_voice, voice_names

    for name in voice_names():
        voice = find_voice(name)
        missing = why_not(voice)
        default = " (default)" if name == VOICE else ""
        pace = "" if voice.engine == RECORDED else f" {voice.pace_wpm:g} words a minute;"
        typer.echo(f"{name}{default}: {voice.description};{pace} {missing or 'works here'}")
        if sample and not missing and (voice.engine != RECORDED or voice.fallback):  # recordings hold no such sentence
            _write_sample(voice, sample / f"{name}.mp3", cache)


def _write_sample(voice: "Voice", path: Path, cache: Path | None) -> None:
    from audioguide.session import build as sessions
    from audioguide.storage.store import open_store

    sessions.say(SAMPLE, voice, path, open_store(cache))
    typer.echo(f"  {path}")

"""The commands say and voices."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audioguide.choices import VOICE
from audioguide.cli import options as o
from audioguide.cli.progress import speaking

if TYPE_CHECKING:
    from audioguide.voices import Voice

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
    from audioguide import session
    from audioguide.clock import clock
    from audioguide.voices import find_voice

    who = find_voice(voice).at_pace(pace)
    path = out or Path("output") / f"say-{who.name}.mp3"
    with speaking() as progress:
        said = session.say(text, who, path, session.open_store(cache), progress)
    typer.echo(f"{path}  {clock(said.timeline.total, millis=True)}")


@app.command()
def voices(
    sample: Annotated[
        Path | None, typer.Option("--sample", metavar="DIR", help="Speak one sentence in every voice that works here.")
    ] = None,
    cache: o.Cache = None,
) -> None:
    """List the voices, whether they work here, and what is missing where they do not."""
    from audioguide.speak.cast import why_not
    from audioguide.voices import RECORDED, find_voice, voice_names

    for name in voice_names():
        voice = find_voice(name)
        missing = why_not(voice)
        default = " (default)" if name == VOICE else ""
        pace = "" if voice.engine == RECORDED else f" {voice.pace_wpm:g} words a minute;"
        typer.echo(f"{name}{default}: {voice.description};{pace} {missing or 'works here'}")
        if sample and not missing and (voice.engine != RECORDED or voice.fallback):  # recordings hold no such sentence
            _write_sample(voice, sample / f"{name}.mp3", cache)


def _write_sample(voice: "Voice", path: Path, cache: Path | None) -> None:
    from audioguide import session

    session.say(SAMPLE, voice, path, session.open_store(cache))
    typer.echo(f"  {path}")

"""The command voices."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audioguide.cli import options as o
from audioguide.core.defaults import VOICE

if TYPE_CHECKING:
    from audioguide.speech.voices import Voice

SAMPLE = "You might let your shoulders be heavy, and your hands rest wherever they like. There is no hurry."


def voices(
    sample: Annotated[
        Path | None, typer.Option("--sample", metavar="DIR", help="Speak one sentence in every voice that works here.")
    ] = None,
    cache: o.Cache = None,
) -> None:
    """List the voices, and what is missing where one does not work."""
    from audioguide.speech.reader import why_not
    from audioguide.speech.voices import RECORDED, find_voice, voice_names

    for name in voice_names():
        voice = find_voice(name)
        missing = why_not(voice)
        default = " (default)" if name == VOICE else ""
        pace = "" if voice.engine == RECORDED else f" {voice.pace_wpm:g} words a minute;"
        typer.echo(f"{name}{default}: {voice.description};{pace} {missing or 'works here'}")
        can_say_it = voice.engine != RECORDED or voice.fallback  # no recording has the sample's words
        if sample and not missing and can_say_it:
            _write_sample(voice, sample / f"{name}.mp3", cache)


def _write_sample(voice: "Voice", path: Path, cache: Path | None) -> None:
    from audioguide.session import build as sessions
    from audioguide.storage.store import open_store

    sessions.say(SAMPLE, voice, path, open_store(cache))
    typer.echo(f"  {path}")

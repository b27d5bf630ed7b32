"""The command lines."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audioguide.cli import options as o
from audioguide.core import defaults

if TYPE_CHECKING:
    from audioguide.session.recording_sheet import Sheet
    from audioguide.speech.voices import Voice

app = typer.Typer()


@app.command()
def lines(
    lengths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[LENGTH]...", help="Sessions of which lengths; left open, 5 to 60 minutes."),
    ] = None,
    practice: o.PracticeName = defaults.PRACTICE,
    voice: o.VoiceName = defaults.VOICE,
    grounding: Annotated[
        bool | None, typer.Option("--grounding/--no-grounding", help="Only with, or only without the interlude.")
    ] = None,
    ending: Annotated[
        str | None, typer.Option("--ending", metavar="|".join(defaults.ENDINGS), help="Only one ending.")
    ] = None,
    guidance: Annotated[
        str | None, typer.Option("--guidance", metavar="|".join(defaults.GUIDANCE), help="Only one kind of it.")
    ] = None,
    bell: Annotated[bool | None, typer.Option("--bell/--no-bell", help="Only with, or only without bells.")] = None,
    settings: o.Settings = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="SHEET.csv", help="The file to write; left open, it is printed.")
    ] = None,
) -> None:
    """Print a recording sheet for your own voice: every phrase that may be spoken, and the name of its recording."""
    from audioguide.core.clock import parse_length
    from audioguide.core.request import Request, read_settings
    from audioguide.practice.definition import find_practice
    from audioguide.session import recording_sheet
    from audioguide.speech import recorded
    from audioguide.speech.voices import find_voice
    from audioguide.storage.atomic import atomic_file

    found, who = find_practice(practice), find_voice(voice)
    samples = [parse_length(length) for length in lengths] if lengths else recording_sheet.LENGTHS
    base = Request(samples[0], practice, voice, settings=read_settings(settings or ()))
    options = {"grounding": grounding, "ending": ending, "guidance": guidance, "bell": bell}
    pinned = {key: value for key, value in options.items() if value is not None}
    what = recording_sheet.read_sheet(found, recording_sheet.requests(base, found, samples, pinned))

    records = who.engine == recorded.ENGINE
    there = recorded.folder_of(who).is_dir()
    takes = (recorded.find_takes(who) if there else {}) if records else None
    text = recording_sheet.as_csv(what.rows, takes)
    if out is None:
        typer.echo(text, nl=False)
    else:
        with atomic_file(out, ".csv") as draft:
            draft.write((recording_sheet.BOM + text).encode())
        typer.echo(f"{out}  {_summary(what, who, takes)}")
    _tell(what, recorded.leftovers(who, [row.id for row in what.rows]) if records and there else [])


def _summary(what: "Sheet", who: "Voice", takes: dict[str, Path] | None) -> str:
    """Return how much there is to read, and where the recordings belong."""
    count, minutes = len(what.rows), max(1, round(what.words / who.pace_wpm))
    size = f"{_count(count, 'phrase')}, {_count(what.words, 'word')}, about {_count(minutes, 'minute')} of speech"
    files = "ID.wav, ID.flac or ID.mp3"
    if takes is None:
        return f'{size}; record each as {files} in a folder NAME beside a NAME.toml that says engine = "recorded"'
    done = sum(row.id in takes for row in what.rows)
    return f"{size}; {done} of them recorded; they belong into {who.folder / who.name} as {files}"


def _tell(what: "Sheet", leftovers: list[Path]) -> None:
    """Say on stderr what is not on the sheet: sessions that cannot be, and recordings of other words."""
    if what.left_out:
        count = _count(len(what.left_out), "session")
        typer.echo(f"left out: {count} that cannot be rendered, the first for {what.left_out[0]}", err=True)
    if leftovers:
        names = ", ".join(path.name for path in leftovers)
        typer.echo(f"in {leftovers[0].parent} there is no phrase of this sheet for {names}", err=True)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"

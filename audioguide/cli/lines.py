"""The command lines."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audioguide.cli import options as o
from audioguide.cli.output import note
from audioguide.core.defaults import PRACTICE, VOICE
from audioguide.core.plural import counted

if TYPE_CHECKING:
    from audioguide.session.recording_sheet import Sheet
    from audioguide.speech.voices import Voice


def lines(
    lengths: Annotated[
        list[str] | None,
        typer.Argument(metavar="LENGTH...", help="Sessions of these lengths.  [default: seven from 5 to 60 minutes]"),
    ] = None,
    practice_name: Annotated[str, o.option("practice")] = PRACTICE,
    voice_name: Annotated[str, o.option("voice")] = VOICE,
    guidance: Annotated[str | None, o.option("guidance", "Only this kind of guidance.")] = None,
    ending: Annotated[str | None, o.option("ending", "Only this ending.")] = None,
    grounding: Annotated[bool | None, o.option("grounding", "Only with, or only without the interlude.")] = None,
    bell: Annotated[bool | None, o.option("bell", "Only with, or only without bells.")] = None,
    settings: Annotated[list[str] | None, o.option("settings")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="SHEET.csv", help="Write a file instead of printing.")
    ] = None,
) -> None:
    """Print a recording sheet for your own voice.

    It lists every phrase that the sessions may speak, and the file name of its recording.
    """
    from audioguide.core.clock import parse_length
    from audioguide.practice.definition import find_practice
    from audioguide.session import recording_sheet
    from audioguide.speech.voices import find_voice
    from audioguide.storage.atomic import atomic_file

    practice, voice = find_practice(practice_name), find_voice(voice_name)
    samples = [parse_length(length) for length in lengths] if lengths else recording_sheet.LENGTHS
    base = o.from_options({"practice": practice_name, "voice": voice_name, "settings": settings, "samples": "5"})
    options = {"grounding": grounding, "ending": ending, "guidance": guidance, "bell": bell}
    pinned = {field: value for field, value in options.items() if value is not None}
    sheet = recording_sheet.read_sheet(practice, recording_sheet.requests(base, practice, samples, pinned))
    recordings, unmatched = _read_recordings(voice, sheet)
    text = recording_sheet.as_csv(sheet.rows, recordings)
    if out is None:
        typer.echo(text, nl=False)
    else:
        with atomic_file(out, ".csv") as draft:
            draft.write((recording_sheet.BOM + text).encode())
        typer.echo(f"{out}  {_summary(sheet, voice, recordings)}")
    _note_mismatches(sheet, unmatched)


def _read_recordings(voice: "Voice", sheet: "Sheet") -> tuple[dict[str, Path] | None, list[Path]]:
    """Return a recorded voice's recordings by phrase id, None for another voice; and the files that match no phrase."""
    from audioguide.speech.recordings import find_recordings, recordings_folder, unmatched_files
    from audioguide.speech.voices import RECORDED

    if voice.engine != RECORDED:
        return None, []
    if not recordings_folder(voice).is_dir():
        return {}, []
    return find_recordings(voice), unmatched_files(voice, [row.id for row in sheet.rows])


def _summary(sheet: "Sheet", voice: "Voice", recordings: dict[str, Path] | None) -> str:
    """Return how much there is to read, and where the recordings go."""
    minutes = max(1, round(sheet.words / voice.pace_wpm))
    size = f"{counted(len(sheet.rows), 'phrase')}, {counted(sheet.words, 'word')}, about {counted(minutes, 'minute')}"
    files = "ID.wav, ID.flac or ID.mp3"
    if recordings is None:
        return f'{size} of speech; record each as {files} in a folder NAME next to a NAME.toml with engine = "recorded"'
    done = sum(row.id in recordings for row in sheet.rows)
    return f"{size} of speech; {done} of them recorded; put them into {voice.folder / voice.name} as {files}"


def _note_mismatches(sheet: "Sheet", unmatched: list[Path]) -> None:
    """Say on stderr which sessions could not be rendered, and which recordings match no phrase."""
    if sheet.left_out:
        count = counted(len(sheet.left_out), "session")
        note(f"left out: {count} that cannot be rendered, the first because of {sheet.left_out[0]}")
    if unmatched:
        names = ", ".join(path.name for path in unmatched)
        note(f"these files in {unmatched[0].parent} match no phrase of the sheet: {names}")

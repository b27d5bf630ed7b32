"""Scripts as text, and practices as folders."""

from collections.abc import Mapping
from pathlib import Path

from audioguide.core.model import Cue, Line, Phrase, Source
from audioguide.practice.parse import parse
from audioguide.practice.script_language import SUFFIX


def lines(text: str, file: str = "s") -> list[Line]:
    """Return text as lines rendered from one file."""
    return [Line(line, ((0, Source(file, number)),)) for number, line in enumerate(text.split("\n"), 1)]


def cues(text: str) -> list[Cue]:
    return parse(lines(text))


def spoken(text: str) -> list[str]:
    """Return the texts of the phrases in a script."""
    return [cue.text for cue in cues(text) if isinstance(cue, Phrase)]


def write_practice(folder: Path, toml: str, scripts: Mapping[str, str]) -> Path:
    """Write practice.toml and a script for each name, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "practice.toml").write_text(toml, encoding="utf-8")
    for name, text in scripts.items():
        (folder / (name + SUFFIX)).write_text(text, encoding="utf-8")
    return folder

"""Voices: TOML files that name an engine, a pace and a lexicon; finding and reading them."""

import textwrap
from dataclasses import dataclass, replace
from pathlib import Path

from audioguide.core.errors import InputError
from audioguide.core.lexicon import Lexicon
from audioguide.storage.shelf import is_file, is_path, shelf, unknown_name
from audioguide.storage.toml import Table, read_lexicon, read_toml

RECORDED = "recorded"
"""The engine of a voice that a person has recorded."""
ORDINARY_WPM = 120.0
"""The default pace; every built-in engine can speak at it."""
SLOWEST_WPM, FASTEST_WPM = 40, 400
"""The bounds for a voice file; each engine has narrower ones."""
_KEYS = ("engine", "language", "description", "pace_wpm", "gain_db", "fallback", "lexicon", "options")


@dataclass(frozen=True, slots=True)
class Voice:
    """The content of a voice file."""

    name: str
    engine: str
    language: str
    """A BCP 47 tag, such as en-US."""
    description: str
    pace_wpm: float
    """True words a minute while speaking."""
    gain_db: float | None
    """The gain that brings this voice to the session's loudness; None: it is measured."""
    lexicon: Lexicon
    options: dict[str, str]
    """Further settings of the engine, which checks them."""
    shown: str
    """The file's name in errors."""
    folder: Path
    """The folder of the file, which relative paths in it start from."""
    fallback: str = ""
    """Another voice, which speaks the phrases that a recorded voice has no recording of."""

    def at_pace(self, pace_wpm: float | None) -> "Voice":
        """Return this voice at another pace; unchanged if that is None."""
        return self if pace_wpm is None else replace(self, pace_wpm=pace_wpm)


def voice_names() -> list[str]:
    """Return the names of the built-in voices, sorted."""
    return sorted(path.stem for path in shelf("voices").glob("*.toml"))


def find_voice(name: str) -> Voice:
    """Return a built-in voice by its name, or any other by the path of its TOML file.

    Raises:
        InputError: there is no such voice.
        ScriptError: its file is wrong.
    """
    if name in voice_names():
        return read_voice(shelf("voices") / f"{name}.toml", f"voices/{name}.toml")
    if not is_path(name):
        raise unknown_name("voice", name, voice_names(), "a file such as my-voice.toml")
    path = Path(name).expanduser()
    if not is_file(path):
        raise InputError(f"there is no voice file {textwrap.shorten(name, 60)}")
    return read_voice(path, name)


def read_voice(path: Path, shown: str) -> Voice:
    """Return the voice in a file.

    Args:
        path: the file.
        shown: its name in errors.

    Raises:
        ScriptError: something in it is wrong.
    """
    table = read_toml(path, shown)
    table.only(*_KEYS)
    engine = table.text_of("engine")
    _refuse_keys_without_effect(table, engine)
    pace_wpm = table.number_of("pace_wpm", ORDINARY_WPM, SLOWEST_WPM, FASTEST_WPM)
    assert pace_wpm is not None
    return Voice(
        name=path.stem,
        engine=engine,
        language=table.text_of("language", "en"),
        description=table.text_of("description", "no description"),
        pace_wpm=pace_wpm,
        gain_db=table.number_of("gain_db", None, -40, 40),
        lexicon=read_lexicon(table),
        options=table.words_of("options"),
        shown=shown,
        folder=path.parent,
        fallback=table.text_of("fallback", "") if "fallback" in table.values else "",
    )


def _refuse_keys_without_effect(table: Table, engine: str) -> None:
    """Refuse settings of an engine for a recorded voice, and a fallback for any other."""
    without_effect = ("pace_wpm", "lexicon", "options") if engine == RECORDED else ("fallback",)
    for key in without_effect:
        if key in table.values:
            raise table.error(key, f"{key} has no effect with engine {engine!r}; leave it out")

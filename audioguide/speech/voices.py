"""Finds and reads a voice: a TOML file that names an engine, a pace and a lexicon."""

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
"""The pace of a voice file that names none; every engine built in reaches it."""
SLOWEST_WPM, FASTEST_WPM = 40, 400
"""What a voice file may say; each engine has narrower bounds of its own."""
_KEYS = ("engine", "language", "description", "pace_wpm", "gain_db", "fallback", "lexicon", "options")


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice as its file describes it."""

    name: str
    engine: str
    language: str
    """BCP 47, such as en."""
    description: str
    pace_wpm: float
    """True words a minute while speaking."""
    gain_db: float | None
    """What brings this voice to the session's loudness; None: measured on lines of its own."""
    lexicon: Lexicon
    options: dict[str, str]
    """What the engine wants to know beside; the engine checks it."""
    shown: str
    """The file's name in errors."""
    folder: Path
    """Where that file stands; what it names lies beside it."""
    fallback: str = ""
    """Another voice, which speaks what a recorded one has no recording of."""

    def at_pace(self, pace_wpm: float | None) -> "Voice":
        """Return this voice at another pace, or itself."""
        return self if pace_wpm is None else replace(self, pace_wpm=pace_wpm)


def voice_names() -> list[str]:
    """Return what stands on the shelf."""
    return sorted(path.stem for path in shelf("voices").glob("*.toml"))


def find_voice(name: str) -> Voice:
    """Return the voice of that name on the shelf, or in that TOML file.

    Raises:
        InputError: there is none.
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

    Raises:
        ScriptError: something in it is wrong.
    """
    table = read_toml(path, shown)
    table.only(*_KEYS)
    engine = table.text_of("engine")
    _refuse_idle_keys(table, engine)
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


def _refuse_idle_keys(table: Table, engine: str) -> None:
    """Refuse keys that would have no effect: recordings are as they are, and only they need someone behind them."""
    idle = ("pace_wpm", "lexicon", "options") if engine == RECORDED else ("fallback",)
    for key in idle:
        if key in table.values:
            raise table.error(key, f"{key} has no effect with engine {engine!r}; leave it out")

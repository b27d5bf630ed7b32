"""Finds and reads a practice: a folder with practice.toml and one script per step."""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from audioguide.clock import FRAME, LONGEST_SESSION_H, RATE_HZ, duration
from audioguide.errors import InputError, did_you_mean
from audioguide.language import HIDDEN, SUFFIX
from audioguide.lexicon import Lexicon, read_lexicon
from audioguide.model import ORDINARY, Manner
from audioguide.shelf import Table, is_file, is_path, read_toml, shelf, unknown_name

DEFAULT = "psoas-release"
GUIDANCE = ("full", "brief", "bells")
_FILE = "practice.toml"
_KEYS = ("title", "language", "description", "steps", "interlude", "longest_silence", "lexicon")
_SHORTEST_LONGEST_SILENCE_S = 10
SLOWEST_PACE, FASTEST_PACE = 0.85, 1.1
"""Times the voice's pace: what a step may ask for, so that no step sounds like another voice."""
SOFTEST_DB, LOUDEST_DB = -3.0, 0.0
"""What a step may ask for: softer than the rest, never louder, so that nothing startles."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a practice."""

    name: str
    from_samples: int
    """It takes part in sessions of at least this length."""
    guidance: tuple[str, ...]
    """It takes part at these kinds of guidance."""
    manner: Manner = ORDINARY
    """How it is spoken; permissions keep the ordinary manner."""

    @property
    def script(self) -> str:
        """The file's name in the practice's folder."""
        return self.name + SUFFIX


@dataclass(frozen=True, slots=True)
class Interlude:
    """A part that a listener may choose, and that is on by itself from some length."""

    step: Step
    after: str
    """The step that it follows, or whichever came before that one where it is left out."""


@dataclass(frozen=True, slots=True)
class Practice:
    """A practice as it stands in its folder."""

    name: str
    title: str
    language: str
    """BCP 47, such as en."""
    description: str
    folder: Path
    shown: str
    """How the folder is called in errors."""
    steps: tuple[Step, ...]
    grounding: Interlude | None
    longest_silence: int
    """Frames."""
    lexicon: Lexicon

    def every_step(self) -> list[Step]:
        """Return all steps, and the interlude."""
        return [*self.steps, *([self.grounding.step] if self.grounding else [])]

    def step_names(self) -> list[str]:
        """Return the names of all steps, and of the interlude."""
        return [step.name for step in self.every_step()]

    def has_grounding(self, samples: int, guidance: str, asked: bool | None) -> bool:
        """Return whether a session has the interlude: asked for, forbidden, or left open and then by its own rules.

        Raises:
            InputError: it is asked for and there is none.
        """
        if self.grounding is None:
            if asked:
                raise InputError(f"practice {self.name} has no grounding interlude; leave --grounding out")
            return False
        step = self.grounding.step
        return samples >= step.from_samples and guidance in step.guidance if asked is None else asked

    def chosen(self, samples: int, guidance: str, grounding: bool) -> list[Step]:
        """Return the steps of a session, in order."""
        steps: list[Step] = []
        for step in self.steps:
            if samples >= step.from_samples and guidance in step.guidance:
                steps.append(step)
            if grounding and self.grounding and self.grounding.after == step.name:
                steps.append(self.grounding.step)
        return steps

    def step(self, name: str) -> Step:
        """Return the step or interlude of that name.

        Raises:
            InputError: there is none.
        """
        for step in self.every_step():
            if step.name == name:
                return step
        names = self.step_names()
        near = did_you_mean(name, names)
        raise InputError(f"practice {self.name} has no step {name!r}{near} (there is {', '.join(names)})")


def practice_names() -> list[str]:
    """Return what stands on the shelf."""
    return sorted(path.parent.name for path in shelf("scripts").glob(f"*/{_FILE}"))


def find_practice(name: str) -> Practice:
    """Return the practice of that name on the shelf, or in that folder.

    Raises:
        InputError: there is none.
        ScriptError: its practice.toml is wrong.
    """
    if name in practice_names():
        return read_practice(shelf("scripts") / name, name)
    if not is_path(name):
        raise unknown_name("practice", name, practice_names(), "a folder with a practice.toml")
    folder = Path(name).expanduser()
    folder = folder.parent if folder.name == _FILE else folder
    if not is_file(folder / _FILE):
        raise InputError(f"{textwrap.shorten(name, 60)} is no practice: it has no {_FILE}")
    return read_practice(folder, str(folder))


def read_practice(folder: Path, shown: str) -> Practice:
    """Return the practice in folder.

    Args:
        folder: holds practice.toml and the scripts.
        shown: how the folder is called in errors.

    Raises:
        ScriptError: something in practice.toml is wrong.
    """
    table = read_toml(folder / _FILE, f"{shown}/{_FILE}")
    table.only(*_KEYS)
    steps = _read_steps(table, partial(_read_step, table, folder))
    return Practice(
        name=folder.resolve().name,
        title=_plain(table, "title", table.text_of("title")),
        language=table.text_of("language", "en"),
        description=table.text_of("description", "no description"),
        folder=folder,
        shown=shown,
        steps=steps,
        grounding=_read_interlude(table, folder, [step.name for step in steps]),
        longest_silence=_read_longest_silence(table),
        lexicon=read_lexicon(table),
    )


def _plain(table: Table, key: str, text: str) -> str:
    if HIDDEN.search(text):
        raise table.error(key, f"{key} holds a hidden control character; delete it")
    return text


def _read_steps(table: Table, read: Callable[[object], Step]) -> tuple[Step, ...]:
    entries = table.values.get("steps")
    if not isinstance(entries, list) or not entries:
        raise table.error("steps", 'steps must be a list of script names, such as steps = ["arrive", "return"]')
    steps = tuple(read(entry) for entry in entries)
    for index, step in enumerate(steps):
        if step.name in [other.name for other in steps[:index]]:
            raise table.error_at_value(step.name, f"step {step.name!r} stands twice", nth=2)
    return steps


def _read_step(table: Table, folder: Path, entry: object) -> Step:
    """Return a step from its name, or from a table with script, from and guidance."""
    if isinstance(entry, str):
        entry = {"script": entry}
    if not isinstance(entry, dict):
        raise table.error("steps", f"a step is a name or a table with script = ..., not {entry!r}")
    step = table.inside(entry, str(entry.get("script", "")))
    step.only("script", "from", "guidance", "pace", "level")
    name = step.text_of("script")
    _require_script(table, folder, name)
    return Step(name, _read_from(step), _read_guidance(step), _read_manner(step))


def _require_script(table: Table, folder: Path, name: str) -> None:
    if any(sign in name for sign in "/\\:"):
        raise table.error_at_value(
            name, f"step {name!r}: a script stands beside practice.toml; write its name without a folder"
        )
    if not is_file(folder / (name + SUFFIX)):
        there = sorted(path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}") if path.is_file())
        raise table.error_at_value(name, f"step {name!r} has no file {name}{SUFFIX}{did_you_mean(name, there)}")


def _read_manner(table: Table) -> Manner:
    pace = table.number_of("pace", 1.0, SLOWEST_PACE, FASTEST_PACE)
    level_db = table.number_of("level", 0.0, SOFTEST_DB, LOUDEST_DB)
    assert pace is not None and level_db is not None
    return Manner(pace, level_db)


def _read_from(table: Table) -> int:
    return _samples(table, "from", table.text_of("from", "0s"))


def _read_guidance(table: Table) -> tuple[str, ...]:
    kinds = table.values.get("guidance", list(GUIDANCE))
    if not isinstance(kinds, list) or not kinds:
        raise table.error("guidance", f"guidance must be a list out of {', '.join(GUIDANCE)}")
    for kind in kinds:
        if kind not in GUIDANCE:
            raise table.error("guidance", f"unknown guidance {kind!r}{did_you_mean(str(kind), GUIDANCE)}")
    return tuple(kinds)


def _samples(table: Table, key: str, value: str) -> int:
    seconds = duration(value)
    if seconds is None or seconds > LONGEST_SESSION_H * 3600:
        raise table.error(key, f'{key} must be a length with its unit, such as "10m", not {value!r}')
    return round(seconds * RATE_HZ)


def _read_interlude(table: Table, folder: Path, steps: list[str]) -> Interlude | None:
    interludes = table.table_of("interlude")
    interludes.only("grounding")
    if "grounding" not in interludes.values:
        return None
    grounding = interludes.table_of("grounding")
    for key in ("pace", "level"):
        if key in grounding.values:
            raise grounding.error(key, f"the grounding keeps the ordinary pace and level; leave {key} out")
    grounding.only("after", "from", "guidance")
    after = grounding.text_of("after")
    if after not in steps:
        raise grounding.error("after", f"after names no step: {after!r}{did_you_mean(after, steps)}")
    if "grounding" in steps:
        raise table.error_at_value("grounding", "grounding is a step and the interlude; leave it out of steps")
    _require_script(table, folder, "grounding")
    return Interlude(Step("grounding", _read_from(grounding), _read_guidance(grounding)), after)


def _read_longest_silence(table: Table) -> int:
    samples = _samples(table, "longest_silence", table.text_of("longest_silence", "5m"))
    if samples < _SHORTEST_LONGEST_SILENCE_S * RATE_HZ:
        raise table.error("longest_silence", f"longest_silence must be at least {_SHORTEST_LONGEST_SILENCE_S}s")
    return samples // FRAME

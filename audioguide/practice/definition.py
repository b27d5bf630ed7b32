"""Finds and reads a practice: a folder with practice.toml and one script per step."""

import re
import textwrap
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from audioguide.core.characters import HIDDEN
from audioguide.core.clock import FRAME, LONGEST_SESSION_H, RATE_HZ, duration
from audioguide.core.defaults import GUIDANCE
from audioguide.core.errors import ErrorCollector, InputError, did_you_mean
from audioguide.core.language import base_language
from audioguide.core.lexicon import Lexicon
from audioguide.core.model import ORDINARY, Line, Manner
from audioguide.practice.script_language import LAST_WORDS, SUFFIX
from audioguide.storage.shelf import Layer, is_file, is_path, shelf, unknown_name
from audioguide.storage.toml import Table, read_lexicon, read_toml

_FILE = "practice.toml"
_KEYS = ("extends", "title", "language", "description", "steps", "interlude", "longest_silence", "lexicon", "check")
_SHORTEST_LONGEST_SILENCE_S = 10
_MOST_HEIRS = 8
"""How long a chain of practices that extend each other may be."""
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
    last_words: Line
    """What ends it where it stands by itself; empty where nobody has written that in the practice's language."""


@dataclass(frozen=True, slots=True)
class Practice:
    """A practice as it stands in its folder."""

    name: str
    title: str
    language: str
    """BCP 47, such as en."""
    description: str
    layers: tuple[Layer, ...]
    """Its own folder, then those of the practices that it extends."""
    extends: str
    """The practice that it takes over what it does not say itself; empty for none."""
    steps: tuple[Step, ...]
    grounding: Interlude | None
    longest_silence: int
    """Frames."""
    lexicon: Lexicon
    check_off: tuple[str, ...]
    """Advice on the wording that is switched off."""

    @property
    def folder(self) -> Path:
        """Its own folder."""
        return self.layers[0].folder

    @property
    def shown(self) -> str:
        """How its own folder is called in errors."""
        return self.layers[0].shown

    def shown_path(self, script: str) -> str:
        """Return how a script is called in errors: in the folder where it stands."""
        layer = next((layer for layer in self.layers if is_file(layer.folder / script)), self.layers[0])
        return f"{layer.shown}/{script}"

    def every_step(self) -> list[Step]:
        """Return all steps, and the interlude."""
        return [*self.steps, *([self.grounding.step] if self.grounding else [])]

    @property
    def closing(self) -> Step | None:
        """The last step, where it is not the whole practice."""
        return self.steps[-1] if len(self.steps) > 1 else None

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


def read_practice(folder: Path, shown: str, heirs: tuple[Path, ...] = ()) -> Practice:
    """Return the practice in folder.

    Args:
        folder: holds practice.toml and the scripts.
        shown: how the folder is called in errors.
        heirs: the folders of the practices that extend it, one through the other.

    Raises:
        ScriptError: something in practice.toml is wrong; ScriptErrors: several things are.
    """
    table = read_toml(folder / _FILE, f"{shown}/{_FILE}")
    parent = _read_parent(table, folder, (*heirs, folder.resolve()))
    layers = (Layer(folder, shown), *(parent.layers if parent else ()))
    found = ErrorCollector()
    found.catch(lambda: table.only(*_KEYS), None)
    no_words: Lexicon = ()
    no_names: tuple[str, ...] = ()
    misspelt = len(found) > 0
    """Then what is missing may be what was misspelt, and is not told as well."""
    steps = (
        found.catch(lambda: _read_steps(table, layers, parent), None)
        if "steps" in table.values or not misspelt
        else None
    )
    title = parent.title if parent else "?" if misspelt else None
    practice = Practice(
        name=folder.resolve().name,
        title=found.catch(lambda: _plain(table, "title", table.text_of("title", title)), ""),
        language=found.catch(lambda: table.text_of("language", parent.language if parent else "en"), "en"),
        description=found.catch(lambda: _description(table, parent), ""),
        layers=layers,
        extends=str(table.values.get("extends", "")),
        steps=steps or (),
        grounding=found.catch(lambda: _read_interlude(table, layers, steps, parent), None) if steps else None,
        longest_silence=found.catch(lambda: _read_longest_silence(table, parent), 0),
        lexicon=found.catch(lambda: _read_words(table, parent), no_words),
        check_off=found.catch(lambda: _read_check(table, parent), no_names),
    )
    found.raise_all()
    return practice


def _read_parent(table: Table, folder: Path, heirs: tuple[Path, ...]) -> Practice | None:
    """Return the practice that this one extends: one of the shelf, or a folder beside this one.

    Raises:
        ScriptError: there is none, or it leads back here.
    """
    if "extends" not in table.values:
        return None
    name = table.text_of("extends")
    beside = re.fullmatch(r"\.\./([^/\\:]+)", name)
    if name in practice_names():
        place, shown = shelf("scripts") / name, name
    elif beside and beside[1] not in (".", "..") and is_file(folder.parent / beside[1] / _FILE):
        place, shown = folder.parent / beside[1], name
    else:
        there = ", ".join(practice_names())
        words = f"there is no practice {name[:60]!r} to extend{did_you_mean(name, practice_names())}"
        raise table.error("extends", f"{words} (there is {there}, or a folder beside this one, such as ../mine)")
    if place.resolve() in heirs or len(heirs) > _MOST_HEIRS:
        raise table.error("extends", f"{name} extends this practice itself; one of them must stand alone")
    return read_practice(place, shown, heirs)


def _read_check(table: Table, parent: Practice | None) -> tuple[str, ...]:
    """Return the names of the advice that is switched off; which there are, check knows."""
    check = table.table_of("check")
    check.only("off")
    return (*check.names_of("off"), *(parent.check_off if parent else ()))


def _description(table: Table, parent: Practice | None) -> str:
    return table.text_of("description", parent.description if parent else "no description")


def _read_words(table: Table, parent: Practice | None) -> Lexicon:
    """Return the lexicon; what it says of a word takes the place of all that the parent says of it."""
    own = read_lexicon(table)
    words = {entry.word.lower() for entry in own}
    return (*own, *(entry for entry in (parent.lexicon if parent else ()) if entry.word.lower() not in words))


def _plain(table: Table, key: str, text: str) -> str:
    if HIDDEN.search(text):
        raise table.error(key, f"{key} holds a hidden control character; delete it")
    return text


def _read_steps(table: Table, layers: tuple[Layer, ...], parent: Practice | None) -> tuple[Step, ...]:
    if parent and "steps" not in table.values:
        return parent.steps
    entries = table.values.get("steps")
    if not isinstance(entries, list) or not entries:
        raise table.error("steps", 'steps must be a list of script names, such as steps = ["arrive", "return"]')
    found = ErrorCollector()
    steps: list[Step] = []
    for entry in entries:
        step = found.catch(partial(_read_step, table, layers, entry, steps), None)
        steps += [step] if step else []
    found.raise_all()
    return tuple(steps)


def _read_step(table: Table, layers: tuple[Layer, ...], entry: object, before: list[Step]) -> Step:
    """Return a step from its name, or from a table with script, from, guidance, pace and level."""
    if isinstance(entry, str):
        entry = {"script": entry}
    if not isinstance(entry, dict):
        raise table.error("steps", f"a step is a name or a table with script = ..., not {entry!r}")
    step = table.inside(entry, str(entry.get("script", "")))
    step.only("script", "from", "guidance", "pace", "level")
    name = step.text_of("script")
    if name in [other.name for other in before]:
        raise table.error_at_value(name, f"step {name!r} stands twice", nth=2)
    _require_script(table, layers, name)
    return Step(name, _read_from(step), _read_guidance(step), _read_manner(step))


def _require_script(table: Table, layers: tuple[Layer, ...], name: str) -> None:
    if any(sign in name for sign in "/\\:"):
        raise table.error_at_value(
            name, f"step {name!r}: a script stands beside practice.toml; write its name without a folder"
        )
    if not any(is_file(layer.folder / (name + SUFFIX)) for layer in layers):
        files = (path for layer in layers for path in layer.folder.glob(f"*{SUFFIX}"))
        there = sorted({path.name.removesuffix(SUFFIX) for path in files if path.is_file()})
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


def _read_interlude(
    table: Table, layers: tuple[Layer, ...], chosen: tuple[Step, ...], parent: Practice | None
) -> Interlude | None:
    steps = [step.name for step in chosen]
    if parent and "interlude" not in table.values:
        return _inherited(table, steps, parent)
    interludes = table.table_of("interlude")
    interludes.only("grounding")
    if "grounding" not in interludes.values:
        return None
    grounding = interludes.table_of("grounding")
    for key in ("pace", "level"):
        if key in grounding.values:
            raise grounding.error(key, f"the grounding keeps the ordinary pace and level; leave {key} out")
    grounding.only("after", "from", "guidance", "last_words")
    after = grounding.text_of("after")
    if after not in steps:
        raise grounding.error("after", f"after names no step: {after!r}{did_you_mean(after, steps)}")
    if "grounding" in steps:
        raise table.error_at_value("grounding", "grounding is a step and the interlude; leave it out of steps")
    _require_script(table, layers, "grounding")
    step = Step("grounding", _read_from(grounding), _read_guidance(grounding))
    return Interlude(step, after, _read_last_words(table, grounding, parent))


def _read_last_words(table: Table, grounding: Table, parent: Practice | None) -> Line:
    language = table.text_of("language", parent.language if parent else "en")
    words = grounding.text_of("last_words", LAST_WORDS.get(base_language(language), ""))
    return Line(words, ((0, grounding.source("last_words")),))


def _inherited(table: Table, steps: list[str], parent: Practice) -> Interlude | None:
    """Return the parent's interlude, if it has a place among these steps."""
    interlude = parent.grounding
    if interlude and interlude.after not in steps:
        words = f"the grounding of {parent.name} comes after {interlude.after!r}, which is no step here"
        advice = "write [interlude.grounding] with after = one of your steps, or interlude = {} for none"
        raise table.error("steps", f"{words}; {advice}")
    return interlude


def _read_longest_silence(table: Table, parent: Practice | None) -> int:
    if parent and "longest_silence" not in table.values:
        return parent.longest_silence
    samples = _samples(table, "longest_silence", table.text_of("longest_silence", "5m"))
    if samples < _SHORTEST_LONGEST_SILENCE_S * RATE_HZ:
        raise table.error("longest_silence", f"longest_silence must be at least {_SHORTEST_LONGEST_SILENCE_S}s")
    return samples // FRAME

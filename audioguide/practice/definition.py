"""Finds practices, and reads practice.toml."""

import re
import textwrap
from functools import partial
from pathlib import Path

from audioguide.core.characters import HIDDEN
from audioguide.core.clock import FRAME, LONGEST_SESSION_H, RATE_HZ, duration
from audioguide.core.defaults import GUIDANCE
from audioguide.core.errors import ErrorCollector, InputError, did_you_mean
from audioguide.core.language import base_language
from audioguide.core.lexicon import Lexicon
from audioguide.core.model import Line, Manner
from audioguide.practice.model import Interlude, Practice, Step
from audioguide.practice.script_language import LAST_WORDS, SUFFIX
from audioguide.storage.shelf import Layer, is_file, is_path, shelf, unknown_name
from audioguide.storage.toml import Table, read_lexicon, read_toml

_FILE = "practice.toml"
_KEYS = ("extends", "title", "language", "description", "steps", "interlude", "longest_silence", "lexicon", "check")
_LEAST_LONGEST_SILENCE_S = 10
_MOST_PRACTICES = 9
"""The longest chain of practices that extend each other."""
_SLOWEST_PACE, _FASTEST_PACE = 0.85, 1.1
"""Bounds of a step's pace, as a factor of the voice's pace: beyond them it sounds like another voice."""
_SOFTEST_DB, _LOUDEST_DB = -3.0, 0.0
"""Bounds of a step's level: never louder than the rest of the session, so that nothing startles."""


def practice_names() -> list[str]:
    """Return the names of the built-in practices."""
    return sorted(path.parent.name for path in shelf("scripts").glob(f"*/{_FILE}"))


def find_practice(name: str) -> Practice:
    """Return the built-in practice with that name, or the practice in that folder.

    Raises:
        InputError: there is none.
        ScriptError: its practice.toml is wrong; ScriptErrors: in several places.
    """
    if name in practice_names():
        return read_practice(shelf("scripts") / name, name)
    if not is_path(name):
        raise unknown_name("practice", name, practice_names(), "a folder with a practice.toml")
    folder = Path(name).expanduser()
    folder = folder.parent if folder.name == _FILE else folder
    if not is_file(folder / _FILE):
        raise InputError(f"{textwrap.shorten(name, 60)} is not a practice: it has no {_FILE}")
    return read_practice(folder, str(folder))


def read_practice(folder: Path, shown: str, children: tuple[Path, ...] = ()) -> Practice:
    """Return the practice in a folder.

    Args:
        folder: contains practice.toml and the scripts.
        shown: the folder's name in error messages.
        children: the folders of the practices that extend it, directly or through each other.

    Raises:
        ScriptError: something in practice.toml is wrong; ScriptErrors: several things are.
    """
    table = read_toml(folder / _FILE, f"{shown}/{_FILE}")
    parent = _read_parent(table, folder, (*children, folder.resolve()))
    layers = (Layer(folder, shown), *(parent.layers if parent else ()))
    errors = ErrorCollector()
    errors.catch(lambda: table.only(*_KEYS), None)
    misspelt = len(errors) > 0  # a missing key may be the misspelt one, so it is not reported as well
    steps: tuple[Step, ...] | None = None
    if "steps" in table.values or not misspelt:
        steps = errors.catch(lambda: _read_steps(table, layers, parent), None)
    title = parent.title if parent else "?" if misspelt else None
    no_lexicon: Lexicon = ()
    no_names: tuple[str, ...] = ()
    practice = Practice(
        name=folder.resolve().name,
        title=errors.catch(lambda: _read_title(table, title), ""),
        language=errors.catch(lambda: _read_language(table, parent), "en"),
        description=errors.catch(lambda: _read_description(table, parent), ""),
        layers=layers,
        steps=steps or (),
        grounding=errors.catch(lambda: _read_interlude(table, layers, steps, parent), None) if steps else None,
        longest_silence=errors.catch(lambda: _read_longest_silence(table, parent), 0),
        lexicon=errors.catch(lambda: _read_lexicon(table, parent), no_lexicon),
        check_off=errors.catch(lambda: _read_check_off(table, parent), no_names),
    )
    errors.raise_all()
    return practice


def _read_parent(table: Table, folder: Path, children: tuple[Path, ...]) -> Practice | None:
    """Return the practice that this one extends: a built-in one, or a folder next to this one.

    Raises:
        ScriptError: it does not exist or extends this practice itself, or the chain is too long.
    """
    if "extends" not in table.values:
        return None
    name = table.text_of("extends")
    sibling = re.fullmatch(r"\.\./([^/\\:]+)", name)
    if name in practice_names():
        parent = shelf("scripts") / name
    elif sibling and sibling[1] not in (".", "..") and is_file(folder.parent / sibling[1] / _FILE):
        parent = folder.parent / sibling[1]
    else:
        names = ", ".join(practice_names())
        words = f"there is no practice {name[:60]!r} to extend{did_you_mean(name, practice_names())}"
        raise table.error("extends", f"{words} (choose from {names}, or a folder next to this one, such as ../mine)")
    if parent.resolve() in children:
        raise table.error("extends", f"{name} extends this practice itself; remove extends from one of them")
    if len(children) >= _MOST_PRACTICES:
        words = f"a chain of more than {_MOST_PRACTICES} practices that extend each other; make it shorter"
        raise table.error("extends", words)
    return read_practice(parent, name, children)


def _read_check_off(table: Table, parent: Practice | None) -> tuple[str, ...]:
    """Return the names of the advice that is switched off; the checks themselves find out whether it exists."""
    check = table.table_of("check")
    check.only("off")
    return (*check.names_of("off"), *(parent.check_off if parent else ()))


def _read_title(table: Table, default: str | None) -> str:
    title = table.text_of("title", default)
    if HIDDEN.search(title):
        raise table.error("title", "title contains a hidden control character; delete it")
    return title


def _read_language(table: Table, parent: Practice | None) -> str:
    return table.text_of("language", parent.language if parent else "en")


def _read_description(table: Table, parent: Practice | None) -> str:
    return table.text_of("description", parent.description if parent else "no description")


def _read_lexicon(table: Table, parent: Practice | None) -> Lexicon:
    """Return the lexicon; its own entries for a word replace all of the parent's entries for it."""
    own = read_lexicon(table)
    words = {entry.word.lower() for entry in own}
    return (*own, *(entry for entry in (parent.lexicon if parent else ()) if entry.word.lower() not in words))


def _read_steps(table: Table, layers: tuple[Layer, ...], parent: Practice | None) -> tuple[Step, ...]:
    if parent and "steps" not in table.values:
        return parent.steps
    entries = table.values.get("steps")
    if not isinstance(entries, list) or not entries:
        raise table.error("steps", 'steps must be a list of script names, such as steps = ["arrive", "return"]')
    errors = ErrorCollector()
    steps: list[Step] = []
    for entry in entries:
        step = errors.catch(partial(_read_step, table, layers, entry, steps), None)
        steps += [step] if step else []
    errors.raise_all()
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
        raise table.error_at_value(name, f"step {name!r} is listed twice", nth=2)
    _require_script(table, layers, name)
    return Step(name, _read_from(step), _read_guidance(step), _read_manner(step))


def _require_script(table: Table, layers: tuple[Layer, ...], name: str) -> None:
    if any(sign in name for sign in "/\\:"):
        raise table.error_at_value(
            name, f"step {name!r}: a script must be in the folder of practice.toml; write its name without a folder"
        )
    if not any(is_file(layer.folder / (name + SUFFIX)) for layer in layers):
        files = (path for layer in layers for path in layer.folder.glob(f"*{SUFFIX}"))
        names = sorted({path.name.removesuffix(SUFFIX) for path in files if path.is_file()})
        raise table.error_at_value(name, f"step {name!r} has no file {name}{SUFFIX}{did_you_mean(name, names)}")


def _read_manner(table: Table) -> Manner:
    pace = table.number_of("pace", 1.0, _SLOWEST_PACE, _FASTEST_PACE)
    level_db = table.number_of("level", 0.0, _SOFTEST_DB, _LOUDEST_DB)
    assert pace is not None and level_db is not None
    return Manner(pace, level_db)


def _read_from(table: Table) -> int:
    return _samples(table, "from", table.text_of("from", "0s"))


def _read_guidance(table: Table) -> tuple[str, ...]:
    kinds = table.values.get("guidance", list(GUIDANCE))
    if not isinstance(kinds, list) or not kinds:
        raise table.error("guidance", f"guidance must be a list of any of {', '.join(GUIDANCE)}")
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
    table: Table, layers: tuple[Layer, ...], steps: tuple[Step, ...], parent: Practice | None
) -> Interlude | None:
    names = [step.name for step in steps]
    if parent and "interlude" not in table.values:
        return _inherit_interlude(table, names, parent)
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
    if after not in names:
        raise grounding.error("after", f"after must name a step, not {after!r}{did_you_mean(after, names)}")
    if "grounding" in names:
        raise table.error_at_value("grounding", "grounding is both a step and the interlude; leave it out of steps")
    _require_script(table, layers, "grounding")
    step = Step("grounding", _read_from(grounding), _read_guidance(grounding))
    return Interlude(step, after, _read_last_words(table, grounding, parent))


def _read_last_words(table: Table, grounding: Table, parent: Practice | None) -> Line:
    default = LAST_WORDS.get(base_language(_read_language(table, parent)), "")
    words = grounding.text_of("last_words", default)
    return Line(words, ((0, grounding.source("last_words")),))


def _inherit_interlude(table: Table, names: list[str], parent: Practice) -> Interlude | None:
    """Return the parent's interlude, provided that the step it follows is one of these."""
    interlude = parent.grounding
    if interlude and interlude.after not in names:
        words = f"the grounding of {parent.name} comes after {interlude.after!r}, which is not a step here"
        advice = "write [interlude.grounding] with after = one of your steps, or interlude = {} for none"
        raise table.error("steps", f"{words}; {advice}")
    return interlude


def _read_longest_silence(table: Table, parent: Practice | None) -> int:
    if parent and "longest_silence" not in table.values:
        return parent.longest_silence
    samples = _samples(table, "longest_silence", table.text_of("longest_silence", "5m"))
    if samples < _LEAST_LONGEST_SILENCE_S * RATE_HZ:
        raise table.error("longest_silence", f"longest_silence must be at least {_LEAST_LONGEST_SILENCE_S}s")
    return samples // FRAME

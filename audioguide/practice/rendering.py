"""Renders the steps of a session, and reads their cues: from a request and a practice to text, cues and phrases."""

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path

from audioguide.core.clock import RATE_HZ
from audioguide.core.errors import ErrorCollector, InputError, ScriptError, did_you_mean
from audioguide.core.model import Bell, Chapter, Cue, Line, Pause, Phrase, Source, Written
from audioguide.core.numerals import length_in_words
from audioguide.core.request import Request
from audioguide.core.script_names import FUNCTIONS, VARIABLES
from audioguide.practice.model import Practice, Step
from audioguide.practice.parse import LINE_END, parse
from audioguide.practice.permission_phrases import is_permission_or_warning
from audioguide.practice.render import Renderer

APART_S = 20
"""Seconds between the grounding and the closing in one file: players notice late that the grounding has ended."""
FINISH = "Finish"
"""The title of the chapter that begins with the closing."""
_BELL_MARK = re.compile(r"\[bell[^\]]*\]")


@dataclass(frozen=True, slots=True)
class RenderedStep:
    """A step, rendered for one session."""

    step: Step
    lines: tuple[Line, ...]
    cues: tuple[Cue, ...]


def rendered_text(request: Request, practice: Practice, samples: int) -> str:
    """Return the text of a session of that length: its phrases, marks and chapters.

    Raises:
        InputError: an option refers to something that the practice does not have.
        ScriptError: a script is wrong; ScriptErrors: several things are.
    """
    steps = read_steps(request, practice, samples)
    texts = ["\n".join(" ".join(line.text.split()) for line in step.lines).strip() for step in steps]
    return "\n\n".join(texts) + "\n"


def read_cues(request: Request, practice: Practice, samples: int, renderer: Renderer | None = None) -> list[Cue]:
    """Return the cues of a session of that length; arguments as for read_phrases.

    Raises:
        InputError: an option asks for something that the practice does not have.
        ScriptError: there is an error in a script; ScriptErrors: there are several.
    """
    return join_cues(read_steps(request, practice, samples, renderer), practice)


def join_cues(steps: Iterable[RenderedStep], practice: Practice) -> list[Cue]:
    """Return the cues of a session from those of its steps; the first is a chapter.

    A step that ends with a phrase is followed by the pause of a line end.

    Raises:
        ScriptError: nothing is spoken in them.
    """
    cues: list[Cue] = []
    for step in steps:
        cues += step.cues
        cues += [LINE_END.pause(cues[-1].source, Written.LINE)] if isinstance(cues[-1], Phrase) else []
    return _with_first_chapter(cues, practice)


def read_phrases(request: Request, practice: Practice, samples: int, renderer: Renderer) -> list[tuple[str, Phrase]]:
    """Return the phrases of a session of that length, each with the name of its step.

    Args:
        request: the options of the session.
        practice: the practice to read.
        samples: the session's length.
        renderer: a renderer of that practice; reuse it for many sessions, because it keeps the compiled templates.

    Raises:
        InputError: an option refers to something that the practice does not have.
        ScriptError: a script is wrong; ScriptErrors: several things are.
    """
    steps = read_steps(request, practice, samples, renderer)
    return [(step.step.name, cue) for step in steps for cue in step.cues if isinstance(cue, Phrase)]


def read_steps(
    request: Request, practice: Practice, samples: int, renderer: Renderer | None = None
) -> list[RenderedStep]:
    """Return the steps of a session of that length, in order; arguments and errors as for read_phrases."""
    renderer = renderer or Renderer(practice.layers)
    if request.settings:
        refuse_unused(request.settings, used_names(practice, renderer), practice.name)
    grounding = practice.has_grounding(samples, request.guidance, request.grounding)
    if request.only:
        parts = _single_step(request, practice, samples)
    else:
        parts = [_Part(step, samples) for step in practice.chosen(samples, request.guidance, grounding)]
    variables = {length: _variables(request, length, grounding) for length in {part.samples for part in parts}}
    errors = ErrorCollector()
    steps = [errors.catch(partial(_render, part, practice, renderer, variables[part.samples]), None) for part in parts]
    errors.raise_all()
    return [step for step in steps if step]


@dataclass(frozen=True, slots=True)
class _Part:
    """A step to be rendered."""

    step: Step
    samples: int
    """The length of the session that it belongs to."""
    added: tuple[Line, ...] = ()
    """Lines to add to those of its script."""


def _single_step(request: Request, practice: Practice, samples: int) -> list[_Part]:
    """Return the one requested step; for the grounding with its last words, and the closing if that is requested.

    The phone page finds the closing in the finished file by the pause and the chapter in front of it.
    """
    assert request.only
    step = practice.step(request.only)
    if practice.grounding is None or step != practice.grounding.step:
        return [_Part(step, samples)]
    last = practice.grounding.last_words
    if not request.with_closing:
        return [_Part(step, samples, (last,))]
    separator = tuple(replace(last, text=text) for text in (f"[pause {APART_S}s]", f"# {FINISH}"))
    if practice.closing is None:
        return [_Part(step, samples, (last, *separator, replace(last, text="[bell]")))]
    return [_Part(step, samples, (last, *separator)), _Part(practice.closing, request.with_closing)]


def sounds_before(request: Request, practice: Practice) -> int:
    """Return the number of phrases and bells in a session before the step with which its rehearsal begins.

    Raises:
        InputError: the practice has no such step, or this session leaves it out, or nothing is said from it on.
        ScriptError: a script is wrong; ScriptErrors: several things are.
    """
    name = request.from_step
    if name is None:
        return 0
    steps = read_steps(request, practice, request.wording_samples)
    names = [step.step.name for step in steps]
    if practice.step(name).name not in names:
        raise InputError(f"--from {name}: that step is not in this session (choose from {', '.join(names)})")
    sounds = [sum(isinstance(cue, Phrase | Bell) for cue in step.cues) for step in steps]
    start = names.index(name)
    if not sum(sounds[start:]):
        raise InputError(f"--from {name}: nothing is said from that step on; begin with an earlier one")
    return sum(sounds[:start])


def _render(part: _Part, practice: Practice, renderer: Renderer, variables: Mapping[str, object]) -> RenderedStep:
    step = part.step
    try:
        lines = [*renderer.render(step.script, variables), *part.added]
    except ScriptError as error:
        errors = ErrorCollector()
        errors.add(error)
        errors.catch(lambda: parse(renderer.plain_lines(step.script)), None)
        errors.raise_all()
    lines = lines if variables["bells"] else list(_without_bells(lines))
    return RenderedStep(step, tuple(lines), tuple(_step_cues(step, lines, practice)))


def _without_bells(lines: list[Line]) -> Iterator[Line]:
    """Yield the lines, with each bell mark replaced by the end of a line."""
    for line in lines:
        edges = [0, *(edge for mark in _BELL_MARK.finditer(line.text) for edge in mark.span()), len(line.text)]
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            part = line.text[start:end]
            if part.strip() or len(edges) == 2:
                later = ((column - start, source) for column, source in line.marks if start < column < end)
                yield Line(part, ((0, line.source(start)), *later))


def _variables(request: Request, samples: int, grounding: bool) -> dict[str, object]:
    """Return the variables that a script may use: VARIABLES, and those of --set."""
    minutes = Fraction(samples, RATE_HZ * 60)
    known: dict[str, object] = {
        "minutes": int(minutes) if minutes.denominator == 1 else float(minutes),
        "length": length_in_words(minutes * 60),
        "grounding": grounding,
        "ending": request.ending,
        "guidance": request.guidance,
        "bells": request.bell,
        "voice": Path(request.voice).stem,
    }
    assert known.keys() == set(VARIABLES)
    return {**known, **request.settings}


def used_names(practice: Practice, renderer: Renderer) -> set[str]:
    """Return the names that the scripts of a practice use: those of VARIABLES and FUNCTIONS, and its own variables.

    Raises:
        ScriptError: a script cannot be read.
        BusyError: the computer is too busy to read them in time.
    """
    return renderer.used_names(step.script for step in practice.every_step())


def refuse_unused(settings: Mapping[str, str], used: Set[str], practice: str) -> None:
    """Accept settings if the scripts use all of them.

    Args:
        settings: variables for the scripts.
        used: the names that the scripts use.
        practice: the practice in the message.

    Raises:
        InputError: no script uses one of the settings.
    """
    own = sorted(used - {*VARIABLES, *FUNCTIONS})
    for key in settings:
        if key not in used:
            known = f"they use {', '.join(own)}" if own else "they use no variables"
            raise InputError(f"--set {key}: no script of {practice} uses {key}{did_you_mean(key, own)} ({known})")


def _step_cues(step: Step, lines: list[Line], practice: Practice) -> list[Cue]:
    cues = parse(lines)
    if not any(_says_something(cue) for cue in cues):
        words = "this step is empty in this session; write something, or set its from or guidance in practice.toml"
        raise ScriptError(Source(practice.shown_path(step.script), 1), words)
    return [_in_manner(cue, step, practice.language) for cue in cues]


def _in_manner(cue: Cue, step: Step, language: str) -> Cue:
    """Return a phrase in its step's manner; permissions and warnings keep the ordinary manner."""
    if isinstance(cue, Phrase) and not is_permission_or_warning(cue.text, language):
        return replace(cue, manner=step.manner)
    return cue


def _says_something(cue: Cue) -> bool:
    return isinstance(cue, Phrase | Bell) or (isinstance(cue, Pause) and cue.written is Written.MARK)


def _with_first_chapter(cues: list[Cue], practice: Practice) -> list[Cue]:
    """Return cues that begin with a chapter: chapters must cover the whole session."""
    if not any(isinstance(cue, Phrase | Bell) for cue in cues):
        raise ScriptError(
            Source(f"{practice.shown}/practice.toml", 1), "nothing is spoken in this session; write some words"
        )
    while isinstance(cues[0], Pause) and cues[0].written is not Written.MARK:
        cues = cues[1:]
    if not isinstance(cues[0], Chapter):
        cues = [Chapter(practice.title, cues[0].source), *cues]
    return cues

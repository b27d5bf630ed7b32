"""A request and a practice -> the rendered text of its steps, and the cues in it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path

from audioguide.core.clock import RATE_HZ
from audioguide.core.errors import ErrorCollector, InputError, ScriptError, did_you_mean
from audioguide.core.model import Bell, Chapter, Cue, Line, Pause, Phrase, Source, Written
from audioguide.core.numerals import length_in_words
from audioguide.core.request import ORDINARY_LENGTH, Request
from audioguide.core.script_names import FUNCTIONS, VARIABLES
from audioguide.practice.definition import Practice, Step
from audioguide.practice.parse import LINE_END, parse
from audioguide.practice.permission_phrases import gives_leave
from audioguide.practice.render import Renderer

APART_S = 20
"""Seconds between the grounding and the closing of one file: players notice late that the first has ended."""
FINISH = "Finish"
"""The chapter between them."""
_BELL_MARK = re.compile(r"\[bell[^\]]*\]")


@dataclass(frozen=True, slots=True)
class RenderedStep:
    """A step as it comes out for a session."""

    step: Step
    lines: tuple[Line, ...]
    """Rendered."""
    cues: tuple[Cue, ...]


def rendered_text(request: Request, practice: Practice, samples: int) -> str:
    """Return the text of a session of that length: what is spoken, with its marks and chapters.

    Raises:
        InputError: an option asks for what the practice does not have.
        ScriptError: a script is wrong; ScriptErrors: several things are.
    """
    told = read_steps(request, practice, samples)
    texts = ["\n".join(" ".join(line.text.split()) for line in part.lines).strip() for part in told]
    return "\n\n".join(texts) + "\n"


def read_cues(request: Request, practice: Practice, samples: int, renderer: Renderer | None = None) -> list[Cue]:
    """Return the cues of a session of that length; arguments as for read_phrases.

    Raises:
        InputError: an option asks for what the practice does not have.
        ScriptError: a script is wrong; ScriptErrors: several things are.
    """
    cues: list[Cue] = []
    for told in read_steps(request, practice, samples, renderer):
        cues += told.cues
        cues += [LINE_END.pause(cues[-1].source, Written.LINE)] if isinstance(cues[-1], Phrase) else []
    return _with_first_chapter(cues, practice)


def read_phrases(request: Request, practice: Practice, samples: int, renderer: Renderer) -> list[tuple[str, Phrase]]:
    """Return what is spoken in a session of that length, each phrase with the name of its step.

    Args:
        request: what is asked for.
        practice: whose scripts are read.
        samples: the session's length.
        renderer: of that practice; who reads many sessions keeps it, and it keeps the templates.

    Raises:
        InputError: an option asks for what the practice does not have.
        ScriptError: a script is wrong; ScriptErrors: several things are.
    """
    told = read_steps(request, practice, samples, renderer)
    return [(part.step.name, cue) for part in told for cue in part.cues if isinstance(cue, Phrase)]


def read_steps(
    request: Request, practice: Practice, samples: int, renderer: Renderer | None = None
) -> list[RenderedStep]:
    """Return the steps of a session of that length, in order; arguments and errors as for read_phrases."""
    renderer = renderer or Renderer(practice.layers)
    _refuse_unused(request.settings, practice, renderer)
    grounding = practice.has_grounding(samples, request.guidance, request.grounding)
    chosen = practice.chosen(samples, request.guidance, grounding)
    parts = _parts_alone(request, practice, samples) if request.only else [_Part(step, samples) for step in chosen]
    variables = {length: _variables(request, length, grounding) for length in {part.samples for part in parts}}
    found = ErrorCollector()
    told = [found.catch(partial(_told, part, practice, renderer, variables[part.samples]), None) for part in parts]
    found.raise_all()
    return [part for part in told if part]


@dataclass(frozen=True, slots=True)
class _Part:
    """A step that is to be told."""

    step: Step
    samples: int
    """The length of the session that it is told for."""
    more: tuple[Line, ...] = ()
    """What is added to its lines."""


def _parts_alone(request: Request, practice: Practice, samples: int) -> list[_Part]:
    """Return the step that is asked for by itself, and what is added to its lines; the closing too, if that is asked.

    The grounding says at its end that nothing more plays. What parts the closing from it, companion reads again.
    """
    assert request.only
    step = practice.step(request.only)
    if practice.grounding is None or step != practice.grounding.step:
        return [_Part(step, samples)]
    last = practice.grounding.last_words
    if not request.with_closing:
        return [_Part(step, samples, (last,))]
    apart = tuple(replace(last, text=text) for text in (f"[pause {APART_S}s]", f"# {FINISH}"))
    if practice.closing is None:
        return [_Part(step, samples, (last, *apart, replace(last, text="[bell]")))]
    return [_Part(step, samples, (last, *apart)), _Part(practice.closing, request.with_closing)]


def sounds_before(request: Request, practice: Practice) -> int:
    """Return how many phrases and bells of a session come before the step with which its rehearsal begins.

    Raises:
        InputError: the practice has no such step, or this session leaves it out, or nothing is heard from there on.
        ScriptError: a script is wrong; ScriptErrors: several things are.
    """
    name = request.from_step
    if name is None:
        return 0
    told = read_steps(request, practice, request.samples or ORDINARY_LENGTH)
    names = [part.step.name for part in told]
    if practice.step(name).name not in names:
        raise InputError(f"--from {name}: that step takes no part in this session (there is {', '.join(names)})")
    heard = [sum(isinstance(cue, Phrase | Bell) for cue in part.cues) for part in told]
    start = names.index(name)
    if not sum(heard[start:]):
        raise InputError(f"--from {name}: nothing is said from there on; begin with a step before it")
    return sum(heard[:start])


def _told(part: _Part, practice: Practice, renderer: Renderer, variables: Mapping[str, object]) -> RenderedStep:
    step = part.step
    try:
        lines = [*renderer.render(step.script, variables), *part.more]
    except ScriptError as error:
        found = ErrorCollector()
        found.add(error)
        found.catch(lambda: parse(renderer.plain_lines(step.script)), None)
        found.raise_all()
    lines = lines if variables["bells"] else list(_without_bells(lines))
    return RenderedStep(step, tuple(lines), tuple(_step_cues(step, lines, practice)))


def _without_bells(lines: list[Line]) -> Iterator[Line]:
    """Yield lines in which a bell's mark is no more than a line's end."""
    for line in lines:
        edges = [0, *(edge for found in _BELL_MARK.finditer(line.text) for edge in found.span()), len(line.text)]
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            part = line.text[start:end]
            if part.strip() or len(edges) == 2:
                later = ((column - start, source) for column, source in line.marks if start < column < end)
                yield Line(part, ((0, line.source(start)), *later))


def _variables(request: Request, samples: int, grounding: bool) -> dict[str, object]:
    """Return what a script may use: language.VARIABLES, and every --set."""
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


def _refuse_unused(settings: Mapping[str, str], practice: Practice, renderer: Renderer) -> None:
    if not settings:
        return
    used = renderer.used_names(step.script for step in practice.every_step())
    own = sorted(used - {*VARIABLES, *FUNCTIONS})
    for key in settings:
        if key not in used:
            there = f"there is {', '.join(own)}" if own else "its scripts use none"
            raise InputError(f"--set {key}: no script of {practice.name} uses {key}{did_you_mean(key, own)} ({there})")


def _step_cues(step: Step, lines: list[Line], practice: Practice) -> list[Cue]:
    cues = parse(lines)
    if not any(_says_something(cue) for cue in cues):
        words = (
            "nothing is left of this step at this length; write something, or give it from or guidance in practice.toml"
        )
        raise ScriptError(Source(practice.shown_path(step.script), 1), words)
    return [_in_manner(cue, step, practice.language) for cue in cues]


def _in_manner(cue: Cue, step: Step, language: str) -> Cue:
    """Return a phrase in its step's manner; who gives leave or warns does so in the ordinary one."""
    if isinstance(cue, Phrase) and not gives_leave(cue.text, language):
        return replace(cue, manner=step.manner)
    return cue


def _says_something(cue: Cue) -> bool:
    return isinstance(cue, Phrase | Bell) or (isinstance(cue, Pause) and cue.written is Written.MARK)


def _with_first_chapter(cues: list[Cue], practice: Practice) -> list[Cue]:
    """Return cues that begin with a chapter, so that chapters cover the whole session."""
    if not any(isinstance(cue, Phrase | Bell) for cue in cues):
        raise ScriptError(
            Source(f"{practice.shown}/practice.toml", 1), "nothing is spoken in this session; write some words"
        )
    while isinstance(cues[0], Pause) and cues[0].written is not Written.MARK:
        cues = cues[1:]
    if not isinstance(cues[0], Chapter):
        cues = [Chapter(practice.title, cues[0].source), *cues]
    return cues

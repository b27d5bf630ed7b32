"""The differences between two versions of a practice at one length: in wording, and in the timetable.

Nothing is spoken: the length of a phrase is estimated from its words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from audioguide.checks.estimate import PACE_WPM, estimated_lengths
from audioguide.core.clock import FRAME, clock
from audioguide.core.errors import InputError, LengthError
from audioguide.core.model import Bell, Cue, Phrase, Placed, Sounding, Timeline
from audioguide.core.request import Request
from audioguide.practice.definition import find_practice, read_practice
from audioguide.practice.model import Practice
from audioguide.practice.render import Renderer
from audioguide.practice.rendering import join_cues, read_steps, refuse_unused, used_names
from audioguide.session.fit import timeline_for
from audioguide.timeline.timetable import shares

_NONE = "-"


@dataclass(frozen=True, slots=True)
class Version:
    """A practice as rendered for one length."""

    name: str
    steps: tuple[tuple[str, tuple[Sounding, ...]], ...]
    """The name of each step, with its phrases and bells."""
    timeline: Timeline | str
    """Estimated, or the reason why there is none."""


# --- pure ---


def difference(before: Version, after: Version, samples: int) -> Iterator[str]:
    """Yield the lines of a diff: the wording step by step, then the timetable of a session of that length."""
    yield f"--- {before.name}"
    yield f"+++ {after.name}"
    changes = [*_order(before, after), *_steps(before, after)]
    yield from changes or [f"the wording is the same at {clock(samples)}"]
    yield ""
    yield f"{clock(samples)}, estimated at {PACE_WPM} words a minute:"
    yield from _timetable(before, after)


def _order(before: Version, after: Version) -> Iterator[str]:
    names = [[name for name, _ in version.steps] for version in (before, after)]
    both = set(names[0]) & set(names[1])
    old, new = ([name for name in order if name in both] for order in names)
    if old != new:
        yield f"order of steps: {', '.join(old)} -> {', '.join(new)}"


def _steps(before: Version, after: Version) -> Iterator[str]:
    old, new = dict(before.steps), dict(after.steps)
    for name in _merged(list(old), list(new)):
        lines = list(_phrases(old.get(name, ()), new.get(name, ())))
        if name not in new:
            yield f"@@ {name}: only in {before.name}"
        elif name not in old:
            yield f"@@ {name}: only in {after.name}"
        elif lines:
            yield f"@@ {name}"
        yield from lines


def _merged(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Return the new names in order, with each removed name after the one that it followed.

    >>> _merged(["a", "b", "c"], ["new", "a", "c"])
    ['new', 'a', 'b', 'c']
    """
    order = list(new)
    for before, name in zip(["", *old], old, strict=False):
        if name not in order:
            order.insert(order.index(before) + 1 if before else 0, name)
    return order


def _phrases(old: Sequence[Sounding], new: Sequence[Sounding]) -> Iterator[str]:
    matcher = SequenceMatcher(None, [_words(cue) for cue in old], [_words(cue) for cue in new], autojunk=False)
    for kind, *(old_start, old_end, new_start, new_end) in matcher.get_opcodes():
        if kind != "equal":
            yield from (f"- {_located(cue)}" for cue in old[old_start:old_end])
            yield from (f"+ {_located(cue)}" for cue in new[new_start:new_end])


def _words(cue: Sounding) -> str:
    match cue:
        case Phrase(text=text):
            return text
        case Bell(strokes=strokes):
            return f"[bell {strokes}]"
        case _:
            raise AssertionError("a practice has no ticks")


def _located(cue: Sounding) -> str:
    return f"{getattr(cue, 'source', '')}: {_words(cue)}"


def _timetable(before: Version, after: Version) -> Iterator[str]:
    if isinstance(before.timeline, str) or isinstance(after.timeline, str):
        for version in (before, after):
            if isinstance(version.timeline, str):
                yield f"{version.name}: {version.timeline}"
        return
    old, new = before.timeline, after.timeline
    rows = zip(("speech", "silence", "longest silence"), _figures(old), _figures(new), strict=True)
    yield from (_row(figure, other, name) for name, figure, other in rows)
    yield from _chapters(old, new)


def _figures(timeline: Timeline) -> list[str]:
    longest = max(length for _, length in timeline.gaps())
    return [clock(samples) for samples in (*shares(timeline), longest * FRAME)]


def _chapters(old: Timeline, new: Timeline) -> Iterator[str]:
    """Yield the start of each chapter in both timelines; a dash where a timeline does not have it."""
    titles = [mark.title for mark in old.chapters], [mark.title for mark in new.chapters]
    for kind, *(old_start, old_end, new_start, new_end) in SequenceMatcher(None, *titles, autojunk=False).get_opcodes():
        old_marks, new_marks = old.chapters[old_start:old_end], new.chapters[new_start:new_end]
        if kind == "equal":
            for one, other in zip(old_marks, new_marks, strict=True):
                yield _row(_start(one), _start(other), f"# {one.title}")
        else:
            yield from (_row(_start(mark), _NONE, f"# {mark.title}") for mark in old_marks)
            yield from (_row(_NONE, _start(mark), f"# {mark.title}") for mark in new_marks)


def _start(mark: Placed) -> str:
    return clock(mark.start * FRAME)


def _row(old: str, new: str, name: str) -> str:
    return f"{old:>8} -> {new:>8}  {name}"


# --- reading ---


def compare(request: Request, one: str, other: str = "") -> Iterator[str]:
    """Yield the difference between two practices, or between a practice and the one that it extends.

    Args:
        request: the length and the options.
        one: name of a built-in practice, or a folder.
        other: the practice to compare it with; empty to compare it with the one that it extends, which then is the
            old version.

    Raises:
        InputError: a practice does not exist, extends nothing, or does not have what an option asks for.
        ScriptError: there is an error in a script; ScriptErrors: there are several.
    """
    practice = find_practice(one)
    practices = (practice, find_practice(other)) if other else (_parent(practice), practice)
    names = [used_names(practice, Renderer(practice.layers)) for practice in practices]
    refuse_unused(request.settings, names[0] | names[1], "either practice")
    versions = []
    for practice, used in zip(practices, names, strict=True):
        settings = {key: value for key, value in request.settings.items() if key in used}
        versions.append(_version(replace(request, settings=settings), practice))
    return difference(versions[0], versions[1], request.wording_samples)


def _parent(practice: Practice) -> Practice:
    if len(practice.layers) == 1:
        words = f"{practice.shown} extends no practice; name one to compare it with"
        raise InputError(f"{words}: audioguide diff {practice.shown} OTHER")
    parent = practice.layers[1]
    return read_practice(parent.folder, parent.shown)


def _version(request: Request, practice: Practice) -> Version:
    samples = request.wording_samples
    steps = read_steps(request, practice, samples)
    sounds = ((one.step.name, tuple(cue for cue in one.cues if isinstance(cue, Phrase | Bell))) for one in steps)
    return Version(practice.shown, tuple(sounds), _timeline(request, practice, join_cues(steps, practice), samples))


def _timeline(request: Request, practice: Practice, cues: Sequence[Cue], samples: int) -> Timeline | str:
    try:
        return timeline_for(request, practice, cues, estimated_lengths(cues), samples)
    except LengthError as error:
        return f"this wording takes about {clock(error.shortest)} to {clock(error.longest)}"

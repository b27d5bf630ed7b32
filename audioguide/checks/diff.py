"""What two versions of a practice say differently at one length, and how the timetable moves; told as lines.

Nothing is spoken for it: the length of a phrase is estimated from its words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from audioguide.checks.estimate import PACE_WPM, estimated_lengths
from audioguide.core.clock import FRAME, clock
from audioguide.core.errors import InputError, LengthError, did_you_mean
from audioguide.core.model import Bell, Cue, Phrase, Sounding, Timeline
from audioguide.core.request import ORDINARY_LENGTH, Request
from audioguide.practice.definition import Practice, find_practice, read_practice
from audioguide.practice.render import Renderer
from audioguide.practice.rendering import join_cues, read_steps
from audioguide.session.fit import timeline_for
from audioguide.timeline.timetable import shares

_NONE = "-"


@dataclass(frozen=True, slots=True)
class Version:
    """A practice as it comes out at one length."""

    name: str
    steps: tuple[tuple[str, tuple[Sounding, ...]], ...]
    """The name of each step, and what is heard in it."""
    timeline: Timeline | str
    """Estimated; or why there is none."""


# --- pure ---


def difference(before: Version, after: Version, samples: int) -> Iterator[str]:
    """Yield lines: what is said differently, step by step, and how the timetable of that length moves."""
    yield f"--- {before.name}"
    yield f"+++ {after.name}"
    told = [*_order(before, after), *_steps(before, after)]
    yield from told or [f"nothing is said differently at {clock(samples)}"]
    yield ""
    yield f"{clock(samples)}, estimated at {PACE_WPM} words a minute:"
    yield from _timetable(before, after)


def _order(before: Version, after: Version) -> Iterator[str]:
    names = [[name for name, _ in version.steps] for version in (before, after)]
    both = set(names[0]) & set(names[1])
    ways = [[name for name in order if name in both] for order in names]
    if ways[0] != ways[1]:
        yield f"order of steps: {', '.join(ways[0])} -> {', '.join(ways[1])}"


def _steps(before: Version, after: Version) -> Iterator[str]:
    old, new = dict(before.steps), dict(after.steps)
    for name in _woven(list(old), list(new)):
        lines = list(_phrases(old.get(name, ()), new.get(name, ())))
        if name not in new:
            yield f"@@ {name}: only in {before.name}"
        elif name not in old:
            yield f"@@ {name}: only in {after.name}"
        elif lines:
            yield f"@@ {name}"
        yield from lines


def _woven(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Return the new names in order, and each that is gone behind the one it followed.

    >>> _woven(["a", "b", "c"], ["new", "a", "c"])
    ['new', 'a', 'b', 'c']
    """
    order = list(new)
    for before, name in zip(["", *old], old, strict=False):
        if name not in order:
            order.insert(order.index(before) + 1 if before else 0, name)
    return order


def _phrases(old: Sequence[Sounding], new: Sequence[Sounding]) -> Iterator[str]:
    matcher = SequenceMatcher(None, [_words(cue) for cue in old], [_words(cue) for cue in new], autojunk=False)
    for kind, *(at, to, other_at, other_to) in matcher.get_opcodes():
        if kind != "equal":
            yield from (f"- {_told(cue)}" for cue in old[at:to])
            yield from (f"+ {_told(cue)}" for cue in new[other_at:other_to])


def _words(cue: Sounding) -> str:
    match cue:
        case Phrase(text=text):
            return text
        case Bell(strokes=strokes):
            return f"[bell {strokes}]"
        case _:
            raise AssertionError("a practice has no ticks")


def _told(cue: Sounding) -> str:
    return f"{getattr(cue, 'source', '')}: {_words(cue)}"


def _timetable(before: Version, after: Version) -> Iterator[str]:
    if isinstance(before.timeline, str) or isinstance(after.timeline, str):
        for version in (before, after):
            if isinstance(version.timeline, str):
                yield f"{version.name}: {version.timeline}"
        return
    old, new = before.timeline, after.timeline
    rows = zip(("speech", "silence", "longest silence"), _figures(old), _figures(new), strict=True)
    yield from (f"{one:>8} -> {other:>8}  {name}" for name, one, other in rows)
    yield from _chapters(old, new)


def _figures(timeline: Timeline) -> list[str]:
    longest = max(length for _, length in timeline.gaps())
    return [clock(samples) for samples in (*shares(timeline), longest * FRAME)]


def _chapters(old: Timeline, new: Timeline) -> Iterator[str]:
    """Yield where each chapter begins, in both or in one of them."""
    one, other = old.chapters, new.chapters
    titles = [mark.title for mark in one], [mark.title for mark in other]
    for kind, at, to, other_at, other_to in SequenceMatcher(None, *titles, autojunk=False).get_opcodes():
        if kind == "equal":
            for mark, later in zip(one[at:to], other[other_at:other_to], strict=True):
                yield f"{clock(mark.start * FRAME):>8} -> {clock(later.start * FRAME):>8}  # {mark.title}"
            continue
        yield from (f"{clock(mark.start * FRAME):>8} -> {_NONE:>8}  # {mark.title}" for mark in one[at:to])
        yield from (
            f"{_NONE:>8} -> {clock(mark.start * FRAME):>8}  # {mark.title}" for mark in other[other_at:other_to]
        )


# --- reading ---


def compare(request: Request, one: str, other: str = "") -> Iterator[str]:
    """Yield the difference from one practice to another; or to one practice from the one that it extends.

    Args:
        request: at which length, and with which options.
        one: a name on the shelf, or a folder.
        other: another one; empty for the one that the first extends, which then comes first.

    Raises:
        InputError: a practice is not there, extends nothing, or has not what is asked for.
        ScriptError: a script is wrong; ScriptErrors: several things are.
    """
    practice = find_practice(one)
    practices = (practice, find_practice(other)) if other else (_parent(practice), practice)
    names = [_used_names(practice) for practice in practices]
    for key in request.settings:
        if key not in names[0] | names[1]:
            near = did_you_mean(key, sorted(names[0] | names[1]))
            raise InputError(f"--set {key}: no script of either practice uses {key}{near}")
    versions = []
    for practice, used in zip(practices, names, strict=True):
        settings = {key: value for key, value in request.settings.items() if key in used}
        versions.append(_version(replace(request, settings=settings), practice))
    return difference(versions[0], versions[1], request.samples or ORDINARY_LENGTH)


def _parent(practice: Practice) -> Practice:
    if len(practice.layers) == 1:
        words = f"{practice.shown} extends no other practice; name the one to compare it with"
        raise InputError(f"{words}: audioguide diff {practice.shown} OTHER")
    parent = practice.layers[1]
    return read_practice(parent.folder, parent.shown)


def _used_names(practice: Practice) -> set[str]:
    return Renderer(practice.layers).used_names(step.script for step in practice.every_step())


def _version(request: Request, practice: Practice) -> Version:
    samples = request.samples or ORDINARY_LENGTH
    steps = read_steps(request, practice, samples)
    sounds = ((one.step.name, tuple(cue for cue in one.cues if isinstance(cue, Phrase | Bell))) for one in steps)
    return Version(practice.shown, tuple(sounds), _timeline(request, practice, join_cues(steps, practice), samples))


def _timeline(request: Request, practice: Practice, cues: Sequence[Cue], samples: int) -> Timeline | str:
    try:
        return timeline_for(request, practice, cues, estimated_lengths(cues), samples)
    except LengthError as error:
        return f"this wording takes about {clock(error.shortest)} to {clock(error.longest)}"

"""PURE. A timeline as text (a table, a bar of speech and silence) and as JSON."""

from collections.abc import Iterator

from audioguide.core.clock import FRAME, FRAME_MS, RATE_HZ, clock, seconds
from audioguide.core.model import Bell, Phrase, Placed, Sound, Sounding, Tick, Timeline

SCHEMA = 1
"""Increased when the JSON changes; docs/plan.schema.json describes it."""
BAR_WIDTH = 64
_LEVELS = "▁▂▃▄▅▆▇█"
_BELL = "•"


def bar(timeline: Timeline, width: int = BAR_WIDTH) -> str:
    """Return one line with a character for each equal part of the session: the higher it is, the more is spoken.

    A part with a bell and no speech is a dot.
    """
    spoken, bells = columns(timeline, width)
    return "".join(_character(share, part in bells) for part, share in enumerate(spoken))


def columns(timeline: Timeline, width: int) -> tuple[list[float], set[int]]:
    """Return the share of speech in each of width equal parts of the session, and the parts in which a bell begins."""
    spoken = [0.0] * width
    bells: set[int] = set()
    per_part = timeline.frames / width
    for sound in timeline.sounds:
        if isinstance(sound.cue, Bell):
            bells.add(min(width - 1, int(sound.start / per_part)))
        if not isinstance(sound.cue, Phrase):
            continue
        for part in range(int(sound.start / per_part), min(width, int(sound.end / per_part) + 1)):
            overlap = min(sound.end, (part + 1) * per_part) - max(sound.start, part * per_part)
            spoken[part] += max(0.0, overlap) / per_part
    return spoken, bells


def _character(share: float, bell: bool) -> str:
    level = min(len(_LEVELS) - 1, round(share * (len(_LEVELS) - 1) + 0.49 if share > 0.01 else 0))
    return _BELL if bell and level == 0 else _LEVELS[level]


def table(timeline: Timeline) -> Iterator[str]:
    """Yield the lines of a table: chapters, and below them each phrase or bell with its time and the pause after it."""
    gaps = list(timeline.gaps())
    chapters = list(timeline.chapters)
    yield from _chapters_before(chapters, timeline.sounds[0].start if timeline.sounds else timeline.frames)
    for sound, (_, silence) in zip(timeline.sounds, gaps[1:], strict=True):
        yield f"{_time(sound.start):>11}  {_words(sound.cue)}"
        yield f"{'':11}  ~ {seconds(silence):.1f} s"
        yield from _chapters_before(chapters, sound.end + silence)
    yield f"{clock(timeline.total, millis=True):>11}  end"


def summary(timeline: Timeline) -> str:
    """Return one line with the total speech, the total silence and the longest silence."""
    spoken, silent = shares(timeline)
    start, longest = max(timeline.gaps(), key=lambda gap: gap[1])
    return (
        f"speech {clock(spoken)}, silence {clock(silent)}, "
        f"longest silence {clock(longest * FRAME)} at {clock(start * FRAME)}"
    )


def shares(timeline: Timeline) -> tuple[int, int]:
    """Return (speech and bells, silence) in samples: whole seconds that sum to the whole seconds of the session."""
    frames = sum(sound.length for sound in timeline.sounds if not isinstance(sound.cue, Tick))
    spoken = frames * FRAME // RATE_HZ
    return spoken * RATE_HZ, (timeline.total // RATE_HZ - spoken) * RATE_HZ


def as_json(timeline: Timeline) -> dict[str, object]:
    """Return the object printed by --json; times are seconds, to the millisecond."""
    return {
        "length_samples": timeline.total,
        "length_s": round(timeline.total / RATE_HZ, 3),
        "chapters": [{"start_s": seconds(mark.start), "title": mark.title} for mark in timeline.chapters],
        "events": list(_events(timeline)),
    }


def _events(timeline: Timeline) -> Iterator[dict[str, object]]:
    gaps = list(timeline.gaps())
    yield _silence(*gaps[0])
    for sound, gap in zip(timeline.sounds, gaps[1:], strict=True):
        yield _event(sound)
        yield _silence(*gap)


def _event(sound: Sound) -> dict[str, object]:
    span = {"start_s": seconds(sound.start), "end_s": seconds(sound.end)}
    match sound.cue:
        case Bell(strokes=strokes, source=source):
            return {"kind": "bell", **span, "strokes": strokes, "source": str(source)}
        case Phrase(text=text, source=source):
            return {"kind": "speech", **span, "text": text, "source": str(source)}
        case Tick():
            return {"kind": "tick", **span}


def _silence(start: int, length: int) -> dict[str, object]:
    return {"kind": "silence", "start_s": seconds(start), "end_s": seconds(start + length)}


def _chapters_before(chapters: list[Placed], frame: int) -> Iterator[str]:
    while chapters and chapters[0].start < frame:
        mark = chapters.pop(0)
        yield ""
        yield f"{_time(mark.start):>11}  # {mark.title}"


def _words(cue: Sounding) -> str:
    match cue:
        case Bell(strokes=strokes):
            return f"[bell {strokes}]"
        case Phrase(text=text):
            return text
        case Tick():
            return "(tick: a long silence is cut here)"


def _time(frame: int) -> str:
    ms = frame * FRAME_MS
    return clock(frame * FRAME) + f".{ms % 1000 // 100}"

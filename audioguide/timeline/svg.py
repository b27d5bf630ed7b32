"""PURE. A timeline as an SVG picture: a row for each chapter, with its speech, silence and bells.

The picture has its own dark background, so it is readable on a page of any colour.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from xml.sax.saxutils import escape

from audioguide.core.characters import xml_safe
from audioguide.core.clock import FRAME, RATE_HZ, clock
from audioguide.core.model import Bell, Phrase, Placed, Sound, Timeline
from audioguide.timeline.timetable import summary

WIDTH = 960
_LEFT, _RIGHT = 336, 928
"""The x of the beginning and the end of the session."""
_TOP, _ROW, _FOOT = 96, 40, 88
_THICK, _BELL = 16, 6
_LONGEST_TITLE = 26
"""Characters of a chapter title; wide ones are clipped. The description for screen readers has the full titles."""
_MOST_TICKS = 7
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400)
_GROUND, _INK, _SOFT_INK, _LINE = "#101726", "#f6f1e7", "#b4bed2", "#2b3850"
_SPEECH, _SILENCE, _RUNG = "#8eb4ec", "#62769c", "#f4ba68"


def svg(timeline: Timeline, title: str) -> str:
    """Return a session's timetable as an SVG document."""
    rows = _rows(timeline)
    height = _TOP + len(rows) * _ROW + _FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'role="img" aria-labelledby="title desc" font-family="system-ui, sans-serif" font-size="17">',
        f'<title id="title">{_escaped(title)}</title>',
        f'<desc id="desc">{_escaped(_described(timeline, rows))}</desc>',
        f'<clipPath id="names"><rect x="108" width="{_LEFT - 116}" height="{height}"/></clipPath>',
        f'<rect width="{WIDTH}" height="{height}" rx="16" fill="{_GROUND}"/>',
        _text(32, 52, _shortened(title, 60), f'font-size="26" font-weight="600" fill="{_INK}"'),
        *_ticks(timeline, height),
        *(part for nth, (mark, end) in enumerate(rows) for part in _row(timeline, mark, end, _TOP + nth * _ROW)),
        *_legend(height - 32),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _rows(timeline: Timeline) -> list[tuple[Placed, int]]:
    """Return each chapter with the frame at which it ends; before the first there may be a row without a title."""
    marks = list(timeline.chapters)
    if not marks or marks[0].start > 0:
        marks.insert(0, Placed(0, ""))
    return [(one, two.start) for one, two in pairwise([*marks, Placed(timeline.frames, "")])]


def _described(timeline: Timeline, rows: Iterable[tuple[Placed, int]]) -> str:
    """Return the text alternative of the picture."""
    titles = ", ".join(f"{clock(mark.start * FRAME)} {mark.title}" for mark, _ in rows if mark.title)
    times = ", ".join(clock(sound.start * FRAME) for sound in timeline.sounds if isinstance(sound.cue, Bell))
    chapters, bells = f" Chapters: {titles}." if titles else "", f" Bells: {times}." if times else ""
    return f"Length {clock(timeline.total)}; {summary(timeline)}.{chapters}{bells}"


def _row(timeline: Timeline, mark: Placed, end: int, top: int) -> Iterator[str]:
    """Yield the row of a chapter: its time, its title, and a line with its speech and bells."""
    middle = top + _ROW // 2
    inside = [sound for sound in timeline.sounds if mark.start <= sound.start < end]
    yield _text(92, middle + 6, clock(mark.start * FRAME), f'text-anchor="end" fill="{_SOFT_INK}"')
    yield _text(108, middle + 6, _shortened(mark.title, _LONGEST_TITLE), f'fill="{_INK}" clip-path="url(#names)"')
    left, right = _x(timeline, mark.start), _x(timeline, end)
    yield (
        f'<rect x="{left:.1f}" y="{middle - 2}" width="{max(1.0, right - left):.1f}" height="4" rx="2" '
        f'fill="{_SILENCE}"/>'
    )
    if spoken := "".join(_block(timeline, sound, middle) for sound in inside if isinstance(sound.cue, Phrase)):
        yield f'<path fill="{_SPEECH}" d="{spoken}"/>'
    for sound in inside:
        if isinstance(sound.cue, Bell):
            yield _bell(_x(timeline, sound.start), middle)


def _block(timeline: Timeline, sound: Sound, middle: int) -> str:
    """Return the path of a phrase; at least a pixel wide, to stay visible."""
    left, right = _x(timeline, sound.start), _x(timeline, sound.end)
    width = max(1.0, right - left)
    return f"M{left:.1f} {middle - _THICK // 2}h{width:.1f}v{_THICK}h-{width:.1f}z"


def _bell(x: float, middle: int) -> str:
    return f'<circle cx="{x:.1f}" cy="{middle}" r="{_BELL}" fill="{_RUNG}" stroke="{_GROUND}" stroke-width="2"/>'


def _ticks(timeline: Timeline, height: int) -> Iterator[str]:
    """Yield the grid lines at round times, with the times above them."""
    whole_s = timeline.total // RATE_HZ
    step_s = next((step for step in _STEPS_S if whole_s / step <= _MOST_TICKS), whole_s)
    for at_s in range(0, whole_s + 1, step_s):
        x = _x(timeline, at_s * RATE_HZ / FRAME)
        yield f'<path stroke="{_LINE}" d="M{x:.1f} {_TOP - 4}V{height - _FOOT + 4}"/>'
        yield _text(x, _TOP - 12, clock(at_s * RATE_HZ), f'text-anchor="middle" font-size="15" fill="{_SOFT_INK}"')


def _legend(base: int) -> Iterator[str]:
    middle, words = base - 6, f'fill="{_SOFT_INK}"'
    yield f'<path fill="{_SPEECH}" d="M{_LEFT} {middle - _THICK // 2}h24v{_THICK}h-24z"/>'
    yield _text(_LEFT + 34, base, "speech", words)
    yield f'<rect x="{_LEFT + 128}" y="{middle - 2}" width="24" height="4" rx="2" fill="{_SILENCE}"/>'
    yield _text(_LEFT + 162, base, "silence", words)
    yield _bell(_LEFT + 268, middle)
    yield _text(_LEFT + 284, base, "bell", words)


def _x(timeline: Timeline, frame: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * frame / max(1, timeline.frames)


def _text(x: float, y: int, words: str, attributes: str) -> str:
    return f'<text x="{x:g}" y="{y}" {attributes}>{_escaped(words)}</text>'


def _shortened(words: str, most: int) -> str:
    """Return words, cut to at most so many characters.

    >>> _shortened("Arrive", 10), _shortened("A long way home", 10)
    ('Arrive', 'A long wa…')
    """
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def _escaped(words: str) -> str:
    """Return words escaped for XML.

    >>> _escaped("a < b & c\\x00")
    'a &lt; b &amp; c�'
    """
    return escape(xml_safe(words))

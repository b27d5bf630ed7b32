"""The cover of a session as a baseline JPEG: practice, length, and a bar chart of speech and silence over time.

Podcast players require at least 1400 x 1400 pixels, but show covers at 60 pixels in lists. So there are only three
elements, each as large as possible. The data they are drawn from is coarse, and all of it is part of the cache key, so
that similar sessions share a cover. Pillow is imported only to draw one.
"""

import unicodedata
from dataclasses import astuple, dataclass
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

from audioguide.core.clock import RATE_HZ
from audioguide.core.model import Timeline
from audioguide.storage.store import Store, key_of
from audioguide.timeline.timetable import columns

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

FORMAT = 1
"""Raised when the design changes, so that cached covers of the old design are not used."""
SIDE = 1400
"""Pixels."""
_KIND = "covers"
_FONT = "font-manrope"
_COLUMNS = 36
_LEVELS = 16

_GROUND_TOP, _GROUND_BOTTOM = (24, 34, 56), (9, 12, 20)
_INK, _SOFT_INK = (246, 241, 231), (190, 198, 214)
_SPEECH, _SILENCE, _BELL = (142, 180, 236), (98, 116, 152), (244, 186, 104)
_MARGIN = 112
_TITLE_SIZES = range(204, 84, -8)
_TITLE_LINES, _TITLE_ROOM, _LEADING = 3, 436, 1.06
_CAPITAL, _DESCENDER = 0.72, 0.25
"""Height above and depth below the baseline of the font, relative to its size."""
_AXIS, _REACH = 764, 164
"""Vertical centre of the bars, and half the height of the tallest."""
_AXIS_UNTITLED, _REACH_UNTITLED = 480, 280
"""The same without a title."""
_BAR, _BELL_SIZE = 20, 44
_LENGTH_BASE, _LENGTH_SIZE, _UNIT_SIZE = 1290, 360, 150
_QUALITY = 86


@dataclass(frozen=True, slots=True)
class CoverData:
    """Everything that a cover is drawn from."""

    title: str
    length: str
    unit: str
    levels: tuple[int, ...]
    """Share of speech in each part of the session, from 0 to _LEVELS."""
    bells: tuple[int, ...]
    """Indices of the parts with a bell."""


def cover_data(title: str, timeline: Timeline) -> CoverData:
    """Return the data for the cover of a session."""
    spoken, bells = columns(timeline, _COLUMNS)
    levels = tuple(-int(-min(1.0, share) * _LEVELS // 1) for share in spoken)
    length, unit = _length(timeline.total)
    return CoverData(unicodedata.normalize("NFC", " ".join(title.split())), length, unit, levels, tuple(sorted(bells)))


def _length(samples: int) -> tuple[str, str]:
    """Return a length as (figures, unit), in a notation that is the same in all languages.

    >>> _length(20 * 60 * RATE_HZ), _length(450 * RATE_HZ), _length(45 * RATE_HZ)
    (('20', 'min'), ('7:30', 'min'), ('45', 's'))
    """
    minutes, seconds = divmod(round(samples / RATE_HZ), 60)
    if not minutes:
        return str(seconds), "s"
    return f"{minutes}:{seconds:02}" if seconds else f"{minutes}", "min"


def cached_cover(store: Store, data: CoverData) -> bytes:
    """Return a cover from the store, or draw it and save it there."""
    from importlib.metadata import version

    key = key_of("cover", FORMAT, astuple(data), version("pillow"), version(_FONT))
    cached = store.read(_KIND, key)
    if cached is not None:
        return cached[1]
    drawn = draw(data)
    store.write(_KIND, key, drawn)
    return drawn


def draw(data: CoverData) -> bytes:
    """Return the cover as a JPEG; a title with letters that the font lacks is left out."""
    image = _background()
    if data.title and _can_write(data.title):
        _write_title(image, data.title)
        _draw_bars(image, data, _AXIS, _REACH)
    else:
        _draw_bars(image, data, _AXIS_UNTITLED, _REACH_UNTITLED)
    _write_length(image, data.length, data.unit)
    out = BytesIO()
    image.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()


def _background() -> "Image":
    from PIL import Image

    gradient = Image.linear_gradient("L").resize((SIDE, SIDE))
    bands = [
        gradient.point([round(top + (bottom - top) * at / 255) for at in range(256)])
        for top, bottom in zip(_GROUND_TOP, _GROUND_BOTTOM, strict=True)
    ]
    return Image.merge("RGB", bands)


# --- text ---


@cache
def _font(weight: str, size: int) -> "FreeTypeFont":
    """Return a font with Pillow's basic layout, which gives the same result on every machine."""
    from importlib.resources import as_file, files

    from PIL import ImageFont

    with as_file(files("font_manrope") / "files" / f"Manrope-{weight}.ttf") as path:
        return ImageFont.truetype(BytesIO(path.read_bytes()), size, layout_engine=ImageFont.Layout.BASIC)


def _can_write(text: str) -> bool:
    """Return whether the font has all characters, none of which is a combining one."""
    font = _font("SemiBold", 64)
    missing = _shape(font, "\uffff")
    return not any(unicodedata.combining(char) or _shape(font, char) == missing for char in set(text) - {" "})


def _shape(font: "FreeTypeFont", char: str) -> tuple[object, bytes]:
    mask = font.getmask(char)
    return mask.size, bytes(mask)


def _write_title(image: "Image", title: str) -> None:
    from PIL import ImageDraw

    pen = ImageDraw.Draw(image)
    font, lines = _title(title)
    for nth, line in enumerate(lines):
        base = _MARGIN + (_CAPITAL + nth * _LEADING) * font.size
        pen.text((_MARGIN, base), line, _INK, font, anchor="ls")


def _title(title: str) -> "tuple[FreeTypeFont, list[str]]":
    """Return the largest font in which a title fits, and its lines; if it does not fit at all, lines are cut."""
    for size in _TITLE_SIZES:
        font = _font("SemiBold", size)
        lines = _wrapped(title, font)
        height = (_CAPITAL + (len(lines) - 1) * _LEADING + _DESCENDER) * size
        if height <= _TITLE_ROOM and all(font.getlength(line) <= SIDE - 2 * _MARGIN for line in lines):
            return font, lines
    kept = [*lines[: _TITLE_LINES - 1], " ".join(lines[_TITLE_LINES - 1 :])]
    return font, [_cut(line, font) for line in kept if line]


def _wrapped(title: str, font: "FreeTypeFont") -> list[str]:
    lines: list[str] = []
    for word in title.split():
        if lines and font.getlength(f"{lines[-1]} {word}") <= SIDE - 2 * _MARGIN:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _cut(line: str, font: "FreeTypeFont") -> str:
    """Return a line, shortened with an ellipsis if it does not fit."""
    if font.getlength(line) <= SIDE - 2 * _MARGIN:
        return line
    while font.getlength(f"{line}…") > SIDE - 2 * _MARGIN:
        line = line[:-1].rstrip()
    return f"{line}…"


def _write_length(image: "Image", length: str, unit: str) -> None:
    from PIL import ImageDraw

    pen = ImageDraw.Draw(image)
    figures = _font("SemiBold", _LENGTH_SIZE)
    pen.text((_MARGIN - 12, _LENGTH_BASE), length, _INK, figures, anchor="ls")
    at = _MARGIN + figures.getlength(length) + 24
    pen.text((at, _LENGTH_BASE), unit, _SOFT_INK, _font("SemiBold", _UNIT_SIZE), anchor="ls")


# --- speech and silence ---


def _draw_bars(image: "Image", data: CoverData, axis: int, reach: int) -> None:
    """Draw one bar per part, with a height by its share of speech (a dot for none), and bells above the bars."""
    step = (SIDE - 2 * _MARGIN - _BAR) / (_COLUMNS - 1)
    halves = [_BAR // 2 + (reach - _BAR // 2) * level // _LEVELS for level in data.levels]
    for part, (level, half) in enumerate(zip(data.levels, halves, strict=True)):
        left = round(_MARGIN + part * step)
        _pill(image, left, axis - half, _BAR, 2 * half, _SPEECH if level else _SILENCE)
        if part in data.bells:
            top = axis - max(halves[max(0, part - 1) : part + 2]) - _BELL_SIZE * 5 // 4
            _pill(image, left + (_BAR - _BELL_SIZE) // 2, top, _BELL_SIZE, _BELL_SIZE, _BELL)


def _pill(image: "Image", left: int, top: int, width: int, height: int, colour: tuple[int, int, int]) -> None:
    """Draw a vertical bar with round ends; with equal width and height, a dot."""
    from PIL import Image

    dot = _dot(width)
    shape = Image.new("L", (width, height), 255)
    shape.paste(dot.crop((0, 0, width, width // 2)), (0, 0))
    shape.paste(dot.crop((0, width - width // 2, width, width)), (0, height - width // 2))
    image.paste(colour, (left, top), shape)


@cache
def _dot(width: int) -> "Image":
    """Return an antialiased disc."""
    from PIL import Image, ImageDraw

    large = Image.new("L", (width * 8, width * 8))
    ImageDraw.Draw(large).ellipse((0, 0, width * 8 - 1, width * 8 - 1), 255)
    return large.reduce(8)

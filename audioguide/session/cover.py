"""The cover of a session: its practice, its length, and its own course of speech and silence, as a baseline JPEG.

Podcast players ask for 1400 x 1400 at least, and show it at 60 pixels in their lists: so there are three things on it,
each as large as it can be. What it is drawn from is coarse on purpose, and all of it stands in the key under which it
is kept. Pillow is imported only where one is drawn.
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
"""Raised when covers look different, so that no old one is used again."""
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
"""How far the font's letters reach above their line and below it, in sizes."""
_AXIS, _REACH = 764, 164
"""The height at which the course lies, and how far speech rises from it."""
_AXIS_ALONE, _REACH_ALONE = 480, 280
"""The same where no title stands above."""
_BAR, _BELL_SIZE = 20, 44
_LENGTH_BASE, _LENGTH_SIZE, _UNIT_SIZE = 1290, 360, 150
_QUALITY = 86


@dataclass(frozen=True, slots=True)
class Face:
    """All that a cover is drawn from."""

    title: str
    length: str
    unit: str
    levels: tuple[int, ...]
    """How much is spoken in each part of the session, from 0 to _LEVELS."""
    bells: tuple[int, ...]
    """The parts in which one is rung."""


def face(title: str, timeline: Timeline) -> Face:
    """Return what is shown of a session."""
    spoken, bells = columns(timeline, _COLUMNS)
    levels = tuple(-int(-min(1.0, share) * _LEVELS // 1) for share in spoken)
    length, unit = _length(timeline.total)
    return Face(unicodedata.normalize("NFC", " ".join(title.split())), length, unit, levels, tuple(sorted(bells)))


def _length(samples: int) -> tuple[str, str]:
    """Return a length as (figures, unit), in what every language writes alike.

    >>> _length(20 * 60 * RATE_HZ), _length(450 * RATE_HZ), _length(45 * RATE_HZ)
    (('20', 'min'), ('7:30', 'min'), ('45', 's'))
    """
    minutes, seconds = divmod(round(samples / RATE_HZ), 60)
    if not minutes:
        return str(seconds), "s"
    return f"{minutes}:{seconds:02}" if seconds else f"{minutes}", "min"


def kept_cover(store: Store, shown: Face) -> bytes:
    """Return a cover out of the store, or draw it and keep it; a store that cannot be written stops nothing."""
    from importlib.metadata import version

    key = key_of("cover", FORMAT, astuple(shown), version("pillow"), version(_FONT))
    found = store.read(_KIND, key)
    if found is not None:
        return found[1]
    drawn = draw(shown)
    store.write(_KIND, key, drawn)
    return drawn


def draw(shown: Face) -> bytes:
    """Return the cover as a JPEG; a title that the font cannot write is left out rather than shown as boxes."""
    image = _ground()
    if shown.title and _can_write(shown.title):
        _write_title(image, shown.title)
        _draw_course(image, shown, _AXIS, _REACH)
    else:
        _draw_course(image, shown, _AXIS_ALONE, _REACH_ALONE)
    _write_length(image, shown.length, shown.unit)
    out = BytesIO()
    image.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()


def _ground() -> "Image":
    from PIL import Image

    ground = Image.linear_gradient("L").resize((SIDE, SIDE))
    bands = [
        ground.point([round(top + (bottom - top) * at / 255) for at in range(256)])
        for top, bottom in zip(_GROUND_TOP, _GROUND_BOTTOM, strict=True)
    ]
    return Image.merge("RGB", bands)


# --- words ---


@cache
def _font(weight: str, size: int) -> "FreeTypeFont":
    """Return a font; its simple layout is the same on every machine."""
    from importlib.resources import as_file, files

    from PIL import ImageFont

    with as_file(files("font_manrope") / "files" / f"Manrope-{weight}.ttf") as path:
        return ImageFont.truetype(BytesIO(path.read_bytes()), size, layout_engine=ImageFont.Layout.BASIC)


def _can_write(words: str) -> bool:
    """Return whether the font has every letter, and none is to be put over another one."""
    font = _font("SemiBold", 64)
    box = _shape(font, "\uffff")
    return not any(unicodedata.combining(sign) or _shape(font, sign) == box for sign in set(words) - {" "})


def _shape(font: "FreeTypeFont", sign: str) -> tuple[object, bytes]:
    mask = font.getmask(sign)
    return mask.size, bytes(mask)


def _write_title(image: "Image", title: str) -> None:
    from PIL import ImageDraw

    pen = ImageDraw.Draw(image)
    font, lines = _title(title)
    for nth, line in enumerate(lines):
        base = _MARGIN + (_CAPITAL + nth * _LEADING) * font.size
        pen.text((_MARGIN, base), line, _INK, font, anchor="ls")


def _title(title: str) -> "tuple[FreeTypeFont, list[str]]":
    """Return the largest font in which a title fits, and its lines; the smallest cuts what is too long even so."""
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
    """Return a line as far as it fits, with an ellipsis where it does not."""
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


# --- the course of speech and silence ---


def _draw_course(image: "Image", shown: Face, axis: int, reach: int) -> None:
    """Draw a bar for each part, as high as much is spoken in it; a dot where nothing is; bells above them."""
    step = (SIDE - 2 * _MARGIN - _BAR) / (_COLUMNS - 1)
    halves = [_BAR // 2 + (reach - _BAR // 2) * level // _LEVELS for level in shown.levels]
    for part, (level, half) in enumerate(zip(shown.levels, halves, strict=True)):
        left = round(_MARGIN + part * step)
        _pill(image, left, axis - half, _BAR, 2 * half, _SPEECH if level else _SILENCE)
        if part in shown.bells:
            top = axis - max(halves[max(0, part - 1) : part + 2]) - _BELL_SIZE * 5 // 4
            _pill(image, left + (_BAR - _BELL_SIZE) // 2, top, _BELL_SIZE, _BELL_SIZE, _BELL)


def _pill(image: "Image", left: int, top: int, width: int, height: int, colour: tuple[int, int, int]) -> None:
    """Draw an upright bar with round ends; as high as wide it is a dot."""
    from PIL import Image

    dot = _dot(width)
    shape = Image.new("L", (width, height), 255)
    shape.paste(dot.crop((0, 0, width, width // 2)), (0, 0))
    shape.paste(dot.crop((0, width - width // 2, width, width)), (0, height - width // 2))
    image.paste(colour, (left, top), shape)


@cache
def _dot(width: int) -> "Image":
    """Return a disc with a smooth edge."""
    from PIL import Image, ImageDraw

    large = Image.new("L", (width * 8, width * 8))
    ImageDraw.Draw(large).ellipse((0, 0, width * 8 - 1, width * 8 - 1), 255)
    return large.reduce(8)

"""ID3v2.3: what a player shows, and the chapters it jumps to.

Written here because the common writers sort CHAP frames by size, which VLC then plays out of order: CTOC stands first,
then CHAP in time order, each with its title as first sub-frame (ID3v2 Chapter Frame Addendum 1.0).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from audioguide.clock import FRAME_MS, RATE_HZ
from audioguide.model import Placed

ARTIST = "audioguide"
_NO_OFFSET = b"\xff\xff\xff\xff"
MOST_CHAPTERS = 255
"""What one byte of a table of contents can count."""
_CODES = """
ar ara bg bul bn ben ca cat cs ces cy cym da dan de deu el ell en eng es spa et est eu eus fa fas fi fin fr fra ga gle
gl glg gu guj he heb hi hin hr hrv hu hun id ind is isl it ita ja jpn ka kat kn kan ko kor lt lit lv lav mk mkd ml mal
mr mar ms msa mt mlt nb nob ne nep nl nld nn nno no nor pa pan pl pol pt por ro ron ru rus sk slk sl slv sq sqi sr srp
sv swe sw swa ta tam te tel th tha tr tur uk ukr ur urd vi vie zh zho
""".split()  # noqa: SIM905  # a list of a hundred quoted words would not be readable
_LANGUAGES = dict(zip(_CODES[::2], _CODES[1::2], strict=True))
"""BCP 47 -> ISO 639-2, as TLAN wants it; others become und."""


@dataclass(frozen=True, slots=True)
class About:
    """What the tag says of a session."""

    title: str
    album: str
    language: str
    """BCP 47."""


def id3(about: About, chapters: Sequence[Placed], total: int) -> bytes:
    """Return the tag of a session of total samples; chapters run from one to the next, and to the end."""
    length_ms = total * 1000 // RATE_HZ
    frames = [
        _text("TIT2", about.title),
        _text("TPE1", ARTIST),
        _text("TALB", about.album),
        _text("TLAN", _LANGUAGES.get(about.language.split("-")[0].lower(), "und")),
        _text("TLEN", str(length_ms)),
    ]
    body = b"".join(frames) + _chapters(chapters, length_ms)
    return b"ID3\x03\x00\x00" + _synchsafe(len(body)) + body


def _chapters(chapters: Sequence[Placed], length_ms: int) -> bytes:
    if not chapters:
        return b""
    starts = [chapter.start * FRAME_MS for chapter in chapters]
    names = [f"chp{index}".encode() + b"\0" for index in range(len(chapters))]
    toc = _frame("CTOC", b"toc\0" + bytes([0b11, len(names)]) + b"".join(names))  # top level, ordered
    marks = [
        _frame("CHAP", name + start.to_bytes(4) + end.to_bytes(4) + _NO_OFFSET * 2 + _text("TIT2", chapter.title))
        for name, chapter, start, end in zip(names, chapters, starts, [*starts[1:], length_ms], strict=True)
    ]
    return toc + b"".join(marks)


def _text(name: str, words: str) -> bytes:
    """Return a text frame, in Latin-1 where that can hold it, else in UTF-16 with its byte order mark."""
    try:
        return _frame(name, b"\x00" + words.encode("latin-1"))
    except UnicodeEncodeError:
        return _frame(name, b"\x01\xff\xfe" + words.encode("utf-16-le"))


def _frame(name: str, body: bytes) -> bytes:
    return name.encode() + len(body).to_bytes(4) + b"\0\0" + body


def _synchsafe(size: int) -> bytes:
    return bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))

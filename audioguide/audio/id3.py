"""ID3v2.3: what a player shows, the chapters it jumps to, the words it lets run along.

Written here because the common writers sort CHAP frames by size, which VLC then plays out of order: CTOC stands first,
then CHAP in time order, each with its title as first sub-frame (ID3v2 Chapter Frame Addendum 1.0). Others write no
SYLT. The size of a tag depends on the sizes of its parts alone, and the private frame stands last.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from audioguide.core.clock import FRAME_MS, RATE_HZ
from audioguide.core.errors import InputError
from audioguide.core.language import base_language
from audioguide.core.model import Placed

ARTIST = "audioguide"
_NO_OFFSET = b"\xff\xff\xff\xff"
_HEAD = 10
"""Bytes of a tag's header, and of a frame's."""
_HAS_FOOTER = 0x10
_UNUSUAL = 0xC0
"""Flags: unsynchronised, extended header."""
_CODECS = {b"\0": "latin-1", b"\1": "utf-16", b"\2": "utf-16-be", b"\3": "utf-8"}
MOST_CHAPTERS = 255
"""What one byte of a table of contents can count."""
_LATIN_1, _UTF_16 = b"\0", b"\1"
_FRONT_COVER = 3
_MILLISECONDS, _LYRICS = 2, 1
"""How SYLT counts time, and what its words are."""
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


@dataclass(frozen=True, slots=True)
class Lyrics:
    """What is said in a session."""

    text: str
    """All of it, with the chapters."""
    lines: tuple[tuple[int, str], ...]
    """(milliseconds from the beginning, words) of each phrase, in time order."""


def id3(
    about: About,
    chapters: Sequence[Placed],
    total: int,
    private: tuple[str, bytes] | None = None,
    *,
    lyrics: Lyrics | None = None,
    picture: bytes = b"",
) -> bytes:
    """Return the tag of a session.

    Args:
        about: what a player shows.
        chapters: in time order; each runs to the next, and the last to the end.
        total: samples of the session.
        private: (owner, data) of a private frame.
        lyrics: what is said.
        picture: the cover, a JPEG.
    """
    length_ms = total * 1000 // RATE_HZ
    language = _LANGUAGES.get(base_language(about.language), "und")
    frames = [
        _text("TIT2", about.title),
        _text("TPE1", ARTIST),
        _text("TALB", about.album),
        _text("TRCK", str(track(total))),
        _text("TLAN", language),
        _text("TLEN", str(length_ms)),
        _chapters(chapters, length_ms),
        _picture(picture) if picture else b"",
        _lyrics(lyrics, language.encode()) if lyrics else b"",
        _frame("PRIV", private[0].encode("latin-1") + b"\0" + private[1]) if private else b"",
    ]
    body = b"".join(frames)
    return b"ID3\x03\x00\x00" + _synchsafe(len(body)) + body


def track(total: int) -> int:
    """Return the number under which a session stands in its album, the practice: its minutes.

    Players list an album by track. Sessions of a practice are told apart by their length and come into being in any
    order, so that none of them can be the third; by its minutes each finds its place, the shortest first, and the same
    session always the same one.

    Args:
        total: samples of the session.

    >>> [track(seconds * RATE_HZ) for seconds in (20, 90, 300, 3600)]
    [1, 2, 5, 60]
    """
    return max(1, round(total / RATE_HZ / 60))


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


def _picture(jpeg: bytes) -> bytes:
    return _frame("APIC", _LATIN_1 + b"image/jpeg\0" + bytes([_FRONT_COVER]) + b"\0" + jpeg)


def _lyrics(lyrics: Lyrics, language: bytes) -> bytes:
    """Return the words twice: to be read (USLT), and to run along, each phrase on a line of its own (SYLT)."""
    encoding, text = _encoded(lyrics.text)
    plain = _frame("USLT", encoding + language + _ended(encoding, "") + text)
    phrases = [f"\n{words}" if nth else words for nth, (_, words) in enumerate(lyrics.lines)]
    encoding, _ = _encoded("".join(phrases))
    head = encoding + language + bytes([_MILLISECONDS, _LYRICS]) + _ended(encoding, "")
    timed = [_ended(encoding, words) + ms.to_bytes(4) for words, (ms, _) in zip(phrases, lyrics.lines, strict=True)]
    return plain + (_frame("SYLT", head + b"".join(timed)) if timed else b"")


def _text(name: str, words: str) -> bytes:
    return _frame(name, b"".join(_encoded(words)))


def _encoded(words: str) -> tuple[bytes, bytes]:
    """Return (what tells the encoding, words in it): Latin-1 if that can hold them, else UTF-16 with its byte order."""
    try:
        return _LATIN_1, words.encode("latin-1")
    except UnicodeEncodeError:
        return _UTF_16, b"\xff\xfe" + words.encode("utf-16-le")


def _ended(encoding: bytes, words: str) -> bytes:
    """Return words in an encoding, and the zero that ends them; each of them tells its byte order anew."""
    return words.encode("latin-1") + b"\0" if encoding == _LATIN_1 else f"\ufeff{words}\0".encode("utf-16-le")


def _frame(name: str, body: bytes) -> bytes:
    return name.encode() + len(body).to_bytes(4) + b"\0\0" + body


def _synchsafe(size: int) -> bytes:
    return bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))


def tag_size(head: bytes) -> int:
    """Return the bytes that the tag at the beginning of a file takes; 0 where there is none.

    Args:
        head: the first ten bytes of the file, or more.
    """
    if head[:3] != b"ID3" or len(head) < _HEAD or any(byte & 0x80 for byte in head[6:_HEAD]):
        return 0
    footer = _HEAD if head[5] & _HAS_FOOTER else 0
    return _HEAD + _unsafe(head[6:_HEAD]) + footer


def read_tag(path: Path) -> bytes:
    """Return the tag at the beginning of a file; nothing where there is none.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            return head + file.read(tag_size(head) - _HEAD) if tag_size(head) else b""
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def read_frames(tag: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (name, body) of the frames of an ID3v2.3 or v2.4 tag, as far as they can be read.

    Args:
        tag: a whole tag; one that is unsynchronised or has an extended header yields nothing.
    """
    if len(tag) < _HEAD or tag[3] not in (3, 4) or tag[5] & _UNUSUAL:
        return
    at = _HEAD
    while at + _HEAD <= len(tag) and tag[at : at + 4].strip(b"\0"):
        length = tag[at + 4 : at + 8]
        size = _unsafe(length) if tag[3] == 4 else int.from_bytes(length)
        yield tag[at : at + 4].decode("latin-1"), tag[at + _HEAD : at + _HEAD + size]
        at += _HEAD + size


def private_frame(tag: bytes, owner: str) -> bytes | None:
    """Return the data of the private frame of an owner."""
    for name, body in read_frames(tag):
        whose, _, data = body.partition(b"\0")
        if name == "PRIV" and whose == owner.encode("latin-1"):
            return data
    return None


def album(tag: bytes) -> str:
    """Return the album that a tag names; nothing where it names none."""
    return next((_read_text(body) for name, body in read_frames(tag) if name == "TALB"), "")


def cover(tag: bytes) -> bytes | None:
    """Return the front cover of a tag, as the bytes of its file, or the first picture where none is called that."""
    pictures = [_read_picture(body) for name, body in read_frames(tag) if name == "APIC"]
    front = [data for kind, data in pictures if kind == _FRONT_COVER]
    return next((data for data in [*front, *(data for _, data in pictures)] if data), None)


def _read_picture(body: bytes) -> tuple[int, bytes]:
    """Return (kind, data) of a picture; behind its kind a description ends with a zero, in UTF-16 with a whole one."""
    wide = body[:1] in (_UTF_16, b"\2")
    _, _, rest = body[1:].partition(b"\0")
    words = rest[1:]
    ends = (at for at in range(0, len(words), 2) if words[at : at + 2] == b"\0\0")
    data = words[next(ends, len(words)) + 2 :] if wide else words.partition(b"\0")[2]
    return (rest[0] if rest else 0), data


def read_chapters(tag: bytes) -> list[tuple[int, int, str]]:
    """Return the chapters of a tag as (start, end, title), in milliseconds and in the order in which they stand."""
    return [_read_chapter(body) for name, body in read_frames(tag) if name == "CHAP"]


def _read_chapter(body: bytes) -> tuple[int, int, str]:
    _, _, rest = body.partition(b"\0")
    start, end = int.from_bytes(rest[:4]), int.from_bytes(rest[4:8])
    size = int.from_bytes(rest[20:24])
    title = rest[16 + _HEAD : 16 + _HEAD + size] if rest[16:20] == b"TIT2" else b""
    return start, end, _read_text(title)


def _read_text(body: bytes) -> str:
    codec = _CODECS.get(body[:1], "latin-1")
    return body[1:].decode(codec, "replace").rstrip("\0")


def _unsafe(size: bytes) -> int:
    """Return a synchsafe number: seven bits a byte."""
    return sum(byte << shift for byte, shift in zip(size, (21, 14, 7, 0), strict=True))

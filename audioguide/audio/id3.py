"""Writes and reads ID3v2.3 tags: title, album, chapters, lyrics, cover and the private frame with the manifest.

Tags are written here, not by a library, because the common ones sort CHAP frames by size, which VLC then plays out of
order, or cannot write SYLT. Here CTOC comes first, then CHAP in time order, each with its title as first sub-frame
(ID3v2 Chapter Frame Addendum 1.0). The private frame comes last. The size of a tag depends only on the sizes of its
parts.
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
_HEADER_BYTES = 10
"""Of a tag, and of a frame."""
_HAS_FOOTER = 0x10
_UNUSUAL = 0xC0
"""Flags: unsynchronisation, extended header."""
_CODECS = {b"\0": "latin-1", b"\1": "utf-16", b"\2": "utf-16-be", b"\3": "utf-8"}
MOST_CHAPTERS = 255
"""The table of contents has one byte for the count."""
_LATIN_1, _UTF_16 = b"\0", b"\1"
_FRONT_COVER = 3
_MILLISECONDS, _LYRICS = 2, 1
"""SYLT's time stamp format and content type."""
_CODES = """
ar ara bg bul bn ben ca cat cs ces cy cym da dan de deu el ell en eng es spa et est eu eus fa fas fi fin fr fra ga gle
gl glg gu guj he heb hi hin hr hrv hu hun id ind is isl it ita ja jpn ka kat kn kan ko kor lt lit lv lav mk mkd ml mal
mr mar ms msa mt mlt nb nob ne nep nl nld nn nno no nor pa pan pl pol pt por ro ron ru rus sk slk sl slv sq sqi sr srp
sv swe sw swa ta tam te tel th tha tr tur uk ukr ur urd vi vie zh zho
""".split()  # noqa: SIM905  # a list of a hundred quoted words would be hard to read
_LANGUAGES = dict(zip(_CODES[::2], _CODES[1::2], strict=True))
"""BCP 47 -> ISO 639-2, as required by TLAN; others become und."""


@dataclass(frozen=True, slots=True)
class About:
    """Text in the tag of a session."""

    title: str
    album: str
    language: str
    """BCP 47."""


@dataclass(frozen=True, slots=True)
class Lyrics:
    """The text spoken in a session."""

    text: str
    """The complete text with chapter titles."""
    lines: tuple[tuple[int, str], ...]
    """(milliseconds from the beginning, text) of each phrase, in time order."""


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
        about: title, album and language.
        chapters: in time order; each ends where the next begins, the last at the end of the session.
        total: samples of the session.
        private: (owner, data) of a private frame.
        lyrics: the spoken text.
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
    """Return the track number of a session: its length in minutes.

    Players sort an album (here, a practice) by track. Sessions differ by length and are built in any order, so "the
    third session" means nothing; minutes sort by length and are stable.

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
    """Return the lyrics in both frames: plain text (USLT), and one line per phrase with its time (SYLT)."""
    encoding, text = _encode(lyrics.text)
    plain = _frame("USLT", encoding + language + _terminated(encoding, "") + text)
    lines = [f"\n{line}" if nth else line for nth, (_, line) in enumerate(lyrics.lines)]
    encoding, _ = _encode("".join(lines))
    head = encoding + language + bytes([_MILLISECONDS, _LYRICS]) + _terminated(encoding, "")
    timed = [_terminated(encoding, line) + ms.to_bytes(4) for line, (ms, _) in zip(lines, lyrics.lines, strict=True)]
    return plain + (_frame("SYLT", head + b"".join(timed)) if timed else b"")


def _text(name: str, text: str) -> bytes:
    return _frame(name, b"".join(_encode(text)))


def _encode(text: str) -> tuple[bytes, bytes]:
    """Return (encoding byte, encoded text): in Latin-1 if possible, else in UTF-16 with a byte order mark."""
    try:
        return _LATIN_1, text.encode("latin-1")
    except UnicodeEncodeError:
        return _UTF_16, b"\xff\xfe" + text.encode("utf-16-le")


def _terminated(encoding: bytes, text: str) -> bytes:
    """Return text in an encoding with its zero terminator; in UTF-16, each text has its own byte order mark."""
    return text.encode("latin-1") + b"\0" if encoding == _LATIN_1 else f"\ufeff{text}\0".encode("utf-16-le")


def _frame(name: str, body: bytes) -> bytes:
    return name.encode() + len(body).to_bytes(4) + b"\0\0" + body


def _synchsafe(size: int) -> bytes:
    return bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))


def tag_size(head: bytes) -> int:
    """Return the size in bytes of the tag at the beginning of a file, or 0 if there is none.

    Args:
        head: at least the first ten bytes of the file.
    """
    if head[:3] != b"ID3" or len(head) < _HEADER_BYTES or any(byte & 0x80 for byte in head[6:_HEADER_BYTES]):
        return 0
    footer = _HEADER_BYTES if head[5] & _HAS_FOOTER else 0
    return _HEADER_BYTES + _read_synchsafe(head[6:_HEADER_BYTES]) + footer


def read_tag(path: Path) -> bytes:
    """Return the tag at the beginning of a file, or empty bytes if there is none.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER_BYTES)
            return head + file.read(tag_size(head) - _HEADER_BYTES) if tag_size(head) else b""
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def read_frames(tag: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (name, body) of each frame of an ID3v2.3 or v2.4 tag, up to the first that cannot be read.

    Args:
        tag: a complete tag; one with unsynchronisation or an extended header yields no frames.
    """
    if len(tag) < _HEADER_BYTES or tag[3] not in (3, 4) or tag[5] & _UNUSUAL:
        return
    at = _HEADER_BYTES
    while at + _HEADER_BYTES <= len(tag) and tag[at : at + 4].strip(b"\0"):
        length = tag[at + 4 : at + 8]
        size = _read_synchsafe(length) if tag[3] == 4 else int.from_bytes(length)
        yield tag[at : at + 4].decode("latin-1"), tag[at + _HEADER_BYTES : at + _HEADER_BYTES + size]
        at += _HEADER_BYTES + size


def private_frame(tag: bytes, owner: str) -> bytes | None:
    """Return the data of the owner's private frame, or None if there is none."""
    for name, body in read_frames(tag):
        frame_owner, _, data = body.partition(b"\0")
        if name == "PRIV" and frame_owner == owner.encode("latin-1"):
            return data
    return None


def album(tag: bytes) -> str:
    """Return the album in a tag, or an empty string if there is none."""
    return next((_read_text(body) for name, body in read_frames(tag) if name == "TALB"), "")


def cover(tag: bytes) -> bytes | None:
    """Return the image file of a tag's front cover, or else of its first picture, or None if it has none."""
    pictures = [_read_picture(body) for name, body in read_frames(tag) if name == "APIC"]
    front = [data for kind, data in pictures if kind == _FRONT_COVER]
    return next((data for data in [*front, *(data for _, data in pictures)] if data), None)


def _read_picture(body: bytes) -> tuple[int, bytes]:
    """Return (picture type, image file) of an APIC frame.

    Encoding, MIME type with a zero, picture type, description with a zero (two bytes in UTF-16), data.
    """
    is_utf16 = body[:1] in (_UTF_16, b"\2")
    _, _, rest = body[1:].partition(b"\0")
    described = rest[1:]
    ends = (at for at in range(0, len(described), 2) if described[at : at + 2] == b"\0\0")
    data = described[next(ends, len(described)) + 2 :] if is_utf16 else described.partition(b"\0")[2]
    return (rest[0] if rest else 0), data


def read_chapters(tag: bytes) -> list[tuple[int, int, str]]:
    """Return the chapters of a tag as (start ms, end ms, title), in the order of their frames."""
    return [_read_chapter(body) for name, body in read_frames(tag) if name == "CHAP"]


def _read_chapter(body: bytes) -> tuple[int, int, str]:
    _, _, rest = body.partition(b"\0")
    start, end = int.from_bytes(rest[:4]), int.from_bytes(rest[4:8])
    size = int.from_bytes(rest[20:24])
    title = rest[16 + _HEADER_BYTES : 16 + _HEADER_BYTES + size] if rest[16:20] == b"TIT2" else b""
    return start, end, _read_text(title)


def _read_text(body: bytes) -> str:
    codec = _CODECS.get(body[:1], "latin-1")
    return body[1:].decode(codec, "replace").rstrip("\0")


def _read_synchsafe(size: bytes) -> int:
    """Return the value of a synchsafe integer (seven bits per byte)."""
    return sum(byte << shift for byte, shift in zip(size, (21, 14, 7, 0), strict=True))

"""A stand-in for the page: what it is given, and what is made of that."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Session:
    """A session, as the page needs it."""

    id: str
    title: str
    practice: str
    length_s: float
    audio: str
    size_bytes: int
    file: str
    language: str
    cover: str
    captions: str
    chapters: tuple[tuple[float, str], ...]
    lines: tuple[tuple[float, float, str], ...]
    grounding: str


@dataclass(frozen=True, slots=True)
class Grounding:
    """A grounding and its closing, in one file."""

    audio: str
    size_bytes: int
    grounding_end_s: float
    closing_start_s: float
    length_s: float
    lines: tuple[tuple[float, float, str], ...]


@dataclass(frozen=True, slots=True)
class PageData:
    """All that the page shows."""

    sessions: tuple[Session, ...]
    groundings: Mapping[str, Grounding]


ASSETS: dict[str, tuple[str, bytes]] = {"page.css": ("text/css; charset=utf-8", b"body{}")}


def page(data: PageData) -> bytes:
    """Return the page."""
    return f"<!doctype html><title>audioguide</title><pre>{escape(repr(asdict(data)))}</pre>".encode()

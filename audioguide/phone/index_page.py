"""The page for the phone: index.html, from a template and the data of the sessions, and its scripts and styles."""

import json
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from html import escape
from pathlib import Path
from string import Template

from audioguide.core.language import base_language

_HERE = Path(__file__).resolve().parent
_FALLBACK = "en"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session, as the page needs it."""

    id: str
    """Letters and digits; changes only with the content."""
    title: str
    practice: str
    length_s: float
    audio: str
    """A relative URL, as are the others."""
    size_bytes: int
    file: str
    """The file name for a download."""
    language: str
    """BCP 47."""
    cover: str
    """A URL; empty for none."""
    captions: str
    """A URL (WebVTT); empty for none."""
    chapters: tuple[tuple[float, str], ...]
    """(start in seconds, title)."""
    lines: tuple[tuple[float, float, str], ...]
    """(start in seconds, end in seconds, text)."""
    grounding: str
    """The key of its grounding; empty for none."""


@dataclass(frozen=True, slots=True)
class GroundingView:
    """A grounding track: grounding, silence and closing in one file."""

    audio: str
    size_bytes: int
    grounding_end_s: float
    """Where the page stops playback. The silence after it is long because a locked phone rarely reports its place."""
    closing_start_s: float
    length_s: float
    lines: tuple[tuple[float, float, str], ...]


@dataclass(frozen=True, slots=True)
class PageData:
    """Everything that the page shows."""

    sessions: tuple[SessionView, ...]
    groundings: Mapping[str, GroundingView]


ASSETS: Mapping[str, tuple[str, bytes]] = {
    path.name: (_TYPES[path.suffix], path.read_bytes())
    for path in sorted((_HERE / "page").iterdir())
    if path.suffix in _TYPES
}
"""The scripts, styles and images of the page: name -> (media type, bytes)."""


def page(data: PageData) -> bytes:
    """Return index.html; without JavaScript it is in the language of the first session."""
    languages = [_page_language(session.language) for session in data.sessions] or [_FALLBACK]
    words = {language: _words(language) for language in {*languages, _FALLBACK}}
    first = words[languages[0]]
    filled = Template((_HERE / "page" / "index.html").read_text("utf-8")).substitute(
        language=languages[0],
        title=escape(data.sessions[0].title if len(data.sessions) == 1 else first["sessions"]),
        noscript=_noscript(data.sessions, first["noscript"]),
        data=_script_safe({**asdict(data), "words": dict(sorted(words.items()))}),
    )
    return filled.encode("utf-8", "replace")


def page_languages() -> list[str]:
    """Return the languages into which the page is translated."""
    return sorted(path.stem for path in (_HERE / "words").glob("*.toml"))


def _page_language(language: str) -> str:
    """Return the language of the page for a session in a language."""
    base = base_language(language)
    return base if base in page_languages() else _FALLBACK


@cache
def _words(language: str) -> dict[str, str]:
    return tomllib.loads((_HERE / "words" / f"{language}.toml").read_text("utf-8"))


def _noscript(sessions: Sequence[SessionView], text: str) -> str:
    """Return the sessions as links, for a browser without JavaScript; sessions with the same title show their files."""
    count = Counter(session.title for session in sessions)
    links = [
        f'<li><a lang="{escape(session.language)}" href="{escape(session.audio)}">{escape(session.title)}</a>'
        f"{f' <small>{escape(session.file)}</small>' if count[session.title] > 1 else ''}</li>"
        for session in sessions
    ]
    return f'<div class="plain"><p>{escape(text)}</p><ul>{"".join(links)}</ul></div>'


def _script_safe(value: object) -> str:
    r"""Return JSON for a script element, with every < escaped.

    In a script element ``</script`` ends the data and ``<!--`` hides its end (HTML, 13.2.5.17 and 4.12.1.3), even
    inside a JSON string.

    >>> _script_safe(["</script><!-- & >"])
    '["\\u003c/script>\\u003c!-- & >"]'
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")

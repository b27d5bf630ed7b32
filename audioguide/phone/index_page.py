"""The page for the phone: its index.html, made of a template and the data in it, and the files that go with it."""

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
    """The same as long as the content is the same; letters and figures."""
    title: str
    practice: str
    length_s: float
    audio: str
    """A relative URL, like all of them."""
    size_bytes: int
    file: str
    """What it is called when it is downloaded."""
    language: str
    """BCP 47."""
    cover: str
    """A URL; empty for none."""
    captions: str
    """A URL (WebVTT); empty for none."""
    chapters: tuple[tuple[float, str], ...]
    """(start in seconds, title)."""
    lines: tuple[tuple[float, float, str], ...]
    """(start in seconds, end in seconds, words)."""
    grounding: str
    """The key of its grounding; empty for none."""


@dataclass(frozen=True, slots=True)
class GroundingView:
    """A grounding, a silence behind it, and a closing, in one file."""

    audio: str
    size_bytes: int
    grounding_end_s: float
    """Here it stops and waits. The silence behind is long, as a locked phone tells only now and then where it is."""
    closing_start_s: float
    length_s: float
    lines: tuple[tuple[float, float, str], ...]


@dataclass(frozen=True, slots=True)
class PageData:
    """All that the page shows."""

    sessions: tuple[SessionView, ...]
    groundings: Mapping[str, GroundingView]


ASSETS: Mapping[str, tuple[str, bytes]] = {
    path.name: (_TYPES[path.suffix], path.read_bytes())
    for path in sorted((_HERE / "page").iterdir())
    if path.suffix in _TYPES
}
"""The files beside the page: name -> (media type, bytes)."""


def page(data: PageData) -> bytes:
    """Return the page."""
    languages = [_spoken(session.language) for session in data.sessions] or [_FALLBACK]
    words = {language: _words(language) for language in {*languages, _FALLBACK}}
    here = words[languages[0]]
    filled = Template((_HERE / "page" / "index.html").read_text("utf-8")).substitute(
        language=languages[0],
        title=escape(data.sessions[0].title if len(data.sessions) == 1 else here["sessions"]),
        noscript=_noscript(data.sessions, here["noscript"]),
        data=_script_safe({**asdict(data), "words": dict(sorted(words.items()))}),
    )
    return filled.encode("utf-8", "replace")


def page_languages() -> list[str]:
    """Return the languages that the page speaks itself."""
    return sorted(path.stem for path in (_HERE / "words").glob("*.toml"))


def _spoken(language: str) -> str:
    """Return in which language the page speaks to those who listen in that one."""
    base = base_language(language)
    return base if base in page_languages() else _FALLBACK


@cache
def _words(language: str) -> dict[str, str]:
    return tomllib.loads((_HERE / "words" / f"{language}.toml").read_text("utf-8"))


def _noscript(sessions: Sequence[SessionView], words: str) -> str:
    """Return the sessions as plain links, for a browser without JavaScript; of equal titles the files are named."""
    count = Counter(one.title for one in sessions)
    links = [
        f'<li><a lang="{escape(one.language)}" href="{escape(one.audio)}">{escape(one.title)}</a>'
        f"{f' <small>{escape(one.file)}</small>' if count[one.title] > 1 else ''}</li>"
        for one in sessions
    ]
    return f'<div class="plain"><p>{escape(words)}</p><ul>{"".join(links)}</ul></div>'


def _script_safe(value: object) -> str:
    r"""Return JSON that no script element ends in.

    In one, ``</script`` ends the data and ``<!--`` hides its end (HTML, 13.2.5.17 and 4.12.1.3), whatever JSON thinks.

    >>> _script_safe(["</script><!-- & >"])
    '["\\u003c/script>\\u003c!-- & >"]'
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")

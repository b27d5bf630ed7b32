"""All that the phone can ask for, as one fixed table: a plain name -> its bytes, or where on disk they stand.

The server answers out of it and nothing else, and publish writes it into a folder. A name holds a piece of the digest
of what it names, so that a phone in mid-session never gets half of another file; only the page and the feed keep
theirs.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from audioguide.core.clock import seconds
from audioguide.core.model import Phrase, Timeline
from audioguide.phone import index_page
from audioguide.phone.catalogue import SessionFile
from audioguide.phone.feed import Episode, Feed, feed_text
from audioguide.phone.grounding import Track
from audioguide.timeline.captions import captions
from audioguide.web.resource import Resource

PAGE, FEED = "index.html", "feed.xml"
MP3, JPEG, VTT = "audio/mpeg", "image/jpeg", "text/vtt; charset=utf-8"
CHAPTERS = "application/json+chapters"
_MOST_SLUG = 60
_DIGEST = 8


@dataclass(frozen=True, slots=True)
class Names:
    """What the files of a session are called; empty where there is none."""

    audio: str
    captions: str
    chapters: str
    cover: str
    grounding: str


def site(entries: Sequence[SessionFile], tracks: Mapping[str, Track | None], base_url: str) -> dict[str, Resource]:
    """Return the table.

    Args:
        entries: the sessions, in the order in which they are shown.
        tracks: their groundings, by the digest of the session.
        base_url: where it will stand, with a slash at its end; empty where nobody knows, and then there is no feed.
    """
    table = {name: _made(media_type, data, immutable=False) for name, (media_type, data) in index_page.ASSETS.items()}
    named = [(entry, _names(entry, tracks.get(entry.digest))) for entry in entries]
    for entry, names in named:
        table |= dict(_files(entry, names))
    used = {track.key: track for track in map(tracks.get, (entry.digest for entry in entries)) if track}
    table |= {_grounding_name(track): _whole(track.entry) for track in used.values()}
    if base_url:
        feed = feed_text(Feed(base_url, FEED, tuple(_episode(entry, names) for entry, names in named)))
        table[FEED] = _made("application/rss+xml; charset=utf-8", feed.encode(), immutable=False)
    table[PAGE] = _made("text/html; charset=utf-8", _page(named, used), immutable=False)
    return table


# --- names ---


def _names(entry: SessionFile, track: Track | None) -> Names:
    stem = f"{slug(entry.stem)}-{entry.digest[:_DIGEST]}"
    cover = f"{stem}.jpg" if entry.cover else ""
    return Names(f"{stem}.mp3", f"{stem}.vtt", f"{stem}.chapters.json", cover, track.key if track else "")


def _grounding_name(track: Track) -> str:
    return f"grounding-{track.entry.digest[:_DIGEST]}.mp3"


def slug(stem: str) -> str:
    """Return a file's name as a piece of a URL that nothing needs to escape.

    >>> slug("Für Zoë, 20 min"), slug("../../etc"), slug("長い")
    ('fur-zoe-20-min', 'etc', 'session')
    """
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall("[a-z0-9]+", plain))[:_MOST_SLUG].strip("-") or "session"


# --- files ---


def _files(entry: SessionFile, names: Names) -> Iterator[tuple[str, Resource]]:
    timeline, title = entry.manifest.timeline, _line(entry.manifest.title)
    yield names.audio, _whole(entry)
    yield names.captions, _made(VTT, captions("vtt", timeline, title).encode(errors="replace"), immutable=False)
    yield names.chapters, _made(CHAPTERS, _chapters_json(timeline), immutable=False)
    if entry.cover:
        yield names.cover, Resource(JPEG, entry.cover, f'"cover-{entry.digest[:32]}"', immutable=True)


def _whole(entry: SessionFile) -> Resource:
    return Resource(MP3, entry.audio, f'"{entry.digest[:32]}"', immutable=True)


def _made(media_type: str, data: bytes, *, immutable: bool) -> Resource:
    return Resource(media_type, data, f'"{sha256(data).hexdigest()[:32]}"', immutable)


def _chapters_json(timeline: Timeline) -> bytes:
    """Return the chapters as Podcasting 2.0 has them (JSON Chapters 1.2)."""
    marks = [{"startTime": start_s, "title": title} for start_s, title in _chapters(timeline)]
    return json.dumps({"version": "1.2.0", "chapters": marks}, ensure_ascii=False).encode(errors="replace")


def _chapters(timeline: Timeline) -> tuple[tuple[float, str], ...]:
    marks = sorted((mark.start, _line(mark.title)) for mark in timeline.chapters if mark.start < timeline.frames)
    return tuple((seconds(start), title) for start, title in marks)


def _lines(timeline: Timeline) -> tuple[tuple[float, float, str], ...]:
    return tuple(
        (seconds(sound.start), seconds(sound.end), sound.cue.text)
        for sound in timeline.sounds
        if isinstance(sound.cue, Phrase)
    )


def _line(words: str) -> str:
    """Return words in one line, whatever stood in the file."""
    return " ".join(words.split())


# --- page and feed ---


def _page(named: Sequence[tuple[SessionFile, Names]], used: Mapping[str, Track]) -> bytes:
    sessions = tuple(_session(entry, names) for entry, names in named)
    return index_page.page(index_page.PageData(sessions, {key: _grounding(track) for key, track in used.items()}))


def _session(entry: SessionFile, names: Names) -> index_page.SessionView:
    manifest = entry.manifest
    return index_page.SessionView(
        id=entry.digest[:12],
        title=_line(manifest.title),
        practice=_line(entry.practice),
        length_s=entry.seconds,
        audio=names.audio,
        size_bytes=entry.audio.length,
        file=entry.audio.path.name,
        language=manifest.language,
        cover=names.cover,
        captions=names.captions,
        chapters=_chapters(manifest.timeline),
        lines=_lines(manifest.timeline),
        grounding=names.grounding,
    )


def _grounding(track: Track) -> index_page.GroundingView:
    timeline = track.entry.manifest.timeline
    return index_page.GroundingView(
        audio=_grounding_name(track),
        size_bytes=track.entry.audio.length,
        grounding_end_s=seconds(track.grounding_end),
        closing_start_s=seconds(track.closing_start),
        length_s=track.entry.seconds,
        lines=_lines(timeline),
    )


def _episode(entry: SessionFile, names: Names) -> Episode:
    return Episode(
        name=entry.stem,
        title=_line(entry.manifest.title),
        language=entry.manifest.language,
        seconds=entry.seconds,
        audio=names.audio,
        size_bytes=entry.audio.length,
        cover=names.cover,
        captions=names.captions,
        chapters=names.chapters,
        chapter_titles=tuple(title for _, title in _chapters(entry.manifest.timeline)),
    )

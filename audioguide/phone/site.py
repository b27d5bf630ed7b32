"""The files of the phone's site, as one table: name -> bytes, or a part of a file on disk.

The server answers from this table only, and publish writes it into a folder. A name contains part of the digest of its
session, so that a phone in mid-session never gets half of another file; the page, its assets and the feed keep theirs.
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
_MAX_SLUG = 60
_DIGEST = 8
_ETAG = 32


@dataclass(frozen=True, slots=True)
class _FileNames:
    """The names of a session's files; empty if there is no such file."""

    audio: str
    captions: str
    chapters: str
    cover: str
    grounding: str
    """The key of its track, by which the page finds the file."""


def site(
    session_files: Sequence[SessionFile], tracks: Mapping[str, Track | None], base_url: str
) -> dict[str, Resource]:
    """Return the table.

    Args:
        session_files: the sessions, in the order in which the page shows them.
        tracks: their groundings, by the digest of the session.
        base_url: the URL of the page, with a slash at its end; empty if it is unknown: then there is no feed.
    """
    table = {name: _in_memory(media_type, data) for name, (media_type, data) in index_page.ASSETS.items()}
    named = [(file, _names(file, tracks.get(file.digest))) for file in session_files]
    for session_file, names in named:
        table |= dict(_files(session_file, names))
    used = {track.key: track for track in map(tracks.get, (file.digest for file in session_files)) if track}
    table |= {_grounding_name(track): _mp3(track.session_file) for track in used.values()}
    if base_url:
        feed = feed_text(Feed(base_url, FEED, tuple(_episode(file, names) for file, names in named)))
        table[FEED] = _in_memory("application/rss+xml; charset=utf-8", feed.encode())
    table[PAGE] = _in_memory("text/html; charset=utf-8", _page(named, used))
    return table


# --- names ---


def _names(session_file: SessionFile, track: Track | None) -> _FileNames:
    stem = f"{slug(session_file.stem)}-{session_file.digest[:_DIGEST]}"
    cover = f"{stem}.jpg" if session_file.cover else ""
    return _FileNames(f"{stem}.mp3", f"{stem}.vtt", f"{stem}.chapters.json", cover, track.key if track else "")


def _grounding_name(track: Track) -> str:
    return f"grounding-{track.session_file.digest[:_DIGEST]}.mp3"


def slug(stem: str) -> str:
    """Return a file name in characters that need no escape in a URL.

    >>> slug("Für Zoë, 20 min"), slug("../../etc"), slug("長い")
    ('fur-zoe-20-min', 'etc', 'session')
    """
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall("[a-z0-9]+", plain))[:_MAX_SLUG].strip("-") or "session"


# --- files ---


def _files(session_file: SessionFile, names: _FileNames) -> Iterator[tuple[str, Resource]]:
    timeline, title = session_file.manifest.timeline, _one_line(session_file.manifest.title)
    yield names.audio, _mp3(session_file)
    yield names.captions, _in_memory(VTT, captions("vtt", timeline, title).encode(errors="replace"))
    yield names.chapters, _in_memory(CHAPTERS, _chapters_json(timeline))
    if session_file.cover:
        yield names.cover, Resource(JPEG, session_file.cover, f'"cover-{session_file.digest[:_ETAG]}"', immutable=True)


def _mp3(session_file: SessionFile) -> Resource:
    return Resource(MP3, session_file.audio, f'"{session_file.digest[:_ETAG]}"', immutable=True)


def _in_memory(media_type: str, data: bytes) -> Resource:
    """Return a resource whose name stays when another version of audioguide writes other bytes."""
    return Resource(media_type, data, f'"{sha256(data).hexdigest()[:_ETAG]}"', immutable=False)


def _chapters_json(timeline: Timeline) -> bytes:
    """Return the chapters in the format of Podcasting 2.0 (JSON Chapters 1.2)."""
    marks = [{"startTime": start_s, "title": title} for start_s, title in _chapters(timeline)]
    return json.dumps({"version": "1.2.0", "chapters": marks}, ensure_ascii=False).encode(errors="replace")


def _chapters(timeline: Timeline) -> tuple[tuple[float, str], ...]:
    marks = sorted((mark.start, _one_line(mark.title)) for mark in timeline.chapters if mark.start < timeline.frames)
    return tuple((seconds(start), title) for start, title in marks)


def _lines(timeline: Timeline) -> tuple[tuple[float, float, str], ...]:
    return tuple(
        (seconds(sound.start), seconds(sound.end), sound.cue.text)
        for sound in timeline.sounds
        if isinstance(sound.cue, Phrase)
    )


def _one_line(text: str) -> str:
    """Return a text from a manifest, which may contain anything, in one line."""
    return " ".join(text.split())


# --- page and feed ---


def _page(named: Sequence[tuple[SessionFile, _FileNames]], used: Mapping[str, Track]) -> bytes:
    sessions = tuple(_session(file, names) for file, names in named)
    return index_page.page(index_page.PageData(sessions, {key: _grounding(track) for key, track in used.items()}))


def _session(session_file: SessionFile, names: _FileNames) -> index_page.SessionView:
    manifest = session_file.manifest
    return index_page.SessionView(
        id=session_file.digest[:12],
        title=_one_line(manifest.title),
        practice=_one_line(session_file.practice),
        length_s=session_file.seconds,
        audio=names.audio,
        size_bytes=session_file.audio.length,
        file=session_file.audio.path.name,
        language=manifest.language,
        cover=names.cover,
        captions=names.captions,
        chapters=_chapters(manifest.timeline),
        lines=_lines(manifest.timeline),
        grounding=names.grounding,
    )


def _grounding(track: Track) -> index_page.GroundingView:
    timeline = track.session_file.manifest.timeline
    return index_page.GroundingView(
        audio=_grounding_name(track),
        size_bytes=track.session_file.audio.length,
        grounding_end_s=seconds(track.grounding_end),
        closing_start_s=seconds(track.closing_start),
        length_s=track.session_file.seconds,
        lines=_lines(timeline),
    )


def _episode(session_file: SessionFile, names: _FileNames) -> Episode:
    return Episode(
        name=session_file.stem,
        title=_one_line(session_file.manifest.title),
        language=session_file.manifest.language,
        seconds=session_file.seconds,
        audio=names.audio,
        size_bytes=session_file.audio.length,
        cover=names.cover,
        captions=names.captions,
        chapters=names.chapters,
        chapter_titles=tuple(title for _, title in _chapters(session_file.manifest.timeline)),
    )

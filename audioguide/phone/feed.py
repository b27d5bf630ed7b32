"""PURE. Sessions -> a podcast feed: RSS 2.0 with the tags of Apple (itunes) and of Podcasting 2.0 (podcast)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from uuid import UUID, uuid5
from xml.etree.ElementTree import Element, SubElement, indent, register_namespace, tostring

from audioguide.core.characters import xml_safe
from audioguide.core.language import base_language

ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
PODCAST = "https://podcastindex.org/namespace/1.0"
ATOM = "http://www.w3.org/2005/Atom"
FEEDS = UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")
"""The namespace of podcast:guid, as its specification gives it."""
SESSIONS = UUID("7d8bb7a8-0f43-5f0e-9d0a-5f2f1f3d9a01")
"""The namespace of our own GUIDs."""
_FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_PREFIXES = {"itunes": ITUNES, "podcast": PODCAST, "atom": ATOM}
_NOTES = {
    "de": (
        "Geführte Sitzungen, jede genau so lang, wie sie heißt.",
        'In der App "Stille kürzen" und schnelleres Abspielen ausschalten: Die Pausen sind die Übung.',
    ),
    "en": (
        "Guided sessions, each exactly as long as it says.",
        'In the app, keep "trim silence", "smart speed" and faster playback off: the pauses are the practice.',
    ),
    "es": (
        "Sesiones guiadas, cada una exactamente tan larga como dice.",
        "En la app, desactive «recortar silencios» y la velocidad rápida: las pausas son la práctica.",
    ),
    "fr": (
        "Des séances guidées, chacune exactement aussi longue qu’annoncé.",
        "Dans l’app, désactivez « raccourcir les silences » et la lecture rapide : les pauses sont la pratique.",
    ),
}


@dataclass(frozen=True, slots=True)
class Episode:
    """A session in a feed; names of files are relative to the feed's URL, and empty if there is no such file."""

    name: str
    """Stays the same when the session is rebuilt."""
    title: str
    language: str
    seconds: float
    audio: str
    size_bytes: int
    cover: str
    captions: str
    chapters: str
    chapter_titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed and its place on the web."""

    base_url: str
    """With a slash at its end."""
    file: str
    episodes: tuple[Episode, ...]
    """By length; the first is listed first."""

    @property
    def url(self) -> str:
        """The URL of the feed itself."""
        return self.base_url + self.file


def feed_text(feed: Feed) -> str:
    """Return the feed as XML."""
    for prefix, uri in _PREFIXES.items():
        register_namespace(prefix, uri)
    rss = Element("rss", {"version": "2.0"})
    channel = SubElement(rss, "channel")
    _channel(channel, feed)
    dates = publication_dates(episode.seconds for episode in feed.episodes)
    for number, (episode, date) in enumerate(zip(feed.episodes, dates, strict=True), 1):
        item = SubElement(channel, "item")
        _item(item, feed, episode, number)
        _add(item, "pubDate", format_datetime(date))
    indent(rss, " ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(rss, encoding="unicode") + "\n"


def feed_guid(url: str) -> str:
    """Return a feed's podcast:guid: a UUIDv5 of its URL without the scheme and without slashes at the end.

    >>> feed_guid("https://mp3s.nashownotes.com/pc20rss.xml")
    '917393e3-1b1e-5cef-ace4-edaa54e1f810'
    """
    return str(uuid5(FEEDS, url.partition("://")[2].rstrip("/")))


def publication_dates(lengths_s: Iterable[float]) -> Iterator[datetime]:
    """Yield the dates of episodes, which come shortest first: a fixed day plus the episode's length.

    Apps that sort by date then list by length, and a rebuilt session keeps its place. Of equal lengths, each is a
    second later than the previous one.
    """
    last = -1
    for length_s in lengths_s:
        last = max(int(length_s), last + 1)
        yield _FIRST_DAY + timedelta(seconds=last)


def _channel(channel: Element, feed: Feed) -> None:
    language = feed.episodes[0].language if feed.episodes else "en"
    cover = next((episode.cover for episode in feed.episodes if episode.cover), "")
    _add(channel, "title", "audioguide")
    _add(channel, "link", feed.base_url)
    _add(channel, "description", " ".join(_notes(language)))
    _add(channel, "language", language)
    _add(channel, "generator", "audioguide")
    _add(channel, "docs", "https://www.rssboard.org/rss-specification")
    _add(channel, "atom:link", href=feed.url, rel="self", type="application/rss+xml")
    _add(channel, "itunes:author", "audioguide")
    _add(channel, "itunes:explicit", "false")
    _add(channel, "itunes:type", "serial")
    _add(_add(channel, "itunes:category", text="Health & Fitness"), "itunes:category", text="Mental Health")
    if cover:
        _add(channel, "itunes:image", href=feed.base_url + cover)
    _add(channel, "podcast:guid", feed_guid(feed.url))
    _add(channel, "podcast:locked", "yes")
    _add(channel, "podcast:medium", "podcast")


def _item(item: Element, feed: Feed, episode: Episode, number: int) -> None:
    _add(item, "title", episode.title or episode.name)
    _add(item, "description", _description(episode))
    _add(item, "enclosure", url=feed.base_url + episode.audio, length=str(episode.size_bytes), type="audio/mpeg")
    _add(item, "guid", str(uuid5(SESSIONS, xml_safe(episode.name))), isPermaLink="false")
    _add(item, "itunes:duration", str(round(episode.seconds)))
    _add(item, "itunes:episode", str(number))
    _add(item, "itunes:episodeType", "full")
    _add(item, "itunes:explicit", "false")
    if episode.cover:
        _add(item, "itunes:image", href=feed.base_url + episode.cover)
    _add(item, "podcast:chapters", url=feed.base_url + episode.chapters, type="application/json+chapters")
    captions = feed.base_url + episode.captions
    _add(item, "podcast:transcript", url=captions, type="text/vtt", language=base_language(episode.language))


def _description(episode: Episode) -> str:
    """Return an episode's description as HTML; the note on silence comes first, because apps cut the text short."""
    lines = (_notes(episode.language)[1], " · ".join(episode.chapter_titles))
    return "".join(f"<p>{escape(line, quote=False)}</p>" for line in lines if line)


def _notes(language: str) -> tuple[str, str]:
    return _NOTES.get(base_language(language), _NOTES["en"])


def _add(parent: Element, name: str, content: str = "", **attributes: str) -> Element:
    prefix, colon, local = name.partition(":")
    clean = {key: xml_safe(value) for key, value in attributes.items()}
    element = SubElement(parent, f"{{{_PREFIXES[prefix]}}}{local}" if colon else name, clean)
    element.text = xml_safe(content) or None
    return element

"""The rules for a podcast feed, as a small table: RSS 2.0, the iTunes tags, and the Podcasting 2.0 namespace.

Sources: rssboard.org/rss-specification and rss-profile, Apple's "Podcast RSS feed requirements", and the tags of
podcastindex.org/namespace/1.0.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit
from uuid import UUID
from xml.etree.ElementTree import Element, fromstring

PREFIXES = {
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "https://podcastindex.org/namespace/1.0": "podcast",
    "http://www.w3.org/2005/Atom": "atom",
}
Check = Callable[[str], bool]


def url(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not re.search(r"[\s<>\"]", text)


def rfc822(text: str) -> bool:
    days, months = "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)", "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    form = rf"{days}, [0-3]\d {months} \d{{4}} [0-2]\d:[0-5]\d:[0-6]\d ([+-]\d{{4}}|GMT)"
    return bool(re.fullmatch(form, text)) and parsedate_to_datetime(text).strftime("%a") == text[:3]


def one_of(*words: str) -> Check:
    return lambda text: text in words


def matching(form: str) -> Check:
    return lambda text: re.fullmatch(form, text) is not None


def uuid5(text: str) -> bool:
    return UUID(text).version == 5 and str(UUID(text)) == text


def some(text: str) -> bool:
    return bool(text.strip())


def nothing(text: str) -> bool:
    return not text.strip()


language = matching("[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
positive = matching("[1-9][0-9]*")
media = matching(r"[a-z]+/[a-z0-9.+-]+")


@dataclass(frozen=True)
class FeedRule:
    """What one element may contain."""

    text: Check
    """Of its text."""
    least: int = 0
    most: int = 1
    attributes: dict[str, Check] = field(default_factory=dict)
    optional: dict[str, Check] = field(default_factory=dict)
    """Optional attributes."""


CATEGORY = FeedRule(nothing, 1, 9, {"text": some})
CHANNEL = {
    "title": FeedRule(some, 1),
    "link": FeedRule(url, 1),
    "description": FeedRule(some, 1),
    "language": FeedRule(language, 1),
    "generator": FeedRule(some),
    "docs": FeedRule(url),
    "lastBuildDate": FeedRule(rfc822),
    "atom:link": FeedRule(nothing, 1, 9, {"href": url, "rel": some}, {"type": media}),
    "itunes:author": FeedRule(some),
    "itunes:explicit": FeedRule(one_of("true", "false"), 1),
    "itunes:type": FeedRule(one_of("episodic", "serial")),
    "itunes:category": CATEGORY,
    "itunes:image": FeedRule(nothing, 0, 1, {"href": url}),
    "podcast:guid": FeedRule(uuid5),
    "podcast:locked": FeedRule(one_of("yes", "no"), optional={"owner": some}),
    "podcast:medium": FeedRule(one_of("podcast", "music", "audiobook")),
    "item": FeedRule(nothing, 0, 10_000),
}
ITEM = {
    "title": FeedRule(some, 1),
    "description": FeedRule(some),
    "enclosure": FeedRule(nothing, 1, 1, {"url": url, "length": positive, "type": media}),
    "guid": FeedRule(some, 1, 1, {"isPermaLink": one_of("true", "false")}),
    "pubDate": FeedRule(rfc822, 1),
    "itunes:duration": FeedRule(matching(r"[1-9]\d*|(\d+:)?[0-5]?\d:[0-5]\d"), 1),
    "itunes:episode": FeedRule(positive),
    "itunes:episodeType": FeedRule(one_of("full", "trailer", "bonus")),
    "itunes:explicit": FeedRule(one_of("true", "false")),
    "itunes:image": FeedRule(nothing, 0, 1, {"href": url}),
    "podcast:chapters": FeedRule(nothing, 0, 1, {"url": url, "type": one_of("application/json+chapters")}),
    "podcast:transcript": FeedRule(
        nothing,
        0,
        9,
        {"url": url, "type": one_of("text/vtt", "text/html", "text/plain", "application/srt", "application/json")},
        {"language": language, "rel": one_of("captions")},
    ),
}


def violations(text: str) -> list[str]:
    """Return every violation of a rule in a feed."""
    rss = fromstring(text)
    return list(_violations(rss))


def _violations(rss: Element) -> Iterator[str]:
    if rss.tag != "rss" or rss.get("version") != "2.0" or [child.tag for child in rss] != ["channel"]:
        yield "rss must have version 2.0 and one channel"
        return
    channel = rss[0]
    yield from _element(channel, CHANNEL, "channel")
    items = channel.findall("item")
    for item in items:
        yield from _element(item, ITEM, "item")
    guids = Counter(item.findtext("guid") for item in items)
    yield from (f"guid {guid} is used {count} times" for guid, count in guids.items() if count > 1)
    for item in items:
        guid = item.find("guid")
        if guid is not None and guid.get("isPermaLink") == "true" and not url(guid.text or ""):
            yield f"guid {guid.text} is not a permalink"


def _element(parent: Element, rules: dict[str, FeedRule], where: str) -> Iterator[str]:
    counts = Counter(_name(child) for child in parent)
    yield from (f"{where}: {name} is unknown" for name in counts.keys() - rules.keys())
    for name, rule in rules.items():
        if not rule.least <= counts[name] <= rule.most:
            yield f"{where}: {counts[name]} times {name}"
    for child in parent:
        if (name := _name(child)) in rules:
            yield from _contents(child, rules[name], f"{where}/{name}")


def _contents(element: Element, rule: FeedRule, where: str) -> Iterator[str]:
    if not rule.text(element.text or ""):
        yield f"{where}: {element.text!r}"
    allowed = rule.attributes | rule.optional
    yield from (f"{where}: {name} is missing" for name in rule.attributes.keys() - element.attrib.keys())
    for name, value in element.attrib.items():
        if name not in allowed or not allowed[name](value):
            yield f"{where}: {name}={value!r}"


def _name(element: Element) -> str:
    uri, brace, name = element.tag.removeprefix("{").rpartition("}")
    return f"{PREFIXES.get(uri, uri)}:{name}" if brace else name

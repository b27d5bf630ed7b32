"""The feed against the rules of RSS 2.0, iTunes and Podcasting 2.0, and through feedparser."""

from dataclasses import replace
from itertools import pairwise
from uuid import UUID

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import feed_rules
from support.profiles import examples

from audioguide.phone.feed import Episode, Feed, feed_guid, feed_text
from audioguide.phone.index_page import page_languages

BASE = "https://example.org/calm/"
ONE = Episode(
    name="psoas-release-5m",
    title="Psoas release, five minutes",
    language="en",
    seconds=300.0,
    audio="psoas-release-5m-0123abcd.mp3",
    size_bytes=2_400_000,
    cover="psoas-release-5m-0123abcd.jpg",
    captions="psoas-release-5m-0123abcd.vtt",
    chapters="psoas-release-5m-0123abcd.chapters.json",
    chapter_titles=("Arriving", "Coming <back> & away"),
)
HOUR = replace(ONE, name="psoas-release-60m", title="Psoas release, an hour", seconds=3600.0, cover="")
FEED = Feed(BASE, "feed.xml", (ONE, HOUR))


def test_the_feed_breaks_no_rule() -> None:
    assert feed_rules.violations(feed_text(FEED)) == []
    assert feed_rules.violations(feed_text(replace(FEED, episodes=()))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('length="2400000"', 'length=""'),
        ("Thu, 01 Jan 2026", "Mon, 01 Jan 2026"),
        ("+0000", "Z"),
        (BASE, "/calm/"),
        ("<itunes:explicit>false", "<itunes:explicit>no"),
        ('isPermaLink="false"', ""),
        ('type="application/json+chapters"', 'type="application/json"'),
        ("<language>en", "<language>en_US"),
        ("<title>audioguide</title>", ""),
        ("<itunes:duration>300", "<itunes:duration>0"),
        ("<podcast:locked>yes", "<podcast:locked>true"),
    ],
)
def test_each_of_these_errors_breaks_a_rule(old: str, new: str) -> None:
    text = feed_text(FEED)
    assert old in text
    assert feed_rules.violations(text.replace(old, new)) != []


def test_feedparser_reads_everything() -> None:
    feed = feedparser.parse(feed_text(FEED))
    first, last = feed.entries

    assert not feed.bozo and feed.version == "rss20"
    assert (feed.feed.title, feed.feed.link, feed.feed.language) == ("audioguide", BASE, "en")
    assert feed.feed.image.href == BASE + ONE.cover
    assert [entry.title for entry in feed.entries] == [ONE.title, HOUR.title]
    assert [dict(link) for link in first.enclosures] == [
        {"href": BASE + ONE.audio, "length": "2400000", "type": "audio/mpeg"}
    ]
    assert (first.itunes_duration, first.itunes_episode, last.itunes_episode) == ("300", "1", "2")
    assert first.image.href == BASE + ONE.cover and "image" not in last
    assert not first.guidislink
    assert first.podcast_chapters == {"url": BASE + ONE.chapters, "type": "application/json+chapters"}
    assert first.podcast_transcript == {"url": BASE + ONE.captions, "type": "text/vtt", "language": "en"}
    assert "Coming &lt;back&gt; &amp; away" in first.summary  # HTML


def test_channel_and_episodes_ask_not_to_trim_silence() -> None:
    feed = feedparser.parse(feed_text(FEED))
    assert all("trim silence" in text for text in (feed.feed.subtitle, *(entry.summary for entry in feed.entries)))


@pytest.mark.parametrize(
    ("language", "words"),
    [("de-DE", "Stille kürzen"), ("es", "recortar silencios"), ("fr-CA", "raccourcir les silences")],
)
def test_the_request_not_to_trim_silence_is_in_the_language_of_the_session(language: str, words: str) -> None:
    feed = feedparser.parse(feed_text(replace(FEED, episodes=(replace(ONE, language=language),))))
    assert words in feed.entries[0].summary and words in feed.feed.subtitle


def test_the_feed_is_translated_into_every_language_of_the_page() -> None:
    texts = {
        feedparser.parse(feed_text(replace(FEED, episodes=(replace(ONE, language=language),)))).feed.subtitle
        for language in page_languages()
    }
    assert len(texts) == len(page_languages())


def test_longer_sessions_are_dated_later_so_that_every_app_lists_by_length() -> None:
    lengths_s = (300.0, 450.0, 1200.0, 3600.0, 86400.0)
    episodes = tuple(replace(ONE, name=f"{length_s}", seconds=length_s) for length_s in lengths_s)
    feed = feedparser.parse(feed_text(replace(FEED, episodes=episodes)))
    dates = [entry.published_parsed for entry in feed.entries]

    assert all(one < other for one, other in pairwise(dates))
    assert [entry.itunes_episode for entry in feed.entries] == ["1", "2", "3", "4", "5"]


def test_sessions_of_equal_length_have_different_dates() -> None:
    lengths_s = (300.0, 300.0, 300.4, 301.0, 302.9, 310.0)
    episodes = tuple(replace(ONE, name=f"{at}", seconds=length_s) for at, length_s in enumerate(lengths_s))
    text = feed_text(replace(FEED, episodes=episodes))
    dates = [entry.published_parsed for entry in feedparser.parse(text).entries]

    assert all(one < other for one, other in pairwise(dates))
    assert feed_rules.violations(text) == [] and text == feed_text(replace(FEED, episodes=episodes))


def test_a_session_keeps_its_guid_when_it_is_rebuilt_or_moved() -> None:
    def guids(feed: Feed) -> list[str]:
        return [entry.id for entry in feedparser.parse(feed_text(feed)).entries]

    rebuilt = replace(ONE, title="Another title", audio="psoas-release-5m-99999999.mp3", size_bytes=7, seconds=301.0)
    assert guids(FEED) == guids(Feed("http://192.168.1.2:8000/token/", "f.xml", (rebuilt, HOUR)))
    assert len(set(guids(FEED))) == 2
    assert all(str(UUID(guid)) == guid for guid in guids(FEED))


def test_the_guid_of_the_feed_comes_from_its_url_without_scheme_and_slash() -> None:
    assert feed_guid("https://podnews.net/rss") == feed_guid("http://podnews.net/rss/")
    assert feed_guid("https://podnews.net/rss") == "9b024349-ccf0-5f69-a609-6b82873eab3c"


@examples(80)
@given(st.text(max_size=40), st.lists(st.text(max_size=20), max_size=3))
def test_no_title_breaks_the_feed(title: str, chapters: list[str]) -> None:
    episode = replace(ONE, name=f"caf\udce9 {title}", title=title.strip(), chapter_titles=tuple(chapters))
    assert [
        line for line in feed_rules.violations(feed_text(replace(FEED, episodes=(episode,)))) if "title" not in line
    ] == []

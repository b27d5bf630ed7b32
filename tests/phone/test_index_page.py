"""The page and its files, without a browser."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from audioguide.core.language import base_language
from audioguide.phone.index_page import ASSETS, GroundingView, PageData, SessionView, page, page_languages
from audioguide.practice.script_language import LAST_WORDS

SESSION = SessionView(
    id="0123456789ab",
    title="Lying down, five minutes",
    practice="lying-down",
    length_s=300.0,
    audio="lying-5m.mp3",
    size_bytes=2_400_000,
    file="lying-5m.mp3",
    language="en",
    cover="lying-5m.jpg",
    captions="lying-5m.vtt",
    chapters=((0.0, "Arrive"),),
    lines=((2.0, 4.0, "Hello."),),
    grounding="g",
)
TRACK = GroundingView("grounding.mp3", 500_000, 20.0, 42.0, 60.0, ((1.0, 19.0, "Look around."),))
DATA = PageData((SESSION,), {"g": TRACK})
EVIL = "</script><script>alert(1)</script><!-- <b>&amp; \u2028 \ud800 \"'"


class Tags(HTMLParser):
    """The tags of a page, and the contents of its data element."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.data = ""
        self.feed(html.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][1].get("id") == "data":
            self.data += data

    @property
    def urls(self) -> list[str]:
        return [str(of[name]) for _, of in self.tags for name in ("href", "src") if name in of]


def data_in_page(data: PageData) -> dict[str, object]:
    parsed: dict[str, object] = json.loads(Tags(page(data)).data)
    return parsed


def test_the_page_contains_the_data() -> None:
    parsed = data_in_page(DATA)
    assert parsed["sessions"][0]["lines"] == [[2.0, 4.0, "Hello."]]  # type: ignore[index]  # JSON
    assert parsed["groundings"]["g"]["closing_start_s"] == 42.0  # type: ignore[index]  # JSON


def test_no_title_breaks_out_of_the_data_element() -> None:
    evil = replace(SESSION, title=EVIL, practice=EVIL, audio=EVIL, chapters=((0.0, EVIL),), lines=((0.0, 1.0, EVIL),))
    tags = Tags(page(PageData((evil,), {})))
    scripts = [of for tag, of in tags.tags if tag == "script"]
    assert [of.get("src", of.get("id")) for of in scripts] == [
        "machine.js",
        "download.js",
        "lockscreen.js",
        "view.js",
        "page.js",
        "data",
    ]
    assert json.loads(tags.data)["sessions"][0]["title"] == EVIL.replace("\ud800", "?")
    assert not [tag for tag, _ in tags.tags if tag == "b"]


def test_the_page_contains_nothing_that_its_policy_forbids() -> None:
    for _, attributes in Tags(page(DATA)).tags:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
    code = b"".join(data for _, data in ASSETS.values()).decode()
    assert not re.search(r"eval\(|new Function|innerHTML|insertAdjacentHTML|document\.write|\.style\b", code)


def test_every_url_is_relative_and_every_asset_is_used() -> None:
    urls = [url for url in Tags(page(DATA)).urls if not url.startswith("#")]
    assert {url for url in urls if url != SESSION.audio} == set(ASSETS)
    assert not [url for url in urls if url.startswith("/") or ":" in url]
    assert b"//" not in re.sub(
        rb"https?://www\.w3\.org/2000/svg|(?m:(^|\s)//.*$)", b"", b"".join(d for _, d in ASSETS.values())
    )


def test_the_page_contains_the_languages_of_its_sessions_and_english() -> None:
    both = data_in_page(PageData((replace(SESSION, language="de-AT"), replace(SESSION, language="nl")), {}))
    assert list(both["words"]) == ["de", "en"]  # type: ignore[call-overload]  # JSON


@pytest.mark.parametrize(("language", "page_language"), [("de-AT", "de"), ("fr", "fr"), ("nl", "en"), ("", "en")])
def test_a_page_without_a_translation_is_in_english_and_marked_as_such(language: str, page_language: str) -> None:
    html = page(PageData((replace(SESSION, language=language),), {})).decode()
    assert f'<html lang="{page_language}">' in html
    assert f'<a lang="{language}" href="lying-5m.mp3">' in html  # without JavaScript


def test_without_javascript_sessions_with_the_same_title_show_their_files() -> None:
    twins = (replace(SESSION, file="<one>.mp3"), replace(SESSION, file="two.mp3"), replace(SESSION, title="Other"))
    html = page(PageData(twins, {})).decode().partition('<div class="plain">')[2].partition("</div>")[0]
    assert re.findall("<small>(.*?)</small>", html) == ["&lt;one&gt;.mp3", "two.mp3"]


def test_every_translation_has_the_same_keys_and_placeholders() -> None:
    words = data_in_page(PageData(tuple(replace(SESSION, language=name) for name in page_languages()), {}))["words"]
    assert isinstance(words, dict)
    english = words["en"]
    for language, texts in words.items():
        assert base_language(language) == language
        assert texts.keys() == english.keys(), language
        for key, text in texts.items():
            assert re.findall(r"\{\w+\}", text) == re.findall(r"\{\w+\}", english[key]), (language, key)


@pytest.mark.parametrize("language", page_languages())
def test_the_last_words_of_a_grounding_name_the_controls_of_the_page(language: str) -> None:
    words = data_in_page(DATA if language == "en" else PageData((replace(SESSION, language=language),), {}))["words"]
    assert isinstance(words, dict)
    for control in ("return", "finish"):
        assert words[language][control] in LAST_WORDS[language]
        assert words[language][control] in words[language]["is_grounded"]


def test_every_text_that_the_page_uses_exists() -> None:
    words = data_in_page(DATA)["words"]
    assert isinstance(words, dict)
    html, code = page(DATA).decode(), ASSETS["view.js"][1].decode() + ASSETS["page.js"][1].decode()
    named = set(re.findall(r"\bwords\.(\w+)", code)) - {"language", "replace"}
    used = set(re.findall(r'data-word="(\w+)"', html)) | named
    assert used <= words["en"].keys()


def test_without_sessions_the_page_says_how_to_build_one() -> None:
    assert b"audioguide build 20" in page(PageData((), {}))

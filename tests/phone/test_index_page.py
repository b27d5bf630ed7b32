"""What the page is made of, before any browser has seen it."""

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
    """The tags of a page, and what stands in its block of data."""

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


def told(data: PageData) -> dict[str, object]:
    found: dict[str, object] = json.loads(Tags(page(data)).data)
    return found


def test_the_page_is_told_all_that_the_caller_knows() -> None:
    found = told(DATA)
    assert found["sessions"][0]["lines"] == [[2.0, 4.0, "Hello."]]  # type: ignore[index]  # JSON
    assert found["groundings"]["g"]["closing_start_s"] == 42.0  # type: ignore[index]  # JSON


def test_no_title_breaks_out_of_the_data() -> None:
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


def test_nothing_stands_in_the_page_that_its_policy_would_refuse() -> None:
    for _, attributes in Tags(page(DATA)).tags:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
    code = b"".join(data for _, data in ASSETS.values()).decode()
    assert not re.search(r"eval\(|new Function|innerHTML|insertAdjacentHTML|document\.write|\.style\b", code)


def test_every_url_is_relative_and_every_file_beside_the_page_is_there() -> None:
    urls = [url for url in Tags(page(DATA)).urls if not url.startswith("#")]
    assert {url for url in urls if url != SESSION.audio} == set(ASSETS)
    assert not [url for url in urls if url.startswith("/") or ":" in url]
    assert b"//" not in re.sub(
        rb"https?://www\.w3\.org/2000/svg|(?m:(^|\s)//.*$)", b"", b"".join(d for _, d in ASSETS.values())
    )


def test_the_page_speaks_the_languages_of_its_sessions_and_english() -> None:
    both = told(PageData((replace(SESSION, language="de-AT"), replace(SESSION, language="nl")), {}))
    assert list(both["words"]) == ["de", "en"]  # type: ignore[call-overload]  # JSON


@pytest.mark.parametrize(("language", "page_language"), [("de-AT", "de"), ("fr", "fr"), ("nl", "en"), ("", "en")])
def test_a_language_without_words_of_its_own_is_told_in_english_that_says_so(language: str, page_language: str) -> None:
    html = page(PageData((replace(SESSION, language=language),), {})).decode()
    assert f'<html lang="{page_language}">' in html
    assert f'<a lang="{language}" href="lying-5m.mp3">' in html  # without JavaScript


def test_without_javascript_sessions_of_one_title_are_told_apart_too() -> None:
    twins = (replace(SESSION, file="<one>.mp3"), replace(SESSION, file="two.mp3"), replace(SESSION, title="Other"))
    html = page(PageData(twins, {})).decode().partition('<div class="plain">')[2].partition("</div>")[0]
    assert re.findall("<small>(.*?)</small>", html) == ["&lt;one&gt;.mp3", "two.mp3"]


def test_every_language_says_the_same_things() -> None:
    words = told(PageData(tuple(replace(SESSION, language=name) for name in page_languages()), {}))["words"]
    assert isinstance(words, dict)
    english = words["en"]
    for language, said in words.items():
        assert base_language(language) == language
        assert said.keys() == english.keys(), language
        for key, text in said.items():
            assert re.findall(r"\{\w+\}", text) == re.findall(r"\{\w+\}", english[key]), (language, key)


@pytest.mark.parametrize("language", page_languages())
def test_the_grounding_names_the_controls_as_the_page_does(language: str) -> None:
    words = told(DATA if language == "en" else PageData((replace(SESSION, language=language),), {}))["words"]
    assert isinstance(words, dict)
    for control in ("return", "finish"):
        assert words[language][control] in LAST_WORDS[language]
        assert words[language][control] in words[language]["is_grounded"]


def test_every_word_that_the_page_asks_for_is_there() -> None:
    words = told(DATA)["words"]
    assert isinstance(words, dict)
    html, code = page(DATA).decode(), ASSETS["view.js"][1].decode() + ASSETS["page.js"][1].decode()
    named = set(re.findall(r"\bwords\.(\w+)", code)) - {"language", "replace"}
    asked = set(re.findall(r'data-word="(\w+)"', html)) | named
    assert asked <= words["en"].keys()


def test_without_sessions_the_page_says_what_to_do() -> None:
    assert b"audioguide build 20" in page(PageData((), {}))

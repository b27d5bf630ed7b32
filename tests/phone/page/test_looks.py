"""What is shown: sizes, contrast, languages; and the keyboard."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from support.browser import SILENCE, STEADY_S, Open, Phone, at_place
from support.host import Host, Made

from audioguide.phone import index_page

if TYPE_CHECKING:
    from axe_playwright_python.sync_playwright import Axe

# --- choice, texts, languages ---


def test_one_of_several_sessions_is_chosen_and_back_leads_to_the_choice(opened: Open, host: Host, made: Made) -> None:
    host.files = made.site(made.english, made.german)
    phone = opened()
    choices = phone.page.locator("#sessions a")
    assert choices.all_inner_texts() == [made.english.title, made.german.title]
    assert all(one.bounding_box()["height"] >= 48 for one in choices.all())  # type: ignore[index]  # they are visible
    choices.nth(1).tap()
    phone.until_state("ready")
    assert phone.text("title") == made.german.title
    assert phone.text("primary") == "Start"
    phone.tap("back")
    phone.until("document.activeElement.id === 'choose'")
    assert choices.nth(0).is_visible()


def test_sessions_with_the_same_title_show_their_file_names(opened: Open, host: Host, made: Made) -> None:
    twin = replace(made.english, id="0123456789ab", file="english-slow.mp3")
    host.files = made.site(made.english, twin, made.german)
    choices = opened().page.locator("#sessions a").all_inner_texts()
    title = made.english.title
    assert [one.split("\n") for one in choices] == [
        [title, "english"], [title, "english-slow"], [made.german.title]
    ]  # fmt: skip


def test_a_german_session_has_a_german_page(opened: Open, host: Host, made: Made) -> None:
    host.files = made.site(made.german)
    phone = opened()
    assert phone.eval("document.documentElement.lang") == "de"
    assert phone.eval("document.title") == made.german.title
    assert [phone.text("primary"), phone.text("secondary")] == ["Start", "Erdung"]
    assert fits(phone)
    phone.tap("primary")
    phone.until_plays()
    phone.until_downloaded("Alles auf diesem Telefon. WLAN darf aus.")


def test_a_title_in_a_language_without_a_translation_is_marked_as_such(opened: Open, host: Host, made: Made) -> None:
    host.files = made.site(replace(made.english, language="nl", title="Liggen"))
    phone = opened()
    assert phone.eval("document.documentElement.lang") == "en"
    assert phone.eval("document.getElementById('title').lang") == "nl"
    assert phone.text("primary") == "Play"


def test_inside_another_app_the_page_says_to_open_it_in_the_browser(opened: Open) -> None:
    assert not opened().page.locator("#inside").is_visible()
    phone = opened(user_agent="Mozilla/5.0 (Linux; Android 15; wv) Chrome/130 Mobile Safari/537.36 Instagram 350.0")
    assert phone.page.locator("#inside").is_visible()
    assert fits(phone)


def test_without_a_session_the_page_says_what_to_do(opened: Open, host: Host, made: Made) -> None:
    host.files = made.site()
    assert "audioguide build 20" in opened().text("none")


def test_without_a_grounding_there_are_still_play_and_finish(opened: Open, host: Host, made: Made) -> None:
    host.files = made.site(replace(made.english, grounding=""))
    phone = opened()
    assert not phone.page.locator("#secondary").is_visible()
    phone.tap("primary")
    phone.until_plays()
    phone.press("nexttrack")
    assert phone.state == "playing"
    phone.until_downloaded()
    phone.tap("finish")
    phone.until_state("finished")
    assert not phone.sounds


def test_more_contains_chapters_transcript_and_the_file(opened: Open, made: Made) -> None:
    phone = at_place(opened(), SILENCE)
    assert not phone.page.locator("#chapters").is_visible()
    phone.page.locator("#more > summary").tap()
    phone.until("/^0:[0-3][0-9] left$/.test(document.getElementById('left').textContent)")
    assert not phone.page.locator("#transcript").is_visible()
    phone.page.locator("#sheet summary").tap()
    assert phone.page.locator("#transcript p").all_inner_texts() == [text for _, _, text in made.english.lines]
    assert phone.page.locator("#download").get_attribute("download") == "english.mp3"
    phone.page.locator("#chapters button").nth(1).tap()
    phone.until_plays(made.english.chapters[1][0])
    assert not phone.page.locator("#chapters").is_visible()


# --- accessibility ---


def test_everything_can_be_done_with_the_keyboard(opened: Open, made: Made) -> None:
    phone = opened(has_touch=False, is_mobile=False)
    press = phone.page.keyboard.press

    def focus(name: str) -> None:
        for _ in range(12):
            if phone.eval("document.activeElement.id || document.activeElement.parentElement.id") == name:
                break
            press("Tab")
        else:
            raise AssertionError(f"Tab does not reach {name}")
        assert phone.eval("getComputedStyle(document.activeElement).outlineStyle") == "solid"

    focus("volume")
    press("Space")
    phone.until_state("testing")
    focus("primary")
    press("Enter")
    phone.until_plays()
    assert phone.eval("document.activeElement.id") == "primary"
    time.sleep(STEADY_S)
    press("Space")
    phone.until_state("paused")
    focus("secondary")
    press("Space")
    phone.until_state("grounding")
    focus("more")
    press("Enter")
    assert phone.page.locator("#chapters").is_visible()
    press("Escape")
    assert not phone.page.locator("#chapters").is_visible()
    focus("finish")
    press("Enter")
    phone.until_state("closing")
    phone.until_plays()
    phone.jump(made.track.length_s - 0.3)
    phone.until_state("finished")
    assert phone.eval("document.activeElement.id") == "primary"  # Finish is hidden now


STATES = ("ready", "playing", "paused", "grounding", "grounded", "closing", "finished")


def walk(phone: Phone, made: Made) -> Iterator[str]:
    """Bring the page into each state, and yield the name of that state."""
    yield "ready"
    phone.tap("primary")
    phone.until_plays()
    phone.until_downloaded()
    yield "playing"
    phone.tap("primary")
    yield "paused"
    phone.tap("secondary")
    phone.until_plays()
    yield "grounding"
    phone.jump(made.track.grounding_end_s - 0.1)
    phone.until_state("grounded")
    yield "grounded"
    phone.tap("finish")
    phone.until_plays()
    yield "closing"
    phone.jump(made.track.length_s - 0.2)
    phone.until_state("finished")
    yield "finished"


def fits(phone: Phone) -> bool:
    """Return whether nothing needs scrolling, and both controls take 30 % of the height without overlap."""
    script = """(() => {
        const root = document.documentElement;
        const boxes = ['primary', 'secondary'].map((id) => document.getElementById(id).getBoundingClientRect());
        const small = [...document.querySelectorAll('#player button, summary')].filter((one) => one.offsetParent)
            .map((one) => one.getBoundingClientRect());
        return root.scrollHeight <= innerHeight && root.scrollWidth <= innerWidth
            && boxes.every(({height, width}) => height >= 0.3 * innerHeight && width >= 0.9 * innerWidth)
            && small.every(({height, width}) => height >= 44 && width >= 44)
            && boxes[0].bottom < boxes[1].top && boxes[1].bottom <= innerHeight;
    })()"""
    return bool(phone.eval(script))


def tops(phone: Phone) -> list[float]:
    return list(
        phone.eval("['primary', 'secondary'].map((id) => document.getElementById(id).getBoundingClientRect().top)")
    )


CONTRAST = """(() => {
    const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const light = (colour) => {
        const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(channel);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (one) => {
        const colour = getComputedStyle(one).backgroundColor;
        return colour !== 'rgba(0, 0, 0, 0)' || !one.parentElement ? colour : behind(one.parentElement);
    };
    const ratio = (one) => {
        const both = [light(getComputedStyle(one).color), light(behind(one))].sort();
        return (both[1] + 0.05) / (both[0] + 0.05);
    };
    const seen = [...document.querySelectorAll('#player *')].filter((one) => one.checkVisibility()
        && [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()));
    return Math.min(...seen.map(ratio));
})()"""


def test_every_state_fits_a_small_screen_is_legible_and_moves_no_control(opened: Open, made: Made, axe: "Axe") -> None:
    phone = opened()
    first = tops(phone)
    seen = []
    for state in walk(phone, made):
        assert phone.state == state
        assert fits(phone), state
        assert tops(phone) == first, state
        assert phone.eval(CONTRAST) >= 4.5, state
        assert phone.eval("document.getAnimations().length") == 0
        results = axe.run(phone.page)
        assert results.violations_count == 0, (state, results.generate_report())
        seen.append(state)
    assert tuple(seen) == STATES
    phone.page.locator("#more > summary").tap()
    assert axe.run(phone.page).violations_count == 0


def test_the_choice_has_no_accessibility_violation(opened: Open, host: Host, made: Made, axe: "Axe") -> None:
    host.files = made.site(made.english, made.german)
    results = axe.run(opened().page)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("size", [(360, 640), (390, 664), (390, 844), (412, 915)])
def test_other_phones_need_no_scrolling(opened: Open, size: tuple[int, int], host: Host, made: Made) -> None:
    phone = opened(viewport={"width": size[0], "height": size[1]})
    assert fits(phone)


@pytest.mark.parametrize("language", index_page.page_languages())
def test_every_language_fits_the_smallest_screen(opened: Open, host: Host, made: Made, language: str) -> None:
    title = "Psoas release, an hour and twenty-five minutes, for Ada, brief, into sleep, voice system, at 100 words"
    host.files = made.site(replace(made.english, language=language, title=title), made.german)
    phone = opened(f"{host.url}#{made.english.id}")
    assert fits(phone), language
    at_place(phone, SILENCE)
    phone.page.reload()
    assert phone.page.locator("#start").is_visible()
    assert fits(phone), language

"""Fixtures: sessions to play, a server for them, and a phone that opens the page."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from support.browser import ARGUMENTS, CHROMIUM, SCREEN, Open, Phone, watch
from support.host import Host, Made, made_in
from support.web import TOKEN

from audioguide.storage.store import Store

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, shared_store: Store) -> Made:
    return made_in(tmp_path_factory.mktemp("phone"), shared_store)


@pytest.fixture(scope="module")  # no longer: while it is open, no other test could run an event loop
def browser() -> Iterator["Browser"]:
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM:
        pytest.skip("no chromium is installed")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def host(made: Made) -> Iterator[Host]:
    host = Host(made.site(made.english)).start()
    yield host
    host.stop()


@pytest.fixture
def opened(browser: "Browser", host: Host) -> Iterator[Open]:
    """Open the page on a phone; at the end nothing may have gone wrong in it."""
    phones: list[Phone] = []

    def opening(url: str = "", own: str = "", **options: object) -> Phone:
        context = browser.new_context(**{"viewport": SCREEN, "has_touch": True, "is_mobile": True, **options})
        phone = watch(context.new_page(), own or host.url.removesuffix(f"{TOKEN}/"))
        phones.append(phone)
        phone.page.goto(url or host.url)
        return phone

    yield opening
    for phone in phones:
        assert phone.wrong == []
        assert phone.eval("seen.violations") == []
        phone.page.context.close()

"""Fixtures: sessions to play, a server for them, and a phone that opens the page."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from support.browser import ARGUMENTS, CHROMIUM, SCREEN, Open, Phone, watch
from support.host import Host, Made, build_sessions
from support.web import TOKEN

from audioguide.storage.store import Store

if TYPE_CHECKING:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, shared_store: Store) -> Made:
    return build_sessions(tmp_path_factory.mktemp("phone"), shared_store)


@pytest.fixture(scope="module")  # no longer: while it is open, no other test could run an event loop
def browser() -> Iterator["Browser"]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright, of the extra [browser]")
    if not CHROMIUM:
        pytest.skip("needs a browser: chromium, chromium-browser or google-chrome on the PATH")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def axe() -> "Axe":
    needs = "needs axe-playwright-python, of the extra [browser]"
    axe: Axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=needs).Axe()
    return axe


@pytest.fixture
def host(made: Made) -> Iterator[Host]:
    host = Host(made.site(made.english)).start()
    yield host
    host.stop()


@pytest.fixture
def opened(browser: "Browser", host: Host) -> Iterator[Open]:
    """A function that opens the page on a phone; after the test nothing may have gone wrong in it."""
    phones: list[Phone] = []

    def open_phone(url: str = "", own: str = "", **options: Any) -> Phone:
        touch: dict[str, Any] = {"viewport": SCREEN, "has_touch": True, "is_mobile": True}
        context = browser.new_context(**{**touch, **options})
        phone = watch(context.new_page(), own or host.url.removesuffix(f"{TOKEN}/"))
        phones.append(phone)
        phone.page.goto(url or host.url)
        return phone

    yield open_phone
    for phone in phones:
        assert phone.wrong == []
        assert phone.eval("seen.violations") == []
        phone.page.context.close()

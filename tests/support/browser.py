"""A phone to hold the page: chromium with a small screen and touch, and what can be done with it."""

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SCREEN = {"width": 360, "height": 640}
AUDIO = "document.getElementById('audio')"
STEADY_S = 0.45
"""Taps on one control that follow each other more quickly count once."""
LINE, SILENCE = 22.0, 14.0
"""Places in the English session, in seconds: in the middle of its third line, and of a silence."""

WATCH = """
window.seen = {violations: [], handlers: {}, set: [], places: [], tapped: 0, sounded: 0};
addEventListener("securitypolicyviolation", (event) => seen.violations.push(event.violatedDirective));
addEventListener("click", () => { seen.tapped = performance.now(); seen.sounded = 0; }, true);
addEventListener("playing", ({target}) => {
    if (!seen.sounded) [seen.sounded, seen.from] = [performance.now(), target.currentTime];
}, true);
const media = navigator.mediaSession;
const [set, place] = [media.setActionHandler.bind(media), media.setPositionState.bind(media)];
media.setActionHandler = (name, handler) => { seen.handlers[name] = handler; seen.set.push(name); set(name, handler); };
media.setPositionState = (state) => { seen.places.push(state); place(state); };
"""


@dataclass
class Phone:
    """A page in a browser, and what went wrong in it."""

    page: "Page"
    wrong: list[str] = field(default_factory=list)
    last_tap: float = 0
    offline: bool = False
    """Whether requests may fail."""

    @property
    def state(self) -> str:
        return str(self.eval("document.getElementById('player').dataset.state"))

    @property
    def at(self) -> float:
        return float(self.eval("document.getElementById('audio').currentTime"))

    @property
    def src(self) -> str:
        return str(self.eval("document.getElementById('audio').getAttribute('src')"))

    @property
    def sounds(self) -> bool:
        return not self.eval("document.getElementById('audio').paused")

    def eval(self, script: str) -> Any:
        return self.page.evaluate(script)

    def text(self, name: str) -> str:
        return self.page.locator(f"#{name}").inner_text()

    def tap(self, name: str) -> None:
        """Tap a control, as somebody with a calm hand."""
        time.sleep(max(0.0, self.last_tap + STEADY_S - time.monotonic()))
        self.page.locator(f"#{name}").tap(timeout=3000)
        self.last_tap = time.monotonic()

    def press(self, button: str) -> None:
        """Press a button of the headset."""
        self.eval(f"seen.handlers.{button}()")

    def jump(self, to_s: float) -> None:
        """Let what plays be further on."""
        self.eval(f"document.getElementById('audio').currentTime = {to_s}")
        self.until("!document.getElementById('audio').seeking")

    def until(self, condition: str, timeout_s: float = 8) -> None:
        """Wait for something to be true in the page."""
        end = time.monotonic() + timeout_s
        while not self.eval(condition):
            assert time.monotonic() < end, f"{condition} has not come true: {self.describe()}"
            time.sleep(0.03)

    def until_state(self, name: str) -> None:
        self.until(f"document.getElementById('player').dataset.state === '{name}'")

    def until_plays(self, past_s: float = 0) -> None:
        """Wait until something sounds, past some place in it."""
        self.until(
            f"(({{paused, readyState, seeking, currentTime}}) => !paused && !seeking && readyState > 2 "
            f"&& currentTime > {past_s})(document.getElementById('audio'))"
        )

    def until_here(self, expected: str = "All on this phone. Wi-Fi may go.") -> None:
        self.until(f"document.getElementById('wifi').textContent === {json.dumps(expected)}")

    def delay_s(self) -> float:
        """Return how long it took from the last tap until something sounded."""
        self.until("seen.sounded > 0")
        return float(self.eval("seen.sounded - seen.tapped")) / 1000

    def describe(self) -> Mapping[str, Any]:
        script = """(({currentTime, paused, readyState, networkState, src, error}) => ({currentTime, paused, readyState,
            networkState, src, error: error && error.message, status: document.getElementById('status').textContent,
            state: document.getElementById('player').dataset.state}))(document.getElementById('audio'))"""
        found: Mapping[str, Any] = self.eval(script)
        return {**found, "wrong": self.wrong}


def watch(page: "Page", own: str) -> Phone:
    """Return the phone for a page: it hears of errors, broken rules and requests that leave the origin own."""
    phone = Phone(page)
    page.add_init_script(WATCH)
    page.on("pageerror", lambda error: phone.wrong.append(f"error: {error}"))

    def said(message: Any) -> None:
        if message.type in ("error", "warning") and not (phone.offline and "net::ERR" in message.text):
            phone.wrong.append(f"console: {message.text}")

    page.on("console", said)

    def requested(request: Any) -> None:
        if not request.url.startswith((own, f"blob:{own}")):
            phone.wrong.append(f"asked elsewhere: {request.url}")

    page.on("request", requested)
    return phone


Open = Callable[..., Phone]


def at_place(phone: Phone, place_s: float) -> Phone:
    """Play the session from a place on."""
    phone.tap("primary")
    phone.until_plays()
    phone.jump(place_s)
    phone.until_plays(place_s)
    return phone

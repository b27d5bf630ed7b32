"""A phone with the page open: chromium with a small touch screen, what a person does with it, and what it shows."""

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
PATIENCE_S = 30
"""How long to wait for a condition before a test fails; much longer than a loaded machine needs."""
AUDIO = "document.getElementById('audio')"
STEADY_S = 0.45
"""Time between two taps that the page counts as two."""
LINE, SILENCE = 22.0, 14.0
"""Places in the English session, in seconds: in the middle of its third line, and in a silence."""

WATCH = """
window.seen = {violations: [], handlers: {}, set: [], positions: [], left: 0, begun: [], jumped: []};
seen.mark = () => { seen.left = document.getElementById("audio").currentTime; seen.begun = []; };
addEventListener("securitypolicyviolation", (event) => seen.violations.push(event.violatedDirective));
addEventListener("click", seen.mark, true);
addEventListener("playing", ({target}) => seen.begun.push(target.currentTime), true);
const media = navigator.mediaSession;
const [setHandler, setPosition] = [media.setActionHandler.bind(media), media.setPositionState.bind(media)];
media.setActionHandler = (name, handler) => {
    seen.handlers[name] = handler;
    seen.set.push(name);
    setHandler(name, handler);
};
media.setPositionState = (state) => { seen.positions.push(state); setPosition(state); };
"""
"""Records in the page: violations of its policy; what it sets for the headset and the lock screen; where the sound was
at the last tap (left), where it has begun since then (begun), and the last jump (to where, and when in ms)."""


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
        """Where the sound is, in seconds; it moves on while a test runs."""
        return float(self.eval(f"{AUDIO}.currentTime"))

    @property
    def left(self) -> float:
        """Where the sound was at the last tap or press."""
        return float(self.eval("seen.left"))

    @property
    def src(self) -> str:
        return str(self.eval(f"{AUDIO}.getAttribute('src')"))

    @property
    def sounds(self) -> bool:
        return not self.eval(f"{AUDIO}.paused")

    def eval(self, script: str) -> Any:
        return self.page.evaluate(script)

    def text(self, name: str) -> str:
        return self.page.locator(f"#{name}").inner_text()

    def tap(self, name: str) -> None:
        """Tap a control with a calm hand."""
        time.sleep(max(0.0, self.last_tap + STEADY_S - time.monotonic()))
        self.page.locator(f"#{name}").tap(timeout=1000 * PATIENCE_S)
        self.last_tap = time.monotonic()

    def press(self, button: str) -> None:
        """Press a button of the headset."""
        self.eval(f"seen.mark(), seen.handlers.{button}()")

    def jump(self, to_s: float) -> None:
        """Move what plays to a place."""
        self.eval(f"seen.jumped = [{to_s}, performance.now()], {AUDIO}.currentTime = {to_s}")
        self.until(f"!{AUDIO}.seeking")

    def interrupt(self, at_s: float) -> None:
        """Pause what plays at a place, as a call does."""
        self.eval(f"{AUDIO}.addEventListener('seeked', () => {AUDIO}.pause(), {{once: true}})")
        self.jump(at_s)
        self.until(f"{AUDIO}.paused")

    def until(self, condition: str, timeout_s: float = PATIENCE_S) -> None:
        """Wait until a condition is true in the page."""
        end = time.monotonic() + timeout_s
        while not self.eval(condition):
            assert time.monotonic() < end, f"{condition} has not come true: {self.describe()}"
            time.sleep(0.03)

    def until_state(self, name: str) -> None:
        self.until(f"document.getElementById('player').dataset.state === '{name}'")

    def until_plays(self, past_s: float = 0) -> None:
        """Wait until it plays past a place."""
        self.until(
            f"(({{paused, readyState, seeking, currentTime}}) => !paused && !seeking && readyState > 2 "
            f"&& currentTime > {past_s})({AUDIO})"
        )

    def until_begun(self) -> float:
        """Wait until it plays since the last tap or press, and return where in its file that began.

        Unlike `at`, this does not depend on the speed of this machine.
        """
        self.until("seen.begun.length > 0")
        return float(self.eval("seen.begun[0]"))

    def until_downloaded(self, expected: str = "All on this phone. Wi-Fi may go.") -> None:
        self.until(f"document.getElementById('wifi').textContent === {json.dumps(expected)}")

    def describe(self) -> Mapping[str, Any]:
        script = f"""(({{currentTime, paused, readyState, networkState, src, error}}) => ({{currentTime, paused,
            readyState, networkState, src, error: error && error.message,
            status: document.getElementById('status').textContent,
            state: document.getElementById('player').dataset.state}}))({AUDIO})"""
        facts: Mapping[str, Any] = self.eval(script)
        return {**facts, "wrong": self.wrong}


def watch(page: "Page", own: str) -> Phone:
    """Return the phone of a page; it records errors, warnings, and requests outside the origin own."""
    phone = Phone(page)
    page.add_init_script(WATCH)
    page.on("pageerror", lambda error: phone.wrong.append(f"error: {error}"))

    def on_console(message: Any) -> None:
        if message.type in ("error", "warning") and not (phone.offline and "net::ERR" in message.text):
            phone.wrong.append(f"console: {message.text}")

    page.on("console", on_console)

    def on_request(request: Any) -> None:
        if not request.url.startswith((own, f"blob:{own}")):
            phone.wrong.append(f"request to {request.url}")

    page.on("request", on_request)
    return phone


Open = Callable[..., Phone]


def at_place(phone: Phone, place_s: float) -> Phone:
    """Play the session from a place on."""
    phone.tap("primary")
    phone.until_plays()
    phone.jump(place_s)
    phone.until_plays(place_s)
    return phone

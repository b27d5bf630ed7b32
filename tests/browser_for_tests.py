"""A phone to hold the page: chromium with a small screen and touch, a server that can be stopped, sessions to play."""

import json
import re
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

from helpers import write_practice
from sessions_for_tests import HUM

from audioguide.clock import RATE_HZ, seconds
from audioguide.model import Phrase
from audioguide.phone import html
from audioguide.request import Request
from audioguide.session import Session, write
from audioguide.store import Store

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
ENGLISH = """
# Beginning
Hello there, and welcome to this quiet place.
You may move, or stop, or stay.
[pause 6s]
# Middle
The floor is under you, and it stays there.
[rest]
# End
Thank you, and until another time.
"""
GERMAN = """
# Anfang
Hallo, und willkommen an diesem ruhigen Ort.
[rest]
# Ende
Danke, und bis zum nächsten Mal.
"""
GROUNDING = """
# Grounding
Eyes open, and one point to look at.
Nothing more plays until Return or Finish.
[pause 20s]
# Closing
Thank you, and come back slowly.
"""

SCREEN = {"width": 360, "height": 640}
AUDIO = "document.getElementById('audio')"
LINE, SILENCE = 22.0, 14.0
"""Places in the English session, in seconds: in the middle of its third line, and of a silence."""

Files = dict[str, tuple[str, bytes]]


# --- sessions ---


def spoken(folder: Path, name: str, text: str, length_s: float, store: Store, language: str = "en") -> Session:
    """Write folder/name.mp3: a text in the fake voice."""
    toml = f'title = "Lying {name}"\nlanguage = "{language}"\nsteps = ["a"]\n'
    practice = write_practice(folder / name, toml, {"a": text})
    (folder / f"{language}.toml").write_text(HUM.replace('"en"', f'"{language}"'), encoding="utf-8")
    asked = Request(round(length_s * RATE_HZ), practice=str(practice), voice=str(folder / f"{language}.toml"))
    return write(asked, folder / f"{name}.mp3", store)


def lines(session: Session) -> tuple[tuple[float, float, str], ...]:
    return tuple(
        (seconds(one.start), seconds(one.end), one.cue.text)
        for one in session.timeline.sounds
        if isinstance(one.cue, Phrase)
    )


def offered(session: Session, name: str, mp3: bytes, *, grounding: str = "") -> html.Session:
    """Return what the page is told of a session."""
    return html.Session(
        id=f"{crc32(name.encode()):012x}",
        title=session.about.title,
        practice=session.about.album,
        length_s=session.timeline.total / RATE_HZ,
        audio=f"{name}.mp3",
        size_bytes=len(mp3),
        file=f"{name}.mp3",
        language=session.about.language,
        cover="icon.svg",
        captions=f"{name}.vtt",
        chapters=tuple((seconds(mark.start), mark.title) for mark in session.timeline.chapters),
        lines=lines(session),
        grounding=grounding,
    )


def grounding_of(session: Session, mp3: bytes) -> html.Grounding:
    """Return what the page is told of a grounding: the last phrase is its closing."""
    phrases = lines(session)
    return html.Grounding(
        audio="grounding.mp3",
        size_bytes=len(mp3),
        grounding_end_s=phrases[-2][1] + 0.5,
        closing_start_s=phrases[-1][0] - 1,
        length_s=session.timeline.total / RATE_HZ,
        lines=phrases,
    )


@dataclass(frozen=True)
class Made:
    """Sessions to play, and the files of a site with the English one."""

    files: Files
    english: html.Session
    german: html.Session
    track: html.Grounding

    def site(self, *sessions: html.Session) -> Files:
        data = html.PageData(sessions, {"g": self.track})
        return {**html.ASSETS, **self.files, "index.html": ("text/html; charset=utf-8", html.page(data))}


# --- the server ---


@dataclass
class Host:
    """A server on loopback for a table of files; it can be stopped, and started again at the same place."""

    files: Files
    bytes_per_s: float = 0
    """How fast MP3s are sent; 0: at once."""
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    """(name, Range, status) of each answer."""
    port: int = 0
    _server: "_Server | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/token/"

    def start(self) -> "Host":
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.host = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        """End at once, in the middle of answers, too."""
        server, self._server = self._server, None
        if server:
            server.is_over.set()
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    host: Host

    def __init__(self, *args: Any) -> None:
        self.is_over = threading.Event()
        super().__init__(*args)

    def handle_error(self, *_: object) -> None:
        """Say nothing: a phone that hangs up is no error."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    server: _Server

    def do_GET(self) -> None:
        host = self.server.host
        name = self.path.removeprefix("/token/") or "index.html"
        media_type, data = host.files.get(name, ("", b""))
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        stop = min(int(asked[2]) + 1 if asked and asked[2] else len(data), len(data))
        status = 404 if not media_type else 206 if asked else 200
        host.asked.append((name, self.headers.get("Range", ""), status))
        self.send_response(status)
        self.send_header("Content-Security-Policy", CSP)
        self.send_header("Content-Type", media_type or "text/plain")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(stop - start))
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(data)}")
        self.end_headers()
        self._send(data[start:stop], host.bytes_per_s if name.endswith(".mp3") else 0)

    def _send(self, data: bytes, bytes_per_s: float) -> None:
        chunk = int(bytes_per_s / 10) or len(data) or 1
        for at in range(0, len(data), chunk):
            if self.server.is_over.is_set():
                return
            self.wfile.write(data[at : at + chunk])
            if bytes_per_s:
                time.sleep(0.1)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


# --- the phone ---

WATCH = """
window.seen = {violations: [], handlers: {}, set: [], places: [], tapped: 0, sounded: 0};
addEventListener("securitypolicyviolation", (event) => seen.violations.push(event.violatedDirective));
addEventListener("click", () => { seen.tapped = performance.now(); seen.sounded = 0; }, true);
addEventListener("playing", () => { seen.sounded ||= performance.now(); }, true);
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
        self.page.locator(f"#{name}").tap(timeout=3000)

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

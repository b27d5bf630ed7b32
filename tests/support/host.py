"""Two sessions for the page, their site, and the real server, which can be stopped and slowed down."""

import asyncio
import json
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from audioguide.core.clock import RATE_HZ
from audioguide.core.request import Request
from audioguide.phone import index_page
from audioguide.phone.catalogue import Catalogue
from audioguide.phone.grounding import Groundings
from audioguide.phone.site import PAGE, site
from audioguide.session.build import write
from audioguide.storage.store import Store
from audioguide.web.address import LOOPBACK, Place, listen
from audioguide.web.app import WebApp
from audioguide.web.resource import Resource
from audioguide.web.server import WebServer
from support.phone import HUM, with_cover
from support.scripts import write_practice
from support.web import PATIENCE_S, TOKEN

TOML = """
title = "Lying {name}"
language = "{language}"
steps = ["a", "end"]
[interlude.grounding]
after = "a"
from = "20m"
last_words = "Nothing more plays until Return or Finish."
"""
ENGLISH = {
    "a": """
# Beginning
Hello there, and welcome to this quiet place.
You may move, or stop, or stay.
[pause 6s]
# Middle
The floor is under you, and it stays there.
[rest]
""",
    "end": "# End\nThank you, and until another time.\n",
    "grounding": "# Grounding\nEyes open, and one point to look at.\n",
}
GERMAN = {
    "a": "# Anfang\nHallo, und willkommen an diesem ruhigen Ort.\n[rest]\n",
    "end": "# Ende\nDanke, und bis zum nächsten Mal.\n",
    "grounding": "# Erdung\nAugen auf.\n",
}


# --- sessions ---


@dataclass(frozen=True)
class Made:
    """The site of two sessions, and the data in its page."""

    folder: Path
    table: Mapping[str, Resource]
    english: index_page.SessionView
    german: index_page.SessionView
    groundings: Mapping[str, index_page.GroundingView]

    @property
    def track(self) -> index_page.GroundingView:
        """The grounding of the English session."""
        return self.groundings[self.english.grounding]

    def bare(self, folder: Path) -> Mapping[str, Resource]:
        """Return the site of the English session alone, without cover and grounding, built in folder.

        Chromium buffers up to a minute of a file with a cover before it plays: all of this one.
        """
        folder.mkdir()
        with_cover(Path(shutil.copy(self.folder / self.english.file, folder)), None)
        return site(Catalogue(folder).scan(), {}, "")

    def site(self, *sessions: index_page.SessionView) -> Mapping[str, Resource]:
        """Return the site with a page that offers these sessions."""
        page = replace(
            self.table[PAGE], body=index_page.page(index_page.PageData(sessions, self.groundings)), etag='""'
        )
        return {**self.table, PAGE: page}


def build_sessions(folder: Path, store: Store) -> Made:
    """Build two sessions in the fake voice into folder, and return their site."""
    _write(folder, "deutsch", "de", GERMAN, 30, store)
    _write(folder, "english", "en", ENGLISH, 50, store)
    session_files = Catalogue(folder).scan()
    warnings: list[str] = []
    groundings = Groundings(folder, store, folder, warnings.append)
    groundings.build(session_files)
    assert not warnings
    table = site(session_files, groundings.tracks, "")
    body = table[PAGE].body
    assert isinstance(body, bytes)
    data = json.loads(body.decode().partition('id="data">')[2].partition("</script>")[0])
    german, english = (index_page.SessionView(**one) for one in data["sessions"])
    return Made(
        folder,
        table,
        english,
        german,
        {key: index_page.GroundingView(**one) for key, one in data["groundings"].items()},
    )


def _write(folder: Path, name: str, language: str, scripts: Mapping[str, str], length_s: float, store: Store) -> None:
    practice = write_practice(folder / name, TOML.format(name=name, language=language), scripts)
    voice = folder / f"{language}.toml"
    voice.write_text(HUM.replace('"en"', f'"{language}"'), encoding="utf-8")
    write(Request(round(length_s * RATE_HZ), practice=str(practice), voice=str(voice)), folder / f"{name}.mp3", store)


# --- the server ---


@dataclass
class Host:
    """The server for a table of files; it can be stopped, and started again on the same port."""

    files: Mapping[str, Resource]
    bytes_per_s: float = 0
    """How fast each MP3 is sent; 0: no limit."""
    requests: list[tuple[str, str, int]] = field(default_factory=list)
    """(name, Range, status) of each response."""
    port: int = 0
    _server: WebServer | None = None
    _thread: threading.Thread = field(default_factory=threading.Thread)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{TOKEN}/"

    def start(self) -> "Host":
        listener, place = listen(LOOPBACK, self.port)
        self.port = place.port
        self._server = server = WebServer(_RecordingApp(TOKEN, place, self), 3600)
        self._thread = threading.Thread(target=server.run_at, args=(listener,), daemon=True)
        self._thread.start()
        while not server.started:
            time.sleep(0.01)
        with urlopen(self.url):
            self.requests.clear()
        return self

    async def find(self, name: str) -> Resource | None:
        return self.files.get(name or PAGE)

    @property
    def is_stopped(self) -> bool:
        return self._server is None

    def stop(self) -> None:
        """Stop at once, even in the middle of a response."""
        server, self._server = self._server, None
        if server:
            server.should_exit = True
            self._thread.join(PATIENCE_S)
            assert not self._thread.is_alive()


class _RecordingApp(WebApp):
    """An application that records requests, and may be slow."""

    def __init__(self, token: str, place: Place, host: Host) -> None:
        super().__init__(token, place, host.find)
        self._host = host

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        name = scope["path"].rpartition("/")[2] or PAGE
        byte_range = dict(scope["headers"]).get(b"range", b"").decode()

        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                self._host.requests.append((name, byte_range, message["status"]))
            if message.get("body") and self._host.bytes_per_s and name.endswith(".mp3"):
                await self._slowly(message, send)
            else:
                await send(message)

        await super().__call__(scope, receive, sent)

    async def _slowly(self, message: Any, send: Any) -> None:
        body = message["body"]
        chunk = int(self._host.bytes_per_s / 10)
        for at in range(0, len(body), chunk):
            if self._host.is_stopped:
                return
            is_last = at + chunk >= len(body)
            await send({**message, "body": body[at : at + chunk], "more_body": message["more_body"] or not is_last})
            await asyncio.sleep(0.1)

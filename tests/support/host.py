"""Sessions for the page as they stand in a folder, their site, and the real server, which can be stopped."""

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
from audioguide.phone.address import LOOPBACK, listen
from audioguide.phone.catalogue import Catalogue
from audioguide.phone.connection import SharingServer
from audioguide.phone.grounding import Groundings
from audioguide.phone.server import PhoneApp
from audioguide.phone.site import PAGE, Item, site
from audioguide.session.build import write
from audioguide.storage.store import Store
from support.phone import HUM, TOKEN, with_cover
from support.scripts import write_practice

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
    """The site of two sessions, and what its page is told of them."""

    folder: Path
    table: Mapping[str, Item]
    english: index_page.SessionView
    german: index_page.SessionView
    groundings: Mapping[str, index_page.GroundingView]

    @property
    def track(self) -> index_page.GroundingView:
        """The grounding of the English session."""
        return self.groundings[self.english.grounding]

    def bare(self, folder: Path) -> Mapping[str, Item]:
        """Return the site of the English session alone, in folder, its file without a picture, and no grounding.

        Of a file with a picture Chromium wants up to a minute of sound before it plays any, and of this one all.
        """
        folder.mkdir()
        with_cover(Path(shutil.copy(self.folder / self.english.file, folder)), None)
        return site(Catalogue(folder).look(), {}, "")

    def site(self, *sessions: index_page.SessionView) -> Mapping[str, Item]:
        """Return the site with a page of other sessions."""
        page = replace(
            self.table[PAGE], body=index_page.page(index_page.PageData(sessions, self.groundings)), etag='""'
        )
        return {**self.table, PAGE: page}


def made_in(folder: Path, store: Store) -> Made:
    """Return what there is of two sessions in the fake voice, built into folder."""
    _write(folder, "deutsch", "de", GERMAN, 30, store)
    _write(folder, "english", "en", ENGLISH, 50, store)
    entries = Catalogue(folder).look()
    told: list[str] = []
    groundings = Groundings(folder, store, folder, told.append)
    groundings.build(entries)
    assert not told
    table = site(entries, groundings.tracks, "")
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
    """The server for a table of files; it can be stopped, and started again at the same place."""

    files: Mapping[str, Item]
    bytes_per_s: float = 0
    """How fast each MP3 is sent; 0: at once."""
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    """(name, Range, status) of each answer."""
    port: int = 0
    _server: SharingServer | None = None
    _thread: threading.Thread = field(default_factory=threading.Thread)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{TOKEN}/"

    def start(self) -> "Host":
        listener, place = listen(LOOPBACK, self.port)
        self.port = place.port
        self._server = server = SharingServer(_Watched(TOKEN, place, lambda: self.files, self), 3600)
        self._thread = threading.Thread(target=server.run_at, args=(listener,), daemon=True)
        self._thread.start()
        while not server.started:
            time.sleep(0.01)
        with urlopen(self.url):  # whoever comes back to the page has the files looked for
            self.asked.clear()
        return self

    @property
    def is_over(self) -> bool:
        return self._server is None

    def stop(self) -> None:
        """End at once, in the middle of answers, too."""
        server, self._server = self._server, None
        if server:
            server.should_exit = True
            self._thread.join(10)
            assert not self._thread.is_alive()


class _Watched(PhoneApp):
    """The application, which notes what it is asked, and may be slow."""

    def __init__(self, token: str, place: Any, look: Any, host: Host) -> None:
        super().__init__(token, place, look)
        self._host = host

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        name = scope["path"].rpartition("/")[2] or PAGE
        byte_range = dict(scope["headers"]).get(b"range", b"").decode()

        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                self._host.asked.append((name, byte_range, message["status"]))
            if message.get("body") and self._host.bytes_per_s and name.endswith(".mp3"):
                await self._slowly(message, send)
            else:
                await send(message)

        await super().__call__(scope, receive, sent)

    async def _slowly(self, message: Any, send: Any) -> None:
        body = message["body"]
        chunk = int(self._host.bytes_per_s / 10)
        for at in range(0, len(body), chunk):
            if self._host.is_over:
                return
            is_last = at + chunk >= len(body)
            await send({**message, "body": body[at : at + chunk], "more_body": message["more_body"] or not is_last})
            await asyncio.sleep(0.1)

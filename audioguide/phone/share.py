"""Shares a folder of sessions with the phones on this network, until it is ended."""

import asyncio
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import token_urlsafe
from tempfile import TemporaryDirectory
from threading import Thread

from audioguide.phone.catalogue import Catalogue
from audioguide.phone.grounding import Groundings
from audioguide.phone.site import FEED, PAGE, site
from audioguide.session.fit import Progress
from audioguide.storage.store import Store
from audioguide.web.address import Place
from audioguide.web.resource import Resource

HINTS = (
    "The phone must be on the same Wi-Fi, not on a guest network (those keep devices apart); if it finds nothing, "
    "allow Python in the firewall, and turn off any VPN.",
    "On the phone: Do Not Disturb on; in a podcast app, 'trim silence' and faster speeds off.",
)
"""What to tell the user together with the URL; the first one does not concern a page on loopback."""
_TOKEN_BYTES = 16


class LiveSite:
    """The files of a folder's site; the folder is examined again whenever the page or the feed is requested."""

    def __init__(self, catalogue: Catalogue, groundings: Groundings, base_url: str) -> None:
        self._catalogue = catalogue
        self._groundings = groundings
        self._base_url = base_url
        self._state: object = None
        self._table: Mapping[str, Resource] = {}
        self._builder = Thread()
        self._refreshing = asyncio.Lock()

    def prepare(self, progress: Progress | None = None) -> int:
        """Build the groundings of all sessions, and return the number of sessions."""
        session_files = self._catalogue.scan()
        self._groundings.build(session_files, progress)
        return len(session_files)

    async def find(self, name: str) -> Resource | None:
        """Return the file with a name, "" being the page; None if there is no such file."""
        name = name or PAGE
        if name in (PAGE, FEED):
            async with self._refreshing:
                await asyncio.to_thread(self._refresh)
        return self._table.get(name)

    def _refresh(self) -> None:
        """Update the table if the folder has changed; groundings that are missing are built in the background."""
        session_files, tracks = self._catalogue.scan(), self._groundings.tracks
        missing = self._groundings.missing(session_files)
        if missing and not self._builder.is_alive():
            self._builder = Thread(target=self._groundings.build, args=(missing,), daemon=True)
            self._builder.start()
        state = (
            [(file.digest, file.audio) for file in session_files],
            [tracks.get(file.digest) for file in session_files],
        )
        if state != self._state:
            self._table, self._state = site(session_files, tracks, self._base_url), state


def share(
    folder: Path,
    store: Store,
    at: tuple[socket.socket, Place],
    idle_s: float,
    warn: Callable[[str], None],
    announce: Callable[[str, int], None],
    progress: Progress | None = None,
) -> bool:
    """Share the sessions of a folder until it is ended, or there were no requests for idle_s seconds.

    Args:
        folder: contains the sessions.
        store: where clips and pieces are kept.
        at: a listening socket, and its place.
        idle_s: seconds.
        warn: called with a line for each reason why a grounding could not be built.
        announce: called with the URL and the number of sessions when everything is ready.
        progress: called while groundings are spoken, before that.

    Returns:
        True if it stopped because it was idle, False if a signal other than Ctrl-C stopped it.

    Raises:
        InputError: there is no such folder.
        KeyboardInterrupt: it was ended with Ctrl-C; everything is closed.
    """
    from audioguide.web.app import WebApp
    from audioguide.web.server import WebServer

    listener, place = at
    token = token_urlsafe(_TOKEN_BYTES)
    url = place.url(token)
    with TemporaryDirectory(prefix="audioguide-", ignore_cleanup_errors=True) as built:
        live_site = LiveSite(Catalogue(folder), Groundings(Path(built), store, folder, warn), url)
        count = live_site.prepare(progress)
        server = WebServer(WebApp(token, place, live_site.find), idle_s)
        announce(url, count)
        server.run_at(listener)
        return server.was_idle

"""Shares a folder of sessions with the phones of this network, until somebody ends it."""

import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import token_urlsafe
from tempfile import TemporaryDirectory
from threading import Thread

from audioguide.phone.address import Place
from audioguide.phone.catalogue import Catalogue
from audioguide.phone.grounding import Groundings
from audioguide.phone.site import Item, site
from audioguide.session.fit import Progress
from audioguide.storage.store import Store

_TOKEN_BYTES = 16


class LiveSite:
    """The table of files for what stands in the folder now; built again only where something changed."""

    def __init__(self, catalogue: Catalogue, groundings: Groundings, base_url: str) -> None:
        """Look at a catalogue, and let groundings be built for what is new in it."""
        self._catalogue = catalogue
        self._groundings = groundings
        self._base_url = base_url
        self._seen: object = None
        self._table: Mapping[str, Item] = {}
        self._builder = Thread()

    def prepare(self, progress: Progress | None = None) -> int:
        """Build the groundings of all sessions that are there, and return how many sessions these are."""
        entries = self._catalogue.look()
        self._groundings.build(entries, progress)
        return len(entries)

    def look(self) -> Mapping[str, Item]:
        """Return the table; a grounding that is missing is built meanwhile, and stands in a later one."""
        entries, tracks = self._catalogue.look(), self._groundings.tracks
        missing = self._groundings.missing(entries)
        if missing and not self._builder.is_alive():
            self._builder = Thread(target=self._groundings.build, args=(missing,), daemon=True)
            self._builder.start()
        seen = [(entry.digest, entry.audio) for entry in entries], [tracks.get(entry.digest) for entry in entries]
        if seen != self._seen:
            self._table, self._seen = site(entries, tracks, self._base_url), seen
        return self._table


def share(
    folder: Path,
    store: Store,
    at: tuple[socket.socket, Place],
    idle_s: float,
    tell: Callable[[str], None],
    announce: Callable[[str, int], None],
    progress: Progress | None = None,
) -> bool:
    """Share the sessions of a folder until it is ended, or nobody has asked for anything for idle_s seconds.

    Args:
        folder: with the sessions.
        store: where clips and pieces are kept.
        at: a listening socket, and where that is.
        idle_s: seconds.
        tell: told in a line what could not be built.
        announce: told the URL and how many sessions there are, when all is ready.
        progress: told how far the speaking is, before that.

    Returns:
        Whether nobody asked; else something told it to end, such as a signal that Python does not see.

    Raises:
        InputError: there is no such folder.
        KeyboardInterrupt: it was ended; everything is closed.
    """
    from audioguide.phone.connection import SharingServer
    from audioguide.phone.server import PhoneApp

    listener, place = at
    token = token_urlsafe(_TOKEN_BYTES)
    url = f"http://{place.host}/{token}/"
    with TemporaryDirectory(prefix="audioguide-", ignore_cleanup_errors=True) as built:
        shelf = LiveSite(Catalogue(folder), Groundings(Path(built), store, folder, tell), url)
        count = shelf.prepare(progress)
        server = SharingServer(PhoneApp(token, place, shelf.look), idle_s)
        announce(url, count)
        server.run_at(listener)
        return server.was_idle

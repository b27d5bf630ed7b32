"""Folders of sessions, and the real server on loopback, for the tests of the phone."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from audioguide.audio.id3 import read_frames, tag_size
from audioguide.core.clock import RATE_HZ
from audioguide.core.request import Request
from audioguide.phone.address import LOOPBACK, Address, listen
from audioguide.phone.catalogue import Catalogue
from audioguide.phone.connection import Connection, SharingServer
from audioguide.phone.grounding import Groundings
from audioguide.phone.server import PhoneApp
from audioguide.phone.share import LiveSite
from audioguide.session.build import write
from audioguide.storage.store import Store
from support.scripts import write_practice

TOKEN = "dG9rZW4tZm9yLXRlc3RzLQ"
TOML = """
title = "Small"
longest_silence = "40m"
steps = ["begin", "end"]
[interlude.grounding]
after = "begin"
from = "20m"
"""
SCRIPTS = {
    "begin": "# Beginning\nHello there, and welcome.\n[rest]\n",
    "grounding": "# Grounding\nOpen your eyes, and look around.\n[pause 2s]\nThere is the floor.\n",
    "end": "# End\nThank you.\n[rest]\nUntil another time.\n",
}
HUM = 'engine = "fake"\nlanguage = "en"\npace_wpm = 110\ngain_db = -2.7\n'
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40 + b"\xff\xd9"


def request(folder: Path, seconds: float | None, **asked: object) -> Request:
    """Return a request for a session of a small practice, which stands in folder with its voice."""
    practice = folder / "small"
    if not practice.exists():
        write_practice(practice, TOML, SCRIPTS)
        (folder / "hum.toml").write_text(HUM, encoding="utf-8")
    samples = None if seconds is None else round(seconds * RATE_HZ)
    return Request(samples, practice=str(practice), voice=str(folder / "hum.toml"), **asked)  # type: ignore[arg-type]


def add(folder: Path, name: str, seconds: float | None, store: Store, **asked: object) -> Path:
    """Return the file of a session that now stands in folder."""
    write(request(folder, seconds, **asked), folder / name, store)
    return folder / name


def with_cover(path: Path, jpeg: bytes | None = JPEG) -> Path:
    """Return path, whose tag now carries this picture and no other."""
    data = path.read_bytes()
    size = tag_size(data)
    frames = [(name, body) for name, body in read_frames(data[:size]) if name != "APIC"]
    frames += [("APIC", b"\0image/jpeg\0\x03\0" + jpeg)] if jpeg else []
    tag = b"".join(name.encode() + len(body).to_bytes(4) + b"\0\0" + body for name, body in frames)
    head = b"ID3\x03\x00\x00" + bytes((len(tag) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    path.write_bytes(head + tag + data[size:])
    return path


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Running:
    """A server that runs, here in a thread or elsewhere."""

    host: str
    token: str = TOKEN
    told: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.host.rpartition(":")[2])

    def ask(self, name: str = "", headers: Mapping[str, str] | None = None, method: str = "GET") -> Answer:
        """Return the answer for a file below the token."""
        connection = http.client.HTTPConnection(self.host, timeout=20)
        try:
            connection.request(method, f"/{self.token}/{name}", headers=dict(headers or {}))
            response = connection.getresponse()
            return Answer(
                response.status, {key.lower(): value for key, value in response.getheaders()}, response.read()
            )
        finally:
            connection.close()

    def raw(self, data: bytes, timeout_s: float = 20) -> bytes:
        """Return all that comes back for these bytes until the server closes or says no more for a moment."""
        with self.connect(timeout_s) as client:
            client.sendall(data)
            return everything(client)

    def connect(self, timeout_s: float = 20) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout_s)

    @contextmanager
    def crowd(self, count: int) -> Iterator[list[socket.socket]]:
        """Give so many connections."""
        with ExitStack() as stack:
            yield [stack.enter_context(self.connect()) for _ in range(count)]


@dataclass
class InThread(Running):
    """A server that runs in a thread of this process."""

    server: SharingServer = None  # type: ignore[assignment]  # always given
    thread: threading.Thread = None  # type: ignore[assignment]  # always given


def everything(client: socket.socket, quiet_s: float | None = None) -> bytes:
    """Return what comes until the other side closes; with quiet_s, or is quiet for so long."""
    if quiet_s is not None:
        client.settimeout(quiet_s)
    parts = []
    try:
        while part := client.recv(65536):
            parts.append(part)
    except (TimeoutError, ConnectionError):
        pass
    return b"".join(parts)


@contextmanager
def running(
    folder: Path,
    store: Store,
    idle_s: float = 3600,
    connection: type[Connection] = Connection,
    address: Address = LOOPBACK,
) -> Iterator[InThread]:
    """Give the real server for a folder, on a free port of loopback."""
    listener, place = listen(address, 0)
    built = folder / "built"
    built.mkdir(exist_ok=True)
    told: list[str] = []
    shelf = LiveSite(Catalogue(folder), Groundings(built, store, folder, told.append), f"http://{place.host}/{TOKEN}/")
    shelf.prepare()
    server = SharingServer(PhoneApp(TOKEN, place, shelf.look), idle_s, connection)
    thread = threading.Thread(target=server.run_at, args=(listener,), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield InThread(place.host, TOKEN, told, server, thread)
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
    assert not thread.is_alive()

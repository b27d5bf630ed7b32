"""The real server in a thread, and a client that may also send raw bytes."""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from audioguide.storage.file_stamp import FileStamp
from audioguide.web.address import LOOPBACK, Place, listen
from audioguide.web.app import DEFAULT_LIMITS, Find, Limits, WebApp
from audioguide.web.resource import FileSlice, Resource
from audioguide.web.server import WebServer

TOKEN = "dG9rZW4tZm9yLXRlc3RzLQ"
PATIENCE_S = 20
"""How long a client waits before a test fails; much longer than a loaded machine needs."""


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass
class Running:
    """A running server, in this process or another one."""

    host: str
    token: str = TOKEN

    @property
    def port(self) -> int:
        return int(self.host.rpartition(":")[2])

    def get(self, name: str = "", headers: Mapping[str, str] | None = None, method: str = "GET") -> Answer:
        """Return the answer for a name below the token."""
        connection = http.client.HTTPConnection(self.host, timeout=PATIENCE_S)
        try:
            connection.request(method, f"/{self.token}/{name}", headers=dict(headers or {}))
            response = connection.getresponse()
            lower = {key.lower(): value for key, value in response.getheaders()}
            return Answer(response.status, lower, response.read())
        finally:
            connection.close()

    def request(self, name: str = "", *headers: str) -> bytes:
        """Return a GET request as bytes."""
        lines = [f"GET /{self.token}/{name} HTTP/1.1", f"Host: {self.host}", *headers, "", ""]
        return "\r\n".join(lines).encode()

    def raw(self, data: bytes) -> bytes:
        """Return everything that the server sends for these bytes until it closes the connection."""
        with self.connect() as client:
            client.sendall(data)
            return read_to_end(client)

    def connect(self) -> socket.socket:
        return socket.create_connection((self.host.rpartition(":")[0].strip("[]"), self.port), PATIENCE_S)

    @contextmanager
    def crowd(self, count: int) -> Iterator[list[socket.socket]]:
        """Yield so many connections."""
        with ExitStack() as stack:
            yield [stack.enter_context(self.connect()) for _ in range(count)]


@dataclass
class InThread(Running):
    """A server that runs in a thread of this process."""

    server: WebServer = field(kw_only=True)
    thread: threading.Thread = field(kw_only=True)


def read_to_end(client: socket.socket) -> bytes:
    """Return what the other side sends until it closes or resets the connection; TimeoutError if it does neither."""
    parts = []
    try:
        while part := client.recv(65536):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts)


@contextmanager
def serving(
    find: Find,
    idle_s: float = 3600,
    limits: Limits = DEFAULT_LIMITS,
    at: tuple[socket.socket, Place] | None = None,
) -> Iterator[InThread]:
    """Yield the server; by default it listens on a free port of loopback."""
    listener, place = at or listen(LOOPBACK, 0)
    server = WebServer(WebApp(TOKEN, place, find, limits=limits), idle_s)
    thread = threading.Thread(target=server.run_at, args=(listener,), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield InThread(place.host, server=server, thread=thread)
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)
        listener.close()
    assert not thread.is_alive()


def whole_file(path: Path, etag: str = '"file"') -> Resource:
    """Return a resource that is a file as it is now."""
    stamp = FileStamp.of(path)
    return Resource("audio/mpeg", FileSlice(path, stamp, 0, stamp.size), etag, immutable=True)


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Wait until a condition is true, for as long as a loaded machine may need."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_S} s"
        time.sleep(0.02)

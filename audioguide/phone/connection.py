"""What uvicorn leaves open: how long and how often somebody may connect, and an end within a second."""

import asyncio
import socket
import time
from dataclasses import dataclass
from typing import Any

import h11
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from audioguide.phone.server import MOST_HEAD, PhoneApp


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection, and all of them, may take."""

    request_s: float = 10.0
    """Until a request is there as a whole, counted from the end of the one before."""
    stall_s: float = 120.0
    """That somebody may take nothing of an answer: phones pause a download when they have enough for now, and ask
    again where they were when they find it closed."""
    connections: int = 200


class Connection(H11Protocol):
    """A connection with limits; a newcomer takes the place of the oldest one that is waiting for a request."""

    limits = Limits()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what uvicorn gives."""
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self.begun = time.monotonic()

    @property
    def is_busy(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._await_request()
        there = [one for one in self.connections if isinstance(one, Connection) and not one.transport.is_closing()]
        waiting = [one for one in there if one is not self and not one.is_busy]
        if waiting and len(there) > self.limits.connections:
            min(waiting, key=lambda one: one.begun).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers."""
        _cancel(self._deadline)
        _cancel(self._stalled)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; once a request is whole, its deadline is over."""
        super().data_received(data)
        if self.is_busy:
            _cancel(self._deadline)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self.begun = time.monotonic()
        super().on_response_complete()
        if not self.is_busy:
            self._await_request()

    def pause_writing(self) -> None:
        """Wait for the other side to take something."""
        super().pause_writing()
        _cancel(self._stalled)
        self._stalled = self.loop.call_later(self.limits.stall_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on."""
        _cancel(self._stalled)
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, with the headers of every answer, if an answer can be begun at all."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()
            return
        headers = [*self.config.encoded_headers, (b"content-type", b"text/plain"), (b"connection", b"close")]
        answer = h11.Response(status_code=400, headers=headers, reason=b"Bad Request")
        for event in (answer, h11.Data(data=b"That is no request.\n"), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _await_request(self) -> None:
        _cancel(self._deadline)
        self._deadline = self.loop.call_later(self.limits.request_s, self.transport.abort)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


class SharingServer(Server):
    """A server that ends by itself when nobody asks for anything any more, and at once when it is told to."""

    def __init__(self, app: PhoneApp, idle_s: float, connection: type[Connection] = Connection) -> None:
        """Serve app until nothing was asked for idle_s seconds."""
        self._app = app
        self._idle_s = idle_s
        self._last = time.monotonic()
        self._asked = 0
        self.was_idle = False
        """Whether it ended because nobody asked for anything."""
        super().__init__(_config(app, connection))

    def run_at(self, listener: socket.socket) -> None:
        """Serve at a listening socket until the end; Ctrl-C raises KeyboardInterrupt when all is closed."""
        self.run(sockets=[listener])

    async def on_tick(self, counter: int) -> bool:
        """Return whether it is over."""
        if self.server_state.tasks or self._app.asked != self._asked:
            self._last, self._asked = time.monotonic(), self._app.asked
        if await super().on_tick(counter):
            return True
        self.was_idle = time.monotonic() - self._last > self._idle_s
        return self.was_idle

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close every connection: a phone that is still loading asks for the rest when it is shared again."""
        for one in list(self.server_state.connections):
            one.transport.abort()
        await asyncio.sleep(0)
        await super().shutdown(sockets)


def _config(app: PhoneApp, connection: type[Connection]) -> Config:
    """Return how uvicorn is to work: it logs no request, tells nothing of itself, and believes no proxy."""
    return Config(
        app,
        http=connection,
        ws="none",
        loop="asyncio",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        headers=list(app.headers.items()),
        limit_concurrency=connection.limits.connections + 1,
        timeout_keep_alive=int(connection.limits.request_s) or 1,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=MOST_HEAD,
        backlog=connection.limits.connections,
    )

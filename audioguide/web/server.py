"""The server: uvicorn with limits for each client, which ends at once, and also after a time without requests."""

import asyncio
import socket
from time import monotonic
from typing import Any

import h11
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from audioguide.web.app import WebApp


class WebServer(Server):
    """Serves an application until it has been idle for idle_s, or receives a signal; then closes at once."""

    def __init__(self, app: WebApp, idle_s: float) -> None:
        self.was_idle = False
        """Whether it ended because there were no requests for idle_s seconds."""
        self._app = app
        self._idle_s = idle_s
        self._last_active = monotonic()
        self._request_count = 0
        super().__init__(_Config(app))

    def run_at(self, listener: socket.socket) -> None:
        """Serve at a listening socket until the end; Ctrl-C raises KeyboardInterrupt when everything is closed."""
        self.run(sockets=[listener])

    async def on_tick(self, counter: int) -> bool:
        """Return whether to end; uvicorn calls this ten times a second."""
        if self.server_state.tasks or self._app.request_count != self._request_count:
            self._last_active, self._request_count = monotonic(), self._app.request_count
        if await super().on_tick(counter):
            return True
        self.was_idle = monotonic() - self._last_active > self._idle_s
        return self.was_idle

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close every connection; a phone that is still loading continues when the page is shared again."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)
        await super().shutdown(sockets)


class _Config(Config):
    """How uvicorn works here: it logs no requests, does not name itself, and trusts no proxy."""

    def __init__(self, app: WebApp) -> None:
        self.limits = app.limits
        super().__init__(
            app,
            http=_Connection,
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
            limit_concurrency=app.limits.connections + 1,
            timeout_keep_alive=int(app.limits.request_s) or 1,
            timeout_graceful_shutdown=1,
            h11_max_incomplete_event_size=app.limits.head_bytes,
            backlog=app.limits.connections,
        )


class _Connection(H11Protocol):
    """A connection with limits; beyond their number, a new one replaces the oldest that is waiting for a request."""

    def __init__(
        self,
        config: _Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = config.limits
        self._request_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        self._waiting_since = monotonic()

    @property
    def _is_busy(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._await_request()
        current = [one for one in self.connections if isinstance(one, _Connection) and not one.transport.is_closing()]
        waiting = [one for one in current if one is not self and not one._is_busy]
        if waiting and len(current) > self._limits.connections:
            min(waiting, key=lambda one: one._waiting_since).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        _cancel(self._request_timer)
        _cancel(self._stall_timer)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_busy:  # the request is complete
            _cancel(self._request_timer)

    def on_response_complete(self) -> None:
        self._waiting_since = monotonic()
        super().on_response_complete()
        if not self._is_busy:
            self._await_request()

    def pause_writing(self) -> None:
        super().pause_writing()
        _cancel(self._stall_timer)
        self._stall_timer = self.loop.call_later(self._limits.stall_s, self.transport.abort)

    def resume_writing(self) -> None:
        _cancel(self._stall_timer)
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, with the headers of every response, unless a response has begun."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()
            return
        headers = [*self.config.encoded_headers, (b"content-type", b"text/plain"), (b"connection", b"close")]
        response = h11.Response(status_code=400, headers=headers, reason=b"Bad Request")
        for event in (response, h11.Data(data=b"This is not an HTTP request.\n"), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _await_request(self) -> None:
        _cancel(self._request_timer)
        self._request_timer = self.loop.call_later(self._limits.request_s, self.transport.abort)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()

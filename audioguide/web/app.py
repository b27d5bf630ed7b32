"""The ASGI application: checks each request, finds the resource, and knows the headers of every response."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from secrets import compare_digest

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from audioguide.web.address import Place
from audioguide.web.resource import Resource
from audioguide.web.responses import resource_response, text_response

_METHODS = ("GET", "HEAD")
_NOT_FOUND = "There is nothing here.\n"
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex, nofollow",
}
LOOPBACK_HEADERS = {"Cross-Origin-Opener-Policy": "same-origin"}
"""Browsers accept it only from a trustworthy origin, and log a warning on the plain HTTP of a home network."""

Find = Callable[[str], Awaitable[Resource | None]]
"""Returns the resource with a name, which is what follows the token in the URL: "" for the page itself. The name comes
from the client as it is: not decoded, not checked."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may use."""

    request_s: float = 10.0
    """Until a request is complete, counted from the end of the previous one."""
    stall_s: float = 120.0
    """How long a client may accept nothing of a response: phones pause a download when they have enough for now, and
    continue with a range request when they find the connection closed."""
    connections: int = 200
    head_bytes: int = 16 * 1024
    """Of one request: path and headers."""


DEFAULT_LIMITS = Limits()


class WebApp:
    """Answers GET and HEAD for resources below a secret token; any other path is 404."""

    def __init__(
        self,
        token: str,
        place: Place,
        find: Find,
        headers: Mapping[str, str] = SECURITY_HEADERS,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self.headers = {**headers, **(LOOPBACK_HEADERS if place.address.is_loopback else {})}
        """Of every response, also of those that the server sends without the application."""
        self.limits = limits
        self.request_count = 0
        """Requests below the token."""
        self._token = token.encode()
        self._hosts = [[host.encode()] for host in place.hosts()]
        self._find = find

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request (ASGI)."""
        if scope["type"] == "http":
            response = await self._respond(Request(scope))
            await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if refusal := self._refusal(request.scope):
            return refusal
        path = self._path(request.scope["raw_path"])
        if path is None:
            return text_response(404, _NOT_FOUND)
        self.request_count += 1
        if request.method not in _METHODS:
            return text_response(405, "GET and HEAD only.\n", {"Allow": ", ".join(_METHODS)})
        if not path:
            return text_response(308, "", {"Location": f"/{self._token.decode()}/"})
        resource = await self._find(path.removeprefix("/"))
        response = resource_response(resource, request) if resource else None
        return response or text_response(404, _NOT_FOUND)

    def _refusal(self, scope: Scope) -> Response | None:
        """Return the response to a request that must not be processed, whatever its path."""
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        size = sum(len(name) + len(value) for name, value in headers) + len(scope["raw_path"])
        if size > self.limits.head_bytes:
            return text_response(431, "The request is too large.\n")
        if [value for name, value in headers if name == b"host"] not in self._hosts:
            return text_response(421, "Use the address shown on the computer.\n")
        if any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in headers
        ):
            return text_response(400, "A request must not have a body.\n")
        return None

    def _path(self, raw_path: bytes) -> str | None:
        """Return what follows the token, with its slash; None under any other token. Nothing is decoded or joined."""
        token, slash, rest = raw_path.removeprefix(b"/").partition(b"/")
        if not raw_path.startswith(b"/") or not compare_digest(token, self._token):
            return None
        return (slash + rest).decode("ascii", "replace")

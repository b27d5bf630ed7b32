"""The small server behind `audioguide share`: it answers GET and HEAD out of one table, to those who hold the token."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from io import BufferedReader
from os import fstat
from secrets import compare_digest

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from audioguide.phone.address import Place
from audioguide.phone.catalogue import Slice
from audioguide.phone.ranges import Asked, Validator, asked
from audioguide.phone.site import FEED, PAGE, Item
from audioguide.storage.file_stamp import FileStamp

_CHUNK = 128 * 1024
_YEAR_S = 365 * 24 * 3600
_CLOSING = (400, 421, 431)
MOST_HEAD = 16 * 1024
"""Bytes of a request."""
_METHODS = ("GET", "HEAD")
_NOT_FOUND = "There is nothing here.\n"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex, nofollow",
}
"""Of every answer."""
ON_LOOPBACK = {"Cross-Origin-Opener-Policy": "same-origin"}
"""Browsers take it from a trustworthy origin only, and complain of it on the plain HTTP of a home network."""


class PhoneApp:
    """The application; which files there are is asked anew whenever the page or the feed is."""

    def __init__(self, token: str, place: Place, look: Callable[[], Mapping[str, Item]]) -> None:
        """Answer at a place below /token/; look gives the table of files, and may take its time."""
        self.headers = HEADERS | (ON_LOOPBACK if place.address.is_loopback else {})
        """Of every answer, whoever gives it."""
        self._token = token.encode()
        self._hosts = [[host.encode()] for host in place.hosts()]
        self._look = look
        self._table: Mapping[str, Item] = {}
        self._looking = asyncio.Lock()
        self.asked = 0
        """Requests below the token."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request (ASGI)."""
        if scope["type"] == "http":
            response = await self._answer(Request(scope))
            await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if refusal := self._refusal(request.scope):
            return refusal
        name = self._name(request.scope["raw_path"])
        if name is None:
            return _words(404, _NOT_FOUND)
        self.asked += 1
        if request.method not in _METHODS:
            return _words(405, "GET and HEAD only.\n", {"Allow": ", ".join(_METHODS)})
        if not name:
            return _words(308, "", {"Location": f"/{self._token.decode()}/"})
        item = await self._find(name)
        answer = _answer(item, request) if item else None
        return answer or _words(404, _NOT_FOUND)

    def _refusal(self, scope: Scope) -> Response | None:
        """Return why a request is not looked at any further, whatever it asks for."""
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        if sum(len(name) + len(value) for name, value in headers) + len(scope["raw_path"]) > MOST_HEAD:
            return _words(431, "That is too much to ask.\n")
        if [value for name, value in headers if name == b"host"] not in self._hosts:
            return _words(421, "This is not the address that was shared.\n")
        if any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in headers
        ):
            return _words(400, "Nothing can be sent here.\n")
        return None

    def _name(self, path: bytes) -> str | None:
        """Return what is asked for below the token, or None under any other token; nothing is decoded or joined.

        It is empty where the slash behind the token is missing.
        """
        root, slash, rest = path.removeprefix(b"/").partition(b"/")
        if not path.startswith(b"/") or not compare_digest(root, self._token):
            return None
        return rest.decode("ascii", "replace") or (PAGE if slash else "")

    async def _find(self, name: str) -> Item | None:
        if name in (PAGE, FEED):
            async with self._looking:
                self._table = await asyncio.to_thread(self._look)
        return self._table.get(name)


def _words(status: int, words: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer in words; where something was wrong with the request, the connection ends with it."""
    closing = {"Connection": "close"} if status in _CLOSING else {}
    return PlainTextResponse(words, status, {"Cache-Control": "no-store", **closing, **(headers or {})})


def _answer(item: Item, request: Request) -> Response | None:
    """Return the answer with a file, or None where the one on disk is no longer that one."""
    given = dict(request.headers)
    if request.method != "GET":
        given.pop("range", None)  # RFC 9110, 14.2: of GET only
    what = asked(given, item.size, _validator(item))
    headers = _headers(item, what)
    if isinstance(item.body, bytes):
        return Response(item.body[what.start : what.start + what.length], what.status, headers)
    file = _open(item.body)
    if file is None:
        return None
    return _FromDisk(file, item.body, what, headers)


class _FromDisk(Response):
    """Bytes of a file that was opened before anything was answered: what replaces it meanwhile is not mixed in."""

    def __init__(self, file: BufferedReader, part: Slice, what: Asked, headers: dict[str, str]) -> None:
        sent = {} if what.status == 304 else {"Content-Length": str(what.length)}
        super().__init__(b"", what.status, headers | sent)
        self._file = file
        self._part = part
        self._what = what

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(_disconnected(receive))
        left = 0 if scope["method"] == "HEAD" else self._what.length
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            self._file.seek(self._part.start + self._what.start)
            while left and not gone.done():
                chunk = await asyncio.to_thread(self._read, min(left, _CHUNK))
                left -= len(chunk)
                if not chunk:  # written over in its place: an answer that breaks off is better than half of another
                    return
                await send({"type": "http.response.body", "body": chunk, "more_body": left > 0})
            if not self._what.length or scope["method"] == "HEAD":
                await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            self._file.close()

    def _read(self, most: int) -> bytes:
        chunk = self._file.read(most)
        return chunk if FileStamp.of(fstat(self._file.fileno())) == self._part.stamp else b""


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _validator(item: Item) -> Validator:
    return Validator(item.etag, _modified(item.body) if isinstance(item.body, Slice) else None)


def _modified(part: Slice) -> datetime | None:
    """Return when a file was changed, or None for a time that no calendar here holds."""
    try:
        return datetime.fromtimestamp(part.stamp.mtime_ns // 1_000_000_000, UTC)
    except (OverflowError, OSError, ValueError):  # after the year 9999; before 1970 on Windows
        return None


def _headers(item: Item, what: Asked) -> dict[str, str]:
    caching = f"private, max-age={_YEAR_S}, immutable" if item.lasting else "private, no-cache"
    modified = _validator(item).modified
    headers = {"ETag": item.etag, "Cache-Control": caching, "Accept-Ranges": "bytes"}
    headers |= {"Last-Modified": format_datetime(modified, usegmt=True)} if modified else {}
    if what.status == 416:
        return headers | {"Content-Range": f"bytes */{item.size}", "Content-Length": "0"}
    if what.status == 206:
        last = what.start + what.length - 1
        headers["Content-Range"] = f"bytes {what.start}-{last}/{item.size}"
    return headers if what.status == 304 else headers | {"Content-Type": item.media_type}


def _open(part: Slice) -> BufferedReader | None:
    """Return the opened file, if it is the one that was looked at: what stands in its place later is another's."""
    try:
        file = part.path.open("rb")
    except OSError:
        return None
    if FileStamp.of(fstat(file.fileno())) == part.stamp:
        return file
    file.close()
    return None

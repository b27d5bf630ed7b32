"""Responses: plain text, and resources with ranges and validators."""

import asyncio
from collections.abc import Mapping
from email.utils import format_datetime
from io import BufferedReader
from os import fstat

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from audioguide.storage.file_stamp import FileStamp
from audioguide.web.ranges import Selection, select
from audioguide.web.resource import FileSlice, Resource

_CHUNK = 128 * 1024
_YEAR_S = 365 * 24 * 3600
_CLOSING = (400, 421, 431)
"""Statuses after which the connection is closed: whatever follows the request cannot be trusted."""


def text_response(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response in plain text, such as an error."""
    closing = {"Connection": "close"} if status in _CLOSING else {}
    return PlainTextResponse(text, status, {"Cache-Control": "no-store", **closing, **(headers or {})})


def resource_response(resource: Resource, request: Request) -> Response | None:
    """Return the response to a GET or HEAD request for a resource; None if its file was changed or removed."""
    conditions = dict(request.headers)
    if request.method != "GET":
        conditions.pop("range", None)  # RFC 9110, 14.2: defined for GET only
    selection = select(conditions, resource.size, resource.validator)
    headers = _headers(resource, selection)
    if isinstance(resource.body, bytes):
        data = resource.body[selection.start : selection.start + selection.length]
        return Response(data, selection.status, headers)
    file = _open(resource.body)
    return None if file is None else _FileResponse(file, resource.body, selection, headers)


class _FileResponse(Response):
    """Bytes of a file that is open already, so that a file which replaces it meanwhile is not mixed in."""

    def __init__(
        self, file: BufferedReader, file_slice: FileSlice, selection: Selection, headers: dict[str, str]
    ) -> None:
        length = {} if selection.status == 304 else {"Content-Length": str(selection.length)}
        super().__init__(b"", selection.status, headers | length)
        self._file = file
        self._slice = file_slice
        self._selection = selection

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        disconnected = asyncio.create_task(_disconnected(receive))
        remaining = 0 if scope["method"] == "HEAD" else self._selection.length
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            self._file.seek(self._slice.start + self._selection.start)
            while remaining and not disconnected.done():
                chunk = await asyncio.to_thread(self._read, min(remaining, _CHUNK))
                remaining -= len(chunk)
                if not chunk:  # overwritten in place: a response that breaks off is better than a mixture
                    return
                await send({"type": "http.response.body", "body": chunk, "more_body": remaining > 0})
            if not self._selection.length or scope["method"] == "HEAD":
                await send({"type": "http.response.body", "body": b""})
        finally:
            disconnected.cancel()
            self._file.close()

    def _read(self, size: int) -> bytes:
        """Return the next bytes, at most size; none if the file was changed."""
        chunk = self._file.read(size)
        return chunk if FileStamp.of(fstat(self._file.fileno())) == self._slice.stamp else b""


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _headers(resource: Resource, selection: Selection) -> dict[str, str]:
    caching = f"private, max-age={_YEAR_S}, immutable" if resource.immutable else "private, no-cache"
    modified = resource.validator.modified
    headers = {"ETag": resource.etag, "Cache-Control": caching, "Accept-Ranges": "bytes"}
    headers |= {"Last-Modified": format_datetime(modified, usegmt=True)} if modified else {}
    if selection.status == 416:
        return headers | {"Content-Range": f"bytes */{resource.size}", "Content-Length": "0"}
    if selection.status == 206:
        last = selection.start + selection.length - 1
        headers["Content-Range"] = f"bytes {selection.start}-{last}/{resource.size}"
    return headers if selection.status == 304 else headers | {"Content-Type": resource.media_type}


def _open(file_slice: FileSlice) -> BufferedReader | None:
    """Return the opened file if it still has its stamp."""
    try:
        file = file_slice.path.open("rb")
    except OSError:
        return None
    if FileStamp.of(fstat(file.fileno())) == file_slice.stamp:
        return file
    file.close()
    return None

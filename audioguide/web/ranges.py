"""PURE. Which bytes of a resource answer a request (RFC 9110, sections 13 and 14)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_ONE_RANGE = re.compile(
    r"bytes[ \t]*=[ \t]*(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))[ \t]*", re.ASCII | re.IGNORECASE
)
_MAX_ETAGS = 4096
"""Characters of If-None-Match that are read."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The status of an answer, and which bytes it sends."""

    status: int
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Validator:
    """Identifies one state of a resource."""

    etag: str
    """With its quotation marks."""
    modified: datetime | None
    """In whole seconds, UTC."""


def select(headers: Mapping[str, str], size: int, validator: Validator) -> Selection:
    """Return what to send of a resource of size bytes; names of headers are in lower case.

    Several ranges at once, and anything malformed, are answered with the whole resource, as RFC 9110 permits: no player
    needs them, and they have been used to overload servers.

    >>> validator = Validator('"a"', None)
    >>> select({"range": "bytes=2-"}, 10, validator), select({"range": "bytes=10-"}, 10, validator).status
    (Selection(status=206, start=2, length=8), 416)
    """
    if _is_not_modified(headers, validator):
        return Selection(304, 0, 0)
    whole = Selection(200, 0, size)
    match = _ONE_RANGE.fullmatch(headers.get("range", ""))
    if not match or not _if_range_holds(headers.get("if-range"), validator):
        return whole
    first, last, suffix = (None if number is None else int(number) for number in match.groups())
    if first is None:
        first, last = max(0, size - (suffix or 0)), size - 1
        if not suffix:
            return Selection(416, 0, 0)
    elif last is not None and last < first:
        return whole  # an invalid range is ignored
    if first >= size:
        return Selection(416, 0, 0)
    last = size - 1 if last is None else min(last, size - 1)
    return Selection(206, first, last - first + 1)


def _is_not_modified(headers: Mapping[str, str], validator: Validator) -> bool:
    """Return whether the client has this state already; a date counts only if there is no If-None-Match."""
    etags = headers.get("if-none-match")
    if etags is not None:
        known = [etag.strip().removeprefix("W/") for etag in etags[:_MAX_ETAGS].split(",")]
        return "*" in known or validator.etag in known
    since = _date(headers.get("if-modified-since", ""))
    return bool(since and validator.modified and validator.modified <= since)


def _if_range_holds(condition: str | None, validator: Validator) -> bool:
    """Return whether the range is of this state: a strong ETag or the exact date, or no condition."""
    if condition is None:
        return True
    if condition.startswith(('"', "W/")):
        return condition == validator.etag
    return validator.modified is not None and _date(condition) == validator.modified


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None

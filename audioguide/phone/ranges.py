"""PURE. Which bytes of a file are asked for (RFC 9110, sections 13 and 14)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_ONE_RANGE = re.compile(
    r"bytes[ \t]*=[ \t]*(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))[ \t]*", re.ASCII | re.IGNORECASE
)
_MOST_TAGS = 4096
"""Signs of If-None-Match that are read."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What to answer with: a status, and the first byte and the number of bytes of what is sent."""

    status: int
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Validator:
    """What tells one state of a file from another."""

    etag: str
    """With its quotation marks."""
    modified: datetime | None
    """In whole seconds, UTC."""


def asked(headers: Mapping[str, str], size: int, validator: Validator) -> Asked:
    """Return what to answer a request for a file of so many bytes.

    Several ranges at once, and anything that is no range, are answered with the whole file, as a server may: no player
    needs them, and they are how servers have been overloaded.

    >>> mark = Validator('"a"', None)
    >>> asked({"range": "bytes=2-"}, 10, mark), asked({"range": "bytes=10-"}, 10, mark).status
    (Asked(status=206, start=2, length=8), 416)
    """
    if _is_known(headers, validator):
        return Asked(304, 0, 0)
    whole = Asked(200, 0, size)
    found = _ONE_RANGE.fullmatch(headers.get("range", ""))
    if not found or not _still(headers.get("if-range"), validator):
        return whole
    first, last, suffix = (None if part is None else int(part) for part in found.groups())
    if first is None:
        first, last = max(0, size - (suffix or 0)), size - 1
        if not suffix:
            return Asked(416, 0, 0)
    elif last is not None and last < first:
        return whole  # no valid range: as if it were not there
    if first >= size:
        return Asked(416, 0, 0)
    last = size - 1 if last is None else min(last, size - 1)
    return Asked(206, first, last - first + 1)


def _is_known(headers: Mapping[str, str], validator: Validator) -> bool:
    """Return whether who asks has this state already; a date counts only where no tag is given."""
    tags = headers.get("if-none-match")
    if tags is not None:
        given = [tag.strip().removeprefix("W/") for tag in tags[:_MOST_TAGS].split(",")]
        return "*" in given or validator.etag in given
    since = _date(headers.get("if-modified-since", ""))
    return bool(since and validator.modified and validator.modified <= since)


def _still(condition: str | None, validator: Validator) -> bool:
    """Return whether a range is asked of this very state: a strong tag or the exact date."""
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

"""A content-addressed, atomic store on disk: the same key always means the same bytes.

An entry is one file: a line with a checksum and JSON (its facts, among them the SHA-256 and the size of its body), then
the body. It is written under a temporary name and moved into place, so that several builds may share a store. One that
was damaged is noticed when it is read, and counts as missing.
"""

import json
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from audioguide.errors import StoreError
from audioguide.files import neighbour

_MOST_HEAD = 4096
_CHECKSUM = 16

Facts = dict[str, str | int | float]


def key_of(*parts: object) -> str:
    """Return the key of everything that makes an entry what it is.

    >>> key_of("clip", 1) == key_of("clip", 1) != key_of("clip1")
    True
    """
    return sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


class Store:
    """Entries by kind and key below one folder."""

    def __init__(self, folder: Path) -> None:
        """Use folder, which is made when the first entry is written."""
        self.folder = folder

    def facts(self, kind: str, key: str) -> Facts | None:
        """Return an entry's facts, or None where it is missing or cut short; the body is not read."""
        path = self._path(kind, key)
        try:
            with path.open("rb") as file:
                facts = _facts(file.readline(_MOST_HEAD))
                whole = facts is not None and path.stat().st_size == file.tell() + int(facts["size"])
        except OSError:
            return None
        return facts if whole else None

    def read(self, kind: str, key: str) -> tuple[Facts, bytes] | None:
        """Return an entry, or None where it is missing or damaged; a damaged one is removed."""
        path = self._path(kind, key)
        try:
            with path.open("rb") as file:
                facts = _facts(file.readline(_MOST_HEAD))
                body = file.read()
        except OSError:
            return None
        if facts is not None and sha256(body).hexdigest() == facts["sha256"]:
            return facts, body
        with suppress(OSError):  # a cache that is only to read keeps it, and it counts as missing each time
            path.unlink()
        return None

    def write(self, kind: str, key: str, body: bytes, facts: Facts | None = None) -> Facts:
        """Keep an entry and return its facts.

        Raises:
            StoreError: the folder cannot be written.
        """
        path = self._path(kind, key)
        whole: Facts = {**(facts or {}), "sha256": sha256(body).hexdigest(), "size": len(body)}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_atomically(path, _head(whole) + body)
        except OSError as error:
            words = (
                f"the cache cannot be written ({self.folder}: {error.strerror}); choose another folder with --cache DIR"
            )
            raise StoreError(words) from error
        return whole

    def _path(self, kind: str, key: str) -> Path:
        return self.folder / kind / key[:2] / key


def open_store(cache: str | Path | None) -> Store:
    """Return the store in the folder cache, or in the user's cache folder."""
    if cache:
        return Store(Path(cache).expanduser())
    from platformdirs import user_cache_path

    return Store(user_cache_path("audioguide", appauthor=False))


def _head(facts: Facts) -> bytes:
    words = json.dumps(facts, sort_keys=True).encode()
    return sha256(words).hexdigest()[:_CHECKSUM].encode() + b" " + words + b"\n"


def _facts(head: bytes) -> Facts | None:
    """Return the facts in an entry's first line, or None where a bit of it is not as it was written."""
    checksum, _, words = head.removesuffix(b"\n").partition(b" ")
    if checksum != sha256(words).hexdigest()[:_CHECKSUM].encode():
        return None
    facts: Facts = json.loads(words)
    return facts


def _write_atomically(path: Path, data: bytes) -> None:
    part = neighbour(path)
    try:
        part.write_bytes(data)
        part.replace(path)
    except PermissionError:  # on Windows while another build reads the entry, whose content is the same
        if not path.exists():
            raise
    finally:
        part.unlink(missing_ok=True)

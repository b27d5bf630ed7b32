"""The cache: a content-addressed, atomic store on disk. The same key always means the same bytes.

An entry is one file: a line with a checksum and JSON (its facts, including the SHA-256 and the size of the body), then
the body. The checksum covers kind, key and facts, so that no entry can be mistaken for another. Entries are written
under a temporary name and moved into place, so that several builds can share a store. A damaged entry is detected when
it is read, and counts as missing. The file's modification time is the time of its last use, accurate to one day.

A cache that cannot be written does not stop a build: entries are then kept in memory for the lifetime of the store.
"""

import json
import os
import time
from contextlib import suppress
from functools import cache as run_once
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from audioguide.core.errors import InputError
from audioguide.storage.part_files import Part, sweep

PARTS = "parts"
"""The subfolder for files that are being written."""
TAG = "CACHEDIR.TAG"
"""Tells backup programs that this folder can be recreated (bford.info/cachedir)."""
TAG_TEXT = (
    b"Signature: 8a477f597d28d172789f06886806bc55\n# Phrases that audioguide has spoken; may be deleted at any time.\n"
)
KINDS = ("clips", "pieces", "gains", "paces", "covers")

_MAX_HEADER_BYTES = 4096
_CHECKSUM_CHARS = 16
_USED_RESOLUTION_S = 24 * 3600
"""The time of last use is updated at most this often."""
_TRIES = 3

Facts = dict[str, str | int | float]


def key_of(*parts: object) -> str:
    """Return the key for all values that determine an entry's content.

    >>> key_of("clip", 1) == key_of("clip", 1) != key_of("clip1")
    True
    """
    encoded = json.dumps(parts, ensure_ascii=False, sort_keys=True)
    return sha256(encoded.encode(errors="surrogatepass")).hexdigest()  # file names need not be valid Unicode


class Store:
    """Entries by kind and key below one folder, which is created when the first entry is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._unwritten: dict[tuple[str, str], tuple[Facts, bytes]] = {}
        self._copies: dict[tuple[str, str], tuple[Facts, bytes]] | None = None
        self._is_prepared = False
        self._has_warned = False

    def keep_copies(self) -> None:
        """From now on, also keep written entries in memory: entries on the disk have been damaged or removed."""
        self._copies = {} if self._copies is None else self._copies

    def drop_copies(self) -> None:
        """Stop keeping in memory what is also on the disk."""
        self._copies = None

    def facts(self, kind: str, key: str) -> Facts | None:
        """Return an entry's facts without reading the body, or None if the entry is missing or truncated."""
        if entry := self._in_memory(kind, key):
            return entry[0]
        try:
            with self.path(kind, key).open("rb") as file:
                facts = _parse_header(kind, key, file.readline(_MAX_HEADER_BYTES))
                return facts if facts and _mark_used(file) == file.tell() + int(facts["size"]) else None
        except OSError:
            return None

    def read(self, kind: str, key: str) -> tuple[Facts, bytes] | None:
        """Return an entry as (facts, body), or None if it is missing or damaged; a damaged entry is removed."""
        if entry := self._in_memory(kind, key):
            return entry
        path = self.path(kind, key)
        try:
            with path.open("rb") as file:
                _mark_used(file)
                facts = _parse_header(kind, key, file.readline(_MAX_HEADER_BYTES))
                body = file.read()
        except OSError:
            return None
        if facts is not None and sha256(body).hexdigest() == facts["sha256"]:
            return facts, body
        with suppress(OSError):  # in a read-only cache it stays, and counts as missing each time
            path.unlink()
        return None

    def write(self, kind: str, key: str, body: bytes, facts: Facts | None = None) -> Facts:
        """Save an entry and return its facts, with sha256 and size added; in memory if the disk cannot be written."""
        complete: Facts = {**(facts or {}), "sha256": sha256(body).hexdigest(), "size": len(body)}
        if not self._try_save(self.path(kind, key), _header(kind, key, complete) + body):
            self._unwritten[kind, key] = complete, body
        elif self._copies is not None:
            self._copies[kind, key] = complete, body
        return complete

    def is_intact(self, kind: str, key: str, deep: bool) -> bool:
        """Return whether an entry is undamaged, judged by header and size, or with deep by every byte.

        This does not count as a use of the entry.
        """
        try:
            with self.path(kind, key).open("rb") as file:
                facts = _parse_header(kind, key, file.readline(_MAX_HEADER_BYTES))
                if not facts or os.fstat(file.fileno()).st_size != file.tell() + int(facts["size"]):
                    return False
                return not deep or sha256(file.read()).hexdigest() == facts["sha256"]
        except OSError:
            return False

    def path(self, kind: str, key: str) -> Path:
        """Return the path of an entry's file, which need not exist."""
        return self.folder / kind / key[:2] / key

    def _in_memory(self, kind: str, key: str) -> tuple[Facts, bytes] | None:
        return self._unwritten.get((kind, key)) or (self._copies or {}).get((kind, key))

    def _try_save(self, path: Path, data: bytes) -> bool:
        """Write an entry's file and return whether that worked; the first failure is reported to the user."""
        try:
            self._save(path, data)
        except OSError as error:
            if not self._has_warned:
                self._has_warned = True
                advice = "free some disk space there, or choose another folder with --cache DIR"
                warn_not_saved(f"the cache cannot be written ({self.folder}: {error.strerror or error})", advice)
            return False
        return True

    def _save(self, path: Path, data: bytes) -> None:
        """Write an entry's file; if another process removes the folder meanwhile, create it again."""
        for attempt in range(1, _TRIES + 1):
            try:
                self._prepare()
                path.parent.mkdir(parents=True, exist_ok=True)
                return _write(self.folder / PARTS, path, data)
            except FileNotFoundError:
                self._is_prepared = False
                if attempt == _TRIES:
                    raise
        raise AssertionError("unreachable")

    def _prepare(self) -> None:
        """Before the first entry: create the folder, and remove temporary files of killed builds."""
        if self._is_prepared:
            return
        is_new = not self.folder.exists()
        (self.folder / PARTS).mkdir(parents=True, exist_ok=True)
        sweep(self.folder / PARTS)
        if is_new:  # never in an existing folder: backup programs would skip the user's own files in it
            _write(self.folder / PARTS, self.folder / TAG, TAG_TEXT)
        self._is_prepared = True


class MemoryStore(Store):
    """A store without a folder; its entries last as long as the process."""

    def __init__(self) -> None:
        super().__init__(Path(os.devnull))

    def _try_save(self, path: Path, data: bytes) -> bool:
        return False


@run_once
def warn_not_saved(reason: str, advice: str) -> None:
    """Log one warning, once per reason, that spoken phrases will not be saved; by default it goes to stderr."""
    import logging

    logging.getLogger("audioguide").warning("%s; continuing without saving spoken phrases; %s", reason, advice)


def _write(parts: Path, path: Path, data: bytes) -> None:
    with Part(parts) as part:
        part.write(data)
        try:
            part.move(path)
        except PermissionError:  # on Windows, if another build is reading the entry, which then has the same content
            if os.name != "nt" or not path.exists():
                raise


def _mark_used(file: BinaryIO) -> int:
    """Record that an entry is used now, and return the size of its file."""
    status = os.fstat(file.fileno())
    if abs(time.time() - status.st_mtime) > _USED_RESOLUTION_S:
        with suppress(OSError):  # a read-only cache
            os.utime(file.name)
    return status.st_size


def open_store(cache: str | Path | None) -> Store:
    """Return the store in the folder cache, by default in the user's cache folder; without a home, one in memory.

    Raises:
        InputError: cache begins with ~, and there is no home folder.
    """
    if cache:
        try:
            return Store(Path(cache).expanduser())
        except RuntimeError as error:
            raise InputError(f"--cache {cache}: there is no home folder; write the full path") from error
    from platformdirs import user_cache_path

    with suppress(OSError, RuntimeError, ValueError):  # no home folder: the exception depends on platformdirs' version
        if (folder := user_cache_path("audioguide", appauthor=False)).is_absolute():
            return Store(folder)
    warn_not_saved("there is no home folder", "name a folder with --cache DIR")
    return MemoryStore()


def _header(kind: str, key: str, facts: Facts) -> bytes:
    encoded = json.dumps(facts, sort_keys=True).encode()
    return _checksum(kind, key, encoded) + b" " + encoded + b"\n"


def _checksum(kind: str, key: str, encoded: bytes) -> bytes:
    return sha256(f"{kind}/{key} ".encode() + encoded).hexdigest()[:_CHECKSUM_CHARS].encode()


def _parse_header(kind: str, key: str, header: bytes) -> Facts | None:
    """Return the facts in an entry's first line, or None if it is damaged or belongs to another entry."""
    checksum, _, encoded = header.removesuffix(b"\n").partition(b" ")
    if checksum != _checksum(kind, key, encoded):
        return None
    facts: Facts = json.loads(encoded)
    return facts

"""A content-addressed, atomic store on disk: the same key always means the same bytes.

An entry is one file: a line with a checksum and JSON (its facts, among them the SHA-256 and the size of its body), then
the body. The checksum is over kind, key and facts, so that no entry is taken for another. It is written under a
temporary name and moved into place, so that several builds may share a store. One that was damaged is noticed when it
is read, and counts as missing. When it was last used stands in its time of change, to the day.

A cache that cannot be written stops no build: what is made is then held in memory, for as long as the store lives.
"""

import json
import os
import time
from contextlib import suppress
from functools import cache as once
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from audioguide.core.errors import InputError
from audioguide.storage.part_files import Part, sweep

PARTS = "parts"
"""The folder, below the store's, of what is being written."""
TAG = "CACHEDIR.TAG"
"""Tells backup programs that everything here can be made again (bford.info/cachedir)."""
TAG_TEXT = (
    b"Signature: 8a477f597d28d172789f06886806bc55\n# Phrases that audioguide has spoken; may be deleted at any time.\n"
)
KINDS = ("clips", "pieces", "gains", "paces", "covers")

_MOST_HEAD = 4096
_CHECKSUM = 16
_USED_S = 24 * 3600
"""How exactly the time of last use is kept."""
_TRIES = 3

Facts = dict[str, str | int | float]


def key_of(*parts: object) -> str:
    """Return the key of everything that makes an entry what it is.

    >>> key_of("clip", 1) == key_of("clip", 1) != key_of("clip1")
    True
    """
    words = json.dumps(parts, ensure_ascii=False, sort_keys=True)
    return sha256(words.encode(errors="surrogatepass")).hexdigest()  # names of files may be no text


class Store:
    """Entries by kind and key below one folder."""

    def __init__(self, folder: Path) -> None:
        """Use folder, which is made when the first entry is written."""
        self.folder = folder
        self._held: dict[tuple[str, str], tuple[Facts, bytes]] = {}
        self._written = False
        self._spare: dict[tuple[str, str], tuple[Facts, bytes]] | None = None
        self._told = False

    def hold(self) -> None:
        """From now on, keep what is written in memory too: somebody takes entries away."""
        self._spare = {} if self._spare is None else self._spare

    def let_go(self) -> None:
        """Hold no longer what stands on the disk."""
        self._spare = None

    def facts(self, kind: str, key: str) -> Facts | None:
        """Return an entry's facts, or None where it is missing or cut short; the body is not read."""
        if held := self._in_memory(kind, key):
            return held[0]
        try:
            with self.path(kind, key).open("rb") as file:
                facts = _facts(kind, key, file.readline(_MOST_HEAD))
                return facts if facts and _marked_used(file) == file.tell() + int(facts["size"]) else None
        except OSError:
            return None

    def read(self, kind: str, key: str) -> tuple[Facts, bytes] | None:
        """Return an entry, or None where it is missing or damaged; a damaged one is removed."""
        if held := self._in_memory(kind, key):
            return held
        path = self.path(kind, key)
        try:
            with path.open("rb") as file:
                _marked_used(file)
                facts = _facts(kind, key, file.readline(_MOST_HEAD))
                body = file.read()
        except OSError:
            return None
        if facts is not None and sha256(body).hexdigest() == facts["sha256"]:
            return facts, body
        with suppress(OSError):  # a cache that is only to read keeps it, and it counts as missing each time
            path.unlink()
        return None

    def write(self, kind: str, key: str, body: bytes, facts: Facts | None = None) -> Facts:
        """Keep an entry and return its facts; where the folder cannot be written, in memory."""
        whole: Facts = {**(facts or {}), "sha256": sha256(body).hexdigest(), "size": len(body)}
        if not self._kept(self.path(kind, key), _head(kind, key, whole) + body):
            self._held[kind, key] = whole, body
        elif self._spare is not None:
            self._spare[kind, key] = whole, body
        return whole

    def is_whole(self, kind: str, key: str, deep: bool) -> bool:
        """Return whether an entry is as it was written, by head and size or, deep, by every byte; it is not used."""
        try:
            with self.path(kind, key).open("rb") as file:
                facts = _facts(kind, key, file.readline(_MOST_HEAD))
                if not facts or os.fstat(file.fileno()).st_size != file.tell() + int(facts["size"]):
                    return False
                return not deep or sha256(file.read()).hexdigest() == facts["sha256"]
        except OSError:
            return False

    def path(self, kind: str, key: str) -> Path:
        """Return where an entry stands."""
        return self.folder / kind / key[:2] / key

    def _in_memory(self, kind: str, key: str) -> tuple[Facts, bytes] | None:
        return self._held.get((kind, key)) or (self._spare or {}).get((kind, key))

    def _kept(self, path: Path, data: bytes) -> bool:
        """Write an entry's file, and return whether it stands; why it does not is told once."""
        try:
            self._keep(path, data)
        except OSError as error:
            if not self._told:
                self._told = True
                advice = "make room there, or choose another folder with --cache DIR"
                tell_unkept(f"the cache cannot be written ({self.folder}: {error.strerror or error})", advice)
            return False
        return True

    def _keep(self, path: Path, data: bytes) -> None:
        """Write an entry's file; a folder that is cleared away meanwhile is made again."""
        for attempt in range(1, _TRIES + 1):
            try:
                self._prepare()
                path.parent.mkdir(parents=True, exist_ok=True)
                return _write(self.folder / PARTS, path, data)
            except FileNotFoundError:
                self._written = False
                if attempt == _TRIES:
                    raise
        raise AssertionError("unreachable")

    def _prepare(self) -> None:
        """Before the first entry, make what stands beside the entries, and sweep out what killed builds left."""
        if self._written:
            return
        new = not self.folder.exists()
        (self.folder / PARTS).mkdir(parents=True, exist_ok=True)
        sweep(self.folder / PARTS)
        if new:  # never in a folder of the user's: backups would leave it out
            _write(self.folder / PARTS, self.folder / TAG, TAG_TEXT)
        self._written = True


class MemoryStore(Store):
    """A store that lives no longer than its process."""

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__(Path(os.devnull))

    def _kept(self, path: Path, data: bytes) -> bool:
        return False


@once
def tell_unkept(why: str, advice: str) -> None:
    """Say, in one line and once, on stderr unless a program has other wishes, that spoken phrases are not kept."""
    import logging

    logging.getLogger("audioguide").warning("%s; this goes on without keeping what is spoken; %s", why, advice)


def _write(parts: Path, path: Path, data: bytes) -> None:
    with Part(parts) as part:
        rest = memoryview(data)
        while rest:
            rest = rest[part.file.write(rest) or 0 :]
        try:
            part.move(path)
        except PermissionError:  # on Windows while another build reads the entry, whose content is the same
            if os.name != "nt" or not path.exists():
                raise


def _marked_used(file: BinaryIO) -> int:
    """Note that an entry is used today, and return its size."""
    status = os.fstat(file.fileno())
    if abs(time.time() - status.st_mtime) > _USED_S:
        with suppress(OSError):  # only to read
            os.utime(file.name)
    return status.st_size


def open_store(cache: str | Path | None) -> Store:
    """Return the store in the folder cache, or in the user's cache folder; in memory, where there is no home for one.

    Raises:
        InputError: cache begins with ~, and there is no home.
    """
    if cache:
        try:
            return Store(Path(cache).expanduser())
        except RuntimeError as error:
            raise InputError(f"--cache {cache}: there is no home folder; write the whole path") from error
    from platformdirs import user_cache_path

    with suppress(OSError, RuntimeError, ValueError):  # there is no home: what is said of that differs by its version
        if (folder := user_cache_path("audioguide", appauthor=False)).is_absolute():
            return Store(folder)
    tell_unkept("there is no home folder", "name a folder with --cache DIR")
    return MemoryStore()


def _head(kind: str, key: str, facts: Facts) -> bytes:
    words = json.dumps(facts, sort_keys=True).encode()
    return _checksum(kind, key, words) + b" " + words + b"\n"


def _checksum(kind: str, key: str, words: bytes) -> bytes:
    return sha256(f"{kind}/{key} ".encode() + words).hexdigest()[:_CHECKSUM].encode()


def _facts(kind: str, key: str, head: bytes) -> Facts | None:
    """Return the facts in an entry's first line, or None where it is another's, or a bit of it is not as written."""
    checksum, _, words = head.removesuffix(b"\n").partition(b" ")
    if checksum != _checksum(kind, key, words):
        return None
    facts: Facts = json.loads(words)
    return facts

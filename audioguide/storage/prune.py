"""Lists and removes cache entries. Only files that the store itself has written are ever counted or removed.

An entry is a regular file KIND/xx/KEY whose KEY begins with xx. Any other file in the folder, and anything reached
through a link, is left alone. If an entry is removed while a build needs it, the build recreates it.
"""

import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from audioguide.core.errors import InputError
from audioguide.storage.part_files import left_behind, sweep
from audioguide.storage.store import KINDS, PARTS, TAG, TAG_TEXT, Store

_PREFIX, _KEY = re.compile("[0-9a-f]{2}"), re.compile("[0-9a-f]{64}")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", re.IGNORECASE)
_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*([mhdw])", re.IGNORECASE)
_BYTES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One entry of the cache."""

    path: Path
    kind: str
    size: int
    """Bytes."""
    used_s: float
    """Time of the last use in seconds since 1970, accurate to one day."""


@dataclass(frozen=True, slots=True)
class Removed:
    """Counts of what was removed from the cache."""

    entries: int = 0
    size: int = 0
    """Bytes of the entries."""
    parts: int = 0
    """Unfinished files of killed builds."""


def parse_size(text: str) -> int:
    """Return a size in bytes.

    >>> parse_size("1G"), parse_size("2.5 MB"), parse_size("800")
    (1000000000, 2500000, 800)

    Raises:
        InputError: text is not a size.
    """
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise InputError(f"{text!r} is not a size; write it like 1G, 500M or 800K")
    return round(float(match[1]) * _BYTES[match[2].upper()])


def parse_age(text: str) -> float:
    """Return an age in seconds.

    >>> parse_age("30d"), parse_age("12h")
    (2592000.0, 43200.0)

    Raises:
        InputError: text is not an age.
    """
    match = _AGE.fullmatch(text.strip())
    if not match:
        raise InputError(f"{text!r} is not an age; write it like 30d, 12h or 2w")
    return float(match[1]) * _SECONDS[match[2].lower()]


def format_size(size: int) -> str:
    """Return a size in bytes for display.

    >>> format_size(812), format_size(2_400_000)
    ('812 bytes', '2.4 MB')
    """
    for letter in "TGMK":
        if size >= _BYTES[letter]:
            return f"{size / _BYTES[letter]:.1f} {letter.replace('K', 'k')}B"
    return f"{size} bytes"


def entries(store: Store) -> list[CacheEntry]:
    """Return all entries of the store, least recently used first."""
    listed = [entry for kind in KINDS for entry in _entries(store.folder / kind, kind)]
    return sorted(listed, key=lambda entry: (entry.used_s, entry.path))


def unfinished(store: Store) -> list[Path]:
    """Return the temporary files that killed builds left in the store."""
    return left_behind(store.folder / PARTS)


def damaged(store: Store, listed: Iterable[CacheEntry], deep: bool = False) -> list[CacheEntry]:
    """Return the damaged ones among these entries, judged by header and size, or with deep by every byte."""
    return [entry for entry in listed if not store.is_intact(entry.kind, entry.path.name, deep)]


def prune(store: Store, max_age_s: float | None = None, max_bytes: int | None = None) -> Removed:
    """Remove entries unused for max_age_s, then the least recently used ones until the rest fits into max_bytes.

    Args:
        store: the cache.
        max_age_s: in seconds since the last use; None: no age limit.
        max_bytes: total size of the entries that remain; None: no size limit.
    """
    listed = entries(store)
    size, removed, oldest_s = sum(entry.size for entry in listed), [], time.time() - (max_age_s or 0)
    for entry in listed:
        too_old = max_age_s is not None and entry.used_s < oldest_s
        too_large = max_bytes is not None and size > max_bytes
        if (too_old or too_large) and _unlink(entry.path):
            removed.append(entry)
            size -= entry.size
    return Removed(len(removed), sum(entry.size for entry in removed), len(sweep(store.folder / PARTS)))


def clear(store: Store) -> Removed:
    """Remove all entries, and the store's folders if nothing else is in them."""
    removed = prune(store, max_bytes=-1)
    for kind in KINDS:
        for folder in (*_folders(store.folder / kind), store.folder / kind):
            _rmdir(folder)
    _rmdir(store.folder / PARTS)
    tag = store.folder / TAG
    with suppress(OSError):
        if not tag.is_symlink() and tag.read_bytes() == TAG_TEXT:
            tag.unlink()
            _rmdir(store.folder)
    return removed


def _entries(folder: Path, kind: str) -> Iterator[CacheEntry]:
    for inner in _folders(folder):
        for item in _scan(inner):
            if _KEY.fullmatch(item.name) and item.name.startswith(inner.name) and item.is_file(follow_symlinks=False):
                with suppress(FileNotFoundError):  # another process has just removed it
                    status = item.stat(follow_symlinks=False)
                    yield CacheEntry(inner / item.name, kind, status.st_size, status.st_mtime)


def _folders(folder: Path) -> list[Path]:
    """Return the folders (xx) that contain the entries of a kind."""
    if folder.is_symlink():
        return []
    return [
        folder / item.name
        for item in _scan(folder)
        if _PREFIX.fullmatch(item.name) and item.is_dir(follow_symlinks=False)
    ]


def _scan(folder: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as items:
            return list(items)
    except OSError:
        return []


def _unlink(path: Path) -> bool:
    """Remove a file; return whether that worked."""
    try:
        path.unlink()
    except OSError:
        return False
    return True


def _rmdir(folder: Path) -> None:
    with suppress(OSError):  # not empty, or a link
        folder.rmdir()

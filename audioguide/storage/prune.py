"""What is in the cache, and what of it may go. Only what the store itself has written is ever counted or removed.

An entry is an ordinary file KIND/xx/KEY with a KEY that begins with xx; whatever else lies in the folder, or is reached
through a link, is somebody else's. A build that loses an entry meanwhile makes it again.
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
    """One file of the store."""

    path: Path
    kind: str
    size: int
    """Bytes."""
    used_s: float
    """When it was last used, to the day, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What was taken out of the cache."""

    entries: int = 0
    size: int = 0
    parts: int = 0
    """Files that killed builds had left unfinished."""


def parse_size(text: str) -> int:
    """Return a size in bytes.

    >>> parse_size("1G"), parse_size("2.5 MB"), parse_size("800")
    (1000000000, 2500000, 800)

    Raises:
        InputError: it is none.
    """
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise InputError(f"{text!r} is no size; write it like 1G, 500M or 800K")
    return round(float(found[1]) * _BYTES[found[2].upper()])


def parse_age(text: str) -> float:
    """Return an age in seconds.

    >>> parse_age("30d"), parse_age("12h")
    (2592000.0, 43200.0)

    Raises:
        InputError: it is none.
    """
    found = _AGE.fullmatch(text.strip())
    if not found:
        raise InputError(f"{text!r} is no age; write it like 30d, 12h or 2w")
    return float(found[1]) * _SECONDS[found[2].lower()]


def size_in_words(size: int) -> str:
    """Return a size as people read it.

    >>> size_in_words(812), size_in_words(2_400_000)
    ('812 bytes', '2.4 MB')
    """
    for letter in "TGMK":
        if size >= _BYTES[letter]:
            return f"{size / _BYTES[letter]:.1f} {letter.replace('K', 'k')}B"
    return f"{size} bytes"


def entries(store: Store) -> list[CacheEntry]:
    """Return what the store holds, the longest unused first."""
    found = [entry for kind in KINDS for entry in _entries(store.folder / kind, kind)]
    return sorted(found, key=lambda entry: (entry.used_s, entry.path))


def unfinished(store: Store) -> list[Path]:
    """Return what killed builds have left in the store."""
    return left_behind(store.folder / PARTS)


def damaged(store: Store, held: Iterable[CacheEntry], deep: bool = False) -> list[CacheEntry]:
    """Return the entries that are not as they were written: by head and size, or deep, by every byte."""
    return [entry for entry in held if not store.is_whole(entry.kind, entry.path.name, deep)]


def prune(store: Store, older_s: float | None = None, most: int | None = None) -> Removed:
    """Remove what was not used for so long, and then what was not used for longest, down to a size.

    Args:
        store: where.
        older_s: seconds; None: as old as it is.
        most: bytes that may stay; None: any.
    """
    held = entries(store)
    size, gone, before = sum(entry.size for entry in held), [], time.time() - (older_s or 0)
    for entry in held:
        too_old = older_s is not None and entry.used_s < before
        too_many = most is not None and size > most
        if (too_old or too_many) and _unlinked(entry.path):
            gone.append(entry)
            size -= entry.size
    return Removed(len(gone), sum(entry.size for entry in gone), len(sweep(store.folder / PARTS)))


def clear(store: Store) -> Removed:
    """Remove every entry, and the folders that are empty then."""
    removed = prune(store, most=-1)
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
                with suppress(FileNotFoundError):  # a build has just replaced it
                    status = item.stat(follow_symlinks=False)
                    yield CacheEntry(inner / item.name, kind, status.st_size, status.st_mtime)


def _folders(folder: Path) -> list[Path]:
    """Return the folders in which a kind's entries stand."""
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


def _unlinked(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True


def _rmdir(folder: Path) -> None:
    with suppress(OSError):  # something else lies there, or it is a link
        folder.rmdir()

"""Writes the page, the sessions and the feed into a folder that any web host can serve.

A list of its own files stands in that folder. What is on the list may be replaced and removed; nothing else is touched.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from audioguide.core.errors import InputError, OutputError
from audioguide.phone.catalogue import Catalogue, Slice, advice, stamp_of
from audioguide.phone.grounding import Groundings
from audioguide.phone.site import FEED, PAGE, Item, site
from audioguide.session.fit import Progress
from audioguide.storage.atomic import Draft, atomic_file, read_at_most
from audioguide.storage.store import Store

OWN = ".audioguide.json"
"""The list."""
_MOST_LIST = 1 << 20
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9_-]+)+")
_URL = re.compile(r"https?://[!-~]+")
_NOT_IN_URL = frozenset('?#@"<>\\^`{|}')
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Published:
    """What was done."""

    sessions: int
    files: int
    size_bytes: int
    written: int
    removed: int
    has_feed: bool


def publish(
    folder: Path,
    to: Path,
    base_url: str,
    store: Store,
    tell: Callable[[str], None],
    progress: Progress | None = None,
) -> Published:
    """Publish the sessions of a folder.

    Args:
        folder: with the sessions.
        to: the folder to write; what publish did not write there itself stays as it is.
        base_url: where that will stand on the web; empty: no feed.
        store: where clips and pieces are kept.
        tell: told in a line what could not be built.
        progress: told how far the speaking is.

    Raises:
        InputError: one of these cannot be used.
        OutputError: a file cannot be written.
    """
    url = read_base_url(base_url)
    _check_places(folder, to)
    entries = Catalogue(folder).look()
    if not entries:
        raise InputError(f"no session stands in {folder}; {advice(folder)}")
    with TemporaryDirectory(prefix="audioguide-", ignore_cleanup_errors=True) as built:
        groundings = Groundings(Path(built), store, folder, tell)
        groundings.build(entries, progress)
        table = site(entries, groundings.tracks, url)
        written, removed = _write(table, to)
    size_bytes = sum(item.size for item in table.values())
    return Published(len(entries), len(table), size_bytes, written, removed, FEED in table)


def read_base_url(text: str) -> str:
    """Return the address below which the files will stand, with a slash at its end; empty where there is none.

    Raises:
        InputError: it is no such address.

    >>> read_base_url("https://example.org/calm"), read_base_url("")
    ('https://example.org/calm/', '')
    """
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        usable = bool(_URL.fullmatch(text) and parts.hostname and not _NOT_IN_URL & set(text) and parts.port != 0)
    except ValueError:
        usable = False
    if not usable:
        words = f"--base-url {text!r} is no address to publish at; write it like https://example.org/sessions/"
        raise InputError(f"{words}, without ? and #")
    return text if text.endswith("/") else f"{text}/"


def _check_places(folder: Path, to: Path) -> None:
    """Refuse places of which one would get into the other.

    Raises:
        InputError: they are such, or there is no place.
    """
    source, target = folder.expanduser().resolve(), to.expanduser().resolve()
    if target == source or source in target.parents or target in source.parents:
        raise InputError(f"--to {to} and {folder} lie in one another; choose a folder apart, such as --to site")
    if target.exists() and not target.is_dir():
        raise InputError(f"--to {to} is no folder; choose another name, such as --to site")
    if not target.parent.is_dir():
        raise InputError(f"--to {to}: there is no folder {to.parent}; make it first")


def _write(table: Mapping[str, Item], to: Path) -> tuple[int, int]:
    """Write a table into a folder, the page last, and remove what is on the list and not in it any more.

    Returns:
        How many files were written, and how many removed.
    """
    own = _listed(to)
    foreign = [name for name in table if _is_there(to / name) and (name not in own or (to / name).is_symlink())]
    if foreign:
        words = f"{to / foreign[0]} is there, and publish has not written it; move it away, or choose another --to"
        raise InputError(words)
    changed = [name for name, item in table.items() if not _is_kept(to / name, item)]
    _list(to, own | table.keys())  # first, so that what is cut off in the middle is known as its own
    for name in sorted(changed, key=lambda name: (name in (PAGE, FEED), name == PAGE)):
        _put(to / name, table[name])
    stale = [name for name in sorted(own - table.keys()) if _is_there(to / name)]
    for name in stale:
        _remove(to / name)
    _list(to, table.keys())
    return len(changed), len(stale)


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _is_kept(path: Path, item: Item) -> bool:
    """Return whether a file needs no writing: these bytes are there, or, where its name stands for no others, as many.

    Raises:
        OutputError: what is there cannot be read.
    """
    try:
        if not path.is_file() or path.stat().st_size != item.size:
            return False
        return item.lasting or path.read_bytes() == item.body
    except OSError as error:
        raise OutputError(f"{path} cannot be read: {error.strerror}; remove it, and publish again") from error


def _put(path: Path, item: Item) -> None:
    try:
        with atomic_file(path, path.suffix) as draft:
            if isinstance(item.body, bytes):
                draft.write(item.body)
            else:
                _copy(item.body, draft)
    except OutputError as error:
        why = getattr(error.__cause__, "strerror", None) or error
        raise OutputError(f"{path} cannot be written ({why}); make room, or choose another --to SITE") from error


def _copy(part: Slice, draft: Draft) -> None:
    try:
        with part.path.open("rb") as file:
            file.seek(part.start)
            left = part.length
            while left and (chunk := file.read(min(left, _CHUNK))):
                draft.write(chunk)
                left -= len(chunk)
        if left or stamp_of(part.path.stat()) != part.stamp:
            raise InputError(f"{part.path} was changed while it was copied; publish again")
    except OSError as error:
        raise InputError(f"{part.path} cannot be read: {error.strerror}") from error


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be removed: {error.strerror}; remove it, and publish again") from error


def _listed(to: Path) -> set[str]:
    """Return the names on the list, of which none can lead out of the folder."""
    path = to / OWN
    try:
        body = json.loads(read_at_most(path, _MOST_LIST) or b"")
        names = {str(name) for name in body["files"]}
    except FileNotFoundError:
        return set()
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        words = f"{path}, the list of what publish wrote, cannot be read; empty the folder, or choose another --to"
        raise InputError(words) from error
    return {name for name in names if _NAME.fullmatch(name)}


def _list(to: Path, names: Iterable[str]) -> None:
    body = {"about": "files that `audioguide publish` wrote here, and may replace", "files": sorted(names)}
    item = Item("application/json", json.dumps(body, indent=1).encode(), "", lasting=False)
    if not _is_kept(to / OWN, item):
        _put(to / OWN, item)

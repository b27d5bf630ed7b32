"""Writes the page, the sessions and the feed into a folder that any web host can serve.

The folder also gets a list of the files that publish wrote. Only files on this list are replaced or removed later.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from audioguide.core.errors import InputError, OutputError
from audioguide.phone.catalogue import Catalogue, advice
from audioguide.phone.grounding import Groundings
from audioguide.phone.site import FEED, PAGE, site
from audioguide.session.fit import Progress
from audioguide.storage.atomic import Draft, atomic_file, read_at_most
from audioguide.storage.file_stamp import FileStamp
from audioguide.storage.store import Store
from audioguide.web.resource import FileSlice, Resource

LIST = ".audioguide.json"
_MAX_LIST = 1 << 20
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9_-]+)+")
_URL = re.compile(r"https?://[!-~]+")
_NOT_IN_URL = frozenset('?#@"<>\\^`{|}')
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Published:
    """What publish() did."""

    sessions: int
    files: int
    """All files of the site, also those that were there already."""
    size_bytes: int
    """Of all files."""
    written: int
    removed: int
    has_feed: bool


def publish(
    folder: Path,
    to: Path,
    base_url: str,
    store: Store,
    warn: Callable[[str], None],
    progress: Progress | None = None,
) -> Published:
    """Publish the sessions of a folder.

    Args:
        folder: contains the sessions.
        to: the folder to write into; files in it that publish did not write are left alone.
        base_url: the URL at which this folder will be served; empty: without a feed.
        store: where clips and pieces are kept.
        warn: called with a line for each reason why a grounding could not be built.
        progress: called while groundings are spoken.

    Raises:
        InputError: one of these cannot be used.
        OutputError: a file cannot be written.
    """
    url = read_base_url(base_url)
    _check_folders(folder, to)
    session_files = Catalogue(folder).scan()
    if not session_files:
        raise InputError(f"there are no sessions in {folder}; {advice(folder)}")
    with TemporaryDirectory(prefix="audioguide-", ignore_cleanup_errors=True) as built:
        groundings = Groundings(Path(built), store, folder, warn)
        groundings.build(session_files, progress)
        table = site(session_files, groundings.tracks, url)
        written, removed = _write(table, to)
    size_bytes = sum(item.size for item in table.values())
    return Published(len(session_files), len(table), size_bytes, written, removed, FEED in table)


def read_base_url(text: str) -> str:
    """Return the URL at which the site will be served, with a slash at its end; empty if none was given.

    Raises:
        InputError: it is not such a URL.

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
        raise InputError(
            f"--base-url {text!r} is not the URL of a folder; write it like https://example.org/sessions/, "
            "without ? and #"
        )
    return text if text.endswith("/") else f"{text}/"


def _check_folders(folder: Path, to: Path) -> None:
    """Check where to publish.

    Raises:
        InputError: one folder contains the other, or the target cannot be created.
    """
    source, target = folder.expanduser().resolve(), to.expanduser().resolve()
    if target == source or source in target.parents or target in source.parents:
        raise InputError(f"--to {to} and {folder} overlap; choose a separate folder, such as --to site")
    if target.exists() and not target.is_dir():
        raise InputError(f"--to {to} is not a folder; choose another name, such as --to site")
    if not target.parent.is_dir():
        raise InputError(f"--to {to}: there is no folder {to.parent}; create it first")


def _write(table: Mapping[str, Resource], to: Path) -> tuple[int, int]:
    """Write a table into a folder, the page last, and remove files of an earlier publish that are not in the table.

    Returns:
        How many files were written, and how many were removed.
    """
    own = _read_list(to)
    foreign = [name for name in table if _exists(to / name) and (name not in own or (to / name).is_symlink())]
    if foreign:
        raise InputError(
            f"{to / foreign[0]} exists, but publish did not write it; move it away, or choose another --to"
        )
    changed = [name for name, resource in table.items() if not _is_current(to / name, resource)]
    _write_list(to, own | table.keys())  # first, so that an interrupted publish knows its own files
    for name in sorted(changed, key=lambda name: (name in (PAGE, FEED), name == PAGE)):
        _put(to / name, table[name])
    stale = [name for name in sorted(own - table.keys()) if _exists(to / name)]
    for name in stale:
        _remove(to / name)
    _write_list(to, table.keys())
    return len(changed), len(stale)


def _exists(path: Path) -> bool:
    """Return whether there is anything at a path, even a broken link."""
    return path.exists() or path.is_symlink()


def _is_current(path: Path, resource: Resource) -> bool:
    """Return whether a file has these bytes already; for an immutable resource the same size is enough.

    Raises:
        OutputError: the file cannot be read.
    """
    try:
        if not path.is_file() or path.stat().st_size != resource.size:
            return False
        return resource.immutable or path.read_bytes() == resource.body
    except OSError as error:
        raise OutputError(f"{path} cannot be read: {error.strerror}; remove it, and publish again") from error


def _put(path: Path, resource: Resource) -> None:
    try:
        with atomic_file(path, path.suffix) as draft:
            if isinstance(resource.body, bytes):
                draft.write(resource.body)
            else:
                _copy(resource.body, draft)
    except OutputError as error:
        reason = getattr(error.__cause__, "strerror", None) or error
        raise OutputError(
            f"{path} cannot be written ({reason}); free some disk space, or choose another --to SITE"
        ) from error


def _copy(source: FileSlice, draft: Draft) -> None:
    try:
        with source.path.open("rb") as file:
            file.seek(source.start)
            remaining = source.length
            while remaining and (chunk := file.read(min(remaining, _CHUNK))):
                draft.write(chunk)
                remaining -= len(chunk)
        if remaining or FileStamp.of(source.path) != source.stamp:
            raise InputError(f"{source.path} was changed while it was copied; publish again")
    except OSError as error:
        raise InputError(f"{source.path} cannot be read: {error.strerror}") from error


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be removed: {error.strerror}; remove it, and publish again") from error


def _read_list(to: Path) -> set[str]:
    """Return the names on the list, without any that could lead out of the folder."""
    path = to / LIST
    try:
        body = json.loads(read_at_most(path, _MAX_LIST) or b"")
        names = {str(name) for name in body["files"]}
    except FileNotFoundError:
        return set()
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise InputError(
            f"{path}, the list of files that publish wrote, cannot be read; empty the folder, or choose another --to"
        ) from error
    return {name for name in names if _NAME.fullmatch(name)}


def _write_list(to: Path, names: Iterable[str]) -> None:
    body = {"about": "files that `audioguide publish` wrote here, and may replace", "files": sorted(names)}
    resource = Resource("application/json", json.dumps(body, indent=1).encode(), "", immutable=False)
    if not _is_current(to / LIST, resource):
        _put(to / LIST, resource)

"""The commands cache info, cache prune and cache clear."""

import json
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from audioguide.cli import options as o
from audioguide.core.errors import InputError
from audioguide.core.plural import counted

if TYPE_CHECKING:
    from audioguide.storage.prune import CacheEntry, Removed
    from audioguide.storage.store import Store

_NO_FOLDER = "no folder: there is no home folder, so nothing is kept; name one with --cache DIR"

app = typer.Typer(help="Show, trim or empty the cache of spoken phrases.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def info(cache: o.Cache = None, as_json: o.Json = False) -> None:
    """Show where the cache is, what is in it, and when it was last used."""
    from audioguide.storage import prune
    from audioguide.storage.store import open_store

    store = open_store(cache)
    entries, unfinished = prune.entries(store), prune.unfinished(store)
    if as_json:
        typer.echo(json.dumps(_as_json(_folder(store), entries, len(unfinished)), indent=1))
        return
    typer.echo(_folder(store) or _NO_FOLDER)
    for kind, (count, size) in _by_kind(entries).items():
        typer.echo(f"  {kind:<7} {count:>7}  {prune.format_size(size)}")
    typer.echo(f"  in all  {len(entries):>7}  {prune.format_size(sum(entry.size for entry in entries))}")
    if entries:
        typer.echo(f"  last used {_day(entries[0])} to {_day(entries[-1])}")
    if unfinished:
        files = counted(len(unfinished), "unfinished file")
        typer.echo(f"  {files} of builds that were killed; the next build removes them")


@app.command()
def prune(
    older_than: Annotated[
        str | None,
        typer.Option("--older-than", metavar="AGE", help="Remove entries not used for this long, such as 30d."),
    ] = None,
    max_size: Annotated[
        str | None,
        typer.Option(
            "--max-size", metavar="SIZE", help="Remove the least recently used until this size is reached, such as 1G."
        ),
    ] = None,
    cache: o.Cache = None,
    as_json: o.Json = False,
) -> None:
    """Remove entries by age or size.

    A build that needs one of them speaks it again.
    """
    from audioguide.storage import prune
    from audioguide.storage.store import open_store

    if older_than is None and max_size is None:
        raise InputError("say what to remove: --older-than 30d or --max-size 1G; for all of it, audioguide cache clear")
    older_s = None if older_than is None else prune.parse_age(older_than)
    most = None if max_size is None else prune.parse_size(max_size)
    store = open_store(cache)
    _show_removed(_folder(store), prune.prune(store, older_s, most), as_json)


@app.command()
def clear(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    cache: o.Cache = None,
    as_json: o.Json = False,
) -> None:
    """Remove all entries, and no other file."""
    from audioguide.storage import prune
    from audioguide.storage.store import open_store

    store = open_store(cache)
    entries = prune.entries(store)
    if entries and not yes:
        if not sys.stdin.isatty():
            raise InputError("this removes every spoken phrase; add --yes")
        size = prune.format_size(sum(entry.size for entry in entries))
        typer.confirm(f"Remove {len(entries)} entries, {size}, from {store.folder}?", abort=True, err=True)
    _show_removed(_folder(store), prune.clear(store), as_json)


def _by_kind(entries: "list[CacheEntry]") -> dict[str, tuple[int, int]]:
    """Return (count, bytes) for each kind."""
    kinds: dict[str, tuple[int, int]] = {}
    for entry in entries:
        count, size = kinds.get(entry.kind, (0, 0))
        kinds[entry.kind] = count + 1, size + entry.size
    return dict(sorted(kinds.items()))


def _folder(store: "Store") -> str | None:
    """Return where a store is, or None if it is in memory."""
    from audioguide.storage.store import MemoryStore

    return None if isinstance(store, MemoryStore) else str(store.folder)


def _as_json(folder: str | None, entries: "list[CacheEntry]", unfinished: int) -> dict[str, object]:
    return {
        "folder": folder,
        "entries": len(entries),
        "bytes": sum(entry.size for entry in entries),
        "kinds": {kind: {"entries": count, "bytes": size} for kind, (count, size) in _by_kind(entries).items()},
        "longest_unused_s": entries[0].used_s if entries else None,
        "last_used_s": entries[-1].used_s if entries else None,
        "unfinished": unfinished,
    }


def _day(entry: "CacheEntry") -> str:
    return time.strftime("%Y-%m-%d", time.localtime(entry.used_s))


def _show_removed(folder: str | None, removed: "Removed", as_json: bool) -> None:
    from audioguide.storage.prune import format_size

    if as_json:
        facts = {"folder": folder, "removed": removed.entries, "bytes": removed.size, "unfinished": removed.parts}
        typer.echo(json.dumps(facts))
        return
    more = f", and {counted(removed.parts, 'unfinished file')}" if removed.parts else ""
    typer.echo(f"{folder or _NO_FOLDER}  removed {removed.entries} entries, {format_size(removed.size)}{more}")

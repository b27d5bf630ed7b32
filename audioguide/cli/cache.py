"""The commands cache info, cache prune, cache clear, and doctor."""

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audioguide.cli import options as o
from audioguide.core.errors import InputError

if TYPE_CHECKING:
    from audioguide.checks.doctor import Diagnosis
    from audioguide.storage.prune import CacheEntry, Removed
    from audioguide.storage.store import Store

_NOWHERE = "no folder: there is no home, so nothing is kept; name a folder with --cache DIR"

app = typer.Typer()
_cache = typer.Typer(
    help="What is kept of spoken phrases: see, trim, or empty it.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(_cache, name="cache")


@_cache.command()
def info(cache: o.Cache = None, as_json: o.Json = False) -> None:
    """Tell where the cache is, what is in it, and since when it was not used."""
    from audioguide.storage import prune
    from audioguide.storage.store import open_store

    store = open_store(cache)
    held, unfinished = prune.entries(store), prune.unfinished(store)
    if as_json:
        typer.echo(json.dumps(_info(_place(store), held, len(unfinished)), indent=1))
        return
    typer.echo(_place(store) or _NOWHERE)
    for kind, (count, size) in _by_kind(held).items():
        typer.echo(f"  {kind:<7} {count:>7}  {prune.format_size(size)}")
    typer.echo(f"  in all  {len(held):>7}  {prune.format_size(sum(entry.size for entry in held))}")
    if held:
        typer.echo(f"  last used {_day(held[0])} to {_day(held[-1])}")
    if unfinished:
        typer.echo(f"  {len(unfinished)} unfinished files of builds that were killed; the next build removes them")


@_cache.command()
def prune(
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="AGE", help="Remove what was not used for so long: 30d, 12h.")
    ] = None,
    max_size: Annotated[
        str | None, typer.Option("--max-size", metavar="SIZE", help="Remove the longest unused down to 1G, 500M.")
    ] = None,
    cache: o.Cache = None,
    as_json: o.Json = False,
) -> None:
    """Remove what was not used for long; what a build needs again is spoken again."""
    from audioguide.storage import prune
    from audioguide.storage.store import open_store

    if older_than is None and max_size is None:
        raise InputError("say what may go: --older-than 30d, or --max-size 1G; or all of it: audioguide cache clear")
    older_s = None if older_than is None else prune.parse_age(older_than)
    most = None if max_size is None else prune.parse_size(max_size)
    store = open_store(cache)
    _tell(_place(store), prune.prune(store, older_s, most), as_json)


@_cache.command()
def clear(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    cache: o.Cache = None,
    as_json: o.Json = False,
) -> None:
    """Remove everything that audioguide keeps there, and nothing else."""
    from audioguide.storage import prune
    from audioguide.storage.store import open_store

    store = open_store(cache)
    held = prune.entries(store)
    if held and not yes:
        if not sys.stdin.isatty():
            raise InputError("this removes every spoken phrase; add --yes")
        size = prune.format_size(sum(entry.size for entry in held))
        typer.confirm(f"Remove {len(held)} entries, {size}, from {store.folder}?", abort=True, err=True)
    _tell(_place(store), prune.clear(store), as_json)


@app.command()
def doctor(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder sessions go to.")] = Path("output"),
    deep: Annotated[bool, typer.Option("--deep", help="Read every byte of the cache as well.")] = False,
    cache: o.Cache = None,
    as_json: o.Json = False,
) -> None:
    """Examine this computer: what works, what does not, and what to do; ends with 1 where a build would fail."""
    from audioguide.checks.doctor import examine, is_fatal

    findings = []
    for finding in examine(cache, out, deep):
        findings.append(finding)
        if not as_json:
            typer.echo(_row(finding))
    if as_json:
        typer.echo(json.dumps([finding.as_json() for finding in findings], indent=1))
    if any(is_fatal(finding) for finding in findings):
        raise typer.Exit(1)


def _row(finding: "Diagnosis") -> str:
    advice = f"; {finding.advice}" if finding.advice else ""
    return f"{finding.state.value:<5} {finding.name}: {finding.words}{advice}"


def _by_kind(held: "list[CacheEntry]") -> dict[str, tuple[int, int]]:
    """Return (how many, bytes) of each kind."""
    kinds: dict[str, tuple[int, int]] = {}
    for entry in held:
        count, size = kinds.get(entry.kind, (0, 0))
        kinds[entry.kind] = count + 1, size + entry.size
    return dict(sorted(kinds.items()))


def _place(store: "Store") -> str | None:
    """Return where a store is, or None where there is no home for one."""
    from audioguide.storage.store import MemoryStore

    return None if isinstance(store, MemoryStore) else str(store.folder)


def _info(folder: str | None, held: "list[CacheEntry]", unfinished: int) -> dict[str, object]:
    return {
        "folder": folder,
        "entries": len(held),
        "bytes": sum(entry.size for entry in held),
        "kinds": {kind: {"entries": count, "bytes": size} for kind, (count, size) in _by_kind(held).items()},
        "longest_unused_s": held[0].used_s if held else None,
        "last_used_s": held[-1].used_s if held else None,
        "unfinished": unfinished,
    }


def _day(entry: "CacheEntry") -> str:
    return time.strftime("%Y-%m-%d", time.localtime(entry.used_s))


def _tell(folder: str | None, removed: "Removed", as_json: bool) -> None:
    from audioguide.storage.prune import format_size

    if as_json:
        facts = {"folder": folder, "removed": removed.entries, "bytes": removed.size, "unfinished": removed.parts}
        typer.echo(json.dumps(facts))
        return
    more = f", and {removed.parts} unfinished files" if removed.parts else ""
    typer.echo(f"{folder or _NOWHERE}  removed {removed.entries} entries, {format_size(removed.size)}{more}")

"""The command publish."""

from pathlib import Path
from typing import Annotated

import typer

from audioguide.cli import options as o
from audioguide.cli.output import note, speaking
from audioguide.core.plural import counted


def publish(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the sessions are.", show_default=False)],
    to: Annotated[Path, typer.Option("--to", metavar="SITE", help="The folder to write.", show_default=False)],
    base_url: Annotated[
        str, typer.Option("--base-url", metavar="URL", help="The web address of SITE; the feed needs it.")
    ] = "",
    cache: o.Cache = None,
) -> None:
    """Write the phone page, sessions and podcast feed for a web host."""
    from audioguide.phone.publish import publish as publish_folder
    from audioguide.storage.store import open_store

    with speaking() as progress:
        done = publish_folder(folder, to, base_url, open_store(cache), note, progress)
    megabytes = f"{done.size_bytes / 1_000_000:.1f} MB"
    typer.echo(f"{to}  {counted(done.sessions, 'session')}, {counted(done.files, 'file')}, {megabytes}")
    note(f"{done.written} written, {done.removed} removed, the others were up to date")
    if not done.has_feed:
        note("no feed: it needs --base-url URL, the web address of SITE")

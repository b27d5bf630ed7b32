"""The commands share and publish."""

import os
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from audioguide.cli import options as o
from audioguide.cli.progress import speaking

app = typer.Typer()

Folder = Annotated[Path, typer.Argument(metavar="[DIR]", help="Where the sessions are.")]


@app.command()
def share(
    folder: Folder = Path("output"),
    local: Annotated[bool, typer.Option("--local", help="For this computer only, not for its network.")] = False,
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="Left open, a free one.", show_default=False)
    ] = 0,
    idle: Annotated[str, typer.Option("--idle", metavar="LENGTH", help="Ends when nothing was asked so long.")] = "2h",
    cache: o.Cache = None,
) -> None:
    """Show the sessions of DIR on a phone of this network: scan the code. Ctrl-C ends it."""
    from audioguide.core.clock import RATE_HZ, parse_length
    from audioguide.phone.share import share as share_folder
    from audioguide.storage.store import open_store
    from audioguide.web import address

    idle_s = parse_length(idle) / RATE_HZ
    at = address.listen(address.LOOPBACK if local else address.private_address(), port)
    shared: list[str] = []

    def announce(url: str, count: int) -> None:
        bar.close()
        shared.append(url)
        _announce(url, count, folder, local)

    try:
        with at[0], ExitStack() as bar:
            progress = bar.enter_context(speaking())
            if share_folder(folder, open_store(cache), at, idle_s, _tell, announce, progress):
                _tell(f"nobody asked for anything for {idle}")
    except KeyboardInterrupt:
        if not shared:
            raise
    _tell("ended; nothing is shared any more")


def _announce(url: str, count: int, folder: Path, local: bool) -> None:
    from audioguide.phone.qr_code import qr_code
    from audioguide.phone.share import HINTS

    typer.echo(url)
    drawn = qr_code(url, coloured="NO_COLOR" not in os.environ)
    if not local and _can_show(drawn, qr_code(url, coloured=False)):
        typer.echo(drawn)
    sessions = f"{count} session{'' if count == 1 else 's'}"
    _tell(f"{sessions} of {folder}; what you build there later appears when the page is loaded again. Ctrl-C ends it.")
    _tell("For a podcast app, write feed.xml behind that address.")
    for hint in HINTS[local:]:
        _tell(hint)


def _can_show(drawn: str, plain: str) -> bool:
    """Return whether someone looks at stdout, and it can show a QR code as wide as this."""
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return False
    try:
        drawn.encode(sys.stdout.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return len(plain.splitlines()[0]) <= shutil.get_terminal_size().columns


@app.command()
def publish(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the sessions are.", show_default=False)],
    to: Annotated[Path, typer.Option("--to", metavar="SITE", help="The folder to write.", show_default=False)],
    base_url: Annotated[
        str, typer.Option("--base-url", metavar="URL", help="Where SITE will stand on the web; the feed needs it.")
    ] = "",
    cache: o.Cache = None,
) -> None:
    """Write the phone page, the sessions and a podcast feed into SITE, for any web host."""
    from audioguide.phone.publish import publish as publish_folder
    from audioguide.storage.store import open_store

    with speaking() as progress:
        done = publish_folder(folder, to, base_url, open_store(cache), _tell, progress)
    sessions = f"{done.sessions} session{'' if done.sessions == 1 else 's'}"
    typer.echo(f"{to}  {sessions}, {done.files} files, {done.size_bytes / 1_000_000:.1f} MB")
    _tell(f"{done.written} written, {done.removed} removed, the others were there")
    if not done.has_feed:
        _tell("no feed: it needs --base-url URL, the address at which SITE will stand")


def _tell(words: str) -> None:
    typer.echo(words, err=True)

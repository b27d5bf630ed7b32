"""The command share."""

import os
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from audioguide.cli import options as o
from audioguide.cli.output import note, speaking
from audioguide.core.plural import counted


def share(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the sessions are.")] = Path("output"),
    local: Annotated[bool, typer.Option("--local", help="Only for this computer, not for its network.")] = False,
    port: Annotated[
        int,
        typer.Option(
            "--port", metavar="N", min=0, max=65535, help="The port.  [default: a free one]", show_default=False
        ),
    ] = 0,
    idle: Annotated[
        str, typer.Option("--idle", metavar="LENGTH", help="Stop after this long without a request.")
    ] = "2h",
    cache: o.Cache = None,
) -> None:
    """Play your sessions on a phone in the same network.

    Scan the QR code with the phone. Ctrl-C ends it.
    """
    from audioguide.core.clock import RATE_HZ, parse_length
    from audioguide.phone.share import share as share_folder
    from audioguide.storage.store import open_store
    from audioguide.web import address

    idle_s = parse_length(idle) / RATE_HZ
    listener, place = address.listen(address.LOOPBACK if local else address.private_address(), port)
    announced: list[str] = []

    def announce(url: str, count: int) -> None:
        bar.close()
        announced.append(url)
        _announce(url, count, folder, local)

    try:
        with listener, ExitStack() as bar:
            progress = bar.enter_context(speaking())
            if share_folder(folder, open_store(cache), (listener, place), idle_s, note, announce, progress):
                note(f"no requests for {idle}")
    except KeyboardInterrupt:
        if not announced:
            raise
    note("stopped; nothing is shared any more")


def _announce(url: str, count: int, folder: Path, local: bool) -> None:
    from audioguide.phone.qr_code import qr_code
    from audioguide.phone.share import HINTS

    typer.echo(url)
    code = qr_code(url, coloured="NO_COLOR" not in os.environ)
    if not local and _can_show(code, qr_code(url, coloured=False)):
        typer.echo(code)
    note(f"{counted(count, 'session')} in {folder}; new ones appear when the page is reloaded. Ctrl-C ends it.")
    note("For a podcast app, add feed.xml to that address.")
    for hint in HINTS[local:]:
        note(hint)


def _can_show(code: str, plain: str) -> bool:
    """Return whether stdout is a terminal that is wide enough for a QR code and can encode it."""
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return False
    try:
        code.encode(sys.stdout.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return len(plain.splitlines()[0]) <= shutil.get_terminal_size().columns

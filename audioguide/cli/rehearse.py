"""The command rehearse."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from audioguide.cli import options as o
from audioguide.cli.build import write_session

if TYPE_CHECKING:
    from audioguide.core.request import Request


@o.for_request
def rehearse(
    request: "Request",
    start: Annotated[
        str | None, typer.Option("--from", metavar="STEP", help="Begin with this step, and go on to the end.")
    ] = None,
    captions: o.Captions = "",
    out: o.Out = None,
    cache: o.Cache = None,
    as_json: o.Json = False,
    verbose: o.Verbose = False,
) -> None:
    """Build a session for proof-listening, with long pauses cut.

    Each pause over 2 s is cut to half a second with a soft tick.
    """
    write_session(replace(request, rehearsal=True, from_step=start), captions, out, cache, as_json, verbose)

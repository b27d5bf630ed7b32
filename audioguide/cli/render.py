"""The command render."""

from typing import TYPE_CHECKING

import typer

from audioguide.cli import options as o

if TYPE_CHECKING:
    from audioguide.core.request import Request


@o.for_request
def render(request: "Request") -> None:
    """Print the text of a session as it will be spoken.

    The text keeps its marks, and is itself a script.
    """
    from audioguide.session import build as sessions

    typer.echo(sessions.render(request), nl=False)

"""The command practices."""

import typer

from audioguide.core.defaults import PRACTICE


def practices() -> None:
    """List the practices and their steps."""
    from audioguide.practice.definition import find_practice, practice_names

    for name in practice_names():
        practice = find_practice(name)
        default = " (default)" if name == PRACTICE else ""
        typer.echo(f"{name}{default}: {practice.description}")
        typer.echo(f"  steps: {', '.join(practice.step_names())}")
        typer.echo(f"  folder: {practice.folder}")

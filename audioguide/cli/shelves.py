"""The command practices."""

import typer

from audioguide.cli import options as o

app = typer.Typer()


@app.command()
def practices() -> None:
    """List the practices and their steps."""
    from audioguide.practice import find_practice, practice_names

    for name in practice_names():
        practice = find_practice(name)
        default = " (default)" if name == o.PRACTICE else ""
        typer.echo(f"{name}{default}: {practice.description}")
        typer.echo(f"  steps: {', '.join(practice.step_names())}")

"""The command practices."""

import typer

from audioguide.practice import DEFAULT, find_practice, practice_names

app = typer.Typer()


@app.command()
def practices() -> None:
    """List the practices and their steps."""
    for name in practice_names():
        practice = find_practice(name)
        default = " (default)" if name == DEFAULT else ""
        typer.echo(f"{name}{default}: {practice.description}")
        typer.echo(f"  steps: {', '.join(practice.step_names())}")
        typer.echo(f"  folder: {practice.folder}")

"""Printing that several commands share: notes on stderr, and the progress of a long task."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.progress import Progress


def note(words: str) -> None:
    """Print a line on stderr; results go to stdout."""
    typer.echo(words, err=True)


def speaking() -> AbstractContextManager[Callable[[int, int], None]]:
    """Yield a function that shows (phrases spoken, phrases to speak)."""
    return counting("speaking")


@contextmanager
def counting(task: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function that shows (done, total) as a bar on stderr, where that is a terminal."""
    bars: list[Progress] = []

    def show(done: int, of: int) -> None:
        if not sys.stderr.isatty():
            return
        if not bars:
            bars.append(_bar())
            bars[0].start()
            bars[0].add_task(task, total=of)
        bars[0].update(bars[0].task_ids[0], completed=done, total=of)

    try:
        yield show
    finally:
        for bar in bars:
            bar.stop()


def _bar() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)

"""Builds the sessions of a list, one file per row; the rows may run in several processes, which share the cache.

Files that are up to date are not written again, so a batch can be stopped at any time and run again. Rows run in any
concurrent.futures.Executor, such as a process pool or the executor of a Dask cluster (see pools.py).
"""

import os
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal
from uuid import uuid4

from audioguide.core.errors import AudioguideError
from audioguide.practice.definition import practice_names
from audioguide.session.batch_list import BatchRow, RejectedRow
from audioguide.session.build import renew
from audioguide.session.pools import Pool
from audioguide.session.resources import thread_resources
from audioguide.speech.voices import voice_names
from audioguide.storage.shelf import is_path
from audioguide.storage.store import open_store


@dataclass(frozen=True, slots=True)
class RowResult:
    """The outcome of a row."""

    line: int
    out: str
    state: Literal["built", "unchanged", "failed"]
    samples: int = 0
    """The session's length."""
    spoken: int = 0
    """Phrases that had to be spoken."""
    message: str = ""
    """If it failed: what is wrong and what to do."""


def run(rows: Sequence[BatchRow | RejectedRow], pool: Pool, cache: str | None) -> Iterator[RowResult]:
    """Build rows, and yield the result of each as soon as it is known.

    The first row of each practice and voice is built before the others, so that the phrases they share are spoken once.
    If a worker dies, the rows that it was building are built again; if that fails too, one at a time.

    Args:
        rows: the rows of a list.
        pool: opens an executor.
        cache: the folder for clips and pieces, as for open_store; all workers must have access to it.
    """
    run_id = uuid4().hex
    yield from (RowResult(row.line, "", "failed", message=row.words) for row in rows if isinstance(row, RejectedRow))
    valid = [_with_absolute_paths(row) for row in rows if isinstance(row, BatchRow)]
    first = {(row.request.practice, row.request.voice, row.request.pace_wpm): row for row in reversed(valid)}
    leaders = sorted(first.values(), key=lambda row: row.line)
    followers = [row for row in valid if row.line not in {leader.line for leader in leaders}]
    build = partial(_build_groups, pool=pool, cache=cache, run_id=run_id)
    lost = yield from build([leaders, followers])
    lost = yield from build([lost])
    for row in lost:
        if (yield from build([[row]])):
            message = "the worker process died while building it"
            yield RowResult(row.line, str(row.out), "failed", message=message)


def _with_absolute_paths(row: BatchRow) -> BatchRow:
    """Return the row for a worker whose current folder may be another one."""
    request = row.request
    practice, voice = _absolute(request.practice, practice_names()), _absolute(request.voice, voice_names())
    return replace(row, request=replace(request, practice=practice, voice=voice), out=row.out.absolute())


def _absolute(name: str, on_shelf: Sequence[str]) -> str:
    is_relative_path = name not in on_shelf and is_path(name) and not name.startswith("~")
    return str(Path(name).absolute()) if is_relative_path else name


def _build_groups(
    groups: Sequence[Sequence[BatchRow]], pool: Pool, cache: str | None, run_id: str
) -> Generator[RowResult, None, list[BatchRow]]:
    """Build groups of rows one after the other; yield results, and return the rows whose worker died."""
    lost: list[BatchRow] = []
    if not any(groups):
        return lost
    with pool() as executor:
        for group in groups:
            futures = _submit(group, executor, cache, run_id)
            lost += group[len(futures) :]
            for future in as_completed(futures):
                row = futures[future]
                try:
                    yield future.result()
                except BrokenExecutor:
                    lost.append(row)
                except Exception as error:  # a bug that one row triggers must not stop the others
                    yield RowResult(row.line, str(row.out), "failed", message=f"{type(error).__name__}: {error}")
    return lost


def _submit(
    rows: Sequence[BatchRow], executor: Executor, cache: str | None, run_id: str
) -> "dict[Future[RowResult], BatchRow]":
    """Return the future of each row; if the executor breaks meanwhile, the remaining rows are missing."""
    futures: dict[Future[RowResult], BatchRow] = {}
    with suppress(BrokenExecutor):
        for row in rows:
            futures[executor.submit(build_row, row, cache, run_id)] = row
    return futures


def build_row(row: BatchRow, cache: str | None, run_id: str) -> RowResult:
    """Build a row in this process and return the result; called by workers, on any thread.

    Args:
        row: the row to build.
        cache: as for open_store.
        run_id: rows of the same run share engines and templates.
    """
    try:
        session, written = renew(row.request, row.out, open_store(cache), row.captions, thread_resources(run_id))
    except (AudioguideError, OSError) as error:
        return RowResult(row.line, str(row.out), "failed", message="; ".join(str(error).splitlines()))
    except SystemExit as stop:  # from the SIGTERM handler; the executor would treat it as a failure of the row
        os._exit(int(stop.code or 0))
    state: Literal["built", "unchanged"] = "built" if written else "unchanged"
    return RowResult(row.line, str(row.out), state, session.timeline.total, session.spoken)

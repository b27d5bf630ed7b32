"""Builds many sessions: each row of a list one file, whichever process builds it; clips and pieces are shared.

What stands already is left as it is, so that a batch can be stopped at any time and run again. Any
concurrent.futures.Executor does: a pool of processes here, or the one of a Dask cluster.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from audioguide.core.errors import AudioguideError, InputError
from audioguide.core.threads import limit_workers
from audioguide.practice.definition import practice_names
from audioguide.session.batch_list import BatchRow, RejectedRow
from audioguide.session.build import renew
from audioguide.session.resources import Resources
from audioguide.speech.voices import voice_names
from audioguide.storage.shelf import is_path
from audioguide.storage.store import open_store

DASK = "dask://"
_END_S = 0.4
"""How long processes that are told to end may take to tidy up."""
_MOST_PROCESSES = 61
"""What Windows lets one process wait for."""
_JOIN_S = 5
"""How long a cluster is looked for."""
_workshops: dict[int, tuple[str, Resources]] = {}
"""By thread: for which run it was opened, since practices may change between runs, and the workshop."""

Pool = Callable[[], AbstractContextManager[Executor]]


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of a row."""

    line: int
    out: str
    state: Literal["built", "unchanged", "failed"]
    samples: int = 0
    """The session's length."""
    spoken: int = 0
    """Phrases that were spoken for it now."""
    words: str = ""
    """What went wrong, and what to do."""


def run(rows: Sequence[BatchRow | RejectedRow], pool: Pool, cache: str | None) -> Iterator[RowResult]:
    """Build rows, and yield what became of each as soon as it is known.

    The first row of each practice and voice is built before the others, so that what they all say is spoken once.
    Where a worker dies, the rows that it took along are built once more, and if one dies again, each by itself.

    Args:
        rows: what to build.
        pool: opens an executor.
        cache: the folder for clips and pieces, as for open_store; all workers must see it.
    """
    order = uuid4().hex
    rows = [_placed(row) if isinstance(row, BatchRow) else row for row in rows]
    yield from (RowResult(row.line, "", "failed", words=row.words) for row in rows if isinstance(row, RejectedRow))
    good = [row for row in rows if isinstance(row, BatchRow)]
    first = {(row.request.practice, row.request.voice, row.request.pace_wpm): row for row in reversed(good)}
    leaders = sorted(first.values(), key=lambda row: row.line)
    followers = [row for row in good if row.line not in {leader.line for leader in leaders}]
    build = partial(_built, pool=pool, cache=cache, order=order)
    lost = yield from build([leaders, followers])
    lost = yield from build([lost])
    for row in lost:
        if (yield from build([[row]])):
            yield RowResult(row.line, str(row.out), "failed", words="the process that built it died")


def _placed(row: BatchRow) -> BatchRow:
    """Return a row whose places are whole paths: it may be built by a process in another folder."""
    request = row.request
    practice, voice = _whole(request.practice, practice_names()), _whole(request.voice, voice_names())
    return replace(row, request=replace(request, practice=practice, voice=voice), out=row.out.absolute())


def _whole(name: str, on_shelf: Sequence[str]) -> str:
    is_place = name not in on_shelf and is_path(name) and not name.startswith("~")
    return str(Path(name).absolute()) if is_place else name


def _built(
    groups: Sequence[Sequence[BatchRow]], pool: Pool, cache: str | None, order: str
) -> Generator[RowResult, None, list[BatchRow]]:
    """Yield what became of rows, one group after the other; return those whose worker died."""
    lost: list[BatchRow] = []
    if not any(groups):
        return lost
    with pool() as executor:
        for group in groups:
            futures = _submitted(group, executor, cache, order)
            lost += group[len(futures) :]
            for future in as_completed(futures):
                row = futures[future]
                try:
                    yield future.result()
                except BrokenExecutor:
                    lost.append(row)
                except Exception as error:  # a bug in one row must not take the others along
                    yield RowResult(row.line, str(row.out), "failed", words=f"{type(error).__name__}: {error}")
    return lost


def _submitted(
    rows: Sequence[BatchRow], executor: Executor, cache: str | None, order: str
) -> "dict[Future[RowResult], BatchRow]":
    """Return who builds which row; where the executor is broken, the last ones are missing."""
    futures: dict[Future[RowResult], BatchRow] = {}
    with suppress(BrokenExecutor):
        for row in rows:
            futures[executor.submit(make, row, cache, order)] = row
    return futures


def make(row: BatchRow, cache: str | None, order: str) -> RowResult:
    """Build a row here and now, and return what became of it; for any process and any thread.

    Args:
        row: what to build.
        cache: as for open_store.
        order: the run that it belongs to.
    """
    try:
        session, written = renew(row.request, row.out, open_store(cache), row.captions, _workshop(order))
    except (AudioguideError, OSError) as error:
        return RowResult(row.line, str(row.out), "failed", words="; ".join(str(error).splitlines()))
    except SystemExit as stop:  # this process is told to end; its executor would take that for the row's failure
        os._exit(int(stop.code or 0))
    state: Literal["built", "unchanged"] = "built" if written else "unchanged"
    return RowResult(row.line, str(row.out), state, session.timeline.total, session.spoken)


def _workshop(order: str) -> Resources:
    held = _workshops.get(threading.get_ident())
    if held and held[0] == order:
        return held[1]
    if held:
        held[1].__exit__()
    _workshops[threading.get_ident()] = order, Resources()
    return _workshops[threading.get_ident()][1]


def forget() -> None:
    """Close the workshops of this process, and the engines in them; for processes that live on."""
    while _workshops:
        _workshops.popitem()[1][1].__exit__()


# --- who builds ---


def find_pool(workers: str) -> Pool:
    """Return what opens an executor: so many processes here, or ``dask://HOST:PORT``.

    Raises:
        InputError: it is neither, or the extra [cluster] is not installed.
    """
    if workers.startswith(DASK):
        return _cluster(workers.removeprefix(DASK))
    if not workers.isdecimal() or not 1 <= int(workers) <= _MOST_PROCESSES:
        raise InputError(f"--workers {workers!r}: give a number from 1 to {_MOST_PROCESSES}, or {DASK}HOST:PORT")
    return lambda: processes(int(workers))


@contextmanager
def processes(count: int) -> Iterator[Executor]:
    """Give a pool of processes, each with one hand; whatever happens, none of them is left running."""
    others = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), initializer=_begin)
    try:
        yield executor
        executor.shutdown()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        _end([child for child in multiprocessing.active_children() if child not in others])


def _end(children: Sequence[BaseProcess]) -> None:
    """End processes: they tidy up, those that do not within _END_S are killed."""
    until = time.monotonic() + _END_S
    for child in children:
        child.terminate()
    for child in children:
        child.join(max(0.0, until - time.monotonic()))
        child.kill()


def _begin() -> None:
    """Make ready a process of the pool: Ctrl-C is the parent's to answer; told to end, it tidies up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    limit_workers(1)


def _cluster(address: str) -> Pool:
    try:
        distributed: Any = import_module("distributed")
    except ImportError as error:
        raise InputError(f"{DASK}{address} needs Dask; `pip install '.[cluster]'`") from error

    @contextmanager
    def joined() -> Iterator[Executor]:
        try:
            client = distributed.Client(f"tcp://{address}", timeout=f"{_JOIN_S}s")
        except (OSError, ValueError) as error:
            raise InputError(f"there is no Dask scheduler at {address}; start one, or leave --workers out") from error
        with client:
            yield client.get_executor()
            client.run(forget)

    return joined

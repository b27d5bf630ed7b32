"""Builds many sessions: each row of a list one file, whichever process builds it; clips and pieces are shared.

What stands already is left as it is, so that a batch can be stopped at any time and run again. Any
concurrent.futures.Executor does: a pool of processes here, or the one of a Dask cluster.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, Literal, NoReturn
from uuid import uuid4

from audioguide.crew import limit_hands
from audioguide.errors import AudioguideError, InputError
from audioguide.roster import Refused, Row
from audioguide.session import renew
from audioguide.store import open_store
from audioguide.workshop import Workshop

DASK = "dask://"
_END_S = 0.4
"""How long processes that are told to end may take to tidy up."""
_JOIN_S = 5
"""How long a cluster is looked for."""
_mine = threading.local()
"""The workshop of this thread, and for which run it was opened: between runs, practices may change."""

Pool = Callable[[], AbstractContextManager[Executor]]


@dataclass(frozen=True, slots=True)
class Outcome:
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


def run(rows: Sequence[Row | Refused], pool: Pool, cache: str | None) -> Iterator[Outcome]:
    """Build rows, and yield what became of each as soon as it is known.

    The first row of each practice and voice is built before the others, so that what they all say is spoken once.
    Where a worker dies, the rows that it took along are built once more, and if one dies again, each by itself.

    Args:
        rows: what to build.
        pool: opens an executor.
        cache: the folder for clips and pieces, as for open_store; all workers must see it.
    """
    order = uuid4().hex
    yield from (Outcome(row.line, "", "failed", words=row.words) for row in rows if isinstance(row, Refused))
    good = [row for row in rows if isinstance(row, Row)]
    first = {(row.request.practice, row.request.voice, row.request.pace_wpm): row for row in reversed(good)}
    leaders = sorted(first.values(), key=lambda row: row.line)
    build = partial(_built, pool=pool, cache=cache, order=order)
    lost = yield from build([leaders, [row for row in good if row not in leaders]])
    lost = yield from build([lost])
    for row in lost:
        if (yield from build([[row]])):
            yield Outcome(row.line, str(row.out), "failed", words="the process that built it died")


def _built(
    groups: Sequence[Sequence[Row]], pool: Pool, cache: str | None, order: str
) -> Generator[Outcome, None, list[Row]]:
    """Yield what became of rows, one group after the other; return those whose worker died."""
    lost: list[Row] = []
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
                    yield Outcome(row.line, str(row.out), "failed", words=f"{type(error).__name__}: {error}")
    return lost


def _submitted(rows: Sequence[Row], executor: Executor, cache: str | None, order: str) -> "dict[Future[Outcome], Row]":
    """Return who builds which row; where the executor is broken, the last ones are missing."""
    futures: dict[Future[Outcome], Row] = {}
    with suppress(BrokenExecutor):
        for row in rows:
            futures[executor.submit(make, row, cache, order)] = row
    return futures


def make(row: Row, cache: str | None, order: str) -> Outcome:
    """Build a row here and now, and return what became of it; for any process and any thread.

    Args:
        row: what to build.
        cache: as for open_store.
        order: the run that it belongs to.
    """
    try:
        session, written = renew(row.request, row.out, open_store(cache), row.captions, _workshop(order))
    except (AudioguideError, OSError) as error:
        return Outcome(row.line, str(row.out), "failed", words="; ".join(str(error).splitlines()))
    state: Literal["built", "unchanged"] = "built" if written else "unchanged"
    return Outcome(row.line, str(row.out), state, session.timeline.total, session.spoken)


def _workshop(order: str) -> Workshop:
    if getattr(_mine, "order", None) != order:
        if held := getattr(_mine, "workshop", None):
            held.__exit__()
        _mine.workshop, _mine.order = Workshop(), order
    workshop: Workshop = _mine.workshop
    return workshop


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


_MOST_PROCESSES = 61
"""What Windows lets one process wait for."""


@contextmanager
def processes(count: int) -> Iterator[Executor]:
    """Give a pool of processes, each with one hand; whatever happens, none of them is left running."""
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(count, context, initializer=_begin)
    try:
        yield executor
        executor.shutdown()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        children = multiprocessing.active_children()
        for child in children:
            child.terminate()
        for child in children:
            child.join(_END_S)
            child.kill()


def _begin() -> None:
    """Make ready a process of the pool: Ctrl-C is the parent's to answer; told to end, it tidies up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    limit_hands(1)


def _end(*_: object) -> NoReturn:
    """End a process of the pool: what it is at tidies up; a pool that takes that for a row's failure does not go on."""
    timer = threading.Timer(_END_S, os._exit, (143,))
    timer.daemon = True
    timer.start()
    sys.exit(143)


def _cluster(address: str) -> Pool:
    try:
        distributed: Any = import_module("distributed")
    except ImportError as error:
        raise InputError(f"{DASK}{address} needs Dask; `pip install 'audioguide[cluster]'`") from error

    @contextmanager
    def joined() -> Iterator[Executor]:
        try:
            client = distributed.Client(f"tcp://{address}", timeout=f"{_JOIN_S}s")
        except (OSError, ValueError) as error:
            raise InputError(f"there is no Dask scheduler at {address}; start one, or leave --workers out") from error
        with client:
            yield client.get_executor()

    return joined

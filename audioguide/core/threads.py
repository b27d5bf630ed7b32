"""Several jobs at once, on threads; results come in the order of the jobs, whichever is done first.

Threads, not processes: what takes time here (the model's runtime, the encoder, numpy, the child of a speech engine)
lets go of the interpreter while it works, so that two threads keep two cores busy (docs/performance.md).
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Generic, TypeVar

_Result = TypeVar("_Result")
_MOST_WORKERS = 8
_LOOK_S = 0.1
"""How often a waiting program looks up: on Windows Ctrl-C is not heard while it waits for a lock."""
_limit = _MOST_WORKERS


def worker_count() -> int:
    """Return how many jobs may run at once: one for each core that this process may use, eight at most."""
    return min(_limit, _cores())


def limit_workers(most: int) -> None:
    """Let no more jobs run at once in this process; for those who run several processes."""
    global _limit  # a bound of the whole process, like its cores
    _limit = max(1, min(most, _MOST_WORKERS))


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_order(jobs: Sequence[Callable[[], _Result]], patience_s: float = float("inf")) -> Iterator[_Result]:
    """Do jobs, several at once, and yield what each returns, in their order.

    Whoever stops asking, or meets an error, has the jobs that have not begun dropped; those that run are left to end.
    The threads never keep the program from ending.

    Args:
        jobs: called without arguments, each once, on any thread.
        patience_s: how long one result is waited for.

    Raises:
        TimeoutError: a job took longer.
        Exception: what a job raised, that of the earliest job that failed.
    """
    work = _JobQueue(jobs)
    try:
        for _ in range(min(worker_count(), len(jobs))):
            _Worker(work).start()
        for result in work.results:
            yield _awaited(result, patience_s)
    finally:
        work.dropped.set()


def run_in_background(job: Callable[[], None]) -> None:
    """Do a job on a thread of its own that nobody waits for; what goes wrong in it shows where its work is missed."""
    if worker_count() > 1:
        _Worker(_JobQueue([job])).start()


def join_all(within_s: float) -> bool:
    """Wait for threads that still work on dropped jobs; return whether all have ended."""
    until = time.monotonic() + within_s
    for thread in _working():
        if thread.is_alive():  # a signal may come while one is just being started, and that cannot be waited for
            thread.join(max(0.0, until - time.monotonic()))
    return not _working()


def _working() -> "list[_Worker]":
    return [thread for thread in threading.enumerate() if isinstance(thread, _Worker)]


def _awaited(result: "Future[_Result]", patience_s: float) -> _Result:
    until = time.monotonic() + patience_s
    while not result.done() and time.monotonic() < until:
        with suppress(TimeoutError):
            return result.result(_LOOK_S)
    return result.result(0)


class _JobQueue(Generic[_Result]):
    """Jobs that are taken one after the other, and their results."""

    def __init__(self, jobs: Sequence[Callable[[], _Result]]) -> None:
        self.results: list[Future[_Result]] = [Future() for _ in jobs]
        self.dropped = threading.Event()
        self._left = iter(zip(jobs, self.results, strict=True))
        self._lock = threading.Lock()

    def take(self) -> "tuple[Callable[[], _Result], Future[_Result]] | None":
        """Return the next job and where its result belongs, or None where there is none."""
        with self._lock:
            return None if self.dropped.is_set() else next(self._left, None)


class _Worker(threading.Thread):
    """A thread that takes jobs until there are none."""

    def __init__(self, work: _JobQueue[Any]) -> None:
        super().__init__(name="audioguide", daemon=True)
        self._work = work

    def run(self) -> None:
        while taken := self._work.take():
            job, result = taken
            try:
                result.set_result(job())
            except BaseException as error:  # handed on to whoever waits for the result
                result.set_exception(error)

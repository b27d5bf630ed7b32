"""Runs jobs on several threads and returns their results in order.

Threads, not processes: the slow parts (the model's runtime, the encoder, numpy, waiting for a speech engine's child
process) release the interpreter lock while they work, so two threads keep two cores busy (docs/performance.md).
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Generic, TypeVar

_Result = TypeVar("_Result")
_MAX_WORKERS = 8
_POLL_S = 0.1
"""Wait at most this long at a time: on Windows, Ctrl-C is not delivered while the main thread waits for a lock."""
_limit = _MAX_WORKERS


def worker_count() -> int:
    """Return how many jobs may run at once: one for each core that this process may use, at most eight."""
    return min(_limit, _cores())


def limit_workers(most: int) -> None:
    """Limit the number of jobs that run at once in this process, for callers that run several processes."""
    global _limit  # applies to the whole process, as its cores do
    _limit = max(1, min(most, _MAX_WORKERS))


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_order(jobs: Sequence[Callable[[], _Result]], timeout_s: float = float("inf")) -> Iterator[_Result]:
    """Run jobs, several at once, and yield their results in the order of jobs.

    If the caller stops iterating or a job fails, pending jobs are cancelled; running jobs finish. The threads are
    daemons, so they do not keep the process alive.

    Args:
        jobs: called without arguments, each once, on any thread.
        timeout_s: how long to wait for one result.

    Raises:
        TimeoutError: a job took longer.
        Exception: raised by a job; if several failed, by the first of them in jobs.
    """
    queue = _JobQueue(jobs)
    try:
        for _ in range(min(worker_count(), len(jobs))):
            _Worker(queue).start()
        for result in queue.results:
            yield _wait(result, timeout_s)
    finally:
        queue.cancelled.set()


def run_in_background(job: Callable[[], None]) -> None:
    """Run a job whose result nothing waits for; on one core, do nothing.

    An exception in it is ignored, so it may only prepare work that the caller would otherwise do later.
    """
    if worker_count() > 1:
        _Worker(_JobQueue([job])).start()


def join_all(within_s: float) -> bool:
    """Wait for worker threads that are still running; return whether all have ended."""
    deadline = time.monotonic() + within_s
    for thread in _workers():
        if thread.is_alive():  # a thread that a signal interrupted while it was starting cannot be joined
            thread.join(max(0.0, deadline - time.monotonic()))
    return not _workers()


def _workers() -> "list[_Worker]":
    return [thread for thread in threading.enumerate() if isinstance(thread, _Worker)]


def _wait(result: "Future[_Result]", timeout_s: float) -> _Result:
    deadline = time.monotonic() + timeout_s
    while not result.done() and time.monotonic() < deadline:
        with suppress(TimeoutError):
            return result.result(_POLL_S)
    return result.result(0)


class _JobQueue(Generic[_Result]):
    """Jobs for workers to take one by one, and a future for the result of each."""

    def __init__(self, jobs: Sequence[Callable[[], _Result]]) -> None:
        self.results: list[Future[_Result]] = [Future() for _ in jobs]
        self.cancelled = threading.Event()
        self._pending = iter(zip(jobs, self.results, strict=True))
        self._lock = threading.Lock()

    def take(self) -> "tuple[Callable[[], _Result], Future[_Result]] | None":
        """Return the next job and the future of its result, or None if no job is left or the queue is cancelled."""
        with self._lock:
            return None if self.cancelled.is_set() else next(self._pending, None)


class _Worker(threading.Thread):
    """A thread that runs jobs from a queue until it is empty."""

    def __init__(self, queue: _JobQueue[Any]) -> None:
        super().__init__(name="audioguide", daemon=True)
        self._queue = queue

    def run(self) -> None:
        while taken := self._queue.take():
            job, result = taken
            try:
                result.set_result(job())
            except BaseException as error:  # raised again by the thread that waits for the result
                result.set_exception(error)

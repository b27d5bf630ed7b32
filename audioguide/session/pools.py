"""Where a batch runs: opens a pool of processes on this computer, or connects to a Dask cluster."""

import multiprocessing
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from multiprocessing.process import BaseProcess
from typing import Any

from audioguide.core.errors import InputError
from audioguide.core.threads import limit_workers
from audioguide.session.resources import close_thread_resources

DASK = "dask://"
_TERMINATE_S = 0.4
"""How long terminated processes have to clean up before they are killed."""
_MAX_PROCESSES = 61
"""Windows cannot wait for more at once."""
_CONNECT_S = 5
"""How long to wait for a cluster's scheduler."""

Pool = Callable[[], AbstractContextManager[Executor]]


def find_pool(workers: str) -> Pool:
    """Return a function that opens an executor.

    Args:
        workers: a number of processes, or ``dask://HOST:PORT``.

    Raises:
        InputError: workers is neither, or the extra [cluster] is not installed.
    """
    if workers.startswith(DASK):
        return _cluster(workers.removeprefix(DASK))
    if not workers.isdecimal() or not 1 <= int(workers) <= _MAX_PROCESSES:
        raise InputError(f"--workers {workers!r}: write a number from 1 to {_MAX_PROCESSES}, or {DASK}HOST:PORT")
    return lambda: process_pool(int(workers))


@contextmanager
def process_pool(count: int) -> Iterator[Executor]:
    """Yield a process pool whose workers use one thread each; on leaving, all its processes have ended."""
    others = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), initializer=_init_worker)
    try:
        yield executor
        executor.shutdown()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        _terminate([child for child in multiprocessing.active_children() if child not in others])


def _terminate(children: Sequence[BaseProcess]) -> None:
    """Terminate processes, and kill those that take longer than _TERMINATE_S to clean up."""
    deadline = time.monotonic() + _TERMINATE_S
    for child in children:
        child.terminate()
    for child in children:
        child.join(max(0.0, deadline - time.monotonic()))
        child.kill()


def _init_worker() -> None:
    """Set up a process of the pool: the parent handles Ctrl-C, and SIGTERM lets the process clean up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    limit_workers(1)


def _cluster(address: str) -> Pool:
    try:
        distributed: Any = import_module("distributed")
    except ImportError as error:
        raise InputError(f"{DASK}{address} needs Dask; `pip install '.[cluster]'`") from error

    @contextmanager
    def connect() -> Iterator[Executor]:
        try:
            client = distributed.Client(f"tcp://{address}", timeout=f"{_CONNECT_S}s")
        except (OSError, ValueError) as error:
            raise InputError(f"there is no Dask scheduler at {address}; start one, or omit --workers") from error
        with client:
            yield client.get_executor()
            client.run(close_thread_resources)

    return connect

"""Waiting for other processes in tests, without any claim about how long they take."""

import time
from collections.abc import Callable

import psutil

PATIENCE_S = 60.0
"""Longer than any step takes on a busy machine; no test waits that long unless something hangs."""


def wait_until(done: Callable[[], bool]) -> bool:
    """Return True as soon as done() does, or False after PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def has_ended(pid: int) -> bool:
    """Return whether a process has ended, even if its parent has not waited for it."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True

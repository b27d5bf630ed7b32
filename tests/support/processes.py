"""Child processes: signals they can receive, how long they take on the machine as it is, and whether any are left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

HANGING_S = 600
"""After this time a process is considered to hang; at a load of 10 per core, a build of a second takes a minute."""

needs_proc = pytest.mark.skipif(
    not Path(f"/proc/self/task/{os.getpid()}/children").exists(), reason="finds child processes through /proc"
)


def accept_signals() -> None:
    """Let a child process receive signals (for preexec_fn).

    A shell starts background jobs with SIGINT ignored, nohup its command with SIGHUP, and pytest passes that on.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def startup_s() -> float:
    """Return how long Python takes now to start and import audioguide, as a unit for times that depend on the load."""
    started_s = time.monotonic()
    subprocess.run([sys.executable, "-c", "import audioguide.session.build"], check=True)
    return time.monotonic() - started_s


def children_of(pid: int) -> list[int]:
    """Return the ids of a process's children in ascending order, which is that of their start."""
    pids: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):  # one file for each thread
        with suppress(OSError):  # the thread has just ended
            pids += map(int, path.read_text().split())
    return sorted(pids)


def find_processes(word: str) -> list[int]:
    """Return the ids of the running processes whose command line contains a word."""
    pids = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # the process has just ended
            if word.encode() in (folder / "cmdline").read_bytes():
                pids.append(int(folder.name))
    return pids


def is_running(pid: int) -> bool:
    """Return whether a process runs; one that has ended does not, even if its parent has not waited for it."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def wait_until(done: Callable[[], bool]) -> bool:
    """Return True as soon as done() does, or False after HANGING_S."""
    deadline = time.monotonic() + HANGING_S
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True

"""Child processes: signals they can receive, how long they take on the machine as it is, and whether any are left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HANGING_S = 600
"""After this time a process is considered to hang; at a load of 10 per core, a build of a second takes a minute."""

needs_proc = pytest.mark.skipif(
    not Path(f"/proc/self/task/{os.getpid()}/children").exists(), reason="finds child processes through /proc"
)


def accept_sigint() -> None:
    """Let a child process receive SIGINT (for preexec_fn).

    A shell starts background jobs with SIGINT ignored, and pytest passes that on to its children.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def startup_s() -> float:
    """Return how long Python takes now to start and import audioguide, as a unit for times that depend on the load."""
    started_s = time.monotonic()
    subprocess.run([sys.executable, "-c", "import audioguide.session.build"], check=True)
    return time.monotonic() - started_s


def children_of(pid: int) -> list[int]:
    """Return the ids of a process's children, in the order of their start."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()] if path.exists() else []


def is_running(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False

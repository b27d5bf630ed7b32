"""Runs a whole process, and returns what it cost: from its start to its end, and the most memory it held."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

CAN_PIN = hasattr(os, "sched_setaffinity")
"""Whether a process can be held to some of the cores; macOS and Windows have no such call."""
CAN_WEIGH = hasattr(os, "wait4")
"""Whether the system tells how much memory a process held at most."""
_TO_MB = 1e-6 if sys.platform == "darwin" else 1.024e-3
"""macOS tells bytes, the others KiB."""
_LEFT_OUT = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONOPTIMIZE")
"""An installed program has its bytecode on disk, so those that are measured may keep theirs."""


@dataclass(frozen=True, slots=True)
class Cost:
    seconds: float
    peak_mb: float
    """Of memory held at once, in the process or a child of it; 0 where the system does not tell."""


def run(command: Sequence[str], cores: int = 2, extra: Mapping[str, str] | None = None) -> Cost:
    """Return what a command cost, held to so many cores, its output thrown away.

    On Linux a new process inherits the peak of the one that started it: this one must stay smaller than any it weighs,
    so it imports no package.

    Raises:
        SystemExit: it failed; with what it said.
    """
    kept = {key: value for key, value in os.environ.items() if key not in _LEFT_OUT}
    with tempfile.TemporaryFile() as said, _held_to(cores):
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, env={**kept, **(extra or {})}
        )
        peak_mb = _ended(process)
        cost = Cost(time.perf_counter() - began, peak_mb)
        if process.returncode:
            said.seek(0)
            sys.exit(f"{' '.join(command)}\nended with {process.returncode}: {said.read().decode(errors='replace')}")
    return cost


def _ended(process: "subprocess.Popen[bytes]") -> float:
    """Wait for the end, and return the peak in MB."""
    if not CAN_WEIGH:
        process.wait()
        return 0.0
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_maxrss * _TO_MB


@contextmanager
def _held_to(cores: int) -> Iterator[None]:
    """Hold this process, and so those that it starts, to the first cores of those it may use."""
    if not CAN_PIN:
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:cores])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)

"""Runs a process, and returns its duration from start to end and its peak memory."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

CAN_PIN = hasattr(os, "sched_setaffinity")
"""Whether a process can be bound to cores; macOS and Windows have no such call."""
CAN_MEASURE_MEMORY = hasattr(os, "wait4")
_TO_MB = 1e-6 if sys.platform == "darwin" else 1.024e-3
"""Factor of ru_maxrss: bytes on macOS, KiB elsewhere."""
_UNSET = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONOPTIMIZE")
"""Not passed on, as an installed program has its bytecode on disk."""


@dataclass(frozen=True, slots=True)
class Cost:
    seconds: float
    peak_mb: float
    """Peak memory of the process or a child of it; 0 if it cannot be measured on this system."""


def run(command: Sequence[str], cores: int = 2, extra: Mapping[str, str] | None = None) -> Cost:
    """Run a command bound to a number of cores, and return its cost.

    On Linux, a new process inherits the peak memory of its parent. This process must stay smaller than those that it
    measures, so it imports no packages.

    Raises:
        SystemExit: the command failed; with what it wrote to stderr.
    """
    environment = {key: value for key, value in os.environ.items() if key not in _UNSET} | dict(extra or {})
    with tempfile.TemporaryFile() as errors, _bound_to(cores):
        started_s = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, env=environment
        )
        peak_mb = _wait(process)
        cost = Cost(time.perf_counter() - started_s, peak_mb)
        if process.returncode:
            errors.seek(0)
            sys.exit(f"{' '.join(command)}\nended with {process.returncode}: {errors.read().decode(errors='replace')}")
    return cost


def _wait(process: "subprocess.Popen[bytes]") -> float:
    """Wait for the process to end, and return its peak memory in MB."""
    if not CAN_MEASURE_MEMORY:
        process.wait()
        return 0.0
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_maxrss * _TO_MB


@contextmanager
def _bound_to(cores: int) -> Iterator[None]:
    """Bind this process, and with it new child processes, to the first of its cores."""
    if not CAN_PIN:
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:cores])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)

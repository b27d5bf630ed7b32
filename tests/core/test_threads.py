import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

from audioguide.core import threads
from audioguide.core.threads import in_order, join_all, limit_workers, worker_count


@pytest.fixture(autouse=True)
def three_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_cores", lambda: 3)


def slow(result: int, delay_s: float) -> int:
    time.sleep(delay_s)
    return result


def test_results_come_in_the_order_of_the_jobs_whichever_finishes_first() -> None:
    jobs = [partial(slow, number, 0.05 - number / 1000) for number in range(20)]
    assert list(in_order(jobs)) == list(range(20))


def test_no_jobs_give_no_results() -> None:
    assert list(in_order([])) == []


def test_as_many_jobs_run_at_once_as_there_are_cores() -> None:
    barrier = threading.Barrier(3, timeout=600)
    assert len(list(in_order([barrier.wait] * 3))) == 3  # each waits for the other two


def test_of_several_errors_that_of_the_first_job_is_raised() -> None:
    def failing(number: int, delay_s: float) -> int:
        time.sleep(delay_s)
        raise ValueError(str(number))

    with pytest.raises(ValueError, match="1"):
        list(in_order([partial(slow, 0, 0), partial(failing, 1, 0.1), partial(failing, 2, 0)]))


class Jobs:
    """A hundred jobs; from number `first_waiting` on, they run until `release()`."""

    def __init__(self, first_waiting: int) -> None:
        self.begun: list[int] = []
        self._first_waiting = first_waiting
        self._released = threading.Event()

    def all(self) -> list[Callable[[], None]]:
        return [partial(self._run, number) for number in range(100)]

    def _run(self, number: int) -> None:
        self.begun.append(number)
        if number >= self._first_waiting:
            self._released.wait()

    def release(self) -> None:
        """Let running jobs finish, and wait for their threads."""
        self._released.set()
        assert join_all(600)


def test_an_error_cancels_pending_jobs() -> None:
    def fail() -> None:
        raise ValueError

    jobs = Jobs(first_waiting=4)
    with pytest.raises(ValueError):
        list(in_order([*jobs.all()[:4], fail, *jobs.all()[4:]]))
    jobs.release()
    assert len(jobs.begun) <= 4 + 3


def test_ending_the_iteration_cancels_pending_jobs() -> None:
    jobs = Jobs(first_waiting=1)
    for _ in in_order(jobs.all()):
        break
    jobs.release()
    assert len(jobs.begun) <= 1 + 3


def test_an_interrupt_while_threads_start_cancels_pending_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = Jobs(first_waiting=0)
    start = threads._Worker.start

    def interrupted(worker: threads._Worker) -> None:
        if jobs.begun:
            raise KeyboardInterrupt
        start(worker)
        while not jobs.begun:
            time.sleep(0.001)

    monkeypatch.setattr(threads._Worker, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(in_order(jobs.all()))
    jobs.release()
    assert jobs.begun == [0]


def test_a_job_that_takes_too_long_raises_a_timeout_error() -> None:
    stop = threading.Event()
    with pytest.raises(TimeoutError):
        list(in_order([stop.wait], timeout_s=0.2))
    assert not join_all(0)
    stop.set()
    assert join_all(600)


def test_a_timeout_error_raised_by_a_job_is_passed_on() -> None:
    def failing() -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        list(in_order([failing]))


def test_the_number_of_workers_can_be_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_limit", 8)
    assert worker_count() == 3
    limit_workers(2)
    assert worker_count() == 2
    limit_workers(0)
    assert worker_count() == 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processes are bound to cores on Linux only")
def test_a_process_bound_to_one_core_has_one_worker() -> None:
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
    code += "from audioguide.core.threads import worker_count; print(worker_count())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"

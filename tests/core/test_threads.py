import os
import subprocess
import sys
import threading
import time
from functools import partial

import pytest

from audioguide.core import threads
from audioguide.core.threads import in_order, join_all, limit_workers, worker_count


@pytest.fixture(autouse=True)
def several_hands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_cores", lambda: 3)


def slow(result: int, for_s: float) -> int:
    time.sleep(for_s)
    return result


def test_results_come_in_the_order_of_the_jobs_whichever_is_done_first() -> None:
    jobs = [partial(slow, number, 0.05 - number / 1000) for number in range(20)]
    assert list(in_order(jobs)) == list(range(20))


def test_no_jobs_have_no_results() -> None:
    assert list(in_order([])) == []


def test_as_many_jobs_run_at_once_as_there_are_hands() -> None:
    together = threading.Barrier(3, timeout=10)
    assert len(list(in_order([together.wait] * 3))) == 3  # each waits for the other two


def test_of_several_errors_the_earliest_in_order_is_raised() -> None:
    def failing(number: int, after_s: float) -> None:
        time.sleep(after_s)
        raise ValueError(str(number))

    with pytest.raises(ValueError, match="1"):
        list(in_order([partial(slow, 0, 0), partial(failing, 1, 0.1), partial(failing, 2, 0)]))


def test_after_an_error_no_other_job_begins() -> None:
    begun: list[int] = []

    def job(number: int) -> None:
        begun.append(number)
        time.sleep(0.01)
        if number == 4:
            raise ValueError

    with pytest.raises(ValueError):
        list(in_order([partial(job, number) for number in range(100)]))
    assert join_all(5) and len(begun) < 20


def test_who_stops_asking_drops_what_has_not_begun() -> None:
    begun: list[int] = []

    def job(number: int) -> None:
        begun.append(number)
        time.sleep(0.01)

    for _ in in_order([partial(job, number) for number in range(100)]):
        break
    assert join_all(5)
    assert len(begun) < 20


def test_who_is_interrupted_while_threads_begin_drops_what_has_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    start = threads._Worker.start

    def interrupted(hand: threads._Worker) -> None:
        if begun:
            raise KeyboardInterrupt
        start(hand)
        while not begun:
            time.sleep(0.001)

    def job(number: int) -> None:
        begun.append(number)
        time.sleep(0.01)

    monkeypatch.setattr(threads._Worker, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(in_order([partial(job, number) for number in range(100)]))
    assert join_all(5) and len(begun) < 20


def test_a_job_that_takes_longer_than_is_waited_for_is_told() -> None:
    stop = threading.Event()
    with pytest.raises(TimeoutError):
        list(in_order([stop.wait], patience_s=0.2))
    assert not join_all(0)
    stop.set()
    assert join_all(5)


def test_a_job_may_raise_a_timeout_of_its_own() -> None:
    def failing() -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        list(in_order([failing]))


def test_the_hands_can_be_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_limit", 8)
    assert worker_count() == 3
    limit_workers(2)
    assert worker_count() == 2
    limit_workers(0)
    assert worker_count() == 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processes are bound to cores on Linux only")
def test_a_process_on_one_core_has_one_hand() -> None:
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
    code += "from audioguide.core.threads import worker_count; print(worker_count())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"

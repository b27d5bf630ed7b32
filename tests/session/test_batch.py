"""Batches, with real processes, some of which are killed."""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support.processes import (
    HANGING_S,
    accept_signals,
    children_of,
    is_running,
    needs_proc,
    startup_s,
    wait_until,
)
from support.scripts import write_practice

from audioguide.checks.verify import verify
from audioguide.core.errors import InputError
from audioguide.session import build as sessions
from audioguide.session import pools
from audioguide.session.batch import RowResult, run
from audioguide.session.batch_list import read_batch_list
from audioguide.session.pools import find_pool, process_pool
from audioguide.session.resources import close_thread_resources
from audioguide.timeline.captions import KINDS

ROOT = Path(__file__).parents[2]
NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn")
SCRIPT = """
# One
Hello, {{ name }}, and welcome to this place.
You may stop, or move, whenever you like.
[rest]
Nothing has to happen here.
Goodbye for today, {{ name }}.
"""


@pytest.fixture
def folder(workplace: Path) -> Path:
    """A folder with a practice, a voice, and a list of six sessions."""
    write_practice(workplace / "mine", 'title = "Mine"\nsteps = ["a"]\n', {"a": SCRIPT})
    shutil.copy(ROOT / "tests" / "support" / "fake.toml", workplace / "fake.toml")
    write_list(workplace, NAMES)
    return workplace


def write_list(folder: Path, names: tuple[str, ...], more: str = "") -> None:
    rows = [f"{name},1,mine,fake.toml,out/{name}.mp3\n" for name in names]
    (folder / "list.csv").write_text("name,length,practice,voice,out\n" + "".join(rows) + more, encoding="utf-8")


def build(folder: Path, workers: int = 2) -> list[RowResult]:
    results = list(run(read_batch_list(folder / "list.csv"), lambda: process_pool(workers), str(folder / "cache")))
    return sorted(results, key=lambda result: result.line)


def states(results: list[RowResult]) -> list[str]:
    return [result.state for result in results]


def command(folder: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "audioguide", "batch", "list.csv", "--cache", str(folder / "cache"), *more]


def parts(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name.endswith(".part")]


def test_a_row_has_the_same_bytes_as_a_single_build(folder: Path) -> None:
    results = build(folder)
    assert states(results) == ["built"] * 6
    assert sum(result.spoken for result in results) == 2 * 6 + 2  # phrases in all sessions are spoken once

    alone = sessions.build(
        "1", practice="mine", voice="fake.toml", settings={"name": "Eve"}, out="eve.mp3", cache=folder / "other"
    )
    assert alone.read_bytes() == (folder / "out" / "Eve.mp3").read_bytes()
    assert verify(folder / "out" / "Ada.mp3").manifest is not None


def test_a_second_run_builds_only_what_is_missing_or_changed(folder: Path) -> None:
    build(folder)
    ben = (folder / "out" / "Ben.mp3").read_bytes()
    times = {path.name: path.stat().st_mtime_ns for path in (folder / "out").iterdir()}
    (folder / "out" / "Ada.mp3").unlink()
    (folder / "out" / "Ben.mp3").write_bytes(ben[:-5_000] + bytes(5_000))
    write_list(folder, NAMES, "Gus,1,mine,fake.toml,out/Gus.mp3\n")

    assert states(build(folder)) == ["built", "built", *["unchanged"] * 4, "built"]
    assert (folder / "out" / "Ben.mp3").read_bytes() == ben
    assert (folder / "out" / "Eve.mp3").stat().st_mtime_ns == times["Eve.mp3"]


def test_a_changed_pronunciation_is_a_change(folder: Path) -> None:
    build(folder)
    (folder / "mine" / "practice.toml").write_text(
        'title = "Mine"\nsteps = ["a"]\n[lexicon]\nplace = "quiet place"\n', encoding="utf-8"
    )
    results = build(folder)
    assert states(results) == ["built"] * 6 and sum(result.spoken for result in results) == 6


def test_an_invalid_row_is_reported_with_its_line_and_the_others_are_built(folder: Path) -> None:
    write_list(folder, NAMES[:2], "🙂,1,mine,fake.toml,out/x.mp3\nGus,0:03,mine,fake.toml,out/y.mp3\nHal,x,,,\n")
    done = subprocess.run(command(folder), capture_output=True, text=True, check=False)
    errors = done.stderr.splitlines()

    assert done.returncode == 1
    assert [line.split(": ")[0] for line in errors] == ["list.csv:4", "list.csv:5", "list.csv:6"]
    assert "cannot read '🙂'" in errors[0] and "this wording takes" in errors[1] and "is not a length" in errors[2]
    assert done.stdout.splitlines()[-1] == "2 built, 0 unchanged, 3 failed"
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["Ada.mp3", "Ben.mp3"]


def test_the_json_report_conforms_to_its_schema(folder: Path) -> None:
    write_list(folder, NAMES[:2], "Hal,x,,,\n")
    done = subprocess.run(command(folder, "--json"), capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)

    jsonschema.validate(report, json.loads((ROOT / "docs" / "batch.schema.json").read_text(encoding="utf-8")))
    assert (report["built"], report["failed"], [row["line"] for row in report["rows"]]) == (2, 1, [2, 3, 4])


def test_a_worker_in_another_folder_builds_the_same_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "elsewhere").mkdir()
    rows = read_batch_list(folder / "list.csv")

    @contextmanager
    def elsewhere() -> Iterator[Executor]:
        with ThreadPoolExecutor(1) as executor:
            monkeypatch.chdir(folder / "elsewhere")
            yield executor
        monkeypatch.chdir(folder)

    assert states(list(run(rows, elsewhere, str(folder / "cache")))) == ["built"] * 6
    assert sorted(path.stem for path in (folder / "out").iterdir()) == sorted(NAMES)
    close_thread_resources()


def test_captions_are_written_next_to_each_session(folder: Path) -> None:
    head, row = "name,length,practice,voice,out,captions\n", "Ada,1,mine,fake.toml,out/Ada.mp3,"
    (folder / "list.csv").write_text(f'{head}{row}"{",".join(KINDS)}"\n')
    build(folder)
    assert {path.suffix for path in (folder / "out").iterdir()} == {".mp3", *(f".{kind}" for kind in KINDS)}


# --- workers that die ---

SLOW = """
import os, sys, time
from audioguide.speech.engines.fake import Fake

class Slow(Fake):
    def speak(self, text, voice):
        time.sleep(0.15)
        if "Cleo" in text and os.environ.get("AUDIOGUIDE_TEST_DIES"):
            os.kill(os.getpid(), 9)
        return super().speak(text, voice)
"""


@pytest.fixture
def slow(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder, with a slow engine as voice, which a package of its own adds to each process."""
    (folder / "plugin").mkdir()
    (folder / "plugin" / "slow_engine.py").write_text(SLOW)
    info = folder / "plugin" / "slow_engine-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slow-engine\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[audioguide.engines]\nslow = slow_engine:Slow\n")
    (folder / "fake.toml").write_text('engine = "slow"\nlanguage = "en"\npace_wpm = 400\ngain_db = 0\n')
    monkeypatch.syspath_prepend(folder / "plugin")
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(folder / "plugin"), *filter(None, [os.getenv("PYTHONPATH")])])
    )
    return folder


def start(slow: Path, workers: str) -> "subprocess.Popen[str]":
    """Return a running batch that has finished its first row."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    batch = subprocess.Popen(command(slow, "--workers", workers), preexec_fn=accept_signals, **pipes)
    assert wait_until((slow / "out" / "Ada.mp3").exists)
    return batch


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_that_is_killed_or_terminated_is_replaced(slow: Path, number: signal.Signals) -> None:
    batch = start(slow, "2")
    os.kill(children_of(batch.pid)[-1], number)

    out, _ = batch.communicate(timeout=HANGING_S)
    assert batch.returncode == 0 and out.splitlines()[-1].endswith("0 failed")
    assert len(list((slow / "out").iterdir())) == 6
    assert all(verify(path).checks[0].passed for path in (slow / "out").iterdir())


def test_other_child_processes_are_not_terminated(folder: Path) -> None:
    other = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(HANGING_S,))
    other.start()
    try:
        build(folder)
        assert other.is_alive()
    finally:
        other.kill()
        other.join()


def test_a_row_that_kills_its_worker_is_reported_and_the_others_are_built(
    slow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIOGUIDE_TEST_DIES", "1")
    results = build(slow)
    assert [result.line for result in results if result.state == "failed"] == [4]
    assert results[2].message == "the worker process died while building it"


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("workers", ["2", "6"])
def test_a_stopped_batch_leaves_no_process_and_no_partial_file(
    slow: Path, number: signal.Signals, workers: str
) -> None:
    batch = start(slow, workers)
    children = children_of(batch.pid)
    batch.send_signal(number)
    sent_s = time.monotonic()
    batch.communicate(timeout=HANGING_S)
    stopping_s = time.monotonic() - sent_s

    assert stopping_s < 5 * max(startup_s(), startup_s())  # on an idle machine, 0.3 s of 1.5 s
    assert batch.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    assert wait_until(lambda: not any(is_running(child) for child in children))
    if stopping_s < pools._TERMINATE_S:  # otherwise, workers may have been killed before they could clean up
        assert parts(slow) == []
    assert all(verify(path).checks[0].passed for path in (slow / "out").glob("*.mp3"))
    assert "built" in states(build(slow)) and states(build(slow)) == ["unchanged"] * 6
    assert parts(slow) == []


# --- a cluster ---


@pytest.fixture
def cluster(slow: Path) -> Iterator[str]:
    """The address of a Dask cluster of two processes."""
    distributed = pytest.importorskip("distributed", reason="needs the extra [cluster]")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        yield cluster.scheduler_address.removeprefix("tcp://")


@needs_proc
@pytest.mark.filterwarnings("default")  # distributed leaves sockets and event loops to the garbage collector
def test_a_cluster_builds_every_row_once_although_a_worker_is_killed(slow: Path, cluster: str) -> None:
    from distributed import Client

    rows = read_batch_list(slow / "list.csv")
    with Client(f"tcp://{cluster}") as client:
        pids = list(client.run(os.getpid).values())
    assert os.getpid() not in pids and len(pids) == 2

    def kill() -> None:
        wait_until((slow / "out" / "Ada.mp3").exists)
        os.kill(pids[0], signal.SIGKILL)

    killing = threading.Thread(target=kill)
    killing.start()
    results = list(run(rows, find_pool(f"dask://{cluster}"), str(slow / "cache")))
    killing.join()

    assert sorted(result.line for result in results) == [2, 3, 4, 5, 6, 7]
    assert {result.state for result in results} <= {"built", "unchanged"}, [result.message for result in results]
    assert all(verify(path).checks[0].passed for path in (slow / "out").iterdir())
    assert states(build(slow)) == ["unchanged"] * 6 and parts(slow) == []


@pytest.mark.parametrize("workers", ["0", "-1", "1.5", "many", "62", ""])
def test_an_invalid_number_of_workers_is_refused(workers: str) -> None:
    with pytest.raises(InputError, match="write a number from 1 to 61, or dask://HOST:PORT"):
        find_pool(workers)


def test_a_missing_cluster_is_reported() -> None:
    pytest.importorskip("distributed", reason="needs the extra [cluster]")
    with pytest.raises(InputError, match=r"no Dask scheduler at 127\.0\.0\.1:1"), find_pool("dask://127.0.0.1:1")():
        pass

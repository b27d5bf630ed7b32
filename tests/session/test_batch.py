"""Many sessions at once: real processes, some of which are killed."""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import jsonschema
import pytest
from support.helpers import write_practice

from audioguide.checks.verify import verify
from audioguide.core.errors import InputError
from audioguide.session import build as sessions
from audioguide.session.batch import RowResult, find_pool, forget, processes, run
from audioguide.session.batch_list import read_batch_list
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
def place(workplace: Path) -> Path:
    """A folder with a practice, a voice, and a list of six clients."""
    write_practice(workplace / "mine", 'title = "Mine"\nsteps = ["a"]\n', {"a": SCRIPT})
    shutil.copy(ROOT / "tests" / "support" / "fake.toml", workplace / "fake.toml")
    write_list(workplace, NAMES)
    return workplace


def write_list(place: Path, names: tuple[str, ...], more: str = "") -> None:
    rows = [f"{name},1,mine,fake.toml,out/{name}.mp3\n" for name in names]
    (place / "list.csv").write_text("name,length,practice,voice,out\n" + "".join(rows) + more, encoding="utf-8")


def built(place: Path, workers: int = 2) -> list[RowResult]:
    outcomes = list(run(read_batch_list(place / "list.csv"), lambda: processes(workers), str(place / "cache")))
    return sorted(outcomes, key=lambda outcome: outcome.line)


def states(outcomes: list[RowResult]) -> list[str]:
    return [outcome.state for outcome in outcomes]


def command(place: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "audioguide", "batch", "list.csv", "--cache", str(place / "cache"), *more]


def temporary(place: Path) -> list[Path]:
    return [path for path in place.rglob("*") if path.name.endswith(".part")]


def test_every_row_becomes_the_session_that_a_build_alone_would_write(place: Path) -> None:
    outcomes = built(place)
    assert states(outcomes) == ["built"] * 6
    assert sum(outcome.spoken for outcome in outcomes) == 2 * 6 + 2  # what all say is spoken once

    alone = sessions.build(
        "1", practice="mine", voice="fake.toml", settings={"name": "Eve"}, out="eve.mp3", cache=place / "other"
    )
    assert alone.read_bytes() == (place / "out" / "Eve.mp3").read_bytes()
    assert verify(place / "out" / "Ada.mp3").made_of is not None


def test_run_again_it_builds_only_what_is_missing_or_changed(place: Path) -> None:
    built(place)
    whole = (place / "out" / "Ben.mp3").read_bytes()
    times = {path.name: path.stat().st_mtime_ns for path in (place / "out").iterdir()}
    (place / "out" / "Ada.mp3").unlink()
    (place / "out" / "Ben.mp3").write_bytes(whole[:-5_000] + bytes(5_000))
    write_list(place, NAMES, "Gus,1,mine,fake.toml,out/Gus.mp3\n")

    assert states(built(place)) == ["built", "built", *["unchanged"] * 4, "built"]
    assert (place / "out" / "Ben.mp3").read_bytes() == whole
    assert (place / "out" / "Eve.mp3").stat().st_mtime_ns == times["Eve.mp3"]


def test_a_word_that_is_said_in_another_way_is_a_change(place: Path) -> None:
    built(place)
    (place / "mine" / "practice.toml").write_text(
        'title = "Mine"\nsteps = ["a"]\n[lexicon]\nplace = "quiet place"\n', encoding="utf-8"
    )
    outcomes = built(place)
    assert states(outcomes) == ["built"] * 6 and sum(outcome.spoken for outcome in outcomes) == 6


def test_a_bad_row_is_told_with_its_line_and_the_others_are_built(place: Path) -> None:
    write_list(place, NAMES[:2], "🙂,1,mine,fake.toml,out/x.mp3\nGus,0:03,mine,fake.toml,out/y.mp3\nHal,x,,,\n")
    done = subprocess.run(command(place), capture_output=True, text=True, check=False)
    errors = done.stderr.splitlines()

    assert done.returncode == 1
    assert [line.split(": ")[0] for line in errors] == ["list.csv:4", "list.csv:5", "list.csv:6"]
    assert "cannot read '🙂'" in errors[0] and "this wording can be" in errors[1] and "is not a length" in errors[2]
    assert done.stdout.splitlines()[-1] == "2 built, 0 unchanged, 3 failed"
    assert sorted(path.name for path in (place / "out").iterdir()) == ["Ada.mp3", "Ben.mp3"]


def test_the_report_for_machines_keeps_to_its_schema(place: Path) -> None:
    write_list(place, NAMES[:2], "Hal,x,,,\n")
    done = subprocess.run(command(place, "--json"), capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)

    jsonschema.validate(report, json.loads((ROOT / "docs" / "batch.schema.json").read_text(encoding="utf-8")))
    assert (report["built"], report["failed"], [row["line"] for row in report["rows"]]) == (2, 1, [2, 3, 4])


def test_a_process_in_another_folder_builds_the_same_files(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "elsewhere").mkdir()
    rows = read_batch_list(place / "list.csv")

    @contextmanager
    def elsewhere() -> Iterator[Executor]:
        with ThreadPoolExecutor(1) as executor:
            monkeypatch.chdir(place / "elsewhere")
            yield executor
        monkeypatch.chdir(place)

    assert states(list(run(rows, elsewhere, str(place / "cache")))) == ["built"] * 6
    assert sorted(path.stem for path in (place / "out").iterdir()) == sorted(NAMES)
    forget()


def test_captions_are_written_beside_each(place: Path) -> None:
    head, row = "name,length,practice,voice,out,captions\n", "Ada,1,mine,fake.toml,out/Ada.mp3,"
    (place / "list.csv").write_text(f'{head}{row}"{",".join(KINDS)}"\n')
    built(place)
    assert {path.suffix for path in (place / "out").iterdir()} == {".mp3", *(f".{kind}" for kind in KINDS)}


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
def slow(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place, and a slow engine that joins every process through its own package."""
    (place / "plugin").mkdir()
    (place / "plugin" / "slow_engine.py").write_text(SLOW)
    info = place / "plugin" / "slow_engine-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slow-engine\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[audioguide.engines]\nslow = slow_engine:Slow\n")
    (place / "fake.toml").write_text('engine = "slow"\nlanguage = "en"\npace_wpm = 400\ngain_db = 0\n')
    monkeypatch.syspath_prepend(place / "plugin")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(place / "plugin"), *filter(None, [os.getenv("PYTHONPATH")])]))
    return place


def soon(is_so: Callable[[], bool], within_s: float = 30) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if is_so():
            return True
        time.sleep(0.02)
    return False


def children_of(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()] if path.exists() else []


def is_there(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds child processes through /proc")


@needs_proc
def test_a_worker_that_is_killed_costs_nothing_but_time(slow: Path) -> None:
    running = subprocess.Popen(command(slow, "--workers", "2"), stdout=subprocess.PIPE, text=True)
    assert soon(lambda: (slow / "out" / "Ada.mp3").exists())
    os.kill(children_of(running.pid)[-1], signal.SIGKILL)

    out, _ = running.communicate(timeout=60)
    assert running.returncode == 0 and out.splitlines()[-1].endswith("0 failed")
    assert all(verify(path).checks[0].passed for path in (slow / "out").iterdir())


@needs_proc
def test_a_worker_that_is_told_to_end_is_replaced(slow: Path) -> None:
    running = subprocess.Popen(command(slow, "--workers", "2"), stdout=subprocess.PIPE, text=True)
    assert soon(lambda: (slow / "out" / "Ada.mp3").exists())
    os.kill(children_of(running.pid)[-1], signal.SIGTERM)

    out, _ = running.communicate(timeout=60)
    assert running.returncode == 0 and out.splitlines()[-1].endswith("0 failed")
    assert len(list((slow / "out").iterdir())) == 6


def test_processes_of_others_are_left_alone(place: Path) -> None:
    other = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,))
    other.start()
    try:
        built(place)
        assert other.is_alive()
    finally:
        other.kill()
        other.join()


def test_a_row_that_kills_its_worker_is_told_and_the_others_are_built(
    slow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIOGUIDE_TEST_DIES", "1")
    outcomes = built(slow)
    assert [outcome.line for outcome in outcomes if outcome.state == "failed"] == [4]
    assert outcomes[2].words == "the process that built it died"


@needs_proc
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("workers", ["2", "6"])
def test_who_is_stopped_leaves_no_process_and_no_half_file(slow: Path, sign: signal.Signals, workers: str) -> None:
    running = subprocess.Popen(command(slow, "--workers", workers), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert soon(lambda: (slow / "out" / "Ada.mp3").exists())
    children = children_of(running.pid)
    running.send_signal(sign)
    start = time.monotonic()
    running.communicate(timeout=10)

    assert time.monotonic() - start < 1.5  # the program itself takes 0.3 s; the machine may be busy
    assert running.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[sign]
    assert soon(lambda: not any(is_there(child) for child in children), 2)
    assert temporary(slow) == []
    assert all(verify(path).checks[0].passed for path in (slow / "out").iterdir())
    assert "built" in states(built(slow)) and states(built(slow)) == ["unchanged"] * 6


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
@pytest.mark.filterwarnings("default")  # the library's own: sockets and loops that it leaves to be collected
def test_a_cluster_finishes_every_row_once_though_a_worker_is_killed(slow: Path, cluster: str) -> None:
    from distributed import Client

    rows = read_batch_list(slow / "list.csv")
    with Client(f"tcp://{cluster}") as client:
        pids = list(client.run(os.getpid).values())
    assert os.getpid() not in pids and len(pids) == 2

    def kill() -> None:
        soon(lambda: (slow / "out" / "Ada.mp3").exists())
        os.kill(pids[0], signal.SIGKILL)

    killing = threading.Thread(target=kill)
    killing.start()
    outcomes = list(run(rows, find_pool(f"dask://{cluster}"), str(slow / "cache")))
    killing.join()

    assert sorted(outcome.line for outcome in outcomes) == [2, 3, 4, 5, 6, 7]
    assert {outcome.state for outcome in outcomes} <= {"built", "unchanged"}, [one.words for one in outcomes]
    assert all(verify(path).checks[0].passed for path in (slow / "out").iterdir())
    assert states(built(slow)) == ["unchanged"] * 6 and temporary(slow) == []


@pytest.mark.parametrize("workers", ["0", "-1", "1.5", "many", "62", ""])
def test_a_wrong_number_of_workers_is_refused(workers: str) -> None:
    with pytest.raises(InputError, match="give a number from 1 to 61, or dask://HOST:PORT"):
        find_pool(workers)


def test_a_cluster_that_is_not_there_is_told() -> None:
    pytest.importorskip("distributed", reason="needs the extra [cluster]")
    with pytest.raises(InputError, match=r"no Dask scheduler at 127\.0\.0\.1:1"), find_pool("dask://127.0.0.1:1")():
        pass

"""Killed and stopped builds, with real processes: nothing that is finished is lost, and nothing is left behind."""

import os
import signal
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import soundfile
from support.faults import Bench, kill_at_random, wait_for
from support.processes import accept_signals, children_of, needs_proc, startup_s
from support.profiles import repeats

from audioguide.storage import prune
from audioguide.storage.part_files import Part

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_builds_killed_at_random_lose_nothing(tmp_path: Path, expected: bytes) -> None:
    """Forty builds, four in the profile `dev`; benchmarks/faults.py kills a thousand."""
    kills = repeats(20)
    benches = [Bench(tmp_path / str(n)) for n in range(2)]
    with ThreadPoolExecutor() as pool:
        within_s = max(pool.map(Bench.cold_build_s, benches))
        for bench in benches:
            bench.out.write_bytes(b"an older session")
        runs = [
            pool.submit(kill_at_random, bench, expected, kills, seed, within_s) for seed, bench in enumerate(benches)
        ]
    reports = [run.result() for run in runs]
    assert [report.errors for report in reports] == [[], []]
    assert sum(report.kills for report in reports) == 2 * kills
    assert sum(report.clips_saved for report in reports) > 0


def test_parts_of_running_builds_are_not_removed_by_other_builds(bench: Bench) -> None:
    with Part(bench.out.parent) as ours, Part(bench.store.folder.parent) as other:
        assert bench.build().code == 0
        assert ours.path.exists() and other.path.exists()
    assert bench.leftovers() == []


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    except OSError:
        return ""  # it has just ended


@pytest.mark.speech
@needs_proc
def test_a_system_voice_whose_worker_is_killed_repeatedly_gives_the_same_session(tmp_path: Path) -> None:
    undisturbed, disturbed = (Bench(tmp_path / name, voice="system") for name in ("undisturbed", "disturbed"))
    assert undisturbed.build().code == 0
    building, killed, clips = disturbed.start(disturbed.arguments()), 0, 0
    while building.poll() is None and killed < 4:
        time.sleep(0.01)
        if len(files(disturbed.store.folder / "clips")) <= clips:
            continue
        workers = [pid for pid in children_of(building.pid) if "engines.system_worker" in command_of(pid)]
        for pid in workers[:1]:
            clips = len(files(disturbed.store.folder / "clips"))
            os.kill(pid, signal.SIGKILL)
            killed += 1
    result = wait_for(building)
    assert (result.code, killed) == (0, 4), result
    assert disturbed.out.read_bytes() == undisturbed.out.read_bytes()
    assert disturbed.processes() == []


@needs_proc
@pytest.mark.parametrize("way", ["SIGINT to the group", "SIGINT alone", "SIGTERM alone", "SIGHUP alone"])
@pytest.mark.parametrize("voice", ["fake", pytest.param("system", marks=pytest.mark.speech)])
def test_a_stopped_build_returns_soon_and_leaves_nothing(bench: Bench, way: str, voice: str) -> None:
    bench = bench if voice == "fake" else Bench(bench.folder, "60", "system")
    number = signal.Signals[way.split()[0]]
    stopping: list[float] = []  # in units of the start of Python, so that the load of the machine does not matter
    for nth in range(6):
        prune.clear(bench.store)
        unit_s = startup_s()
        building = bench.start(bench.arguments(), start_new_session=True, preexec_fn=accept_signals)
        time.sleep(unit_s * (0.4 + 0.25 * nth if voice == "fake" else 2 + 0.4 * nth))
        os.killpg(building.pid, number) if "group" in way else building.send_signal(number)
        sent_s = time.monotonic()
        result = wait_for(building)
        stopped_s = time.monotonic()
        session = bench.out.read_bytes() if bench.out.exists() else b""
        if result.code != 0:  # otherwise it had finished before
            stopping.append((stopped_s - sent_s) / max(unit_s, startup_s()))
            interpreter_starting = "init_import_site" in result.err
            assert interpreter_starting or result.code in (130, 128 + number, -number)
            assert interpreter_starting or "audioguide/cli" not in result.err
            assert session or not result.out
        bench.out.unlink(missing_ok=True)
        if session:  # it was already moved into place, so it must be complete
            assert bench.build().code == 0 and bench.out.read_bytes() == session
            bench.out.unlink()
        assert bench.leftovers() == [] and bench.processes() == []
    assert stopping and statistics.median(stopping) < 4 and max(stopping) < 12


def test_eight_builds_with_one_cache_and_one_output_all_succeed_and_one_of_them_is_kept(bench: Bench) -> None:
    lengths = [f"5:0{n}" for n in range(8)]
    building = [bench.start([*bench.arguments()[:1], length, *bench.arguments()[2:]]) for length in lengths]
    results = [wait_for(each) for each in building]
    assert [result.code for result in results] == [0] * 8, results
    assert bench.leftovers() == []
    length = lengths[round(soundfile.info(bench.out).duration) - 300]
    alone = Bench(bench.folder / "alone", length)
    assert alone.build("--cache", str(bench.store.folder)).code == 0
    assert bench.out.read_bytes() == alone.out.read_bytes()

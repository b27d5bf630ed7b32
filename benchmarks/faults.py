"""Kills and stops builds many times, and prints counts and times: the figures in docs/reliability.md.

python benchmarks/faults.py            # kill -9 a thousand times, a fifth of them in builds of an hour; SIGINT, SIGTERM
python benchmarks/faults.py --kills 40 # a short run
"""

import argparse
import json
import os
import platform
import random
import signal
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.faults import FAKE_VOICE, Bench, KillReport, kill_at_random, wait_for
from support.processes import accept_signals

LENGTHS = {"5": 0.8, "60": 0.2}
"""Length in minutes -> its share of the kills."""
VOICES = {"fake": 0.7, "system": 2.0, "calm": 4.0}
"""Voice -> the latest time after the start of a build at which it is stopped, in seconds."""


def kill(folder: Path, length: str, kills: int, workers: int) -> dict[str, object]:
    """Kill builds at random times, and return what happened."""
    undisturbed = Bench(folder / f"undisturbed-{length}", length)
    cold_s = min(undisturbed.cold_build_s() for _ in range(3))
    expected = undisturbed.out.read_bytes()
    benches = [Bench(folder / f"{length}-{n}", length) for n in range(workers)]
    for bench in benches:
        bench.out.write_bytes(b"an older session")
    with ThreadPoolExecutor(workers) as pool:
        each = round(kills / workers)
        runs = [pool.submit(kill_at_random, bench, expected, each, n, 1.2 * cold_s) for n, bench in enumerate(benches)]
    return {"cold_build_s": round(cold_s, 2), **total([run.result() for run in runs])}


def total(reports: list[KillReport]) -> dict[str, object]:
    return {
        "killed": sum(report.kills for report in reports),
        "builds_checked_after": sum(report.checked for report in reports),
        "clips_found_again": sum(report.clips_saved for report in reports),
        "errors": [error for report in reports for error in report.errors],
    }


def stop(folder: Path, voice: str, within_s: float, count: int) -> dict[str, object]:
    """Stop builds by signals at random times, and return how long they took to end."""
    bench = Bench(folder / voice, "60", FAKE_VOICE if voice == "fake" else voice)
    times, stopping_s, finished = random.Random(1), [], 0
    left: list[str] = []
    for nth in range(count):
        building = bench.start(bench.arguments(), start_new_session=True, preexec_fn=accept_signals)
        time.sleep(times.uniform(0.1, within_s))
        sent_s = time.monotonic()
        (os.killpg, os.kill)[nth % 2](building.pid, (signal.SIGINT, signal.SIGTERM)[nth // 2 % 2])
        if wait_for(building).code != 0:  # otherwise it had finished before
            stopping_s.append(time.monotonic() - sent_s)
            finished += bench.out.exists()
        left += [str(path.relative_to(bench.folder)) for path in bench.leftovers()] + list(map(str, bench.processes()))
        bench.out.unlink(missing_ok=True)
    longest, median = round(max(stopping_s), 3), round(statistics.median(stopping_s), 3)
    return {
        "stopped": len(stopping_s),
        "median_s": median,
        "longest_s": longest,
        "had_just_finished": finished,
        "left": left,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--stops", type=int, default=60, help="how many builds to stop with each voice")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    python = platform.python_version()
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {python}"
    show({"date": str(date.today()), "machine": machine})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for length, share in LENGTHS.items():
            show({f"kill -9, {length} minutes": kill(folder, length, round(options.kills * share), options.workers)})
        for voice, within_s in VOICES.items():
            show({f"stopped by a signal, voice {voice}": stop(folder, voice, within_s, options.stops)})


def show(facts: dict[str, object]) -> None:
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main()

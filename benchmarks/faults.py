"""The long campaign of faults: what docs/reliability.md tells of a machine.

python benchmarks/faults.py            # kill -9 a thousand times, the hour among them; stops by hand; the figures
python benchmarks/faults.py --kills 40 # a short one
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

from audioguide.storage import prune

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.faults import Bench, Killings, ended, kill_at_random

LENGTHS = {"5": 0.8, "60": 0.2}
"""Length in minutes -> its share of the kills."""
VOICES = {"fake": 0.7, "system": 2.0, "calm": 4.0}
"""Voice -> seconds within which a build is stopped."""


def cold_s(bench: Bench) -> float:
    """Return how long a build takes that has everything to do, the quickest of three; its session stays."""
    took_s = []
    for _ in range(3):
        prune.clear(bench.store)
        began = time.monotonic()
        done = bench.build()
        assert done.code == 0, done.err
        took_s.append(time.monotonic() - began)
    return min(took_s)


def kill(folder: Path, length: str, kills: int, workers: int) -> dict[str, object]:
    """Return what so many kills have done."""
    undisturbed = Bench(folder / f"undisturbed-{length}", length)
    took_s = cold_s(undisturbed)
    whole = undisturbed.out.read_bytes()
    benches = [Bench(folder / f"{length}-{n}", length) for n in range(workers)]
    for bench in benches:
        bench.out.write_bytes(b"an older session")
    with ThreadPoolExecutor(workers) as pool:
        each = round(kills / workers)
        runs = [pool.submit(kill_at_random, bench, whole, each, n, 1.2 * took_s) for n, bench in enumerate(benches)]
    return {"cold_build_s": round(took_s, 2), **added([run.result() for run in runs])}


def added(seen: list[Killings]) -> dict[str, object]:
    return {
        "killed": sum(each.kills for each in seen),
        "builds_checked_after": sum(each.checked for each in seen),
        "clips_found_again": sum(each.clips_saved for each in seen),
        "wrong": [words for each in seen for words in each.wrong],
    }


def stop(folder: Path, voice: str, within_s: float, times: int) -> dict[str, object]:
    """Return how long builds take to return that are stopped at random moments, in each way."""
    bench = Bench(folder / voice, "60", *([] if voice == "fake" else [voice]))
    moments, took_s, whole = random.Random(1), [], 0
    left: list[str] = []
    for nth in range(times):
        building = bench.start(bench.arguments(), start_new_session=True)
        time.sleep(moments.uniform(0.1, within_s))
        began = time.monotonic()
        (os.killpg, os.kill)[nth % 2](building.pid, (signal.SIGINT, signal.SIGTERM)[nth // 2 % 2])
        if ended(building).code != 0:  # it had not finished
            took_s.append(time.monotonic() - began)
            whole += bench.out.exists()
        left += [str(path.relative_to(bench.folder)) for path in bench.leftovers()] + list(map(str, bench.living()))
        bench.out.unlink(missing_ok=True)
    longest, median = round(max(took_s), 3), round(statistics.median(took_s), 3)
    return {"stopped": len(took_s), "median_s": median, "longest_s": longest, "had_just_ended": whole, "left": left}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--stops", type=int, default=60, help="how often each voice is stopped by hand")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    python = platform.python_version()
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {python}"
    show({"date": str(date.today()), "machine": machine})
    with tempfile.TemporaryDirectory() as folder:
        for length, share in LENGTHS.items():
            show({f"kill -9, {length} minutes": kill(Path(folder), length, round(asked.kills * share), asked.workers)})
        for voice, within_s in VOICES.items():
            show({f"stopped by hand, voice {voice}": stop(Path(folder), voice, within_s, asked.stops)})


def show(facts: dict[str, object]) -> None:
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main()

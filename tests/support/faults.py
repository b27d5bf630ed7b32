"""Builds that run as processes, to be killed, interrupted or run out of disk; for tests and benchmarks/faults.py."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audioguide.storage import prune
from audioguide.storage.store import PARTS, Store
from support.processes import HANGING_S

FAKE_VOICE = str(Path(__file__).parent / "fake.toml")


@dataclass(frozen=True, slots=True)
class CommandResult:
    code: int
    out: str
    err: str

    @property
    def facts(self) -> dict[str, Any]:
        """The JSON that the command printed."""
        parsed: dict[str, Any] = json.loads(self.out)
        return parsed


@dataclass(frozen=True)
class Bench:
    """A test bench for builds: a folder with a cache, an output and a folder for temporary files."""

    folder: Path
    length: str = "5"
    voice: str = FAKE_VOICE
    environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for folder in (self.temporary, self.out.parent):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def store(self) -> Store:
        return Store(self.folder / "cache")

    @property
    def out(self) -> Path:
        return self.folder / "output" / "session.mp3"

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    def arguments(self, *more: str) -> list[str]:
        """Return the arguments of a build; options in more override the others."""
        arguments = ["build", self.length, "--voice", self.voice, "--cache", str(self.store.folder)]
        return [*arguments, "--out", str(self.out), "--json", *more]

    def start(self, arguments: list[str], **options: Any) -> "subprocess.Popen[str]":
        """Start a command, and return its process."""
        environment = {**os.environ, "TMPDIR": str(self.temporary), **self.environment, **options.pop("env", {})}
        environment = {key: value for key, value in environment.items() if value}
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = [sys.executable, "-m", "audioguide", *arguments]
        return subprocess.Popen(command, env=environment, **pipes, **options)

    def run(self, arguments: list[str], **options: Any) -> CommandResult:
        return wait_for(self.start(arguments, **options))

    def build(self, *more: str, **options: Any) -> CommandResult:
        return self.run(self.arguments(*more), **options)

    def cold_build_s(self) -> float:
        """Build with an empty cache, and return how long that took on the machine as it is."""
        prune.clear(self.store)
        started_s = time.monotonic()
        result = self.build()
        assert result.code == 0, result.err
        return time.monotonic() - started_s

    def clips(self) -> int:
        """Return the number of intact clips in the cache."""
        clips = [entry for entry in prune.entries(self.store) if entry.kind == "clips"]
        return len(clips) - len(prune.damaged(self.store, clips, deep=True))

    def leftovers(self) -> list[Path]:
        """Return files that are neither cache entries nor finished output."""
        parts = [*self.folder.rglob("*.part"), *self.temporary.iterdir()]
        return [*parts, *(path for path in (self.store.folder / PARTS).glob("*") if path not in parts)]

    def processes(self) -> list[int]:
        """Return the ids of running processes that were started here, recognized in /proc by their TMPDIR."""
        mark, pids = f"TMPDIR={self.temporary}\0".encode(), []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # the process has just ended, or belongs to another user
                if mark in (folder / "environ").read_bytes() + b"\0":
                    pids.append(int(folder.name))
        return pids


_HOMELESS = """
import os, pwd, sys

def no_entry(uid):
    raise KeyError(uid)

pwd.getpwuid = no_entry  # as in a container whose user is not in /etc/passwd
for name in ("HOME", "XDG_CACHE_HOME"):
    os.environ.pop(name, None)
sys.argv = ["audioguide", *sys.argv[1:]]
from audioguide.__main__ import main

main()
"""


def homeless(folder: Path, *arguments: str) -> CommandResult:
    """Run a command in a folder as a user who has no home folder."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return wait_for(subprocess.Popen([sys.executable, "-c", _HOMELESS, *arguments], cwd=folder, **pipes))


def wait_for(process: "subprocess.Popen[str]") -> CommandResult:
    out, err = process.communicate(timeout=HANGING_S)
    return CommandResult(process.returncode, out, err)


@dataclass(slots=True)
class KillReport:
    """Counts and errors of a series of kill -9."""

    kills: int = 0
    finished_first: int = 0
    checked: int = 0
    clips_saved: int = 0
    errors: list[str] = field(default_factory=list)


def kill_at_random(bench: Bench, expected: bytes, kills: int, seed: int, within_s: float) -> KillReport:
    """Kill builds at random times, with the same cache and output, and check what they leave.

    Args:
        bench: where to build; its output is an older file at the start.
        expected: the session that an undisturbed build gives.
        kills: how many builds to kill.
        seed: of the random times.
        within_s: the latest time after the start of a build.
    """
    report, times, old = KillReport(), random.Random(seed), bench.out.read_bytes()
    while report.kills < kills:
        building, started_s = bench.start(bench.arguments()), time.monotonic()
        try:
            building.wait(times.uniform(0, within_s))
            within_s = min(
                within_s, time.monotonic() - started_s
            )  # the machine is less busy than when this was measured
        except subprocess.TimeoutExpired:
            building.kill()
        building.communicate()
        report.kills += building.returncode == -9
        report.finished_first += building.returncode != -9
        if bench.out.read_bytes() not in (expected, old):
            report.errors.append("a partial MP3 under its final name")
        if report.kills % 4 == 0 or building.returncode != -9:
            _check(bench, expected, report)
            bench.out.write_bytes(old)
            prune.clear(bench.store)
    return report


def _check(bench: Bench, expected: bytes, report: KillReport) -> None:
    """Build again: the session is right, clips in the cache are used, and leftovers are removed."""
    clips, result = bench.clips(), bench.build()
    facts = result.facts if result.code == 0 else {}
    rules: dict[str, Callable[[], bool]] = {
        f"the next build ended with {result.code}: {result.err}": lambda: result.code == 0,
        "the next session is different": lambda: bench.out.read_bytes() == expected,
        "finished clips were spoken again": lambda: facts["phrases"] - facts["phrases_spoken_now"] == clips,
        f"left behind: {bench.leftovers()}": lambda: not bench.leftovers(),
    }
    report.errors += [error for error, holds in rules.items() if not holds()]
    report.checked += 1
    report.clips_saved += clips

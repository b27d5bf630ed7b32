"""Builds as processes, to be killed, stopped and starved; shared by the tests and the campaign in benchmarks/."""

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

FAKE_VOICE = str(Path(__file__).parent / "fake.toml")
MOST_S = 120


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def facts(self) -> dict[str, Any]:
        """What it told machines."""
        told: dict[str, Any] = json.loads(self.out)
        return told


@dataclass(frozen=True)
class Bench:
    """A place to build in: a cache, an output, a folder for temporary files, all below one."""

    folder: Path
    length: str = "5"
    voice: str = FAKE_VOICE
    environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the folders."""
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
        """Return the arguments of a build; what is given later counts."""
        words = ["build", self.length, "--voice", self.voice, "--cache", str(self.store.folder)]
        return [*words, "--out", str(self.out), "--json", *more]

    def start(self, arguments: list[str], **options: Any) -> "subprocess.Popen[str]":
        """Return a command that has just been started."""
        environment = {**os.environ, "TMPDIR": str(self.temporary), **self.environment, **options.pop("env", {})}
        environment = {key: value for key, value in environment.items() if value}
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = [sys.executable, "-m", "audioguide", *arguments]
        return subprocess.Popen(command, env=environment, **pipes, **options)

    def run(self, arguments: list[str], **options: Any) -> Said:
        """Return how a command ended."""
        return ended(self.start(arguments, **options))

    def build(self, *more: str, **options: Any) -> Said:
        """Return how a build ended."""
        return self.run(self.arguments(*more), **options)

    def clips(self) -> int:
        """Return how many clips are in the cache, whole."""
        held = [entry for entry in prune.entries(self.store) if entry.kind == "clips"]
        return len(held) - len(prune.damaged(self.store, held, deep=True))

    def leftovers(self) -> list[Path]:
        """Return what lies about that is neither an entry of the cache nor a finished file."""
        parts = [*self.folder.rglob("*.part"), *self.temporary.iterdir()]
        return [*parts, *(path for path in (self.store.folder / PARTS).glob("*") if path not in parts)]

    def living(self) -> list[int]:
        """Return the processes that were started here and live still, as /proc tells them."""
        mark, found = f"TMPDIR={self.temporary}\0".encode(), []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has just ended, or is somebody else's
                if mark in (folder / "environ").read_bytes() + b"\0":
                    found.append(int(folder.name))
        return found


_HOMELESS = """
import os, pwd, sys

def nobody(uid):
    raise KeyError(uid)

pwd.getpwuid = nobody  # as in a container whose user has no entry
for name in ("HOME", "XDG_CACHE_HOME"):
    os.environ.pop(name, None)
sys.argv = ["audioguide", *sys.argv[1:]]
from audioguide.__main__ import main

main()
"""


def homeless(folder: Path, *arguments: str) -> Said:
    """Return how a command ended, run in a folder by a user who has no home."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return ended(subprocess.Popen([sys.executable, "-c", _HOMELESS, *arguments], cwd=folder, **pipes))


def ended(process: "subprocess.Popen[str]") -> Said:
    out, err = process.communicate(timeout=MOST_S)
    return Said(process.returncode, out, err)


@dataclass(slots=True)
class Killings:
    """What a campaign of kill -9 has seen."""

    kills: int = 0
    finished_first: int = 0
    checked: int = 0
    clips_saved: int = 0
    wrong: list[str] = field(default_factory=list)


def kill_at_random(bench: Bench, whole: bytes, kills: int, seed: int, within_s: float) -> Killings:
    """Kill builds at random moments, again and again in one cache and over one output, and look at what is left.

    Args:
        bench: where; its output holds an older file at the start.
        whole: the session that must come out.
        kills: how many builds die.
        seed: of the moments.
        within_s: moments lie between the start of a build and this.
    """
    seen, moments, old = Killings(), random.Random(seed), bench.out.read_bytes()
    while seen.kills < kills:
        building = bench.start(bench.arguments())
        time.sleep(moments.uniform(0, within_s))
        building.kill()
        building.communicate()
        seen.kills += building.returncode == -9
        seen.finished_first += building.returncode != -9
        if bench.out.read_bytes() not in (whole, old):
            seen.wrong.append("a partial MP3 under its final name")
        if seen.kills % 4 == 0 or building.returncode != -9:
            _check(bench, whole, seen)
            bench.out.write_bytes(old)
            prune.clear(bench.store)
    return seen


def _check(bench: Bench, whole: bytes, seen: Killings) -> None:
    """Build once undisturbed: it is right, speaks nothing that was spoken, and tidies up."""
    clips, done = bench.clips(), bench.build()
    facts = done.facts if done.code == 0 else {}
    rules: dict[str, Callable[[], bool]] = {
        f"the next build ended with {done.code}: {done.err}": lambda: done.code == 0,
        "the next session is another one": lambda: bench.out.read_bytes() == whole,
        "finished clips were spoken again": lambda: facts["phrases"] - facts["phrases_spoken_now"] == clips,
        f"left behind: {bench.leftovers()}": lambda: not bench.leftovers(),
    }
    seen.wrong += [words for words, holds in rules.items() if not holds()]
    seen.checked += 1
    seen.clips_saved += clips

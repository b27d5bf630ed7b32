"""The same in, the same out: whatever the number of cores, the order of builds and the state of the caches."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import FAKE_VOICE

ONE, ALL = {min(os.sched_getaffinity(0))} if hasattr(os, "sched_getaffinity") else set(), set[int]()


def built(out: Path, cache: Path, voice: str, cores: set[int], *options: str) -> bytes:
    """Return the session of five minutes as a process on these cores builds it."""

    def bind() -> None:
        if cores:
            os.sched_setaffinity(0, cores)

    command = [sys.executable, "-m", "audioguide", "build", "5", "--voice", voice, "--cache", str(cache)]
    command += ["--out", str(out), *options]
    subprocess.run(command, check=True, capture_output=True, preexec_fn=bind if cores else None)
    return out.read_bytes()


def remove(cache: Path, *kinds: str) -> None:
    for kind in kinds:
        shutil.rmtree(cache / kind)


WAYS: dict[str, Callable[[Path, Path, str], bytes]] = {
    "on one core": lambda out, cache, voice: built(out, cache.with_name("one"), voice, ONE),
    "on all cores": lambda out, cache, voice: built(out, cache.with_name("all"), voice, ALL),
    "with everything at hand": lambda out, cache, voice: built(out, cache, voice, ALL),
    "with the clips only": lambda out, cache, voice: (remove(cache, "pieces", "covers"), built(out, cache, voice, ALL))[
        1
    ],
    "with the pieces only": lambda out, cache, voice: (remove(cache, "clips"), built(out, cache, voice, ONE))[1],
    "after another one": lambda out, cache, voice: (
        built(out, cache.with_name("other"), voice, ALL, "--guidance", "brief", "--ending", "sleep"),
        built(out, cache.with_name("other"), voice, ALL),
    )[1],
}


@pytest.fixture(
    scope="module",
    params=[FAKE_VOICE, *(pytest.param(name, marks=pytest.mark.speech) for name in ("calm", "system"))],
    ids=["fake", "calm", "system"],
)
def undisturbed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, bytes]:
    """A voice, the cache after a build in it, and what was built."""
    folder = tmp_path_factory.mktemp("same")
    return request.param, folder / "cache", built(folder / "first.mp3", folder / "cache", request.param, ALL)


@pytest.mark.parametrize("way", WAYS)
def test_a_session_is_the_same_to_the_bit(way: str, undisturbed: tuple[str, Path, bytes], tmp_path: Path) -> None:
    voice, cache, first = undisturbed
    own = Path(shutil.copytree(cache, tmp_path / "cache"))
    assert WAYS[way](tmp_path / "again.mp3", own, voice) == first

"""The same request gives the same bytes on any number of cores, after any builds and with any state of the cache."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import FAKE_VOICE

ONE, ALL = {min(os.sched_getaffinity(0))} if hasattr(os, "sched_getaffinity") else set(), set[int]()


def build(out: Path, cache: Path, voice: str, cores: set[int], *options: str) -> bytes:
    """Return a session of five minutes, built by a process on these cores."""

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


def with_clips_only(out: Path, cache: Path, voice: str) -> bytes:
    remove(cache, "pieces", "covers")
    return build(out, cache, voice, ALL)


def with_pieces_only(out: Path, cache: Path, voice: str) -> bytes:
    remove(cache, "clips")
    return build(out, cache, voice, ONE)


def after_another_session(out: Path, cache: Path, voice: str) -> bytes:
    build(out, cache.with_name("other"), voice, ALL, "--guidance", "brief", "--ending", "sleep")
    return build(out, cache.with_name("other"), voice, ALL)


WAYS: dict[str, Callable[[Path, Path, str], bytes]] = {
    "on one core": lambda out, cache, voice: build(out, cache.with_name("one"), voice, ONE),
    "on all cores": lambda out, cache, voice: build(out, cache.with_name("all"), voice, ALL),
    "with everything cached": lambda out, cache, voice: build(out, cache, voice, ALL),
    "with the clips only": with_clips_only,
    "with the pieces only": with_pieces_only,
    "after another session": after_another_session,
}


@pytest.fixture(
    scope="module",
    params=[FAKE_VOICE, *(pytest.param(name, marks=pytest.mark.speech) for name in ("calm", "system"))],
    ids=["fake", "calm", "system"],
)
def first(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, bytes]:
    """A voice, the cache after a build with it, and the session."""
    folder = tmp_path_factory.mktemp("same")
    return request.param, folder / "cache", build(folder / "first.mp3", folder / "cache", request.param, ALL)


@pytest.mark.parametrize("way", WAYS)
def test_a_session_has_the_same_bytes(way: str, first: tuple[str, Path, bytes], tmp_path: Path) -> None:
    voice, cache, session = first
    own = Path(shutil.copytree(cache, tmp_path / "cache"))
    assert WAYS[way](tmp_path / "second.mp3", own, voice) == session

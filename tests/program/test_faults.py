"""Full disks, damaged files, failing engines and unusual folders, with real processes: finished work is not lost."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.faults import Bench, CommandResult, homeless
from support.scripts import write_practice

from audioguide.core.clock import RATE_HZ
from audioguide.core.request import Request
from audioguide.session.build import write
from audioguide.storage.store import Store

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals and resource limits")


@pytest.fixture
def warm(undisturbed: Bench) -> list[str]:
    """Options of a build that finds everything in the cache."""
    return ["--cache", str(undisturbed.store.folder)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB: enough for one session, or for some of the clips."""
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(disk)], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting is not allowed here; the tests with a limit on file sizes cover the same errors")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def is_one_line(text: str) -> bool:
    return text.count("\n") == 1 and text.endswith("\n") and "Traceback" not in text


# --- a full disk ---


def test_a_full_output_disk_is_reported_in_one_line_and_the_old_session_is_kept(
    bench: Bench, small_disk: Path, expected: bytes
) -> None:
    out = small_disk / "session.mp3"
    out.write_bytes(expected[:2_000_000])
    done = bench.build("--out", str(out))
    assert done.code == 1 and is_one_line(done.err)
    assert "No space left" in done.err and "free some disk space" in done.err
    assert out.read_bytes() == expected[:2_000_000]
    assert [path.name for path in small_disk.iterdir()] == ["session.mp3"]


def test_a_full_cache_disk_does_not_stop_a_build(bench: Bench, small_disk: Path, expected: bytes) -> None:
    done = bench.build("--cache", str(small_disk))
    assert done.code == 0 and is_one_line(done.err)
    assert "No space left" in done.err and "without saving" in done.err and "--cache DIR" in done.err
    assert bench.out.read_bytes() == expected
    assert not list(small_disk.rglob("*.part"))
    second = bench.build("--cache", str(small_disk)).facts
    assert 0 < second["phrases_spoken_now"] < second["phrases"]
    assert bench.out.read_bytes() == expected


def limited(max_bytes: int) -> dict[str, Any]:
    """Return options for Popen that limit the size of the files that a process writes."""
    import resource

    return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, max_bytes))}


def test_an_output_beyond_the_file_size_limit_is_reported_in_one_line_and_the_old_session_is_kept(
    bench: Bench,
) -> None:
    bench.out.write_bytes(b"old")
    done = bench.build(**limited(2_000_000))
    assert done.code == 1 and is_one_line(done.err) and "free some disk space" in done.err
    assert bench.out.read_bytes() == b"old"
    assert bench.leftovers() == []


def test_cache_entries_beyond_the_file_size_limit_do_not_stop_a_build(bench: Bench) -> None:
    text = " ".join(["rest"] * 100)
    arguments = ["say", text, "--voice", bench.voice, "--cache", str(bench.store.folder), "--out", str(bench.out)]
    done = bench.run(arguments, **limited(1_000_000))
    assert done.code == 0 and is_one_line(done.err) and "without saving" in done.err
    limited_output = bench.out.read_bytes()
    assert bench.run(arguments).code == 0
    assert bench.out.read_bytes() == limited_output
    assert bench.leftovers() == []


# --- a cache that cannot be written ---


@pytest.mark.parametrize("cache", ["a file", "below a file", "/proc/audioguide", "/dev/null"])
def test_a_cache_that_cannot_be_written_does_not_stop_a_build(bench: Bench, expected: bytes, cache: str) -> None:
    file = bench.folder / "file"
    file.write_bytes(b"theirs")
    folder = {"a file": file, "below a file": file / "cache"}.get(cache, Path(cache))
    done = bench.build("--cache", str(folder))
    assert done.code == 0 and is_one_line(done.err)
    assert str(folder) in done.err and "without saving" in done.err
    assert bench.out.read_bytes() == expected
    assert file.read_bytes() == b"theirs"


def test_a_read_only_cache_is_used_and_does_not_stop_a_build(bench: Bench, small_disk: Path, expected: bytes) -> None:
    bench.build("--cache", str(small_disk))
    before = {path: path.read_bytes() for path in small_disk.rglob("*") if path.is_file()}
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = bench.build("--cache", str(small_disk))
    assert done.code == 0 and is_one_line(done.err) and "Read-only" in done.err
    assert 0 < done.facts["phrases_spoken_now"] < done.facts["phrases"]
    assert bench.out.read_bytes() == expected
    assert {path: path.read_bytes() for path in small_disk.rglob("*") if path.is_file()} == before


# --- each cache entry damaged in turn ---

TOML = 'title = "Two lines"\nsteps = ["begin"]\n'
SCRIPT = "# Begin\n\nWelcome. It is quiet for a while now.\n[rest]\n[bell]\nThank you for lying down.\n"
DAMAGES: dict[str, Callable[[bytes, bytes], bytes]] = {
    "truncated": lambda data, other: data[: len(data) // 2],
    "zeroed": lambda data, other: bytes(len(data)),
    "bit-flipped in the middle": lambda data, other: flipped(data, len(data) // 2),
    "bit-flipped in the header": lambda data, other: flipped(data, 30),
    "bit-flipped at the end": lambda data, other: flipped(data, len(data) - 1),
    "empty": lambda data, other: b"",
    "swapped": lambda data, other: other,
}


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_cache_entry_damaged_in_turn_is_recreated_and_never_used(tmp_path: Path, damage: str) -> None:
    store, out = Store(tmp_path / "cache"), tmp_path / "session.mp3"
    hum = tmp_path / "hum.toml"
    hum.write_text('engine = "fake"\npace_wpm = 300\n', encoding="utf-8")  # its gain is measured, and cached
    practice = write_practice(tmp_path / "practice", TOML, {"begin": SCRIPT})
    request = Request(60 * RATE_HZ, practice=str(practice), voice=str(hum))

    def build() -> bytes:
        write(request, out, store)
        return out.read_bytes()

    session = build()
    entries = {path: path.read_bytes() for kind in ("clips", "pieces", "gains") for path in files(store.folder / kind)}
    used_every_time = [path for path in entries if "clips" not in path.parts]
    assert len(entries) > 20 and len(used_every_time) > 5
    for path, data in entries.items():
        others = [entry for entry in entries if entry.parts[-3] == path.parts[-3] and entry != path]
        path.write_bytes(DAMAGES[damage](data, entries[(others or used_every_time)[0]]))
        assert build() == session, path
        if path in used_every_time:
            assert path.read_bytes() == data, path
    shutil.rmtree(store.folder / "pieces")  # so that every clip is used
    shutil.rmtree(store.folder / "gains")
    assert build() == session
    assert {path: path.read_bytes() for path in entries} == entries


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


# --- engines that fail ---

PLUGIN = '''
"""An engine that fails TIMES times for each text, in the way named by FAULT."""

import math, os, struct
from audioguide.speech.engine import Recording
from audioguide.speech.engines.fake import Fake

fault, times = os.environ["FAULT"], int(os.environ["TIMES"])


class Broken(Fake):
    def __init__(self):
        self.failed = {}

    def speak(self, text, voice):
        good = super().speak(text, voice)
        self.failed[text] = self.failed.get(text, 0) + 1
        if self.failed[text] > times or "quiet" not in text:
            return good
        return {
            "empty": lambda: Recording(b"", 24_000),
            "NaN": lambda: Recording(struct.pack("<h", int(math.nan)), 24_000),
            "NaN cast to samples": lambda: Recording(b"\\x00\\x80" * 60_000, 24_000),
            "silence": lambda: Recording(bytes(len(good.pcm)), 24_000),
            "rate 0": lambda: Recording(good.pcm, 0),
            "rate 2 GHz": lambda: Recording(good.pcm, 2_000_000_000),
            "half a second": lambda: Recording(good.pcm[:24_000], 24_000),
            "half a second and silence": lambda: Recording(good.pcm[:24_000] + bytes(200_000), 24_000),
            "two minutes": lambda: Recording(good.pcm * 60, 24_000),
            "nothing at all": lambda: None,
            "a bug": lambda: 1 / 0,
        }[fault]()
'''
FAULTS = ("empty", "NaN", "NaN cast to samples", "silence", "rate 0", "rate 2 GHz", "half a second")
MORE_FAULTS = ("half a second and silence", "two minutes", "nothing at all", "a bug")


@pytest.fixture(scope="module")
def plugged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to put on the Python path, with the package of an engine and a practice."""
    folder = tmp_path_factory.mktemp("plugged")
    (folder / "broken_engine.py").write_text(PLUGIN, encoding="utf-8")
    info = folder / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[audioguide.engines]\nbroken = broken_engine:Broken\n", encoding="utf-8")
    (folder / "broken.toml").write_text('engine = "broken"\npace_wpm = 110\ngain_db = 0\n', encoding="utf-8")
    write_practice(folder / "practice", TOML, {"begin": SCRIPT.replace("a while now", "a good while from now on, yes")})
    return folder


def build_plugged(folder: Path, bench: Bench, fault: str, times: int) -> CommandResult:
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH", "")])])
    arguments = ["build", "1:30", "--practice", str(folder / "practice"), "--voice", str(folder / "broken.toml")]
    arguments += ["--cache", str(bench.store.folder), "--out", str(bench.out), "--json"]
    return bench.run(arguments, env={"PYTHONPATH": path, "FAULT": fault, "TIMES": str(times)})


def test_an_engine_fault_is_retried_or_reported_with_its_line_and_never_heard(plugged: Path, tmp_path: Path) -> None:
    correct = Bench(tmp_path / "correct")
    assert build_plugged(plugged, correct, "empty", 0).code == 0

    def errors(fault: str) -> list[str]:
        temporary, permanent = Bench(tmp_path / f"{fault} twice"), Bench(tmp_path / f"{fault} always")
        recovered = build_plugged(plugged, temporary, fault, 2)
        failed = build_plugged(plugged, permanent, fault, 99)
        rules = {
            f"did not recover: {recovered.err}": recovered.code == 0,
            "sounds different": recovered.code != 0 or temporary.out.read_bytes() == correct.out.read_bytes(),
            f"ended with {failed.code}": failed.code == 1 and is_one_line(failed.err),
            f"named no line: {failed.err}": f"{plugged / 'practice'}/begin.md.j2:3: voice broken" in failed.err,
            "left an MP3": not permanent.out.exists(),
            f"left {permanent.leftovers()}": not permanent.leftovers(),
        }
        return [f"{fault}: {error}" for error, holds in rules.items() if not holds]

    with ThreadPoolExecutor(2) as pool:
        assert [error for found in pool.map(errors, FAULTS + MORE_FAULTS) for error in found] == []


# --- unusual folders and names ---


@pytest.mark.parametrize("home", ["/proc/nowhere", "a file"])
def test_a_home_that_cannot_be_written_does_not_stop_a_build(bench: Bench, expected: bytes, home: str) -> None:
    file = bench.folder / "file"
    file.write_bytes(b"")
    arguments = [word for word in bench.arguments() if word not in ("--cache", str(bench.store.folder))]
    environment = {"HOME": str(file) if home == "a file" else home, "XDG_CACHE_HOME": ""}
    done = bench.run(arguments, env=environment)
    assert done.code == 0 and is_one_line(done.err) and "without saving" in done.err
    assert bench.out.read_bytes() == expected


def test_a_missing_home_does_not_stop_a_build_and_no_folder_named_tilde_is_created(
    bench: Bench, expected: bytes
) -> None:
    arguments = [word for word in bench.arguments() if word not in ("--cache", str(bench.store.folder))]
    done = homeless(bench.folder, *arguments)
    assert done.code == 0 and is_one_line(done.err) and "no home folder" in done.err
    assert bench.out.read_bytes() == expected
    assert sorted(path.name for path in bench.folder.iterdir()) == ["output", "tmp"]


@pytest.mark.parametrize("voice", ["fake", pytest.param("system", marks=pytest.mark.speech)])
def test_a_missing_temporary_folder_does_not_stop_say(bench: Bench, voice: str) -> None:
    arguments = ["say", "Rest here.", "--cache", str(bench.store.folder), "--out", str(bench.out)]
    arguments += ["--voice", bench.voice if voice == "fake" else voice]
    done = bench.run(arguments, env={"TMPDIR": "/proc/nowhere"})
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("output", ["default", "relative", "absolute"])
def test_a_removed_current_folder_is_reported_if_it_is_needed(
    bench: Bench, expected: bytes, warm: list[str], output: str
) -> None:
    gone = bench.folder / "gone"

    def go_and_remove() -> None:
        gone.mkdir()
        os.chdir(gone)
        gone.rmdir()

    arguments = ["build", "5", "--voice", bench.voice, *warm]
    arguments += {"default": [], "relative": ["--out", "a.mp3"], "absolute": ["--out", str(bench.out)]}[output]
    done = bench.run(arguments, preexec_fn=go_and_remove)
    if output == "absolute":
        assert done.code == 0
        assert bench.out.read_bytes() == expected
    else:
        assert done.code == 1 and is_one_line(done.err)
        assert "current folder" in done.err and "cd " in done.err


@pytest.mark.parametrize("name", ["Stille für Zoë — 静けさ 🧘.mp3", "x" * 251 + ".mp3", " spaced .mp3", "-dash.mp3"])
def test_unusual_and_very_long_names(bench: Bench, expected: bytes, warm: list[str], name: str) -> None:
    out = bench.out.parent / name
    done = bench.build(*warm, f"--out={out}")
    assert (done.code, done.err) == (0, "")
    assert out.read_bytes() == expected


@pytest.mark.parametrize("left", [10, 3_000])
def test_a_path_near_the_systems_limit_gives_a_session_or_a_one_line_error(
    bench: Bench, expected: bytes, warm: list[str], left: int
) -> None:
    """left: characters between the length of the folder's path and PATH_MAX."""
    deep, length = bench.folder, 4_096 - left
    parent = os.open(deep, os.O_RDONLY)
    while length - len(os.fsencode(deep)) > 1:
        name = "d" * min(200, length - len(os.fsencode(deep)) - 1)
        os.mkdir(name, dir_fd=parent)
        inner = os.open(name, os.O_RDONLY, dir_fd=parent)
        os.close(parent)
        parent, deep = inner, deep / name
    os.close(parent)
    done = bench.build(*warm, "--out", str(deep / "s.mp3"))
    assert "Traceback" not in done.err and done.code == (0 if left == 3_000 else 1)
    assert done.code == 0 or is_one_line(done.err)
    cached = bench.build("--cache", str(deep))
    assert cached.code == 0 and (left == 3_000 or is_one_line(cached.err))
    assert bench.out.read_bytes() == expected
    subprocess.run(["rm", "-rf", str(bench.folder / deep.relative_to(bench.folder).parts[0])], check=True)

"""Nothing finished is lost: real processes, real signals, real full disks."""

import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import soundfile
from support.faults import Bench, Said, ended, homeless, kill_at_random
from support.helpers import write_practice

from audioguide.core.clock import RATE_HZ
from audioguide.core.request import Request
from audioguide.session.build import write
from audioguide.storage.part_files import Part
from audioguide.storage.store import Store

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="faults by signals and limits of POSIX")
needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("undisturbed"))
    assert bench.build().code == 0
    return bench


@pytest.fixture(scope="module")
def whole(undisturbed: Bench) -> bytes:
    """The session that every build of five minutes must give, whatever happened before."""
    return undisturbed.out.read_bytes()


@pytest.fixture
def warm(undisturbed: Bench) -> list[str]:
    """The options of a build that has nothing left to speak."""
    return ["--cache", str(undisturbed.store.folder)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB: room for one session, or for some of the clips."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(disk)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("mounting is not allowed here; the limit on file sizes stands in for it")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def is_one_line(text: str) -> bool:
    return text.count("\n") == 1 and text.endswith("\n") and "Traceback" not in text


# --- kill -9 ---


def test_a_hundred_builds_killed_at_random_lose_nothing(tmp_path: Path, whole: bytes) -> None:
    benches = [Bench(tmp_path / str(n)) for n in range(2)]
    for bench in benches:
        bench.out.write_bytes(b"an older session")
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(kill_at_random, bench, whole, 50, seed, 0.8) for seed, bench in enumerate(benches)]
    seen = [run.result() for run in runs]
    assert [each.wrong for each in seen] == [[], []]
    assert sum(each.kills for each in seen) == 100
    assert sum(each.clips_saved for each in seen) > 0


def test_a_part_that_a_living_build_writes_outlives_all_other_builds(bench: Bench) -> None:
    with Part(bench.out.parent) as ours, Part(bench.store.folder.parent) as other:
        assert bench.build().code == 0
        assert ours.path.exists() and other.path.exists()
    assert bench.leftovers() == []


# --- a full disk ---


def test_an_output_disk_that_is_full_is_told_in_a_line_and_keeps_the_old_session(
    bench: Bench, small_disk: Path, whole: bytes
) -> None:
    out = small_disk / "session.mp3"
    out.write_bytes(whole[:2_000_000])
    done = bench.build("--out", str(out))
    assert done.code == 1 and is_one_line(done.err)
    assert "No space left" in done.err and "make room" in done.err
    assert out.read_bytes() == whole[:2_000_000]
    assert [path.name for path in small_disk.iterdir()] == ["session.mp3"]


def test_a_cache_disk_that_is_full_stops_no_session(bench: Bench, small_disk: Path, whole: bytes) -> None:
    done = bench.build("--cache", str(small_disk))
    assert done.code == 0 and is_one_line(done.err)
    assert "No space left" in done.err and "without saving" in done.err and "--cache DIR" in done.err
    assert bench.out.read_bytes() == whole
    assert not list(small_disk.rglob("*.part"))
    again = bench.build("--cache", str(small_disk)).facts
    assert 0 < again["phrases_spoken_now"] < again["phrases"]
    assert bench.out.read_bytes() == whole


def limited(most: int) -> dict[str, Any]:
    """Return how to start a process whose files can hold no more than so many bytes."""
    import resource

    return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))}


def test_an_output_that_cannot_grow_is_told_in_a_line_and_keeps_the_old_session(bench: Bench) -> None:
    bench.out.write_bytes(b"old")
    done = bench.build(**limited(2_000_000))
    assert done.code == 1 and is_one_line(done.err) and "make room" in done.err
    assert bench.out.read_bytes() == b"old"
    assert bench.leftovers() == []


def test_a_cache_whose_files_cannot_grow_stops_no_session(bench: Bench) -> None:
    words = " ".join(["rest"] * 100)
    arguments = ["say", words, "--voice", bench.voice, "--cache", str(bench.store.folder), "--out", str(bench.out)]
    done = bench.run(arguments, **limited(1_000_000))
    assert done.code == 0 and is_one_line(done.err) and "without saving" in done.err
    limited_one = bench.out.read_bytes()
    assert bench.run(arguments).code == 0
    assert bench.out.read_bytes() == limited_one
    assert bench.leftovers() == []


# --- a cache that cannot be written ---


@pytest.mark.parametrize("place", ["a file", "below a file", "/proc/audioguide", "/dev/null"])
def test_a_cache_that_cannot_be_written_stops_no_session(bench: Bench, whole: bytes, place: str) -> None:
    file = bench.folder / "file"
    file.write_bytes(b"theirs")
    folder = {"a file": file, "below a file": file / "cache"}.get(place, Path(place))
    done = bench.build("--cache", str(folder))
    assert done.code == 0 and is_one_line(done.err)
    assert str(folder) in done.err and "without saving" in done.err
    assert bench.out.read_bytes() == whole
    assert file.read_bytes() == b"theirs"


def test_a_cache_that_is_only_to_read_is_read_and_stops_no_session(
    bench: Bench, small_disk: Path, whole: bytes
) -> None:
    bench.build("--cache", str(small_disk))
    held = {path: path.read_bytes() for path in small_disk.rglob("*") if path.is_file()}
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = bench.build("--cache", str(small_disk))
    assert done.code == 0 and is_one_line(done.err) and "Read-only" in done.err
    assert 0 < done.facts["phrases_spoken_now"] < done.facts["phrases"]
    assert bench.out.read_bytes() == whole
    assert {path: path.read_bytes() for path in small_disk.rglob("*") if path.is_file()} == held


# --- every file of the store damaged in turn ---

TOML = 'title = "Two lines"\nsteps = ["begin"]\n'
SCRIPT = "# Begin\n\nWelcome. It is quiet for a while now.\n[rest]\n[bell]\nThank you for lying down.\n"
DAMAGES = {
    "truncated": lambda data, other: data[: len(data) // 2],
    "zeroed": lambda data, other: bytes(len(data)),
    "bit-flipped in the middle": lambda data, other: flipped(data, len(data) // 2),
    "bit-flipped in the head": lambda data, other: flipped(data, 30),
    "bit-flipped at the end": lambda data, other: flipped(data, len(data) - 1),
    "empty": lambda data, other: b"",
    "swapped": lambda data, other: other,
}


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_file_of_the_store_damaged_in_turn_is_made_again_and_never_heard(tmp_path: Path, damage: str) -> None:
    store, out = Store(tmp_path / "cache"), tmp_path / "session.mp3"
    hum = tmp_path / "hum.toml"
    hum.write_text('engine = "fake"\npace_wpm = 300\n', encoding="utf-8")  # its gain is measured, and kept
    practice = write_practice(tmp_path / "practice", TOML, {"begin": SCRIPT})
    request = Request(60 * RATE_HZ, practice=str(practice), voice=str(hum))

    def built() -> bytes:
        write(request, out, store)
        return out.read_bytes()

    right = built()
    held = {path: path.read_bytes() for kind in ("clips", "pieces", "gains") for path in files(store.folder / kind)}
    used_every_time = [path for path in held if "clips" not in path.parts]
    assert len(held) > 20 and len(used_every_time) > 5
    for path, data in held.items():
        other = (
            next(there for place, there in held.items() if place.parts[-3] == path.parts[-3] and place != path)
            if len(files(store.folder / path.parts[-3])) > 1
            else held[used_every_time[0]]
        )
        path.write_bytes(DAMAGES[damage](data, other))
        assert built() == right, path
        if path in used_every_time:
            assert path.read_bytes() == data, path
    shutil.rmtree(store.folder / "pieces")  # so that every clip is used
    shutil.rmtree(store.folder / "gains")
    assert built() == right
    assert {path: path.read_bytes() for path in held} == held


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


# --- builds at once ---


def test_eight_builds_at_once_into_one_cache_and_one_name_all_succeed_and_one_wins_whole(bench: Bench) -> None:
    lengths = [f"5:0{n}" for n in range(8)]
    building = [bench.start([*bench.arguments()[:1], length, *bench.arguments()[2:]]) for length in lengths]
    told = [ended(each) for each in building]
    assert [each.code for each in told] == [0] * 8, told
    assert bench.leftovers() == []
    length = lengths[round(soundfile.info(bench.out).duration) - 300]
    alone = Bench(bench.folder / "alone", length)
    assert alone.build("--cache", str(bench.store.folder)).code == 0
    assert bench.out.read_bytes() == alone.out.read_bytes()


# --- engines that fail ---

PLUGIN = '''
"""A voice that fails a number of times for each text, in a way that the environment names."""

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
    """A folder on the path that joins an engine, and a practice in it."""
    folder = tmp_path_factory.mktemp("plugged")
    (folder / "broken_engine.py").write_text(PLUGIN, encoding="utf-8")
    info = folder / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[audioguide.engines]\nbroken = broken_engine:Broken\n", encoding="utf-8")
    (folder / "broken.toml").write_text('engine = "broken"\npace_wpm = 110\ngain_db = 0\n', encoding="utf-8")
    write_practice(folder / "practice", TOML, {"begin": SCRIPT.replace("a while now", "a good while from now on, yes")})
    return folder


def build_plugged(folder: Path, bench: Bench, fault: str, times: int) -> Said:
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH", "")])])
    arguments = ["build", "1:30", "--practice", str(folder / "practice"), "--voice", str(folder / "broken.toml")]
    arguments += ["--cache", str(bench.store.folder), "--out", str(bench.out), "--json"]
    return bench.run(arguments, env={"PYTHONPATH": path, "FAULT": fault, "TIMES": str(times)})


def test_an_engines_fault_is_tried_again_or_told_with_its_line_and_never_heard(plugged: Path, tmp_path: Path) -> None:
    well = Bench(tmp_path / "well")
    assert build_plugged(plugged, well, "empty", 0).code == 0

    def suffers(fault: str) -> list[str]:
        passing, staying = Bench(tmp_path / f"{fault} twice"), Bench(tmp_path / f"{fault} always")
        recovered = build_plugged(plugged, passing, fault, 2)
        failed = build_plugged(plugged, staying, fault, 99)
        rules = {
            f"did not recover: {recovered.err}": recovered.code == 0,
            "sounds otherwise": recovered.code != 0 or passing.out.read_bytes() == well.out.read_bytes(),
            f"ended with {failed.code}": failed.code == 1 and is_one_line(failed.err),
            f"named no line: {failed.err}": f"{plugged / 'practice'}/begin.md.j2:3: voice broken" in failed.err,
            "left an MP3": not staying.out.exists(),
            f"left {staying.leftovers()}": not staying.leftovers(),
        }
        return [f"{fault}: {words}" for words, holds in rules.items() if not holds]

    with ThreadPoolExecutor(2) as pool:
        assert [words for told in pool.map(suffers, FAULTS + MORE_FAULTS) for words in told] == []


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    except OSError:
        return ""  # it has just ended


@pytest.mark.speech
@needs_proc
def test_a_system_voice_whose_worker_is_killed_again_and_again_gives_the_same_session(tmp_path: Path) -> None:
    undisturbed, disturbed = (Bench(tmp_path / name, voice="system") for name in ("undisturbed", "disturbed"))
    assert undisturbed.build().code == 0
    building, killed, clips = disturbed.start(disturbed.arguments()), 0, 0
    while building.poll() is None and killed < 4:
        time.sleep(0.02)
        for pid in disturbed.living() if disturbed.clips() > clips else ():
            if pid != building.pid and "audioguide.speech.engines.system_worker" in command_of(pid):
                clips = disturbed.clips()
                os.kill(pid, signal.SIGKILL)
                killed += 1
                break
    done = ended(building)
    assert (done.code, killed) == (0, 4), done
    assert disturbed.out.read_bytes() == undisturbed.out.read_bytes()
    assert disturbed.living() == []


# --- stopped by hand ---


@needs_proc
@pytest.mark.parametrize("way", ["SIGINT to the group", "SIGINT alone", "SIGTERM alone", "SIGHUP alone"])
@pytest.mark.parametrize("voice", ["fake", pytest.param("system", marks=pytest.mark.speech)])
def test_a_build_that_is_stopped_returns_at_once_and_leaves_nothing(bench: Bench, way: str, voice: str) -> None:
    place = bench if voice == "fake" else Bench(bench.folder, "60", "system")
    number = signal.Signals[way.split()[0]]
    took_s: list[float] = []
    for nth in range(6):
        building = place.start(place.arguments(), start_new_session=True)
        time.sleep(0.1 + 0.09 * nth if voice == "fake" else 0.5 + 0.1 * nth)
        began = time.monotonic()
        os.killpg(building.pid, number) if "group" in way else building.send_signal(number)
        done = ended(building)
        stood = place.out.read_bytes() if place.out.exists() else b""
        if done.code != 0:  # else it had finished
            took_s.append(time.monotonic() - began)
            starting = "init_import_site" in done.err  # Python itself
            assert starting or done.code in (130, 128 + number, -number)
            assert starting or "audioguide/cli" not in done.err
            assert stood or not done.out
        place.out.unlink(missing_ok=True)
        if stood:  # stopped or not, the session had come to stand before: then it is whole
            assert place.build().code == 0 and place.out.read_bytes() == stood
            place.out.unlink()
        assert place.leftovers() == [] and place.living() == []
    assert took_s and statistics.median(took_s) < 1.0 and max(took_s) < 3.0


# --- odd places ---


@pytest.mark.parametrize("home", ["/proc/nowhere", "a file"])
def test_a_home_that_cannot_be_written_stops_no_session(bench: Bench, whole: bytes, home: str) -> None:
    file = bench.folder / "file"
    file.write_bytes(b"")
    arguments = [word for word in bench.arguments() if word not in ("--cache", str(bench.store.folder))]
    environment = {"HOME": str(file) if home == "a file" else home, "XDG_CACHE_HOME": ""}
    done = bench.run(arguments, env=environment)
    assert done.code == 0 and is_one_line(done.err) and "without saving" in done.err
    assert bench.out.read_bytes() == whole


def test_a_user_without_a_home_gets_a_session_and_no_folder_named_tilde(bench: Bench, whole: bytes) -> None:
    words = [word for word in bench.arguments() if word not in ("--cache", str(bench.store.folder))]
    done = homeless(bench.folder, *words)
    assert done.code == 0 and is_one_line(done.err) and "no home folder" in done.err
    assert bench.out.read_bytes() == whole
    assert sorted(path.name for path in bench.folder.iterdir()) == ["output", "tmp"]


@pytest.mark.parametrize("voice", ["fake", pytest.param("system", marks=pytest.mark.speech)])
def test_a_temporary_folder_that_is_not_there_stops_no_session(bench: Bench, voice: str) -> None:
    words = ["say", "Rest here.", "--cache", str(bench.store.folder), "--out", str(bench.out)]
    words += ["--voice", bench.voice if voice == "fake" else voice]
    done = bench.run(words, env={"TMPDIR": "/proc/nowhere"})
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("given", ["nothing", "a relative output", "whole paths"])
def test_a_current_folder_that_was_removed_is_told_or_is_no_matter(
    bench: Bench, whole: bytes, warm: list[str], given: str
) -> None:
    gone = bench.folder / "gone"

    def go_and_remove() -> None:
        gone.mkdir()
        os.chdir(gone)
        gone.rmdir()

    words = ["build", "5", "--voice", bench.voice, *warm]
    words += {"nothing": [], "a relative output": ["--out", "a.mp3"]}.get(given, ["--out", str(bench.out)])
    done = bench.run(words, preexec_fn=go_and_remove)
    if given == "whole paths":
        assert done.code == 0
        assert bench.out.read_bytes() == whole
    else:
        assert done.code == 1 and is_one_line(done.err)
        assert "current folder" in done.err and "cd " in done.err


@pytest.mark.parametrize("name", ["Stille für Zoë — 静けさ 🧘.mp3", "x" * 251 + ".mp3", " spaced .mp3", "-dash.mp3"])
def test_an_odd_or_very_long_name_is_written(bench: Bench, whole: bytes, warm: list[str], name: str) -> None:
    out = bench.out.parent / name
    done = bench.build(*warm, f"--out={out}")
    assert (done.code, done.err) == (0, "")
    assert out.read_bytes() == whole


@pytest.mark.parametrize("room", [10, 3_000])
def test_a_path_near_the_systems_limit_gives_a_session_or_a_clear_line(
    bench: Bench, whole: bytes, warm: list[str], room: int
) -> None:
    """room: how many characters of PATH_MAX are left behind the folder."""
    deep, depth = bench.folder, 4_096 - room
    there = os.open(deep, os.O_RDONLY)
    while depth - len(os.fsencode(deep)) > 1:
        name = "d" * min(200, depth - len(os.fsencode(deep)) - 1)
        os.mkdir(name, dir_fd=there)
        inner = os.open(name, os.O_RDONLY, dir_fd=there)
        os.close(there)
        there, deep = inner, deep / name
    os.close(there)
    done = bench.build(*warm, "--out", str(deep / "s.mp3"))
    assert "Traceback" not in done.err and done.code == (0 if room == 3_000 else 1)
    assert done.code == 0 or is_one_line(done.err)
    cached = bench.build("--cache", str(deep))
    assert cached.code == 0 and (room == 3_000 or is_one_line(cached.err))
    assert bench.out.read_bytes() == whole
    subprocess.run(["rm", "-rf", str(bench.folder / deep.relative_to(bench.folder).parts[0])], check=True)

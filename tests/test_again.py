"""What a build said is told again, and only where nothing has changed: each test changes one thing."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import write_practice

from audioguide import again
from audioguide.again import Memory, Told, recall
from audioguide.store import Store

ROOT = Path(__file__).parent.parent
BUILD = (
    "build",
    "1",
    "--practice",
    "mine",
    "--voice",
    "fake.toml",
    "--cache",
    "cache",
    "--out",
    "a.mp3",
    "--captions",
    "vtt",
)
SCRIPT = "# One\nHello there.\n{% include 'more.md.j2' %}\n[rest]\nGoodbye.\n"


@pytest.fixture
def place(workplace: Path) -> Path:
    """A folder with a practice and a voice, which were written long enough ago."""
    write_practice(workplace / "mine", 'title = "Mine"\nsteps = ["a"]\n', {"a": SCRIPT, "more": "More.\n"})
    shutil.copy(ROOT / "tests" / "fake.toml", workplace / "fake.toml")
    time.sleep(0.1)
    return workplace


def program(place: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the program; stderr ends with whether it had to load the command line."""
    words = "import sys; sys.argv[0] = 'audioguide'; import audioguide.__main__ as m\ntry: m.main()\n"
    words += "finally: print('typer' in sys.modules, file=sys.stderr)"
    return subprocess.run(
        [sys.executable, "-c", words, *arguments], cwd=place, capture_output=True, text=True, check=True
    )


def built_anew(place: Path, *arguments: str) -> bool:
    return program(place, *(arguments or BUILD)).stderr.splitlines()[-1] == "True"


def test_what_was_built_is_told_again_in_the_same_words(place: Path) -> None:
    first, second = program(place, *BUILD), program(place, *BUILD)
    assert first.stdout == second.stdout and first.stdout.startswith("a.mp3  1:00.000")
    assert first.stderr.splitlines()[:-1] == second.stderr.splitlines()[:-1] != []
    assert (first.stderr.splitlines()[-1], second.stderr.splitlines()[-1]) == ("True", "False")


def test_nothing_was_spoken_for_what_is_told_again(place: Path) -> None:
    told = [program(place, *BUILD, "--json").stdout for _ in range(2)]
    assert ['"phrases_spoken_now": 0' in words for words in told] == [False, True]


CHANGES: dict[str, Callable[[Path], object]] = {
    "a script": lambda place: (place / "mine" / "a.md.j2").write_text(SCRIPT.replace("there", "where")),
    "what a script includes": lambda place: (place / "mine" / "more.md.j2").write_text("Less.\n"),
    "practice.toml": lambda place: (place / "mine" / "practice.toml").write_text('title = "Mime"\nsteps = ["a"]\n'),
    "a file more": lambda place: (place / "mine" / "b.md.j2").write_text("New.\n"),
    "a file less": lambda place: (place / "mine" / "spare.md.j2").unlink(),
    "another folder in its place": lambda place: (
        (shutil.move(shutil.copytree(place / "mine", place / "m"), place / "x") and shutil.rmtree(place / "mine"))
        or shutil.move(place / "x", place / "mine")
    ),
    "the voice": lambda place: (place / "fake.toml").write_text((place / "fake.toml").read_text() + "\n"),
    "the session": lambda place: (place / "a.mp3").write_bytes((place / "a.mp3").read_bytes()[::-1]),
    "no session": lambda place: (place / "a.mp3").unlink(),
    "no captions": lambda place: (place / "a.vtt").unlink(),
    "the record": lambda place: [
        path.write_bytes(path.read_bytes()[:-1]) for path in (place / "cache/builds").rglob("*/*")
    ],
    "times set back": lambda place: (
        (place / "mine" / "more.md.j2").write_text("Mire.\n"),
        os.utime(place / "mine" / "more.md.j2", ns=(10**18, TIMES["more"])),
    ),
}
TIMES: dict[str, int] = {}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_built(place: Path, what: str) -> None:
    (place / "mine" / "spare.md.j2").write_text("Spare.\n")
    time.sleep(0.1)
    assert built_anew(place) and not built_anew(place)
    TIMES["more"] = (place / "mine" / "more.md.j2").stat().st_mtime_ns
    CHANGES[what](place)
    time.sleep(0.1)
    assert built_anew(place) and not built_anew(place)


def test_another_command_and_another_folder_are_other_builds(place: Path, tmp_path: Path) -> None:
    assert built_anew(place)
    assert built_anew(place, *BUILD, "--no-bell")
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(place / "mine", elsewhere / "mine")
    shutil.copy(place / "fake.toml", elsewhere)
    assert built_anew(elsewhere, *BUILD, "--cache", str(place / "cache"))


def test_what_failed_is_tried_again(place: Path) -> None:
    wrong = [sys.executable, "-m", "audioguide", "build", "0:03", *BUILD[2:]]
    done = [subprocess.run(wrong, cwd=place, capture_output=True, text=True, check=False) for _ in range(2)]
    assert [one.returncode for one in done] == [1, 1] and done[0].stderr == done[1].stderr


@pytest.mark.skipif(os.name == "nt", reason="needs names that are no text, and /dev/full")
def test_what_is_told_again_is_told_with_care(place: Path) -> None:
    told = [sys.executable, "-m", "audioguide", *BUILD]
    assert subprocess.run(told, check=False).returncode == 0
    read, write = os.pipe()
    os.close(read)
    cut_off = subprocess.run(told, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (cut_off.returncode, "Traceback" in cut_off.stderr) == (0, False)
    if Path("/dev/full").exists():
        with Path("/dev/full").open("w") as full:
            refused = subprocess.run(told, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert refused.returncode == 1 and refused.stderr.startswith("the system refused: ")
    closed = subprocess.run(["sh", "-c", '"$0" "$@" >&-', *told], stderr=subprocess.PIPE, text=True, check=False)
    assert (closed.returncode, "Traceback" in closed.stderr) == (0, False)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no names that are no text")
def test_a_name_that_is_no_text_is_built_and_told_again(place: Path) -> None:
    command = [sys.executable, "-m", "audioguide", *BUILD[:-3], os.fsdecode(b"x\xff.mp3")]
    done = [subprocess.run(command, capture_output=True, check=False) for _ in range(2)]
    assert [one.returncode for one in done] == [0, 0] and done[0].stdout == done[1].stdout


def test_another_home_is_another_place(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    homes = [tmp_path / "one", tmp_path / "two"]
    for home in homes:
        shutil.copytree(place / "mine", home / "mine")
    told = []
    for home in homes:
        monkeypatch.setenv("HOME" if os.name != "nt" else "USERPROFILE", str(home))
        told.append(built_anew(place, *BUILD[:3], "~/mine", *BUILD[4:]))
    assert told == [True, True]


def test_a_practice_that_holds_its_sessions_and_its_cache_is_told_again(place: Path) -> None:
    here = place / "mine"
    words = ["build", "1", "--practice", ".", "--voice", "../fake.toml", "--cache", "cache", "--out", "a.mp3"]
    assert built_anew(here, *words) and not built_anew(here, *words)


# --- the memory itself ---


def kept(place: Path, still: bool = True) -> Told | None:
    store = Store(place / "cache")
    memory = Memory([place / "mine"], [place / "fake.toml"])
    memory.keep(["build"], store, Told("out", "err"), [], lambda: still)
    return recall(["build"], Store(store.folder))


def test_a_memory_is_kept(place: Path) -> None:
    assert kept(place) == Told("out", "err")


def test_what_another_build_has_put_there_is_not_taken_for_its_own(place: Path) -> None:
    assert kept(place, still=False) is None


def test_what_was_written_just_now_may_be_written_again_without_another_time(place: Path) -> None:
    (place / "mine" / "more.md.j2").write_text("More.\n")
    assert kept(place) is None


def test_a_time_in_whole_seconds_is_waited_out(place: Path) -> None:
    coarse = (time.time_ns() // 10**9 - 1) * 10**9
    os.utime(place / "mine" / "more.md.j2", ns=(coarse, coarse))
    assert kept(place) is None
    os.utime(place / "mine" / "more.md.j2", ns=(coarse - 3 * 10**9, coarse - 3 * 10**9))
    assert kept(place) == Told("out", "err")


def test_after_a_day_all_is_put_together_once_more(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept(place) == Told("out", "err")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 25 * 3600)
    assert recall(["build"], Store(place / "cache")) is None


def test_what_cannot_be_looked_at_is_not_remembered(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(again, "_MOST_FILES", 2)
    assert kept(place) is None
    monkeypatch.undo()
    shutil.rmtree(place / "mine")
    assert kept(place) is None


def test_a_cache_that_cannot_be_written_keeps_nothing_and_stops_nothing(place: Path) -> None:
    (place / "cache").write_text("a file")
    assert kept(place) is None

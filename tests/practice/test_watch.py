"""Rebuilds at every save: the loop with made-up changes, the files and the command with real ones."""

import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import FAKE_VOICE
from support.audio import decode
from support.processes import accept_signals
from support.scripts import write_practice

from audioguide.cli.main import run
from audioguide.core.clock import RATE_HZ
from audioguide.core.errors import EngineError, InputError, ScriptError, ScriptErrors
from audioguide.core.model import Source
from audioguide.practice.watch import WatchedFiles, saves, watch

TOML = 'title = "T"\nsteps = ["a", "b"]\n'
SCRIPTS = {"a": "Hello there.\n[rest]\n", "b": "Look around.\n[pause 3s]\nBye.\n"}
PATIENCE_S = 120
"""How long to wait for what must come, on a busy computer too."""


# --- the loop ---


def lines(build: Callable[[], str], *changes: set[Path]) -> list[str]:
    """Return the lines for these changes at half past nine, if each build takes a quarter of a second."""
    ticks = iter(range(1_000))
    return list(watch(changes, build, lambda: datetime(2026, 1, 2, 9, 30, 5), lambda: next(ticks) * 0.25))


def failing(error: Exception) -> Callable[[], str]:
    def build() -> str:
        raise error

    return build


def test_each_build_is_one_line_with_time_changed_files_and_duration() -> None:
    built = lines(lambda: "x.mp3  5:00.000", set(), {Path("p/b.md.j2"), Path("p/a.md.j2")})
    assert built == [
        "09:30:05  x.mp3  5:00.000, in 0.2 s",
        "09:30:05  a.md.j2, b.md.j2: x.mp3  5:00.000, in 0.2 s",
    ]


def test_many_changes_are_counted() -> None:
    assert "a, b, c and 2 more: " in lines(lambda: "x", {Path(name) for name in "abcde"})[0]


@pytest.mark.parametrize(
    "error",
    [
        ScriptError(Source("p/a.md.j2", 3), "unknown mark"),
        InputError("no step"),
        EngineError("it is silent"),
        OSError("disk\nfull"),
    ],
)
def test_an_error_is_one_line_and_watching_continues(error: Exception) -> None:
    built = lines(failing(error), set(), {Path("a.md.j2")})
    words = str(error).replace("\n", " ")
    assert built == [f"09:30:05  {words}", f"09:30:05  a.md.j2: {words}"]


def test_each_error_is_one_line() -> None:
    errors = [ScriptError(Source("a", 1), "one thing"), ScriptError(Source("b", 2), "another")]
    assert [line[10:] for line in lines(failing(ScriptErrors(errors)), set())] == [
        "a:1: one thing",
        "b:2: another",
    ]


def test_a_hostile_file_name_is_escaped() -> None:
    assert lines(lambda: "x", {Path("a\u202e\x1b[2J.j2")})[0].isprintable()


def test_a_bug_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        lines(failing(ZeroDivisionError()), set())


# --- what is watched ---


def practice(folder: Path) -> Path:
    return write_practice(folder / "p", TOML, SCRIPTS)


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("a.md.j2", True),
        ("practice.toml", True),
        ("parts/words.txt", True),
        ("output/s.mp3", False),
        (".abc.part", False),
        ("a.md.j2~", False),
        (".a.md.j2.swp", False),
        ("#a.md.j2#", False),
        ("4913", False),
        (".git/index", False),
        ("store/clips/ab/abc", False),
        ("../elsewhere.md.j2", False),
    ],
)
def test_temporary_files_of_editors_and_builds_start_no_build(tmp_path: Path, name: str, counts: bool) -> None:
    folder = practice(tmp_path)
    files = WatchedFiles(str(folder), "calm", folder / "store")
    assert files.is_relevant((folder / name).resolve()) == counts


def test_the_folders_of_the_practices_it_extends_are_watched_too(tmp_path: Path) -> None:
    parent = practice(tmp_path)
    child = write_practice(tmp_path / "c", 'extends = "../p"\n', {})
    files = WatchedFiles(str(child), "calm")
    assert files.folders == [child.resolve(), parent.resolve()]
    assert files.is_relevant(parent.resolve() / "a.md.j2")


def test_a_broken_practice_is_watched_in_its_last_known_folders(tmp_path: Path) -> None:
    folder = practice(tmp_path)
    (folder / "practice.toml").write_text("title = [\n")
    files = WatchedFiles(str(folder), "calm")
    assert files.folders == [folder.resolve()]
    (folder / "practice.toml").write_text(TOML)
    files.refresh()
    assert files.folders == [folder.resolve()]


def test_a_missing_practice_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"it has no practice\.toml"):
        WatchedFiles(str(tmp_path), "calm")
    with pytest.raises(InputError, match="did you mean psoas-release"):
        WatchedFiles("psoas-relaese", "calm")


@contextmanager
def watched(files: WatchedFiles) -> Iterator["queue.Queue[set[Path]]"]:
    """Yield a queue that a thread fills with what saves() yields."""
    queued: queue.Queue[set[Path]] = queue.Queue()
    last = files.folders[0] / "last.toml"

    def put_saves() -> None:
        for changed in saves(files):
            queued.put(changed)
            if last in changed:
                return

    thread = threading.Thread(target=put_saves, daemon=True)
    thread.start()
    assert queued.get(timeout=PATIENCE_S) == set()
    yield queued
    last.write_text("")
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_the_writes_of_one_save_are_one_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audioguide.practice.watch.QUIET_MS", 1_000)  # a busy computer may write slowly
    monkeypatch.setattr("audioguide.practice.watch.MOST_QUIET_MS", 10_000)
    folder = practice(tmp_path)
    with watched(WatchedFiles(str(folder), "calm")) as queued:
        (folder / "a.md.j2").write_text("")
        (folder / ".a.swp").write_text("x")
        (folder / "a.md.j2").write_text("Hello.\n")
        (folder / "b.new~").write_text("Bye.\n")
        (folder / "b.new~").replace(folder / "b.md.j2")
        assert {path.name for path in queued.get(timeout=PATIENCE_S)} == {"a.md.j2", "b.md.j2"}
        with pytest.raises(queue.Empty):
            queued.get(timeout=2)


def test_a_voice_file_outside_the_practice_is_watched(tmp_path: Path) -> None:
    folder, voice = practice(tmp_path), tmp_path / "voices" / "own.toml"
    voice.parent.mkdir()
    shutil.copy(FAKE_VOICE, voice)
    with watched(WatchedFiles(str(folder), str(voice))) as queued:
        voice.write_text(voice.read_text() + "# softer\n")
        assert queued.get(timeout=PATIENCE_S) == {voice.resolve()}


def test_a_folder_that_replaces_the_practice_is_watched(tmp_path: Path) -> None:
    folder = practice(tmp_path)
    with watched(WatchedFiles(str(folder), "calm")) as queued:
        shutil.rmtree(folder)
        assert queued.get(timeout=PATIENCE_S)
        practice(tmp_path)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            time.sleep(0.7)
            (folder / "b.md.j2").write_text(f"Bye at {time.monotonic()}.\n")
            if any(path.name == "b.md.j2" for path in queued.get(timeout=PATIENCE_S)):
                return
        raise AssertionError("the new folder is not watched")


# --- the command ---


class Watching:
    """A running command, and the lines that it prints."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "audioguide", "watch", *arguments, "--voice", FAKE_VOICE]
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, preexec_fn=accept_signals if os.name == "posix" else None, **pipes)
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line)

    def line(self) -> str:
        return self._lines.get(timeout=PATIENCE_S)

    def is_quiet(self) -> bool:
        time.sleep(1)
        return self._lines.empty()

    def stop(self) -> tuple[int, str]:
        """Return the exit code after Ctrl-C, and what it printed on stderr."""
        assert self.process.stderr
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=PATIENCE_S), self.process.stderr.read()


@contextmanager
def command(*arguments: str) -> Iterator[Watching]:
    watching = Watching(*arguments)
    try:
        yield watching
    finally:
        watching.process.kill()
        watching.process.wait()
        for stream in (watching.process.stdout, watching.process.stderr):
            if stream:
                stream.close()


def save(path: Path, text: str) -> None:
    """Save as editors do: write another file, and replace the first with it."""
    draft = path.with_name(f".{path.name}.swp")
    draft.write_text(text)
    draft.replace(path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for a child alone")
def test_changes_are_built_mistakes_reported_and_ctrl_c_ends_it(workplace: Path) -> None:
    practice(workplace)
    script, out = workplace / "p" / "a.md.j2", workplace / "p" / "s.mp3"
    with command("p", "2", "--out", str(out), "--cache", "p/store") as watching:
        first = watching.line()
        assert re.search(r"^\d\d:\d\d:\d\d  .*s\.mp3  2:00\.000  .*, 3 phrases spoken now, in [\d.]+ s\n$", first)
        assert watching.is_quiet()  # its own output starts no build

        save(script, "Hello you.\n[rest]\n")
        assert re.search(r"  a\.md\.j2: .*s\.mp3 .*, 1 phrase spoken now, in [\d.]+ s\n$", watching.line())
        before = out.read_bytes()

        save(script, "Hello you.\n[pasue 3s]\n")
        assert "a.md.j2: p/a.md.j2:2: unknown mark [pasue 3s]; did you mean [pause 3s]?" in watching.line()
        assert out.read_bytes() == before and len(decode(before)) == 120 * RATE_HZ

        save(script, "Hello there.\n[rest]\n")
        assert "0 phrases spoken now" in watching.line()
        assert watching.stop() == (130, "stopped; no half-written file was left\n")
    assert len(decode(out.read_bytes())) == 120 * RATE_HZ
    assert not list(workplace.rglob("*.part"))


def test_a_rehearsal_is_built_once_a_broken_practice_is_fixed(workplace: Path) -> None:
    folder = practice(workplace)
    (folder / "practice.toml").write_text('title = "T"\nstpes = ["a"]\n')
    with command("p", "2", "--rehearse", "--cache", "store") as watching:
        errors = watching.line()
        assert "p/practice.toml:" in errors
        while watching.is_quiet() is False:
            watching.line()
        save(folder / "practice.toml", TOML)
        assert re.search(r"  practice\.toml: .*p-2m-fake-rehearsal\.mp3  0:\d\d", watching.line())


def test_unusable_arguments_are_an_error_at_once(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, words in (
        (["psoas-relaese", "5"], "did you mean psoas-release?"),
        (["psoas-release", "soon"], "'soon' is not a length"),
        (["psoas-release"], "a length is missing"),
    ):
        assert run(["watch", *arguments]) == 1
        out, err = capsys.readouterr()
        assert out == "" and words in err and err.count("\n") == 1

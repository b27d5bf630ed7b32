"""Listing and removing cache entries, tested through the commands on real folders."""

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import FAKE_VOICE
from support.processes import HANGING_S

from audioguide.cli.main import run
from audioguide.core.errors import InputError
from audioguide.storage import prune
from audioguide.storage.store import PARTS, TAG, Store, key_of

HOUR_S = 3_600.0


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Ten entries with a body of 1,000 bytes; the n-th was last used n days ago."""
    store = Store(tmp_path / "cache")
    for day in range(10):
        kind = ("clips", "pieces")[day % 2]
        store.write(kind, key_of(day), bytes(1_000))
        used_s = time.time() - 24 * HOUR_S * day - 60
        os.utime(store.path(kind, key_of(day)), (used_s, used_s))
    return store


def json_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert run([*arguments, "--json"]) == 0
    facts: dict[str, object] = json.loads(capsys.readouterr().out)
    return facts


def days_left(store: Store) -> list[int]:
    keys = {entry.path.name for entry in prune.entries(store)}
    return [day for day in range(10) if key_of(day) in keys]


def test_info_shows_folder_kinds_and_bytes(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    facts = json_of(capsys, "cache", "info", "--cache", str(store.folder))
    assert (facts["folder"], facts["entries"], facts["unfinished"]) == (str(store.folder), 10, 0)
    kinds = facts["kinds"]
    assert isinstance(kinds, dict) and set(kinds) == {"clips", "pieces"}
    assert sum(kind["bytes"] for kind in kinds.values()) == facts["bytes"]
    assert run(["cache", "info", "--cache", str(store.folder)]) == 0
    text = capsys.readouterr().out
    assert str(store.folder) in text and "in all       10" in text and "last used 20" in text


def test_info_does_not_create_the_cache(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = json_of(capsys, "cache", "info", "--cache", str(tmp_path / "none"))
    assert (facts["entries"], facts["longest_unused_s"]) == (0, None)
    assert json_of(capsys, "cache", "clear", "--cache", str(tmp_path / "none"))["removed"] == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("age", "left"), [("3d", 3), ("12h", 1), ("1w", 7), ("30d", 10), ("0d", 0)])
def test_prune_removes_entries_unused_for_longer_than_an_age(
    store: Store, capsys: pytest.CaptureFixture[str], age: str, left: int
) -> None:
    facts = json_of(capsys, "cache", "prune", "--older-than", age, "--cache", str(store.folder))
    assert facts["removed"] == 10 - left
    assert days_left(store) == list(range(left))


def test_prune_removes_the_least_recently_used_entries_down_to_a_size(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    json_of(capsys, "cache", "prune", "--max-size", "4.9K", "--cache", str(store.folder))
    assert days_left(store) == [0, 1, 2, 3]
    json_of(capsys, "cache", "prune", "--max-size", "1G", "--cache", str(store.folder))
    assert days_left(store) == [0, 1, 2, 3]


def test_reading_an_entry_counts_as_a_use(store: Store) -> None:
    assert store.facts("pieces", key_of(9)) and store.read("clips", key_of(8))
    prune.prune(store, max_age_s=2 * HOUR_S)
    assert days_left(store) == [0, 8, 9]


@pytest.mark.parametrize("text", ["", "1X", "-1G", "1GG", "many", "1e3"])
def test_anything_but_a_size_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="1G, 500M"):
        prune.parse_size(text)


@pytest.mark.parametrize("text", ["", "30", "1y", "-1d", "d"])
def test_anything_but_an_age_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="30d, 12h"):
        prune.parse_age(text)


def test_prune_without_limits_removes_nothing(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cache", "prune", "--cache", str(store.folder)]) == 1
    assert "--older-than 30d" in capsys.readouterr().err
    assert len(days_left(store)) == 10


def test_clear_without_a_terminal_needs_yes(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert run(["cache", "clear", "--cache", str(store.folder)]) == 1
    assert "--yes" in capsys.readouterr().err
    assert len(days_left(store)) == 10
    assert json_of(capsys, "cache", "clear", "--yes", "--cache", str(store.folder))["removed"] == 10
    assert not store.folder.exists()


@pytest.mark.parametrize(("answer", "left"), [(b"n\n", 10), (b"\n", 10), (b"y\n", 0)])
def test_clear_on_a_terminal_asks(store: Store, answer: bytes, left: int) -> None:
    pty = pytest.importorskip("pty", reason="needs pseudo-terminals")
    try:
        terminal, stdin = pty.openpty()
    except OSError as error:
        pytest.skip(f"this machine has no pseudo-terminals: {error}")
    command = [sys.executable, "-m", "audioguide", "cache", "clear", "--cache", str(store.folder)]
    process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.write(terminal, answer)
    process.wait(HANGING_S)
    os.close(terminal)
    os.close(stdin)
    assert len(days_left(store)) == left


def test_clear_removes_nothing_that_the_store_did_not_write(store: Store, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    key = key_of("theirs")
    foreign = [
        store.folder / "thesis.txt",
        store.folder / "clips" / "holiday.mp4",
        store.folder / "clips" / "ab" / "notes.txt",
        store.folder / "clips" / key[:2] / key / "inside",
        store.folder / "clips" / ("00" if key[:2] != "00" else "01") / key,
        store.folder / "photos" / key[:2] / key,
        store.folder / PARTS / "film.part",
        theirs / key[:2] / key,
    ]
    for path in foreign:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"theirs")
    (store.folder / "gains").symlink_to(theirs)
    (store.folder / "pieces" / "zz").symlink_to(theirs / key[:2])
    linked = key_of("linked")
    link = store.path("clips", linked)
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(foreign[0])
    prune.clear(store)
    assert all(path.read_bytes() == b"theirs" for path in foreign)
    assert link.is_symlink() and (store.folder / "gains").is_symlink()
    assert days_left(store) == []


def test_clear_leaves_the_files_of_a_folder_that_is_not_a_cache(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {"letter.txt": b"dear", "clips/film.mp4": b"film", ".cache/pip/x": b"x"}
    for name, data in before.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    Store(tmp_path).write("pieces", key_of(1), b"terminal")
    assert not (tmp_path / TAG).exists()
    json_of(capsys, "cache", "clear", "--yes", "--cache", str(tmp_path))
    after = {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before


def test_a_wrong_size_is_found_quickly_and_a_flipped_bit_only_by_a_deep_check(store: Store) -> None:
    listed = prune.entries(store)
    cut, flipped = listed[0].path, listed[1].path
    cut.write_bytes(cut.read_bytes()[:-1])
    data = flipped.read_bytes()
    flipped.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    listed = prune.entries(store)
    assert {entry.path for entry in prune.damaged(store, listed)} == {cut}
    assert {entry.path for entry in prune.damaged(store, listed, deep=True)} == {cut, flipped}


def test_builds_succeed_while_the_cache_is_being_cleared(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")

    def build(name: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "audioguide", "build", "5", "--voice", FAKE_VOICE]
        command += ["--cache", str(store.folder), "--out", str(tmp_path / name), "--json"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    building = [build(f"{n}.mp3") for n in range(2)]
    cleared = 0
    while any(each.poll() is None for each in building):
        cleared += prune.clear(store).entries
        time.sleep(0.03)
    outputs = [each.communicate() for each in building]
    assert [each.returncode for each in building] == [0, 0], outputs
    assert cleared > 0
    assert len({(tmp_path / f"{n}.mp3").read_bytes() for n in range(2)}) == 1

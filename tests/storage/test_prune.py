"""The cache: what is in it, and what may go; proven on real folders by the commands themselves."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import FAKE_VOICE

from audioguide.cli.main import run
from audioguide.core.errors import InputError
from audioguide.storage import prune
from audioguide.storage.store import PARTS, TAG, Store, key_of

HOUR_S = 3_600.0


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Ten entries of 1,000 bytes and a head, the n-th of them unused for n days."""
    made = Store(tmp_path / "cache")
    for day in range(10):
        kind = ("clips", "pieces")[day % 2]
        made.write(kind, key_of(day), bytes(1_000))
        then = time.time() - 24 * HOUR_S * day - 60
        os.utime(made.path(kind, key_of(day)), (then, then))
    return made


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert run([*arguments, "--json"]) == 0
    facts: dict[str, object] = json.loads(capsys.readouterr().out)
    return facts


def days_left(store: Store) -> list[int]:
    there = {entry.path.name for entry in prune.entries(store)}
    return [day for day in range(10) if key_of(day) in there]


def test_info_tells_folder_kinds_and_bytes(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    facts = said(capsys, "cache", "info", "--cache", str(store.folder))
    assert (facts["folder"], facts["entries"], facts["unfinished"]) == (str(store.folder), 10, 0)
    kinds = facts["kinds"]
    assert isinstance(kinds, dict) and set(kinds) == {"clips", "pieces"}
    assert sum(kind["bytes"] for kind in kinds.values()) == facts["bytes"]
    assert run(["cache", "info", "--cache", str(store.folder)]) == 0
    words = capsys.readouterr().out
    assert str(store.folder) in words and "in all       10" in words and "last used 20" in words


def test_an_empty_cache_is_told_and_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = said(capsys, "cache", "info", "--cache", str(tmp_path / "none"))
    assert (facts["entries"], facts["longest_unused_s"]) == (0, None)
    assert said(capsys, "cache", "clear", "--cache", str(tmp_path / "none"))["removed"] == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("age", "left"), [("3d", 3), ("12h", 1), ("1w", 7), ("30d", 10), ("0d", 0)])
def test_what_was_not_used_for_so_long_goes(
    store: Store, capsys: pytest.CaptureFixture[str], age: str, left: int
) -> None:
    facts = said(capsys, "cache", "prune", "--older-than", age, "--cache", str(store.folder))
    assert facts["removed"] == 10 - left
    assert days_left(store) == list(range(left))


def test_a_size_is_reached_by_removing_what_was_unused_for_longest(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "cache", "prune", "--max-size", "4.9K", "--cache", str(store.folder))
    assert days_left(store) == [0, 1, 2, 3]
    said(capsys, "cache", "prune", "--max-size", "1G", "--cache", str(store.folder))
    assert days_left(store) == [0, 1, 2, 3]


def test_an_old_entry_that_a_build_reads_is_kept(store: Store) -> None:
    assert store.facts("pieces", key_of(9)) and store.read("clips", key_of(8))
    prune.prune(store, older_s=2 * HOUR_S)
    assert days_left(store) == [0, 8, 9]


@pytest.mark.parametrize("text", ["", "1X", "-1G", "1GG", "many", "1e3"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="1G, 500M"):
        prune.parse_size(text)


@pytest.mark.parametrize("text", ["", "30", "1y", "-1d", "d"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="30d, 12h"):
        prune.parse_age(text)


def test_prune_asks_what_may_go(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cache", "prune", "--cache", str(store.folder)]) == 1
    assert "--older-than 30d" in capsys.readouterr().err
    assert len(days_left(store)) == 10


def test_clear_asks_first(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cache", "clear", "--cache", str(store.folder)]) == 1
    assert "--yes" in capsys.readouterr().err
    assert len(days_left(store)) == 10
    assert said(capsys, "cache", "clear", "--yes", "--cache", str(store.folder))["removed"] == 10
    assert not store.folder.exists()


@pytest.mark.skipif(os.name == "nt", reason="answers on a terminal of POSIX")
@pytest.mark.parametrize(("answer", "left"), [(b"n\n", 10), (b"\n", 10), (b"y\n", 0)])
def test_clear_on_a_terminal_takes_the_answer(store: Store, answer: bytes, left: int) -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "audioguide", "cache", "clear", "--cache", str(store.folder)]
    asking = subprocess.Popen(command, stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.write(ours, answer)
    asking.wait(30)
    os.close(ours)
    os.close(theirs)
    assert len(days_left(store)) == left


def test_nothing_that_the_store_did_not_write_is_ever_removed(store: Store, tmp_path: Path) -> None:
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


def test_a_home_given_by_mistake_is_left_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {"letter.txt": b"dear", "clips/film.mp4": b"film", ".cache/pip/x": b"x"}
    for name, data in before.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    Store(tmp_path).write("pieces", key_of(1), b"ours")
    assert not (tmp_path / TAG).exists()
    said(capsys, "cache", "clear", "--yes", "--cache", str(tmp_path))
    after = {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before


def test_damage_is_found_quickly_by_size_and_deeply_by_every_byte(store: Store) -> None:
    held = prune.entries(store)
    cut, flipped = held[0].path, held[1].path
    cut.write_bytes(cut.read_bytes()[:-1])
    data = flipped.read_bytes()
    flipped.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    found = prune.entries(store)
    assert {entry.path for entry in prune.damaged(store, found)} == {cut}
    assert {entry.path for entry in prune.damaged(store, found, deep=True)} == {cut, flipped}


def test_builds_are_right_while_the_cache_is_cleared_under_them(tmp_path: Path) -> None:
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
    told = [each.communicate() for each in building]
    assert [each.returncode for each in building] == [0, 0], told
    assert cleared > 0
    assert len({(tmp_path / f"{n}.mp3").read_bytes() for n in range(2)}) == 1

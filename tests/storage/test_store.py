import os
import shutil
import time
from pathlib import Path

import pytest

from audioguide.storage.store import TAG, Facts, Store, key_of

KEY = key_of("clip", 1)
BODY = bytes(range(32))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


def kept(store: Store) -> Path:
    """Return the file of an entry that was just written."""
    store.write("clips", KEY, BODY, {"samples": 16})
    [path] = [path for path in (store.folder / "clips").rglob("*") if path.is_file()]
    return path


def test_an_entry_reads_back_as_it_was_written(store: Store) -> None:
    facts = store.write("clips", KEY, BODY, {"samples": 16})
    assert store.read("clips", KEY) == (facts, BODY)
    assert store.facts("clips", KEY) == facts
    assert facts["samples"] == 16
    assert store.read("pieces", KEY) is None
    assert store.facts("clips", key_of("clip", 2)) is None


def test_writing_again_replaces_and_leaves_no_other_file(store: Store) -> None:
    path = kept(store)
    store.write("clips", KEY, b"new")
    found = store.read("clips", KEY)
    assert found is not None and found[1] == b"new"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\n",
        b"\0" * 200,
        b"\xff\xfe\n" + BODY,
        b"[]\n" + BODY,
        b"{}\n" + BODY,
        b'{"sha256": "0", "size": null}\n' + BODY,
        b'{"sha256": "0", "size": "x"}\n' + BODY,
        b'{"sha256": 5, "size": 32}\n' + BODY,
    ],
)
def test_an_entry_of_anything_else_counts_as_missing(store: Store, damaged: bytes) -> None:
    kept(store).write_bytes(damaged)
    assert store.read("clips", KEY) is None


@pytest.mark.parametrize("damaged", [b"", b"\0" * 200, b"{}\n", b'{"sha256": "0", "size": null}\n'])
def test_facts_of_anything_else_are_missing(store: Store, damaged: bytes) -> None:
    kept(store).write_bytes(damaged)
    assert store.facts("clips", KEY) is None


def test_an_entry_cut_short_anywhere_counts_as_missing(store: Store) -> None:
    path = kept(store)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert store.read("clips", KEY) is None
        assert store.facts("clips", KEY) is None


def test_zeros_at_an_entrys_end_count_as_missing(store: Store) -> None:
    path = kept(store)
    path.write_bytes(path.read_bytes()[: -len(BODY) // 2] + bytes(len(BODY) // 2))
    assert store.read("clips", KEY) is None


def flipped(whole: bytes, bit: int) -> bytes:
    at, shift = divmod(bit, 8)
    return whole[:at] + bytes([whole[at] ^ (1 << shift)]) + whole[at + 1 :]


def test_a_flipped_bit_anywhere_counts_as_missing(store: Store) -> None:
    path = kept(store)
    whole = path.read_bytes()
    unnoticed: list[tuple[int, tuple[Facts, bytes] | None]] = []
    for bit in range(8 * len(whole)):
        path.write_bytes(flipped(whole, bit))
        if (found := store.read("clips", KEY)) is not None:
            unnoticed.append((bit, found))
    assert unnoticed == []


def test_facts_are_right_or_missing_when_a_bit_flipped_in_them(store: Store) -> None:
    path = kept(store)
    whole = path.read_bytes()
    facts = store.facts("clips", KEY)
    for bit in range(8 * (len(whole) - len(BODY))):
        path.write_bytes(flipped(whole, bit))
        assert store.facts("clips", KEY) in (None, facts)


def test_keys_tell_apart_what_only_looks_alike() -> None:
    alike = [("ab", "c"), ("a", "bc"), ("abc",), (1,), ("1",), (1.5,), (None,), ("é",), ("e\u0301",), (["a"],)]
    assert len({key_of(*parts) for parts in alike}) == len(alike)


def test_an_entry_under_another_key_or_kind_counts_as_missing(store: Store) -> None:
    data = kept(store).read_bytes()
    for kind, key in (("clips", key_of("clip", 2)), ("pieces", KEY)):
        path = store.path(kind, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        assert store.facts(kind, key) is None
        assert store.read(kind, key) is None
        assert not path.exists()


def test_a_cache_that_cannot_be_written_keeps_in_memory_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache").write_bytes(b"a file where the folder should be")
    store = Store(tmp_path / "cache")
    assert store.read("clips", KEY) is None
    assert store.facts("clips", KEY) is None
    facts = store.write("clips", KEY, BODY, {"samples": 16})
    store.write("pieces", KEY, b"")
    assert store.facts("clips", KEY) == facts
    assert store.read("clips", KEY) == (facts, BODY)
    assert Store(tmp_path / "cache").facts("clips", KEY) is None
    [told] = caplog.messages
    assert str(store.folder) in told and "--cache DIR" in told and "\n" not in told


def test_an_entry_that_is_used_says_so_once_a_day(store: Store) -> None:
    path = kept(store)
    for use in (store.facts, store.read):
        for age_s, refreshed in ((3_600, False), (25 * 3_600, True), (-25 * 3_600, True)):
            then = time.time() - age_s
            os.utime(path, (then, then))
            assert use("clips", KEY)
            assert (abs(path.stat().st_mtime - then) > 1) is refreshed
            assert (abs(path.stat().st_mtime - time.time()) < 60) is refreshed


def test_a_folder_that_is_the_stores_own_is_marked_as_a_cache_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    for folder, marked in (("home", False), ("cache", True)):
        Store(tmp_path / folder).write("clips", KEY, BODY)
        assert (tmp_path / folder / TAG).is_file() is marked


def test_a_folder_that_is_cleared_away_between_two_writes_is_made_again(store: Store) -> None:
    kept(store)
    shutil.rmtree(store.folder)
    store.write("clips", KEY, BODY)
    assert Store(store.folder).read("clips", KEY)

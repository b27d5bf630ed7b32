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


def saved(store: Store) -> Path:
    """Write an entry, and return its file."""
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


def test_writing_an_entry_again_replaces_its_file(store: Store) -> None:
    path = saved(store)
    store.write("clips", KEY, b"new")
    entry = store.read("clips", KEY)
    assert entry is not None and entry[1] == b"new"
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
def test_a_file_that_is_not_an_entry_counts_as_missing(store: Store, damaged: bytes) -> None:
    saved(store).write_bytes(damaged)
    assert store.read("clips", KEY) is None


@pytest.mark.parametrize("damaged", [b"", b"\0" * 200, b"{}\n", b'{"sha256": "0", "size": null}\n'])
def test_a_file_that_is_not_an_entry_has_no_facts(store: Store, damaged: bytes) -> None:
    saved(store).write_bytes(damaged)
    assert store.facts("clips", KEY) is None


def test_an_entry_truncated_at_any_byte_counts_as_missing(store: Store) -> None:
    path = saved(store)
    intact = path.read_bytes()
    for length in range(len(intact)):
        path.write_bytes(intact[:length])
        assert store.read("clips", KEY) is None
        assert store.facts("clips", KEY) is None


def test_an_entry_that_ends_in_zeros_counts_as_missing(store: Store) -> None:
    path = saved(store)
    path.write_bytes(path.read_bytes()[: -len(BODY) // 2] + bytes(len(BODY) // 2))
    assert store.read("clips", KEY) is None


def flipped(intact: bytes, bit: int) -> bytes:
    at, shift = divmod(bit, 8)
    return intact[:at] + bytes([intact[at] ^ (1 << shift)]) + intact[at + 1 :]


def test_an_entry_with_any_bit_flipped_counts_as_missing(store: Store) -> None:
    path = saved(store)
    intact = path.read_bytes()
    unnoticed: list[tuple[int, tuple[Facts, bytes] | None]] = []
    for bit in range(8 * len(intact)):
        path.write_bytes(flipped(intact, bit))
        if (found := store.read("clips", KEY)) is not None:
            unnoticed.append((bit, found))
    assert unnoticed == []


def test_facts_with_a_flipped_bit_are_correct_or_missing(store: Store) -> None:
    path = saved(store)
    intact = path.read_bytes()
    facts = store.facts("clips", KEY)
    for bit in range(8 * (len(intact) - len(BODY))):
        path.write_bytes(flipped(intact, bit))
        assert store.facts("clips", KEY) in (None, facts)


def test_similar_values_have_different_keys() -> None:
    similar = [("ab", "c"), ("a", "bc"), ("abc",), (1,), ("1",), (1.5,), (None,), ("é",), ("e\u0301",), (["a"],)]
    assert len({key_of(*parts) for parts in similar}) == len(similar)


def test_an_entry_moved_to_another_key_or_kind_counts_as_missing(store: Store) -> None:
    data = saved(store).read_bytes()
    for kind, key in (("clips", key_of("clip", 2)), ("pieces", KEY)):
        path = store.path(kind, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        assert store.facts(kind, key) is None
        assert store.read(kind, key) is None
        assert not path.exists()


def test_a_cache_that_cannot_be_written_keeps_entries_in_memory_and_warns_once(
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
    [warning] = caplog.messages
    assert str(store.folder) in warning and "--cache DIR" in warning and "\n" not in warning


def test_the_time_of_last_use_is_updated_once_a_day(store: Store) -> None:
    path = saved(store)
    for use in (store.facts, store.read):
        for age_s, refreshed in ((3_600, False), (25 * 3_600, True), (-25 * 3_600, True)):
            used_s = time.time() - age_s
            os.utime(path, (used_s, used_s))
            assert use("clips", KEY)
            assert (abs(path.stat().st_mtime - used_s) > 1) is refreshed
            assert (abs(path.stat().st_mtime - time.time()) < 60) is refreshed


def test_only_a_folder_that_the_store_created_is_tagged_as_a_cache(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    for folder, marked in (("home", False), ("cache", True)):
        Store(tmp_path / folder).write("clips", KEY, BODY)
        assert (tmp_path / folder / TAG).is_file() is marked


def test_a_folder_removed_between_two_writes_is_created_again(store: Store) -> None:
    saved(store)
    shutil.rmtree(store.folder)
    store.write("clips", KEY, BODY)
    assert Store(store.folder).read("clips", KEY)

"""Which sessions a folder holds: real files, and everything else that may lie among them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.phone import JPEG, add, with_cover

from audioguide.audio.id3 import tag_size
from audioguide.core.errors import InputError
from audioguide.phone.catalogue import Catalogue, read
from audioguide.storage.file_stamp import FileStamp
from audioguide.storage.store import Store
from audioguide.web.resource import FileSlice


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, shared_store: Store) -> Path:
    """A folder with two sessions."""
    folder = tmp_path_factory.mktemp("two")
    add(folder, "b.mp3", 40, shared_store)
    add(folder, "a.mp3", 60, shared_store)
    return folder


@pytest.fixture
def folder(two: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of it that a test may change."""
    yield Path(shutil.copytree(two, tmp_path / "sessions"))


def names(catalogue: Catalogue) -> list[str]:
    return [entry.audio.path.name for entry in catalogue.look()]


def test_sessions_are_listed_by_length_with_what_they_are_made_of(folder: Path) -> None:
    entries = Catalogue(folder).look()

    assert [(entry.stem, entry.seconds, entry.manifest.practice, entry.practice) for entry in entries] == [
        ("b", 40, "small", "Small"),
        ("a", 60, "small", "Small"),
    ]
    assert all(entry.audio.length == entry.audio.path.stat().st_size for entry in entries)


def test_parts_rehearsals_and_strangers_are_passed_over(folder: Path, shared_store: Store) -> None:
    add(folder, "step.mp3", None, shared_store, only="begin")
    add(folder, "grounding.mp3", None, shared_store, only="grounding")
    add(folder, "rehearsal.mp3", 60, shared_store, rehearsal=True)
    (folder / "empty.mp3").write_bytes(b"")
    (folder / "song.mp3").write_bytes(b"ID3\x03\x00\x00\x00\x00\x00\x0aTIT2\x00\x00\x00\x00" + bytes(400))
    (folder / "endless.mp3").write_bytes(b"ID3\x03\x00\x00\x7f\x7f\x7f\x7f" + bytes(400))
    (folder / "folder.mp3").mkdir()
    (folder / "nowhere.mp3").symlink_to(folder / "not there")
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.mp3")

    assert names(Catalogue(folder)) == ["b.mp3", "a.mp3"]


def test_a_file_that_is_still_being_written_is_no_session_yet(folder: Path) -> None:
    whole = (folder / "a.mp3").read_bytes()
    (folder / ".123.part").write_bytes(whole)
    (folder / ".hidden.mp3").write_bytes(whole)
    (folder / "c.mp3").write_bytes(whole[: len(whole) // 2])
    (folder / "a.mp3").unlink()
    catalogue = Catalogue(folder)
    assert names(catalogue) == ["b.mp3"]

    (folder / "c.mp3").write_bytes(whole)
    assert names(catalogue) == ["b.mp3", "c.mp3"]


def test_a_copy_counts_once(folder: Path) -> None:
    shutil.copy(folder / "a.mp3", folder / "another.mp3")
    assert names(Catalogue(folder)) == ["b.mp3", "a.mp3"]


def test_a_file_that_has_not_changed_is_not_read_again(folder: Path) -> None:
    catalogue = Catalogue(folder)
    before = catalogue.look()
    path, facts = folder / "a.mp3", (folder / "a.mp3").stat()
    with path.open("r+b") as file:
        file.write(bytes(400))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    assert catalogue.look() == before
    assert names(Catalogue(folder)) == ["b.mp3"]


def test_a_session_that_was_built_again_is_another_one(folder: Path, shared_store: Store) -> None:
    catalogue = Catalogue(folder)
    before = catalogue.look()
    add(folder, "a.mp3", 61, shared_store)
    after = catalogue.look()

    assert [entry.stem for entry in after] == ["b", "a"]
    assert before[0] == after[0] and before[1].digest != after[1].digest


def test_the_cover_is_found_in_the_tag(folder: Path) -> None:
    for name in ("a.mp3", "b.mp3"):
        with_cover(folder / name, None)
    assert [entry.cover for entry in Catalogue(folder).look()] == [None, None]
    with_cover(folder / "a.mp3")
    cover = Catalogue(folder).look()[1].cover

    assert isinstance(cover, FileSlice)
    assert (folder / "a.mp3").read_bytes()[cover.start : cover.start + cover.length] == JPEG


def test_a_folder_that_is_not_there_is_told_and_one_that_went_is_empty(folder: Path) -> None:
    with pytest.raises(InputError, match=r"there is no folder .*nowhere; name the folder where your sessions are, or"):
        Catalogue(folder / "nowhere")
    catalogue = Catalogue(folder)
    shutil.rmtree(folder)
    assert catalogue.look() == ()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=20))
def test_a_damaged_tag_never_stops_the_others(two: Path, tmp_path: Path, changes: list[tuple[float, int]]) -> None:
    data = bytearray((two / "a.mp3").read_bytes())
    size = tag_size(data)
    for place, value in changes:
        data[int(place * size)] = value
    path = tmp_path / "damaged.mp3"
    path.write_bytes(data)

    entry = read(path, FileStamp.of(path))
    assert entry is None or entry.seconds > 0

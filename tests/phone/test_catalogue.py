"""The sessions in a folder: real files, and everything else that may lie next to them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from support.phone import JPEG, add, with_cover
from support.profiles import examples

from audioguide.audio.id3 import tag_size
from audioguide.core.errors import InputError
from audioguide.phone.catalogue import Catalogue, read_mp3
from audioguide.storage.file_stamp import FileStamp
from audioguide.storage.store import Store
from audioguide.web.resource import FileSlice


@pytest.fixture(scope="module")
def two_sessions(tmp_path_factory: pytest.TempPathFactory, shared_store: Store) -> Path:
    """A folder with two sessions."""
    folder = tmp_path_factory.mktemp("two_sessions")
    add(folder, "b.mp3", 40, shared_store)
    add(folder, "a.mp3", 60, shared_store)
    return folder


@pytest.fixture
def folder(two_sessions: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of that folder, which a test may change."""
    yield Path(shutil.copytree(two_sessions, tmp_path / "sessions"))


def names(catalogue: Catalogue) -> list[str]:
    return [file.audio.path.name for file in catalogue.scan()]


def test_sessions_are_listed_by_length_with_their_practice(folder: Path) -> None:
    session_files = Catalogue(folder).scan()

    assert [(file.stem, file.seconds, file.manifest.practice, file.practice) for file in session_files] == [
        ("b", 40, "small", "Small"),
        ("a", 60, "small", "Small"),
    ]
    assert all(file.audio.length == file.audio.path.stat().st_size for file in session_files)


def test_steps_rehearsals_and_other_files_are_skipped(folder: Path, shared_store: Store) -> None:
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


def test_an_incomplete_file_is_not_a_session_yet(folder: Path) -> None:
    complete = (folder / "a.mp3").read_bytes()
    (folder / ".123.part").write_bytes(complete)
    (folder / ".hidden.mp3").write_bytes(complete)
    (folder / "c.mp3").write_bytes(complete[: len(complete) // 2])
    (folder / "a.mp3").unlink()
    catalogue = Catalogue(folder)
    assert names(catalogue) == ["b.mp3"]

    (folder / "c.mp3").write_bytes(complete)
    assert names(catalogue) == ["b.mp3", "c.mp3"]


def test_identical_copies_count_once(folder: Path) -> None:
    shutil.copy(folder / "a.mp3", folder / "another.mp3")
    assert names(Catalogue(folder)) == ["b.mp3", "a.mp3"]


def test_a_file_that_has_not_changed_is_not_read_again(folder: Path) -> None:
    catalogue = Catalogue(folder)
    before = catalogue.scan()
    path, status = folder / "a.mp3", (folder / "a.mp3").stat()
    with path.open("r+b") as file:
        file.write(bytes(400))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert catalogue.scan() == before
    assert names(Catalogue(folder)) == ["b.mp3"]


def test_a_rebuilt_session_has_another_digest(folder: Path, shared_store: Store) -> None:
    catalogue = Catalogue(folder)
    before = catalogue.scan()
    add(folder, "a.mp3", 61, shared_store)
    after = catalogue.scan()

    assert [file.stem for file in after] == ["b", "a"]
    assert before[0] == after[0] and before[1].digest != after[1].digest


def test_the_cover_is_found_in_the_tag(folder: Path) -> None:
    for name in ("a.mp3", "b.mp3"):
        with_cover(folder / name, None)
    assert [file.cover for file in Catalogue(folder).scan()] == [None, None]
    with_cover(folder / "a.mp3")
    cover = Catalogue(folder).scan()[1].cover

    assert isinstance(cover, FileSlice)
    assert (folder / "a.mp3").read_bytes()[cover.start : cover.start + cover.length] == JPEG


def test_a_missing_folder_is_an_error_and_one_that_was_removed_later_is_empty(folder: Path) -> None:
    with pytest.raises(InputError, match=r"there is no folder .*nowhere; name the folder where your sessions are, or"):
        Catalogue(folder / "nowhere")
    catalogue = Catalogue(folder)
    shutil.rmtree(folder)
    assert catalogue.scan() == ()


@examples(150, [HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=20))
def test_a_damaged_tag_raises_no_error(two_sessions: Path, tmp_path: Path, changes: list[tuple[float, int]]) -> None:
    data = bytearray((two_sessions / "a.mp3").read_bytes())
    size = tag_size(bytes(data))
    for position, value in changes:
        data[int(position * size)] = value
    path = tmp_path / "damaged.mp3"
    path.write_bytes(data)

    session_file = read_mp3(path, FileStamp.of(path))
    assert session_file is None or session_file.seconds > 0

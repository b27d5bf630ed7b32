from pathlib import Path

import pytest

from audioguide.core.errors import OutputError
from audioguide.storage.atomic import atomic_file


def test_a_file_appears_whole_at_the_end_and_its_folder_with_it(tmp_path: Path) -> None:
    path = tmp_path / "output" / "session.mp3"
    with atomic_file(path) as draft:
        draft.put(b"one ")
        assert not path.exists()
        draft.put(b"two")
    assert path.read_bytes() == b"one two"
    assert list(path.parent.iterdir()) == [path]


def test_what_is_put_first_stands_over_the_beginning_and_the_rest_goes_on_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "session.mp3"
    with atomic_file(path) as draft:
        draft.put(b"....")
        draft.put(b"one ")
        draft.put_first(b"tag:")
        draft.put(b"two")
    assert path.read_bytes() == b"tag:one two"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "session.mp3"
    path.write_bytes(b"old")
    with pytest.raises(error), atomic_file(path) as draft:
        draft.put(b"half")
        raise error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("place", ["no/such/folder/a.mp3", "a-file/a.mp3", "a-folder", "x" * 300])
def test_a_place_that_cannot_be_written_is_told_before_any_work(tmp_path: Path, place: str) -> None:
    (tmp_path / "a-file").write_bytes(b"")
    (tmp_path / "a-folder").mkdir()
    with pytest.raises(OutputError, match=r"--out FILE|name a file"), atomic_file(tmp_path / place):
        pytest.fail("work began")


def test_a_full_disk_is_told_with_advice(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        with pytest.raises(OutputError, match=r"too large.*make room"), atomic_file(tmp_path / "a.mp3") as draft:
            draft.put(bytes(2_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", [".", "/", ""])
def test_a_folder_is_no_file(place: str) -> None:
    with pytest.raises(OutputError, match="is a folder"), atomic_file(Path(place)):
        pass


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    link = tmp_path / "link.mp3"
    link.symlink_to(tmp_path / "there.mp3")
    with atomic_file(link) as draft:
        draft.put(b"new")
    assert link.is_symlink() and (tmp_path / "there.mp3").read_bytes() == b"new"


def test_what_is_no_ordinary_file_is_left_alone(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.mp3")
    with pytest.raises(OutputError, match="no ordinary file"), atomic_file(tmp_path / "pipe.mp3"):
        pass
    assert (tmp_path / "pipe.mp3").is_fifo()

import os
from pathlib import Path

import pytest

from audioguide.core.errors import OutputError
from audioguide.storage.atomic import atomic_file


def test_the_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "output" / "session.mp3"
    with atomic_file(path) as draft:
        draft.write(b"one ")
        assert not path.exists()
        draft.write(b"two")
    assert path.read_bytes() == b"one two"
    assert list(path.parent.iterdir()) == [path]


def test_overwriting_the_start_does_not_move_the_end(tmp_path: Path) -> None:
    path = tmp_path / "session.mp3"
    with atomic_file(path) as draft:
        draft.write(b"....")
        draft.write(b"one ")
        draft.overwrite_start(b"tag:")
        draft.write(b"two")
    assert path.read_bytes() == b"tag:one two"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_keeps_the_old_file_and_leaves_no_other(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "session.mp3"
    path.write_bytes(b"old")
    with pytest.raises(error), atomic_file(path) as draft:
        draft.write(b"half")
        raise error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("path", ["no/such/folder/a.mp3", "a-file/a.mp3", "a-folder", "x" * 300])
def test_a_path_that_cannot_be_written_is_reported_before_any_work(tmp_path: Path, path: str) -> None:
    (tmp_path / "a-file").write_bytes(b"")
    (tmp_path / "a-folder").mkdir()
    with pytest.raises(OutputError, match=r"--out FILE|name a file"), atomic_file(tmp_path / path):
        pytest.fail("work began")


def test_a_full_disk_is_reported_with_advice(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        with pytest.raises(OutputError, match=r"too large.*free some"), atomic_file(tmp_path / "a.mp3") as draft:
            draft.write(bytes(2_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", [".", "/", ""])
def test_a_folder_is_refused(path: str) -> None:
    with pytest.raises(OutputError, match="is a folder"), atomic_file(Path(path)):
        pass


def test_a_link_is_followed_and_kept(tmp_path: Path) -> None:
    link = tmp_path / "link.mp3"
    link.symlink_to(tmp_path / "target.mp3")
    with atomic_file(link) as draft:
        draft.write(b"new")
    assert link.is_symlink() and (tmp_path / "target.mp3").read_bytes() == b"new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")
    with pytest.raises(OutputError, match="not a regular file"), atomic_file(tmp_path / "pipe.mp3"):
        pass
    assert (tmp_path / "pipe.mp3").is_fifo()

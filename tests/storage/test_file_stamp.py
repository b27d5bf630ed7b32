"""Files that were changed or replaced are noticed."""

import os
from pathlib import Path

import pytest

from audioguide.storage.file_stamp import FileStamp


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    return path


def test_a_file_that_was_only_read_keeps_its_stamp(file: Path) -> None:
    before = FileStamp.of(file)
    with file.open("rb") as opened:
        opened.read()
        assert FileStamp.of(os.fstat(opened.fileno())) == before
    assert FileStamp.of(file.stat()) == FileStamp.of(file) == before


def test_a_new_size_time_or_inode_is_a_new_stamp(file: Path, tmp_path: Path) -> None:
    before, status = FileStamp.of(file), file.stat()
    times = (status.st_atime_ns, status.st_mtime_ns)
    file.write_bytes(b"longer")
    os.utime(file, ns=times)
    assert FileStamp.of(file) != before
    file.write_bytes(b"two")
    os.utime(file, ns=(times[0], times[1] + 10**9))
    assert FileStamp.of(file) != before
    (tmp_path / "b").write_bytes(b"two")
    os.utime(tmp_path / "b", ns=times)
    (tmp_path / "b").replace(file)
    assert FileStamp.of(file) != before


def test_a_missing_file_has_no_stamp(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FileStamp.of(tmp_path / "nowhere")

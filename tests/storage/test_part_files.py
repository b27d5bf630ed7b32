import subprocess
import sys
from pathlib import Path

import pytest

from audioguide.storage.atomic import atomic_file
from audioguide.storage.part_files import Part, left_behind, sweep

WRITER = """
import sys
from pathlib import Path
from audioguide.storage.part_files import Part

part = Part(Path(sys.argv[1]))
part.file.write(b"half")
print("written", flush=True)
sys.stdin.read()
"""


def writer(folder: Path) -> "subprocess.Popen[str]":
    """Return a process that is writing a part."""
    command = [sys.executable, "-c", WRITER, str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "written\n"  # the part is locked
    return process


def kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def test_a_part_is_moved_into_place_or_removed(tmp_path: Path) -> None:
    with Part(tmp_path) as part:
        part.file.write(b"whole")
        part.move(tmp_path / "target")
    with Part(tmp_path) as part:
        part.file.write(b"half")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("target", b"whole")]


def test_only_parts_of_killed_processes_are_swept(tmp_path: Path) -> None:
    living, killed = writer(tmp_path), writer(tmp_path)
    try:
        assert (len(list(tmp_path.iterdir())), left_behind(tmp_path)) == (2, [])
        kill(killed)
        [left] = left_behind(tmp_path)
        assert left.exists()
        assert sweep(tmp_path) == [left]
        assert len(list(tmp_path.iterdir())) == 1
    finally:
        kill(living)
    assert len(sweep(tmp_path)) == 1
    assert not list(tmp_path.iterdir())


def test_a_part_of_this_process_is_not_swept(tmp_path: Path) -> None:
    with Part(tmp_path) as part:
        assert sweep(tmp_path) == []
        assert part.path.exists()


def test_an_atomic_file_sweeps_the_parts_of_killed_builds_in_its_folder(tmp_path: Path) -> None:
    kill(writer(tmp_path))
    with atomic_file(tmp_path / "a.mp3") as draft:
        draft.write(b"new")
        assert left_behind(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp3"]


@pytest.mark.parametrize("name", ["film.mkv.part", ".0123456789ab.part", "audioguide-0123456789ab.part", ".part"])
def test_files_of_other_programs_are_not_swept(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"theirs")
    assert (left_behind(tmp_path), sweep(tmp_path)) == ([], [])
    assert (tmp_path / name).read_bytes() == b"theirs"


def test_links_and_folders_with_such_a_name_are_not_swept(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / ".audioguide-0123456789ab.part").symlink_to(tmp_path / "mine")
    (tmp_path / ".audioguide-ba9876543210.part").mkdir()
    assert sweep(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 3


def test_a_missing_folder_has_no_parts(tmp_path: Path) -> None:
    assert sweep(tmp_path / "nowhere") == []

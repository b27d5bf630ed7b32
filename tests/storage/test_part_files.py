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
    assert process.stdout and process.stdout.readline() == "written\n"
    return process


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def test_a_part_stands_whole_where_it_is_moved_and_is_gone_where_it_is_not(tmp_path: Path) -> None:
    with Part(tmp_path) as part:
        part.file.write(b"whole")
        part.move(tmp_path / "there")
    with Part(tmp_path) as part:
        part.file.write(b"half")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("there", b"whole")]


def test_what_a_killed_process_was_writing_is_swept_and_never_what_a_living_one_writes(tmp_path: Path) -> None:
    living, killed = writer(tmp_path), writer(tmp_path)
    try:
        assert (len(list(tmp_path.iterdir())), left_behind(tmp_path)) == (2, [])
        end(killed)
        [left] = left_behind(tmp_path)
        assert left.exists()
        assert sweep(tmp_path) == [left]
        assert len(list(tmp_path.iterdir())) == 1
    finally:
        end(living)
    assert len(sweep(tmp_path)) == 1
    assert not list(tmp_path.iterdir())


def test_a_part_of_this_very_process_is_held_too(tmp_path: Path) -> None:
    with Part(tmp_path) as part:
        assert sweep(tmp_path) == []
        assert part.path.exists()


def test_writing_beside_it_sweeps_what_a_killed_build_left(tmp_path: Path) -> None:
    end(writer(tmp_path))
    with atomic_file(tmp_path / "a.mp3") as draft:
        draft.put(b"new")
        assert left_behind(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp3"]


@pytest.mark.parametrize("name", ["film.mkv.part", ".0123456789ab.part", "audioguide-0123456789ab.part", ".part"])
def test_the_unfinished_file_of_another_program_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"theirs")
    assert (left_behind(tmp_path), sweep(tmp_path)) == ([], [])
    assert (tmp_path / name).read_bytes() == b"theirs"


def test_a_link_and_a_folder_of_that_name_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / ".audioguide-0123456789ab.part").symlink_to(tmp_path / "mine")
    (tmp_path / ".audioguide-ba9876543210.part").mkdir()
    assert sweep(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 3


def test_a_folder_that_is_not_there_holds_none(tmp_path: Path) -> None:
    assert sweep(tmp_path / "nowhere") == []

"""The doctor, on a computer that is really ill."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.faults import Bench, CommandResult, homeless

from audioguide.storage.store import PARTS, key_of

pytestmark = [
    pytest.mark.speech,
    pytest.mark.skipif(sys.platform == "win32", reason="faults by folders of POSIX"),
]


def examined(
    bench: Bench, *options: str, env: dict[str, str] | None = None, **more: object
) -> tuple[int, dict[str, tuple[str, str]]]:
    """Return the exit code, and (state, what was found and advised) by name."""
    words = ["doctor", "--cache", str(bench.store.folder), "--out", str(bench.out.parent), "--json", *options]
    done = bench.run(words, env=env or {}, **more)
    assert done.err == "", done
    return done.code, {row["name"]: (row["state"], f"{row['found']}; {row['advice']}") for row in json.loads(done.out)}


def missing(folder: Path, *modules: str) -> dict[str, str]:
    """Return an environment in which modules cannot be loaded, as where their library does not fit the system."""
    for module in modules:
        (folder / "shadow" / module).mkdir(parents=True)
        (folder / "shadow" / module / "__init__.py").write_text("raise ImportError('libfoo.so.1: not found')\n")
    path = [str(folder / "shadow"), *filter(None, [os.environ.get("PYTHONPATH", "")])]
    return {"PYTHONPATH": os.pathsep.join(path)}


def test_a_computer_that_is_well_is_told_so_line_by_line(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    done: CommandResult = bench.run(["doctor", "--cache", str(bench.store.folder), "--out", str(bench.out.parent)])
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert all(line.startswith(("ok    ", "note  ")) for line in lines), done.out
    names = [line[6:].partition(":")[0] for line in lines]
    assert names[:8] == [
        *("versions", "current folder", "home", "temporary folder"),
        *("cache", "cache entries", "output", "encoder"),
    ]
    assert {"voice calm", "voice system", "extra verify", "extra piper"} <= set(names)
    assert "calm: natural said 'Rest.'" in done.out
    assert not list(bench.out.parent.iterdir()) and not bench.store.folder.exists()


def test_what_only_costs_comfort_is_noted_and_no_failure(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for number in range(2):
        bench.store.write("clips", key_of(number), bytes(999))
    path = bench.store.path("clips", key_of(1))
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    for folder in (bench.store.folder / PARTS, bench.out.parent):
        (folder / ".audioguide-0123456789ab.part").write_bytes(b"half")
    environment = {**missing(tmp_path, "pyttsx3"), "HOME": "/proc/nowhere", "TMPDIR": "/proc/nowhere"}
    code, found = examined(bench, "--deep", env=environment)
    assert code == 0
    expected = {
        "home": "/proc/nowhere cannot be written",
        "temporary folder": "/proc/nowhere cannot be used; /tmp is; mend TMPDIR",
        "cache entries": f"1 of 2 entries are damaged, such as {path}",
        "cache leftovers": "1 unfinished files",
        "output": "1 unfinished files",
        "voice system": "pyttsx3 cannot start",
    }
    for name, words in expected.items():
        assert found[name][0] == "note" and words in found[name][1], (name, found[name])
    assert not list(bench.out.parent.iterdir())
    assert bench.store.read("clips", key_of(0))


def test_what_a_build_needs_and_is_not_there_is_wrong_and_ends_with_1(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    (tmp_path / "cache").write_bytes(b"a file where the folder should be")
    code, found = examined(bench, "--out", "/proc/audioguide", env=missing(tmp_path, "hibari", "lameenc"))
    assert code == 1
    assert {name for name, (state, _) in found.items() if state == "broken"} == {"output", "encoder", "voice calm"}
    assert "cannot be written" in found["output"][1] and "--out FILE" in found["output"][1]
    assert "libfoo" in found["encoder"][1] and "with pip" in found["encoder"][1]
    assert "--voice system" in found["voice calm"][1]
    assert found["cache"][0] == "note" and "spoken anew" in found["cache"][1] and "--cache DIR" in found["cache"][1]


def test_without_a_home_the_cache_is_told_to_be_none_and_no_device(tmp_path: Path) -> None:
    doctor, info = homeless(tmp_path, "doctor", "--json"), homeless(tmp_path, "cache", "info")
    found = {row["name"]: row for row in json.loads(doctor.out)}
    assert (doctor.code, info.code, found["cache"]["state"]) == (0, 0, "note")
    assert "there is no home folder, so nothing is kept" in found["cache"]["found"]
    assert "--cache DIR" in found["cache"]["advice"] and "cache entries" not in found
    assert info.out.startswith("no folder: there is no home") and "--cache DIR" in info.out
    assert json.loads(homeless(tmp_path, "cache", "info", "--json").out)["folder"] is None
    assert os.devnull not in doctor.out + doctor.err + info.out + info.err


def test_a_cache_below_a_home_that_is_not_there_is_wrong_as_at_a_build(tmp_path: Path) -> None:
    doctor = homeless(tmp_path, "doctor", "--json", "--cache", "~/x")
    found = {row["name"]: row for row in json.loads(doctor.out)}
    built = homeless(tmp_path, "build", "5", "--cache", "~/x")
    assert (doctor.code, built.code, found["cache"]["state"]) == (1, 1, "broken")
    assert built.err == found["cache"]["found"] + "\n" and "write the full path" in built.err


def test_a_current_folder_that_was_removed_is_wrong(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    gone = tmp_path / "gone"

    def go_and_remove() -> None:
        gone.mkdir()
        os.chdir(gone)
        gone.rmdir()

    code, found = examined(bench, preexec_fn=go_and_remove)
    assert (code, found["current folder"][0]) == (1, "broken")
    assert "cd ~" in found["current folder"][1]


def test_a_disk_without_room_is_noted(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        code, found = examined(Bench(tmp_path), "--cache", str(disk / "cache"), "--out", str(disk))
        with pytest.raises(OSError, match="No space left"), (disk / "film").open("wb", buffering=0) as film:
            while True:
                film.write(bytes(1_000))
        full, told = examined(Bench(tmp_path), "--cache", str(disk / "cache"), "--out", str(disk))
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
    assert code == 0
    assert all(found[name][0] == "note" and "only" in found[name][1] for name in ("cache", "output"))
    assert (full, told["output"][0], told["cache"][0]) == (1, "broken", "note")
    assert "No space left" in told["output"][1] and "No space left" in told["cache"][1]

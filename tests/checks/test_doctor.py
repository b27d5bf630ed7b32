"""The doctor, on a computer on which things really do not work."""

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
    pytest.mark.skipif(sys.platform == "win32", reason="the faults are made with POSIX folders"),
]


def examined(
    bench: Bench, *options: str, env: dict[str, str] | None = None, **more: object
) -> tuple[int, dict[str, tuple[str, str]]]:
    """Return the exit code, and (state, "words; advice") by name."""
    command = ["doctor", "--cache", str(bench.store.folder), "--out", str(bench.out.parent), "--json", *options]
    done = bench.run(command, env=env or {}, **more)
    assert done.err == "", done
    return done.code, {row["name"]: (row["state"], f"{row['found']}; {row['advice']}") for row in json.loads(done.out)}


def missing(folder: Path, *modules: str) -> dict[str, str]:
    """Return an environment in which modules fail to import, as if their library did not fit the system."""
    for module in modules:
        (folder / "shadow" / module).mkdir(parents=True)
        (folder / "shadow" / module / "__init__.py").write_text("raise ImportError('libfoo.so.1: not found')\n")
    path = [str(folder / "shadow"), *filter(None, [os.environ.get("PYTHONPATH", "")])]
    return {"PYTHONPATH": os.pathsep.join(path)}


def test_a_healthy_computer_gets_a_line_of_ok_or_note_for_each_examination(tmp_path: Path) -> None:
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
    assert "calm: natural spoke 'Rest.'" in done.out
    assert not list(bench.out.parent.iterdir()) and not bench.store.folder.exists()


def test_what_does_not_prevent_a_build_is_a_note_and_not_a_failure(tmp_path: Path) -> None:
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
        "temporary folder": "/proc/nowhere cannot be used; using /tmp instead; set TMPDIR to a writable folder",
        "cache entries": f"1 of 2 entries are damaged, such as {path}",
        "cache leftovers": "1 unfinished file from",
        "output": "1 unfinished file from",
        "voice system": "pyttsx3 cannot start",
    }
    for name, words in expected.items():
        assert found[name][0] == "note" and words in found[name][1], (name, found[name])
    assert not list(bench.out.parent.iterdir())
    assert bench.store.read("clips", key_of(0))


def test_what_prevents_a_build_is_wrong_and_exits_with_1(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    (tmp_path / "cache").write_bytes(b"a file where the folder should be")
    code, found = examined(bench, "--out", "/proc/audioguide", env=missing(tmp_path, "hibari", "lameenc"))
    assert code == 1
    assert {name for name, (state, _) in found.items() if state == "broken"} == {"output", "encoder", "voice calm"}
    assert "cannot be written" in found["output"][1] and "--out FILE" in found["output"][1]
    assert "libfoo" in found["encoder"][1] and "with pip" in found["encoder"][1]
    assert "--voice system" in found["voice calm"][1]
    assert found["cache"][0] == "note"
    assert "spoken from scratch" in found["cache"][1] and "--cache DIR" in found["cache"][1]


def test_without_a_home_folder_there_is_no_cache_rather_than_the_null_device(tmp_path: Path) -> None:
    doctor, info = homeless(tmp_path, "doctor", "--json"), homeless(tmp_path, "cache", "info")
    found = {row["name"]: row for row in json.loads(doctor.out)}
    assert (doctor.code, info.code, found["cache"]["state"]) == (0, 0, "note")
    assert "there is no home folder, so nothing is kept" in found["cache"]["found"]
    assert "--cache DIR" in found["cache"]["advice"] and "cache entries" not in found
    assert info.out.startswith("no folder: there is no home") and "--cache DIR" in info.out
    assert json.loads(homeless(tmp_path, "cache", "info", "--json").out)["folder"] is None
    assert os.devnull not in doctor.out + doctor.err + info.out + info.err


def test_a_cache_below_a_missing_home_folder_is_wrong_with_the_message_of_build(tmp_path: Path) -> None:
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
        pytest.skip("needs the right to mount a tmpfs, to have a full disk")
    try:
        code, found = examined(Bench(tmp_path), "--cache", str(disk / "cache"), "--out", str(disk))
        with pytest.raises(OSError, match="No space left"), (disk / "film").open("wb", buffering=0) as film:
            while True:
                film.write(bytes(1_000))
        full_code, full = examined(Bench(tmp_path), "--cache", str(disk / "cache"), "--out", str(disk))
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
    assert code == 0
    assert all(found[name][0] == "note" and "only" in found[name][1] for name in ("cache", "output"))
    assert (full_code, full["output"][0], full["cache"][0]) == (1, "broken", "note")
    assert "No space left" in full["output"][1] and "No space left" in full["cache"][1]

"""Child processes of engines: answers, time-outs, deaths, and cleaning up."""

import os
import signal
import sys
import threading
import wave
from pathlib import Path
from typing import Literal

import pytest
from support.processes import HANGING_S, is_running, wait_until

from audioguide.core.errors import EngineError
from audioguide.speech.engine import package_version
from audioguide.speech.engines.child import Child, read_wav

ECHO = """
import os, sys, time
output = sys.{output}
for line in sys.stdin:
    if "die" in line:
        sys.exit(3)
    if "hang" in line:
        time.sleep(600)
    print("noise", file=output)
    print("said", line.strip(), file=output, flush=True)
"""
FORK = """
import os, sys, time
pid = os.fork()
if pid:
    print(pid, flush=True)
time.sleep(600)
"""
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork, which Windows lacks")


@pytest.fixture(autouse=True)
def none_left(children: list[Child]) -> None:
    """Every test must end the children that it starts."""


def start(program: str, answers_on: Literal["stdout", "stderr"] = "stdout") -> Child:
    return Child("the echo", [sys.executable, "-c", program.replace("{output}", answers_on)], answers_on=answers_on)


def is_said(line: str) -> bool:
    return line.startswith("said")


@pytest.mark.parametrize("answers_on", ["stdout", "stderr"])
def test_each_line_gets_its_own_answer_and_other_output_is_skipped(answers_on: Literal["stdout", "stderr"]) -> None:
    child = start(ECHO, answers_on)
    assert [child.ask(line, HANGING_S, is_said) for line in ("one", "zwölf")] == ["said one", "said zwölf"]
    child.kill()


def test_without_a_test_for_the_answer_any_line_is_one() -> None:
    child = start(ECHO)
    assert child.ask("one", HANGING_S) == "noise"
    child.kill()


def test_a_dead_child_is_an_error_with_its_last_line_cut_short() -> None:
    child = start("import sys; print('first'); print('x' * 999); sys.exit(3)")
    with pytest.raises(EngineError) as caught:
        child.ask("one", HANGING_S, is_said)
    assert str(caught.value) == f"the echo has died: {'x' * 240}"
    child.kill()


def test_a_child_that_dies_without_a_word_has_died() -> None:
    child = start(ECHO)
    with pytest.raises(EngineError, match=r"^the echo has died$"):
        child.ask("die", HANGING_S)
    child.kill()


@pytest.mark.parametrize("line", ["hang", "more than a pipe takes " * 50_000])
def test_a_child_that_gives_no_answer_is_killed_in_time(line: str) -> None:
    child = start("import time; time.sleep(600)")
    with pytest.raises(EngineError, match=r"^the echo gave no answer for 0\.3 s$"):
        child.ask(line, 0.3)
    assert child._process.wait(HANGING_S)
    child.kill()


def test_killing_a_child_from_another_thread_ends_the_question() -> None:
    child = start(ECHO)
    child.ask("one", HANGING_S, is_said)
    killer = threading.Timer(0.2, child.kill)
    killer.start()
    with pytest.raises((EngineError, ValueError)):  # ValueError if the pipe is closed before the next read
        child.ask("hang", HANGING_S, is_said)
    killer.join()
    assert not child.is_alive()


def test_killing_twice_is_harmless() -> None:
    child = start(ECHO)
    child.kill()
    child.kill()


@needs_fork
@pytest.mark.parametrize("leader_dies_first", [False, True])
def test_what_a_child_has_forked_is_killed_with_it(leader_dies_first: bool) -> None:
    child = start(FORK)
    fork = int(child.ask("", HANGING_S))
    if leader_dies_first:
        os.kill(child._process.pid, signal.SIGKILL)
        assert wait_until(lambda: not is_running(child._process.pid))
    assert is_running(fork)
    child.kill()
    assert wait_until(lambda: not is_running(fork))


def test_a_program_that_is_not_there_cannot_be_started() -> None:
    with pytest.raises(EngineError, match=r"^the echo cannot be started: "):
        Child("the echo", ["no-such-program"], answers_on="stdout")


def test_a_child_has_its_folder_and_variables_and_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "1")
    program = "import os; input(); print(os.getcwd(), os.environ['OURS'], os.environ['THEIRS'])"
    command = [sys.executable, "-c", program]
    child = Child("the echo", command, answers_on="stdout", folder=str(tmp_path), environment={"THEIRS": "2"})
    assert child.ask("", HANGING_S) == f"{tmp_path.resolve()} 1 2"
    child.kill()


# --- WAV files ---


def write_wav(path: Path, channels: int = 1, sample_bytes: int = 2) -> bytes:
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, sample_bytes, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(range(120)) * channels * sample_bytes)
    return path.read_bytes()


def test_a_wav_file_is_read_as_it_is(tmp_path: Path) -> None:
    data = write_wav(tmp_path / "a.wav")
    recording = read_wav(tmp_path / "a.wav", "Reed")
    assert (recording.pcm, recording.rate_hz) == (data[44:], 16_000)


@pytest.mark.parametrize(("channels", "sample_bytes"), [(2, 2), (1, 1), (1, 3), (2, 1)])
def test_a_wav_file_that_is_not_mono_16_bit_is_refused(tmp_path: Path, channels: int, sample_bytes: int) -> None:
    write_wav(tmp_path / "a.wav", channels, sample_bytes)
    with pytest.raises(EngineError, match=r"^Reed wrote a file that is cut short or not mono 16-bit$"):
        read_wav(tmp_path / "a.wav", "Reed")


@pytest.mark.parametrize("size", [0, 3, 20, 43, 44, 45, 100, 283])
def test_a_wav_file_cut_short_anywhere_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.wav"
    data = write_wav(path)
    path.write_bytes(data[:size])
    assert size < len(data)
    with pytest.raises(EngineError, match=r"^Reed wrote (no sound \(|a file that is cut short)"):
        read_wav(path, "Reed")


def test_a_missing_wav_file_is_an_engine_error(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"^Reed wrote no sound \("):
        read_wav(tmp_path / "none.wav", "Reed")


# --- versions ---


def test_a_package_that_is_not_installed_is_an_error_that_says_how_to_install_it() -> None:
    assert package_version("pytest") == pytest.__version__
    with pytest.raises(EngineError, match=r"^no-such-package is not installed; `pip install no-such-package`$"):
        package_version("no-such-package")
    with pytest.raises(EngineError, match=r"^no-such-package is not installed; `pip install '\.\[reed\]'`$"):
        package_version("no-such-package", "'.[reed]'")

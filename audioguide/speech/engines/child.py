"""Child processes of speech engines: start one, ask it with a time-out, kill it with everything it has forked."""

import os
import signal
import subprocess
import threading
import wave
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal, cast

from audioguide.core.errors import EngineError
from audioguide.speech.engine import Recording

_LONGEST_REASON = 240
"""Characters of a dead child's last line that its error quotes."""


class Child:
    """A program that takes a line on stdin at a time and answers with lines on stdout or stderr.

    After ask() has raised, only kill() is left: the next line might be the answer to an earlier question. kill() may be
    called from another thread while ask() runs.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        answers_on: Literal["stdout", "stderr"],
        folder: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start the program in its own process group; the output that carries no answers is discarded.

        Args:
            name: the program's name in errors.
            command: the program and its arguments.
            answers_on: which of its outputs is read.
            folder: its current folder; None: ours.
            environment: variables in addition to ours.

        Raises:
            EngineError: it cannot be started.
        """
        self._name = name
        pipe, discard = subprocess.PIPE, subprocess.DEVNULL
        stdout, stderr = (pipe, discard) if answers_on == "stdout" else (discard, pipe)
        variables = {**os.environ, **(environment or {})}
        try:
            self._process = subprocess.Popen(
                command, stdin=pipe, stdout=stdout, stderr=stderr, cwd=folder, env=variables, start_new_session=True
            )
        except OSError as error:
            raise EngineError(f"{name} cannot be started: {error}") from error
        self._input = cast("IO[bytes]", self._process.stdin)
        self._output = cast("IO[bytes]", getattr(self._process, answers_on))

    def is_alive(self) -> bool:
        """Return whether the program still runs."""
        return self._process.poll() is None

    def ask(self, line: str, timeout_s: float, is_answer: Callable[[str], bool] = lambda _: True) -> str:
        """Write a line, and return the first line of output that is the answer.

        Args:
            line: the question, without line breaks.
            timeout_s: the child is killed when it has not answered by then.
            is_answer: recognizes the answer; other lines are skipped.

        Raises:
            EngineError: it gave no answer in time, or has died; the error quotes the last line it wrote.
        """
        timed_out = threading.Event()
        watchdog = threading.Timer(timeout_s, self._time_out, [timed_out])
        watchdog.daemon = True
        watchdog.start()
        last = ""
        try:
            with suppress(OSError):  # it has died; the reason is in its output
                self._input.write(line.encode("utf-8", "replace") + b"\n")
                self._input.flush()
            for output in self._output:
                text = output.decode("utf-8", "replace").strip()
                if is_answer(text):
                    return text
                last = text or last
        finally:
            watchdog.cancel()
        if timed_out.is_set():
            raise EngineError(f"{self._name} gave no answer for {timeout_s:g} s")
        raise EngineError(f"{self._name} has died{f': {last[:_LONGEST_REASON]}' if last else ''}")

    def kill(self) -> None:
        """End the program and everything it has forked, wait for it, and close the pipes."""
        self._end_group()
        for stream in (self._input, self._output):
            with suppress(OSError):  # unwritten input of a dead process
                stream.close()
        self._process.wait()

    def _time_out(self, timed_out: threading.Event) -> None:
        timed_out.set()
        self._end_group()

    def _end_group(self) -> None:
        if os.name != "nt" and self._process.returncode is None:  # not waited for, so its id is not in use again
            with suppress(OSError):  # macOS, if it has just ended
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()


def read_wav(path: Path, writer: str) -> Recording:
    """Return the sound of a WAV file that a child wrote.

    Args:
        path: the file.
        writer: who wrote it, for errors.

    Raises:
        EngineError: it is missing, cut short, or not mono 16-bit.
    """
    try:
        with wave.open(str(path), "rb") as file:
            channels, sample_bytes, frames = file.getnchannels(), file.getsampwidth(), file.getnframes()
            recording = Recording(file.readframes(frames), file.getframerate())
    except (OSError, EOFError, wave.Error) as error:
        raise EngineError(f"{writer} wrote no sound ({error})") from error
    if (channels, sample_bytes) != (1, 2) or len(recording.pcm) != 2 * frames:
        raise EngineError(f"{writer} wrote a file that is cut short or not mono 16-bit")
    return recording

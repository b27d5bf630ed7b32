"""pyttsx3: the system's own voice (eSpeak NG on Linux, NSSpeechSynthesizer on macOS, SAPI 5 on Windows).

pyttsx3 and the drivers below it race, hang on bad paths, print on stdout and abort with threads. So they run in a
worker process that speaks one phrase at a time; whatever goes wrong there, the worker is killed and started anew.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import wave
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Any

from audioguide.core.errors import EngineError
from audioguide.speech.engine import Recording, at_pace
from audioguide.speech.voices import Voice

START_S, ANSWER_S = 60.0, 30.0
"""How long a worker may take to start, and to speak a phrase."""
_OPTIONS = ("voice",)
_RATES = {
    "linux": ((80.0, 97.7), (100.0, 116.1), (120.0, 139.8), (140.0, 164.8), (175.0, 206.6)),
}
"""(pyttsx3 rate, true words a minute): eSpeak NG, measured; elsewhere the rate is taken as it is, then corrected."""
_AS_IS = ((40.0, 40.0), (400.0, 400.0))


class System:
    """Speaks with pyttsx3, in a worker process."""

    slowest_wpm = 115.0
    fastest_wpm = 220.0
    calibrated = sys.platform in _RATES
    reads_phonemes = False

    def __init__(self) -> None:
        """Start nothing yet."""
        self._worker: _Worker | None = None

    def probe(self) -> str:
        """Return why pyttsx3 cannot speak here, or nothing."""
        try:
            self._started()
        except EngineError as error:
            return str(error)
        return ""

    def fingerprint(self, voice: Voice) -> str:
        """Return package and versions, and which voice of the system speaks."""
        unknown = [key for key in voice.options if key not in _OPTIONS]
        if unknown:
            raise EngineError(
                f"{voice.shown}: engine 'system' has no option {unknown[0]!r} (there is {', '.join(_OPTIONS)})"
            )
        parts = [f"pyttsx3 {_version('pyttsx3')}", sys.platform]
        if sys.platform == "linux":
            parts.append(f"espeakng-loader {_version('espeakng-loader')}")
        return ", ".join(parts)

    def speak(self, text: str, voice: Voice) -> Recording:
        """Return the spoken text at whatever rate the system's voice has."""
        with tempfile.TemporaryDirectory(prefix="audioguide-") as folder:
            path = Path(folder) / "speech.wav"
            rate = round(at_pace(_RATES.get(sys.platform, _AS_IS), voice.pace_wpm))
            order = {"text": text, "path": str(path), "rate": rate, **_voice_order(voice)}
            try:
                self._started().ask(order, ANSWER_S)
                return _read(path)
            except BaseException:  # a Ctrl-C too: nothing may write into the folder while it is removed
                self.close()
                raise

    def close(self) -> None:
        """End the worker."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    def _started(self) -> "_Worker":
        if self._worker is None:
            self._worker = _Worker([sys.executable, "-P", "-m", "audioguide.speech.engines.system_worker"])
            try:
                self._worker.ask({"hello": True}, START_S)
            except BaseException:
                self.close()
                raise
        return self._worker


class _Worker:
    """A child process that answers each line of JSON with one."""

    def __init__(self, command: list[str]) -> None:
        quiet: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        try:
            self._process = subprocess.Popen(command, text=True, encoding="utf-8", start_new_session=True, **quiet)
        except OSError as error:
            raise EngineError(f"the speech worker cannot be started: {error}") from error
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True).start()

    def ask(self, order: dict[str, object], timeout_s: float) -> None:
        """Hand over an order and wait until it is done.

        Raises:
            EngineError: the worker hung, died, or says what went wrong.
        """
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            answer = self._answers.get(timeout=timeout_s)
        except OSError as error:
            raise EngineError("the speech worker has died") from error
        except queue.Empty as error:
            raise EngineError(f"the speech worker gave no answer for {timeout_s:g} s") from error
        if not answer:
            raise EngineError("the speech worker has died")
        try:
            trouble = json.loads(answer).get("error")
        except (ValueError, AttributeError) as error:
            raise EngineError(f"the speech worker answered {answer[:60]!r}") from error
        if trouble:
            raise EngineError(str(trouble))

    def kill(self) -> None:
        """End the process, and with it what it has forked, and wait for it."""
        if os.name != "nt" and self._process.poll() is None:
            with suppress(OSError):  # macOS, where it has just ended
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                try:
                    stream.close()
                except OSError:
                    continue  # what was left in the pipe of a dead process
        self._process.wait()

    def _listen(self, stream: IO[str]) -> None:
        """Pass answers on; an empty one when the process has ended."""
        try:
            for line in stream:
                self._answers.put(line)
        except ValueError:
            pass  # closed while reading
        self._answers.put("")


def _voice_order(voice: Voice) -> dict[str, object]:
    wanted = voice.options.get("voice")
    return {"voice": wanted} if wanted else {"language": voice.language}


def _read(path: Path) -> Recording:
    """Return a WAV file's sound.

    Raises:
        EngineError: it is missing, cut short, or not mono 16-bit.
    """
    try:
        with wave.open(str(path), "rb") as file:
            layout = (file.getnchannels(), file.getsampwidth())
            pcm = file.readframes(file.getnframes())
            whole = len(pcm) == file.getnframes() * 2 * layout[0]
            rate_hz = file.getframerate()
    except (OSError, EOFError, wave.Error) as error:
        raise EngineError(f"the system's voice wrote no sound ({error})") from error
    if layout != (1, 2) or not whole:
        raise EngineError("the system's voice wrote a file that is cut short or not mono 16-bit")
    return Recording(pcm, rate_hz)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError as error:
        raise EngineError(f"{package} is not installed; `pip install {package}`") from error

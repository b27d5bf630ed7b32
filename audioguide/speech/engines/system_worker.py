"""The process in which pyttsx3 runs: reads an order from each line of stdin, and answers it with a line on stdout.

An order is JSON: ``{"text", "path", "rate", "voice" or "language"}``, or ``{"hello": true}``. The answer is ``{}`` when
the file is complete, or ``{"error": message}``. The sequence of calls works around races that were measured with eSpeak
NG: an empty run first, or settings are lost; properties only while the engine is idle; one file in each run; then wait
until the file is complete.

The pitch of eSpeak NG flutters, and the flutter continues from phrase to phrase. Its seed, setting the voice, and
Terminate with Initialize do not reset it (all were tried), so within one process a phrase never sounds the same twice.
On Linux each order is therefore executed in a fork of the worker, where eSpeak NG starts afresh: the sound of a phrase
depends on that phrase alone. The time that forking costs is saved where the driver used to sleep.
"""

import json
import math
import os
import signal
import sys
import time
import wave
from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

FORKS = sys.platform == "linux"
WAIT_S, SETTING_S = 20.0, 1.0
"""Time limits for a complete file, and for a setting to take effect."""
_RETRY_S = 0.01
"""When a setting is set again: eSpeak NG drops one that coincides with another."""
_POLL_S = 0.002
_LONGEST_ERROR = 4096
"""Bytes that a pipe accepts in one write on every system."""


class SafeDriver:
    """Speaks with a pyttsx3 engine, and waits out its races."""

    def __init__(self, engine: Any, fresh: bool = False) -> None:
        """Prepare an engine.

        Args:
            engine: of pyttsx3, or a fake one in tests.
            fresh: the engine was just started and needs no empty run, but its settings must all be set once.
        """
        self._fresh = fresh
        self._engine = engine
        self._errors: list[BaseException] = []
        engine.connect("error", self._on_error)
        self._wait_until_idle()
        if not fresh:
            engine.runAndWait()

    def _on_error(self, name: str, exception: BaseException) -> None:
        self._errors.append(exception)

    def execute(self, order: dict[str, Any]) -> None:
        """Execute an order; for hello it is enough that the driver has started."""
        if "text" in order:
            self.speak(order)

    def speak(self, order: dict[str, Any]) -> None:
        """Write the order's text as a WAV file.

        Raises:
            RuntimeError: there is no such voice, a setting was lost, or no complete file was written.
        """
        settings = {"voice": self._voice_id(order), "rate": order["rate"]}
        for name, value in settings.items():
            self._set(name, value)
        path = Path(order["path"])
        self._errors.clear()
        self._engine.save_to_file(order["text"], str(path))
        self._engine.runAndWait()
        if self._errors:
            raise RuntimeError(str(self._errors[0]))
        _wait_until(lambda: _is_complete(path), "no complete sound file")
        if any(self._engine.getProperty(name) != value for name, value in settings.items()):
            raise RuntimeError("the system's voice lost a setting while it spoke")
        _as_wav(path)

    def _voice_id(self, order: dict[str, Any]) -> str:
        """Return the id of the order's voice, or of the best voice for its language."""
        voices = self._engine.getProperty("voices")
        current = str(self._engine.getProperty("voice"))
        if name := order.get("voice"):
            return _find_id(str(name), [str(voice.id) for voice in voices])
        language = str(order["language"])
        for matches in (_same_language, _same_base_language):
            ids = [str(voice.id) for voice in voices if any(matches(code, language) for code in _codes(voice))]
            if ids:
                return current if current in ids else ids[0]
        raise RuntimeError(f"this system has no voice for language {language!r}")

    def _set(self, name: str, value: object) -> None:
        if self._engine.getProperty(name) == value and not self._fresh:
            return
        deadline = time.monotonic() + SETTING_S
        while time.monotonic() < deadline:
            self._wait_until_idle()
            self._engine.setProperty(name, value)
            self._wait_until_idle()
            if _becomes_true(lambda: self._engine.getProperty(name) == value, _RETRY_S):
                return
        raise RuntimeError(f"the system's voice did not accept {name} {value!r}")

    def _wait_until_idle(self) -> None:
        _wait_until(lambda: not _is_playing(), "the system's voice is busy")


def _find_id(name: str, ids: list[str]) -> str:
    for voice_id in ids:
        if voice_id.lower() == name.lower():
            return voice_id
    near = get_close_matches(name, ids, n=3, cutoff=0.3)
    raise RuntimeError(f"this system has no voice {name!r} (choose from {', '.join(near or ids[:3])}, ...)")


def _codes(voice: Any) -> list[str]:
    """Return a voice's languages in lower case with hyphens; drivers return text or bytes, some with a prefix byte."""
    texts = [code.decode("ascii", "ignore") if isinstance(code, bytes) else str(code) for code in voice.languages or ()]
    return [text.strip("\x00\x02\x05").lower().replace("_", "-") for text in texts]


def _same_language(code: str, language: str) -> bool:
    return code == language.lower()


def _same_base_language(code: str, language: str) -> bool:
    return code.split("-")[0] == language.lower().split("-")[0]


def _is_playing() -> bool:
    espeak = sys.modules.get("pyttsx3.drivers._espeak")
    return bool(espeak and espeak.IsPlaying())


def _wait_until(done: Callable[[], bool], error: str) -> None:
    if not _becomes_true(done, WAIT_S):
        raise RuntimeError(error)


def _becomes_true(done: Callable[[], bool], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _is_complete(path: Path) -> bool:
    """Return whether a sound file is complete: a WAV file, or the AIFF file that macOS writes."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
        size = path.stat().st_size
    except OSError:
        return False
    if head[:4] == b"RIFF":
        return size >= 44 and int.from_bytes(head[4:8], "little") + 8 <= size
    return head[:4] == b"FORM" and int.from_bytes(head[4:8]) + 8 <= size


def _as_wav(path: Path) -> None:
    """Convert a file that macOS wrote, AIFF or AIFF-C whatever its name, into WAV; leave a WAV file unchanged."""
    data = path.read_bytes()
    if data[:4] != b"FORM":
        return
    pcm, channels, rate_hz = _read_aiff(data)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(pcm)


def _read_aiff(data: bytes) -> tuple[bytes, int, int]:
    """Return (16-bit little-endian PCM, channels, rate) of an AIFF file; Python 3.13 dropped the aifc module."""
    chunks: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8])
        chunks[data[at : at + 4]] = data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    if not {b"COMM", b"SSND"} <= chunks.keys():
        raise RuntimeError("the system's voice wrote an AIFF file without sound")
    common, sound = chunks[b"COMM"], chunks[b"SSND"]
    channels, frame_count, bits = (int.from_bytes(common[at : at + size]) for at, size in ((0, 2), (2, 4), (6, 2)))
    body = sound[8 + int.from_bytes(sound[:4]) :][: frame_count * channels * 2]
    if bits != 16 or len(body) < frame_count * channels * 2:
        raise RuntimeError("the system's voice wrote a sound file that is cut short or not 16-bit")
    exponent, mantissa = int.from_bytes(common[8:10]) & 0x7FFF, int.from_bytes(common[10:18])
    if common[18:22] != b"sowt":  # all kinds are big-endian, except this one of AIFF-C
        swapped = bytearray(body)
        swapped[0::2], swapped[1::2] = body[1::2], body[0::2]
        body = bytes(swapped)
    return body, channels, mantissa >> (16383 + 63 - exponent)


def prepare_espeak() -> None:
    """Load the eSpeak NG of the wheel espeakng-loader, which pyttsx3 then uses."""
    if sys.platform != "linux":
        return
    import ctypes

    import espeakng_loader

    data = Path(espeakng_loader.get_data_path())
    os.chdir(data.parent)  # eSpeak NG ends the process if this path is longer than 160 characters
    os.environ["ESPEAK_DATA_PATH"] = data.name
    ctypes.CDLL(espeakng_loader.get_library_path())


def serve(orders: Any, answers: Any) -> None:
    """Answer orders until the input ends."""
    prepare_espeak()
    import pyttsx3

    execute = in_fork(_with_fresh_driver(pyttsx3.init)) if FORKS else SafeDriver(pyttsx3.init()).execute
    for line in orders:
        answer: dict[str, str] = {}
        try:
            execute(json.loads(line))
        except Exception as error:  # a driver may raise anything; the parent decides what to do
            answer = {"error": str(error) or type(error).__name__}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _with_fresh_driver(start: Callable[[], Any]) -> Callable[[dict[str, Any]], None]:
    """Return a function that executes an order with a driver it has just started."""
    espeak: Any = import_module("pyttsx3.drivers.espeak")  # loads the library for all forks; start() initializes it
    espeak.time = SimpleNamespace(sleep=lambda _: time.sleep(_POLL_S))  # it would wait 10 ms before each look

    def execute(order: dict[str, Any]) -> None:
        try:
            engine = start()
            engine.proxy.setBusy(False)  # has the effect of an empty run, but is 10 ms faster
        except Exception as error:
            raise RuntimeError(f"pyttsx3 cannot start: {error}") from error
        SafeDriver(engine, fresh=True).execute(order)

    return execute


def in_fork(execute: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    """Return a function that executes each order in a fork of this process, and raises here what was raised there."""

    def execute_in_fork(order: dict[str, Any]) -> None:
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            _execute_and_exit(execute, order, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            trouble = pipe.read().decode("utf-8", "replace")
        _, status = os.waitpid(child, 0)
        if trouble or status:
            raise RuntimeError(trouble or "the system's voice has died")

    return execute_in_fork


def _execute_and_exit(execute: Callable[[dict[str, Any]], None], order: dict[str, Any], writing: int) -> NoReturn:
    """Execute an order, write its error to a pipe, and exit; an alarm ends a fork that hangs after its parent died."""
    signal.alarm(math.ceil(2 * WAIT_S))
    try:
        execute(order)
    except BaseException as error:  # a fork must never continue as the worker
        os.write(writing, (str(error) or type(error).__name__).encode()[:_LONGEST_ERROR])
    finally:
        os._exit(0)


def main() -> None:
    """Serve orders on stdin and stdout; output that the drivers print goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        serve(sys.stdin, answers)
    except Exception as error:  # the parent waits for the answer to its first order
        answers.write(json.dumps({"error": f"pyttsx3 cannot start: {error}"}) + "\n")
        answers.flush()
    os._exit(0)  # eSpeak NG aborts when Python unloads it


if __name__ == "__main__":
    main()

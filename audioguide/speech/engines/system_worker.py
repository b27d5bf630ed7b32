"""The process that pyttsx3 lives in: reads one order a line from stdin, answers one line on stdout.

An order is JSON: ``{"text", "path", "rate", "voice" or "language"}``, or ``{"hello": true}``. An answer is ``{}`` when
the file stands, or ``{"error": words}``. The way orders are given follows what was measured with eSpeak NG: an empty
run first, or settings are not taken; properties only while the engine is idle; one file a run; then wait until the file
is whole.

eSpeak NG lets the pitch flutter, and goes on with that from one phrase to the next; neither its seed, nor setting the
voice, nor Terminate and Initialize set it back (all tried), so no phrase sounds twice the same within one process. On
Linux each order is therefore carried out by a fork of the worker, in which eSpeak NG begins anew: what a phrase sounds
like depends on that phrase alone. What that takes is won back where the driver idled.
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
WAIT_S, TAKEN_S = 20.0, 1.0
"""How long a file, and a setting, may take."""
_AGAIN_S = 0.01
"""When a setting is given again: eSpeak NG drops one that meets another."""
_POLL_S = 0.002
_MOST_WORDS = 4096
"""A pipe takes so much at once, always."""


class Speech:
    """pyttsx3 with its races waited out."""

    def __init__(self, driver: Any, fresh: bool = False) -> None:
        """Take a pyttsx3 engine (or a fake one in tests); a fresh one takes settings, but not all of its own yet."""
        self._fresh = fresh
        self._engine = driver
        self._errors: list[BaseException] = []
        driver.connect("error", self._on_error)
        self._settled()
        if not fresh:
            driver.runAndWait()

    def _on_error(self, name: str, exception: BaseException) -> None:
        self._errors.append(exception)

    def carry_out(self, order: dict[str, Any]) -> None:
        """Do what an order says; hello asks for nothing more than a driver that has started."""
        if "text" in order:
            self.speak(order)

    def speak(self, order: dict[str, Any]) -> None:
        """Write the order's text as a WAV file.

        Raises:
            RuntimeError: the voice is not there, a property was lost, or no whole file came.
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
        _wait_until(lambda: _is_whole(path), "no whole sound file")
        if any(self._engine.getProperty(name) != value for name, value in settings.items()):
            raise RuntimeError("the system's voice lost a setting while it spoke")
        _as_wav(path)

    def _voice_id(self, order: dict[str, Any]) -> str:
        """Return the id of the voice that is asked for, or the best one of the language."""
        voices = self._engine.getProperty("voices")
        current = str(self._engine.getProperty("voice"))
        if wanted := order.get("voice"):
            ids = [str(voice.id) for voice in voices]
            return _named(str(wanted), ids)
        language = str(order["language"])
        for fits in (_same_language, _same_base_language):
            fitting = [str(voice.id) for voice in voices if any(fits(code, language) for code in _codes(voice))]
            if fitting:
                return current if current in fitting else fitting[0]
        raise RuntimeError(f"this system has no voice for language {language!r}")

    def _set(self, name: str, value: object) -> None:
        if self._engine.getProperty(name) == value and not self._fresh:
            return
        until = time.monotonic() + TAKEN_S
        while time.monotonic() < until:
            self._settled()
            self._engine.setProperty(name, value)
            self._settled()
            if _comes_true(lambda: self._engine.getProperty(name) == value, _AGAIN_S):
                return
        raise RuntimeError(f"the system's voice would not take {name} {value!r}")

    def _settled(self) -> None:
        _wait_until(lambda: not _is_playing(), "the system's voice is busy")


def _named(wanted: str, ids: list[str]) -> str:
    for known in ids:
        if known.lower() == wanted.lower():
            return known
    near = get_close_matches(wanted, ids, n=3, cutoff=0.3)
    raise RuntimeError(f"this system has no voice {wanted!r} (there is {', '.join(near or ids[:3])}, ...)")


def _codes(voice: Any) -> list[str]:
    """Return a voice's languages in lower case with hyphens; drivers give text, bytes, or odd bytes in front."""
    texts = [code.decode("ascii", "ignore") if isinstance(code, bytes) else str(code) for code in voice.languages or ()]
    return [text.strip("\x00\x02\x05").lower().replace("_", "-") for text in texts]


def _same_language(code: str, language: str) -> bool:
    return code == language.lower()


def _same_base_language(code: str, language: str) -> bool:
    return code.split("-")[0] == language.lower().split("-")[0]


def _is_playing() -> bool:
    espeak = sys.modules.get("pyttsx3.drivers._espeak")
    return bool(espeak and espeak.IsPlaying())


def _wait_until(done: Callable[[], bool], otherwise: str) -> None:
    if not _comes_true(done, WAIT_S):
        raise RuntimeError(otherwise)


def _comes_true(done: Callable[[], bool], most_s: float) -> bool:
    until = time.monotonic() + most_s
    while not done():
        if time.monotonic() > until:
            return False
        time.sleep(_POLL_S)
    return True


def _is_whole(path: Path) -> bool:
    """Return whether a sound file has been written to its end (WAV, or the AIFF that macOS writes)."""
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
    """Turn what macOS wrote (AIFF or AIFF-C, whatever the name says) into WAV; leave WAV alone."""
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
    """Return (16-bit little-endian PCM, channels, rate) of an AIFF file; the aifc module left Python in 3.13."""
    chunks: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8])
        chunks[data[at : at + 4]] = data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    if not {b"COMM", b"SSND"} <= chunks.keys():
        raise RuntimeError("the system's voice wrote a sound file without sound")
    common, sound = chunks[b"COMM"], chunks[b"SSND"]
    channels, frame_count, bits = (int.from_bytes(common[at : at + size]) for at, size in ((0, 2), (2, 4), (6, 2)))
    body = sound[8 + int.from_bytes(sound[:4]) :][: frame_count * channels * 2]
    if bits != 16 or len(body) < frame_count * channels * 2:
        raise RuntimeError("the system's voice wrote a sound file that is cut short or not 16-bit")
    exponent, mantissa = int.from_bytes(common[8:10]) & 0x7FFF, int.from_bytes(common[10:18])
    if common[18:22] != b"sowt":  # anything but AIFF-C's little-endian kind is big-endian
        swapped = bytearray(body)
        swapped[0::2], swapped[1::2] = body[1::2], body[0::2]
        body = bytes(swapped)
    return body, channels, mantissa >> (16383 + 63 - exponent)


def prepare_espeak() -> None:
    """Let pyttsx3 find the eSpeak NG of the wheel espeakng-loader, by loading it first."""
    if sys.platform != "linux":
        return
    import ctypes

    import espeakng_loader

    data = Path(espeakng_loader.get_data_path())
    os.chdir(data.parent)  # eSpeak NG keeps 160 characters of this path, and ends the process where it was longer
    os.environ["ESPEAK_DATA_PATH"] = data.name
    ctypes.CDLL(espeakng_loader.get_library_path())


def serve(orders: Any, answers: Any) -> None:
    """Answer orders until there are no more."""
    prepare_espeak()
    import pyttsx3

    carry_out = apart(_begun_anew(pyttsx3.init)) if FORKS else Speech(pyttsx3.init()).carry_out
    for line in orders:
        answer: dict[str, str] = {}
        try:
            carry_out(json.loads(line))
        except Exception as error:  # whatever a driver raises is an answer, and the parent decides
            answer = {"error": str(error) or type(error).__name__}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _begun_anew(start: Callable[[], Any]) -> Callable[[dict[str, Any]], None]:
    """Return what carries out an order with a driver of its own."""
    espeak: Any = import_module("pyttsx3.drivers.espeak")  # loads the library for all forks; it works from init on
    espeak.time = SimpleNamespace(sleep=lambda _: time.sleep(_POLL_S))  # it looked every 10 ms whether it had ended

    def carry_out(order: dict[str, Any]) -> None:
        try:
            driver = start()
            driver.proxy.setBusy(False)  # what an empty run is for, but 10 ms sooner
        except Exception as error:
            raise RuntimeError(f"pyttsx3 cannot start: {error}") from error
        Speech(driver, fresh=True).carry_out(order)

    return carry_out


def apart(work: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    """Return work as a fork of this process does it, which ends with it; what it raises is raised here."""

    def carry_out(order: dict[str, Any]) -> None:
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            _end_with(work, order, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as told:
            trouble = told.read().decode()
        _, status = os.waitpid(child, 0)
        if trouble or status:
            raise RuntimeError(trouble or "the system's voice has died")

    return carry_out


def _end_with(work: Callable[[dict[str, Any]], None], order: dict[str, Any], writing: int) -> NoReturn:
    """Do the work of a fork, and end it; the alarm ends one that hangs, should nobody be left to do so."""
    signal.alarm(math.ceil(2 * WAIT_S))
    try:
        work(order)
    except BaseException as error:  # nothing of a fork may go on as the worker would
        os.write(writing, (str(error) or type(error).__name__).encode()[:_MOST_WORDS])
    finally:
        os._exit(0)


def main() -> None:
    """Serve on stdin and stdout; what the drivers print goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        serve(sys.stdin, answers)
    except Exception as error:  # the first order waits for an answer: tell it why there will be none
        answers.write(json.dumps({"error": f"pyttsx3 cannot start: {error}"}) + "\n")
        answers.flush()
    os._exit(0)  # eSpeak NG aborts when Python tears it down


if __name__ == "__main__":
    main()

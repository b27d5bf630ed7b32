"""The process that pyttsx3 lives in: reads one order a line from stdin, answers one line on stdout.

An order is JSON: ``{"text", "path", "rate", "voice" or "language"}``, or ``{"hello": true}``. An answer is ``{}`` when
the file stands, or ``{"error": words}``. The way orders are given follows what was measured with eSpeak NG: an empty
run first; properties only while the engine is idle; one file a run; then wait until the file is whole.
"""

import json
import os
import sys
import time
import wave
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

WAIT_S = 20.0
_POLL_S = 0.005


class Speech:
    """pyttsx3 with its races waited out."""

    def __init__(self, driver: Any) -> None:
        """Take a pyttsx3 engine (or a fake one in tests)."""
        self._engine = driver
        self._errors: list[BaseException] = []
        driver.connect("error", self._on_error)
        self._settled()
        driver.runAndWait()

    def _on_error(self, name: str, exception: BaseException) -> None:
        self._errors.append(exception)

    def speak(self, order: dict[str, Any]) -> None:
        """Write the order's text as a WAV file.

        Raises:
            RuntimeError: the voice is not there, a property was lost, or no whole file came.
        """
        self._set("voice", self._voice_id(order))
        self._set("rate", order["rate"])
        path = Path(order["path"])
        self._errors.clear()
        self._engine.save_to_file(order["text"], str(path))
        self._engine.runAndWait()
        if self._errors:
            raise RuntimeError(str(self._errors[0]))
        _wait_until(lambda: _is_whole(path), "no whole sound file")
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
        if self._engine.getProperty(name) == value:
            return
        self._settled()
        self._engine.setProperty(name, value)
        self._settled()
        if self._engine.getProperty(name) != value:
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
    until = time.monotonic() + WAIT_S
    while not done():
        if time.monotonic() > until:
            raise RuntimeError(otherwise)
        time.sleep(_POLL_S)


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

    speech = Speech(pyttsx3.init())
    for line in orders:
        order = json.loads(line)
        answer: dict[str, str] = {}
        try:
            if "text" in order:
                speech.speak(order)
        except Exception as error:  # whatever a driver raises is an answer, and the parent decides
            answer = {"error": str(error) or type(error).__name__}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


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

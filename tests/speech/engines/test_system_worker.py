"""The worker's side of the system voice, with fake drivers that behave like those of each operating system."""

import math
import struct
import sys
import threading
import time
import wave
from array import array
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from audioguide.speech.engines import system_worker
from audioguide.speech.engines.system_worker import SafeDriver

TONE = array("h", [round(9_000 * math.sin(i / 9)) for i in range(22_050)])


def wav(samples: "array[int]", rate_hz: int = 22_050) -> bytes:
    """Return a WAV file of samples."""
    body = samples.tobytes()
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(body), b"WAVE", b"fmt ", 16, 1, 1, rate_hz, 0, 2, 16)
    return head + struct.pack("<4sI", b"data", len(body)) + body


def extended(rate_hz: int) -> bytes:
    """Return a rate as AIFF writes it: an 80-bit float."""
    exponent = rate_hz.bit_length() - 1
    return (16_383 + exponent).to_bytes(2) + (rate_hz << (63 - exponent)).to_bytes(8)


def chunk(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4) + body + bytes(len(body) % 2)


def aiff(
    samples: "array[int]",
    rate_hz: int = 22_050,
    kind: bytes = b"",
    *,
    before: bytes = b"",
    count: int = -1,
    offset: int = 0,
    bits: int = 16,
) -> bytes:
    """Return an AIFF file, or an AIFF-C file of a kind such as sowt (little-endian) or NONE."""
    body = samples[:]
    if (sys.byteorder == "little") != (kind == b"sowt"):
        body.byteswap()
    claimed = len(samples) if count < 0 else count
    common = (1).to_bytes(2) + claimed.to_bytes(4) + bits.to_bytes(2) + extended(rate_hz)
    version = b""
    if kind:
        common += kind + bytes([4]) + b"kind" + bytes(1)
        version = chunk(b"FVER", bytes.fromhex("a2805140"))
    sound = offset.to_bytes(4) + bytes(4) + bytes(offset) + body.tobytes()
    form = (b"AIFC" if kind else b"AIFF") + version + chunk(b"COMM", common) + before + chunk(b"SSND", sound)
    return chunk(b"FORM", form)


class Driver:
    """A pyttsx3 driver that writes its file at once and sends no event, like SAPI 5."""

    def __init__(self, data: bytes, languages: dict[str, Any] | None = None) -> None:
        self._data = data
        named = languages or {"David": ["en-US"]}
        voices = [SimpleNamespace(id=name, languages=spoken) for name, spoken in named.items()]
        self.properties: dict[str, Any] = {"voices": voices, "voice": voices[0].id, "rate": 200}
        self.listeners: dict[str, Callable[..., None]] = {}
        self.runs = 0
        self.said: list[str] = []

    def connect(self, event: str, listener: Callable[..., None]) -> None:
        self.listeners[event] = listener

    def getProperty(self, name: str) -> Any:  # noqa: N802  # pyttsx3's own name
        return self.properties[name]

    def setProperty(self, name: str, value: Any) -> None:  # noqa: N802  # pyttsx3's own name
        self.properties[name] = value

    def save_to_file(self, text: str, name: str) -> None:
        self.said.append(text)
        self.write(Path(name))

    def write(self, path: Path) -> None:
        path.write_bytes(self._data)

    def runAndWait(self) -> None:  # noqa: N802  # pyttsx3's own name
        self.runs += 1


class SlowDriver(Driver):
    """Returns before its file is complete, like eSpeak."""

    def write(self, path: Path) -> None:
        def later() -> None:
            with path.open("wb") as file:
                for start in range(0, len(self._data), 9_000):
                    file.write(self._data[start : start + 9_000])
                    file.flush()
                    time.sleep(0.03)

        self.writer = threading.Thread(target=later)
        self.writer.start()


class Mac(Driver):
    """Writes its file in runAndWait and sends an event when finished, like NSSpeechSynthesizer."""

    def write(self, path: Path) -> None:
        self._path = path

    def runAndWait(self) -> None:  # noqa: N802  # pyttsx3's own name
        super().runAndWait()
        if self.said:
            self._path.write_bytes(self._data)
            self.listeners.get("finished-utterance", dict)(name="", completed=True)


def order(path: Path, **changes: object) -> dict[str, Any]:
    return {"text": "Rest here.", "path": str(path), "rate": 150, "language": "en-US", **changes}


def spoken(driver: Driver, path: Path) -> tuple[bytes, int]:
    """Return the samples and rate that SafeDriver makes of a driver's file."""
    SafeDriver(driver).speak(order(path))
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return file.readframes(file.getnframes()), file.getframerate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "speech.wav"


def test_a_driver_that_saves_at_once_without_an_event_works(path: Path) -> None:
    driver = Driver(wav(TONE))
    assert spoken(driver, path) == (TONE.tobytes(), 22_050)
    assert driver.properties["rate"] == 150
    assert driver.said == ["Rest here."]


def test_a_file_that_grows_after_the_run_is_waited_for(path: Path) -> None:
    driver = SlowDriver(wav(TONE))
    assert spoken(driver, path) == (TONE.tobytes(), 22_050)
    driver.writer.join()


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 22_255, 44_100, 48_000])
@pytest.mark.parametrize("kind", [b"", b"sowt", b"NONE", b"twos"])
def test_aiff_becomes_wav_at_any_byte_order_and_rate(path: Path, rate_hz: int, kind: bytes) -> None:
    assert spoken(Mac(aiff(TONE, rate_hz, kind)), path) == (TONE.tobytes(), rate_hz)


def test_an_aiff_with_other_chunks_and_an_odd_one_is_read(path: Path) -> None:
    data = aiff(TONE, before=chunk(b"NAME", b"odd") + chunk(b"FLLR", bytes(4_000)))
    assert spoken(Mac(data), path) == (TONE.tobytes(), 22_050)


def test_the_offset_of_an_aiffs_sound_is_applied(path: Path) -> None:
    assert spoken(Mac(aiff(TONE, offset=512)), path) == (TONE.tobytes(), 22_050)


def test_an_aiff_with_fewer_samples_than_it_declares_is_refused(path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"sound file|samples|short"):
        spoken(Mac(aiff(TONE[:4_000], count=len(TONE))), path)


def test_an_aiff_cut_short_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_worker, "WAIT_S", 0.1)
    with pytest.raises(RuntimeError, match="no complete sound file"):
        spoken(Mac(aiff(TONE)[:-1_000]), path)


@pytest.mark.parametrize("bits", [8, 24, 32])
def test_samples_that_are_not_16_bit_are_refused(path: Path, bits: int) -> None:
    with pytest.raises(RuntimeError, match="16-bit"):
        spoken(Mac(aiff(TONE, bits=bits)), path)


@pytest.mark.parametrize("data", [b"", b"RIFF", b"OggS" + bytes(99), wav(TONE)[:-1], b"<html>no sound</html>"])
def test_a_file_that_stays_incomplete_is_an_error(path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(system_worker, "WAIT_S", 0.1)
    with pytest.raises(RuntimeError, match="no complete sound file"):
        spoken(Driver(data), path)


def test_a_setting_that_the_driver_drops_is_an_error(path: Path) -> None:
    driver = Driver(wav(TONE))
    driver.setProperty = lambda name, value: None  # type: ignore[method-assign]  # a driver that is busy
    with pytest.raises(RuntimeError, match="rate 150"):
        spoken(driver, path)


def test_an_error_from_the_drivers_callback_is_raised(path: Path) -> None:
    class FailingDriver(Driver):
        def runAndWait(self) -> None:  # noqa: N802  # pyttsx3's own name
            if self.said:
                self.listeners["error"](name="", exception=ValueError("SetVoiceByName failed"))

    with pytest.raises(RuntimeError, match="SetVoiceByName failed"):
        spoken(FailingDriver(wav(TONE)), path)


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en-US", "Zira"), ("en-us", "Zira"), ("en-GB", "Hazel"), ("en", "Zira"), ("en-AU", "Zira"), ("de", "Hedda")],
)
def test_the_voice_that_matches_the_language_best_is_chosen(path: Path, language: str, expected: str) -> None:
    languages = {"Zira": ["en_US"], "Hedda": [b"\x05de-DE"], "Hazel": ["en-GB"], "Novoice": None}
    driver = Driver(wav(TONE), languages)
    SafeDriver(driver).speak(order(path, language=language))
    assert driver.properties["voice"] == expected


def test_a_voice_is_found_by_name_in_any_case(path: Path) -> None:
    driver = Driver(wav(TONE), {"Zira": ["en-US"], "com.apple.Samantha": ["en_US"]})
    SafeDriver(driver).speak(order(path, voice="COM.apple.samantha"))
    assert driver.properties["voice"] == "com.apple.Samantha"


def test_for_an_unknown_voice_similar_names_are_suggested(path: Path) -> None:
    driver = Driver(wav(TONE), {"com.apple.Samantha": ["en_US"], "com.apple.Anna": ["de_DE"]})
    with pytest.raises(RuntimeError, match=r"no voice 'samanta' \(choose from com\.apple\.Samantha"):
        SafeDriver(driver).speak(order(path, voice="samanta"))
    assert driver.said == []

"""The system's own voice: the worker process, its faults, and the drivers of other systems."""

import math
import os
import runpy
import shutil
import signal
import struct
import sys
import threading
import time
import wave
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.processes import find_processes
from support.voices import lexicon, phrase, voice_of

from audioguide.audio.sound import conform
from audioguide.core.errors import EngineError, ScriptError
from audioguide.speech import speaker
from audioguide.speech.engines import system, system_worker
from audioguide.speech.engines.system import System
from audioguide.speech.engines.system_worker import Speech
from audioguide.speech.speaker import Speaker
from audioguide.storage.store import Store

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="stops a process by a signal")
FIFTY_WORDS = "Let the floor hold you, and take all the time you like. " * 4 + "Rest. " * 2
FEW_WORDS = "Let the floor hold you."

FAULTY = """
import sys
from pathlib import Path
from audioguide.speech import worker

fault, times, tally = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
whole = system_worker._as_wav

def damaged(path):
    whole(path)
    tally.write_text(tally.read_text() + "x")
    if len(tally.read_text()) > times:
        return
    data = path.read_bytes()
    if fault == "dies":
        import os
        os._exit(9)
    if fault == "hangs":
        import time
        time.sleep(60)
    if fault == "no file":
        path.unlink()
    if fault == "an empty file":
        path.write_bytes(b"")
    if fault == "cut short":
        path.write_bytes(data[: len(data) // 2])
    if fault == "a header alone":
        path.write_bytes(data[:44])
    if fault == "rate 0":
        path.write_bytes(data[:24] + bytes(4) + data[28:])
    if fault == "rate 2 GHz":
        path.write_bytes(data[:24] + (2_000_000_000).to_bytes(4, "little") + data[28:])
    if fault == "stereo":
        path.write_bytes(data[:22] + (2).to_bytes(2, "little") + data[24:])
    if fault == "silence":
        path.write_bytes(data[:44] + bytes(len(data) - 44))
    if fault == "half a second":
        half = data[44 + 22050 : 44 + 2 * 22050]
        path.write_bytes(data[:40] + len(half).to_bytes(4, "little") + half)

system_worker._as_wav = damaged
system_worker.main()
"""
FAULTS = (
    "dies",
    "hangs",
    "no file",
    "an empty file",
    "cut short",
    "a header alone",
    "rate 0",
    "rate 2 GHz",
    "stereo",
    "silence",
    "half a second",
)


@pytest.fixture(autouse=True)
def workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[system._Worker]]:
    """Remember every worker that is started, and hold that none of them outlives its engine."""
    started: list[system._Worker] = []
    real = system._Worker

    def remembered(command: list[str]) -> system._Worker:
        started.append(real(command))
        return started[-1]

    monkeypatch.setattr(system, "_Worker", remembered)
    yield started
    alive = [each for each in started if each._process.poll() is None]
    for each in started:
        each.kill()
    assert not alive, "a worker outlived its engine"


@pytest.fixture
def engine() -> Iterator[System]:
    made = System()
    yield made
    made.close()


def start_instead(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """Let another Python program stand where the worker would."""
    real = system._Worker
    monkeypatch.setattr(system, "_Worker", lambda command: real([sys.executable, *arguments]))


def start_faulty(monkeypatch: pytest.MonkeyPatch, fault: str, times: int, tally: Path) -> None:
    """Let the real worker spoil its first files."""
    tally.write_text("")
    monkeypatch.setattr(system, "ANSWER_S", 1.0 if fault == "hangs" else 20.0)
    start_instead(monkeypatch, "-c", FAULTY, fault, str(times), str(tally))


# --- faults of the real worker ---


@pytest.mark.speech
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "hangs"])
def test_a_fault_that_passes_is_tried_again_and_forgotten(
    fault: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tally, text = tmp_path / "tally", FIFTY_WORDS if fault == "half a second" else FEW_WORDS
    start_faulty(monkeypatch, fault, speaker.ATTEMPTS - 1, tally)
    with Speaker(voice_of("system", gain_db=0.0), Store(tmp_path)) as speaking:
        clip = speaking.clip(phrase(text))
        assert speaking.missing([phrase(text)]) == []
    assert 0.2 < clip.samples / 24_000 / len(text.split()) < 0.8
    assert len(tally.read_text()) == speaker.ATTEMPTS


@pytest.mark.speech
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "hangs"])
def test_a_fault_that_stays_is_one_error_that_names_the_phrase(
    fault: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tally, text = tmp_path / "tally", FIFTY_WORDS if fault == "half a second" else FEW_WORDS
    start_faulty(monkeypatch, fault, 99, tally)
    with Speaker(voice_of("system"), Store(tmp_path)) as speaking:
        with pytest.raises(EngineError) as caught:
            speaking.clip(phrase(text, line=12))
        assert speaking.missing([phrase(text)])
    message = str(caught.value)
    assert message.startswith('arrive.md.j2:12: voice system cannot speak "Let the floor hold you')
    assert "\n" not in message
    assert len(message) < 250
    assert len(tally.read_text()) == speaker.ATTEMPTS


@pytest.mark.speech
def test_a_voice_that_hangs_is_killed_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, workers: list[system._Worker]
) -> None:
    start_faulty(monkeypatch, "hangs", 1, tmp_path / "tally")
    with Speaker(voice_of("system", gain_db=0.0), Store(tmp_path)) as speaking:
        assert speaking.clip(phrase("Rest here.")).samples > 12_000
        assert [each._process.poll() is None for each in workers] == [False, True]


@pytest.mark.speech
def test_a_voice_that_always_hangs_says_for_how_long(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    start_faulty(monkeypatch, "hangs", 99, tmp_path / "tally")
    monkeypatch.setattr(system, "ANSWER_S", 0.3)
    with (
        Speaker(voice_of("system"), Store(tmp_path)) as speaking,
        pytest.raises(EngineError, match=r'^arrive\.md\.j2:4: .*"Rest here\.".*no answer for 0\.3 s'),
    ):
        speaking.clip(phrase("Rest here.", line=4))


@pytest.mark.speech
@needs_signals
def test_a_worker_killed_in_mid_run_is_replaced(engine: System, workers: list[system._Worker]) -> None:
    assert engine.probe() == ""
    (first,) = workers
    os.kill(first._process.pid, signal.SIGSTOP)  # so that it is certainly at work when the axe falls
    axe = threading.Timer(0.2, first._process.kill)
    axe.start()
    with pytest.raises(EngineError, match="has died"):
        engine.speak("Rest here.", voice_of("system"))
    axe.join()
    assert engine.speak("Rest here.", voice_of("system")).pcm
    assert [each._process.poll() is None for each in workers] == [False, True]


@pytest.mark.speech
@needs_signals
def test_a_worker_killed_between_two_phrases_is_replaced(tmp_path: Path, workers: list[system._Worker]) -> None:
    with Speaker(voice_of("system", gain_db=0.0), Store(tmp_path)) as speaking:
        speaking.clip(phrase("Rest here."))
        workers[0]._process.kill()
        workers[0]._process.wait()
        assert speaking.clip(phrase("Rest there.")).samples > 12_000
    assert len(workers) == 2


@pytest.mark.speech
@needs_signals
def test_a_stopped_worker_is_given_up_after_the_time_to_answer(
    monkeypatch: pytest.MonkeyPatch, engine: System, workers: list[system._Worker]
) -> None:
    engine.probe()
    monkeypatch.setattr(system, "ANSWER_S", 0.3)
    os.kill(workers[0]._process.pid, signal.SIGSTOP)
    with pytest.raises(EngineError, match=r"no answer for 0\.3 s"):
        engine.speak("Rest here.", voice_of("system"))
    assert workers[0]._process.poll() is not None


@pytest.mark.parametrize("program", ["raise SystemExit(3)", "import os; os.abort()", "print('')", "print(flush=True)"])
def test_a_worker_that_dies_at_start_is_why_it_cannot_work(
    program: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, workers: list[system._Worker]
) -> None:
    start_instead(monkeypatch, "-c", program)
    assert "worker" in System().probe()
    before = len(workers)
    with (
        Speaker(voice_of("system"), Store(tmp_path)) as speaking,
        pytest.raises(EngineError, match=r"^voice system cannot be used here: the speech worker .*--voice calm$"),
    ):
        speaking.clip(phrase("Rest.", line=5))
    assert len(workers) - before == 1


def test_a_worker_that_answers_no_json_is_an_engine_error(monkeypatch: pytest.MonkeyPatch, engine: System) -> None:
    start_instead(monkeypatch, "-c", "print('ALSA lib: no card', flush=True); input()")
    assert engine.probe()


def test_a_worker_that_hangs_at_start_is_given_up(monkeypatch: pytest.MonkeyPatch, engine: System) -> None:
    monkeypatch.setattr(system, "START_S", 0.3)
    start_instead(monkeypatch, "-c", "import time; time.sleep(60)")
    assert "no answer for 0.3 s" in engine.probe()


def test_a_python_that_is_not_there_is_why_it_cannot_work(monkeypatch: pytest.MonkeyPatch, engine: System) -> None:
    monkeypatch.setattr(sys, "executable", "no-such-python")
    assert "cannot be started" in engine.probe()


def test_a_driver_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch, engine: System) -> None:
    broken = "import sys; sys.modules['pyttsx3'] = None; from audioguide.speech import worker; system_worker.main()"
    start_instead(monkeypatch, "-c", broken)
    assert "pyttsx3 cannot start" in engine.probe()


@pytest.mark.speech
def test_an_unknown_voice_is_refused_with_the_ones_that_sound_like_it(tmp_path: Path) -> None:
    with (
        Speaker(voice_of("system", options={"voice": "gmw/en-uss"}), Store(tmp_path)) as speaking,
        pytest.raises(EngineError, match=r"^arrive\.md\.j2:2: .*no voice 'gmw/en-uss'.*gmw/en-us") as caught,
    ):
        speaking.clip(phrase("Rest here.", line=2))
    assert len(str(caught.value)) < 250


@pytest.mark.speech
def test_a_language_without_a_voice_is_refused_by_name(tmp_path: Path) -> None:
    with (
        Speaker(voice_of("system", language="tlh"), Store(tmp_path)) as speaking,
        pytest.raises(EngineError, match=r"^arrive\.md\.j2:2: .*'tlh'"),
    ):
        speaking.clip(phrase("Rest here.", line=2))


@pytest.mark.speech
def test_a_named_voice_sounds_unlike_another_of_its_language(engine: System) -> None:
    voices = [voice_of("system", options={"voice": name}) for name in ("gmw/en-us", "GMW/en-GB-SCOTLAND")]
    american, scottish = (engine.speak("The weather is rather warm, here and there.", voice).pcm for voice in voices)
    assert abs(len(american) - len(scottish)) > 1_000


@pytest.mark.speech
def test_a_pace_set_between_two_phrases_is_not_lost(engine: System) -> None:
    slow, fast = (voice_of("system", pace) for pace in (120, 210))
    lengths = [len(engine.speak("Rest here for a while, and breathe.", voice).pcm) for voice in [slow, fast] * 4]
    assert max(lengths[1::2]) * 1.3 < min(lengths[0::2])


@pytest.mark.speech
def test_sixty_phrases_in_a_row_are_all_whole_and_distinct(engine: System, workers: list[system._Worker]) -> None:
    words = ("let", "the", "floor", "hold", "whatever", "is", "heavy", "and", "slowly", "breathe", "out", "here")
    phrases = [f"Line {n}: {' '.join((words * 2)[n % 7 : n % 7 + 1 + n * 3 % 7])}." for n in range(60)]
    there, back = (
        {text: len(conform(engine.speak(text, voice_of("system")).pcm, 22_050)) for text in order}
        for order in (phrases, phrases[::-1])
    )
    # a phrase cut short, or the sound of its neighbour, would differ from the same phrase on the way back
    assert all(back[text] == pytest.approx(there[text], rel=0.02) for text in phrases)
    assert len(set(there.values())) > 40
    assert len(workers) == 1


@pytest.mark.speech
@pytest.mark.skipif(not system_worker.FORKS, reason="what other systems' voices keep between two phrases is theirs")
def test_a_phrase_is_the_same_to_the_byte_whatever_was_spoken_before_and_by_whichever_worker() -> None:
    phrases = [f"{text} {number}." for number, text in enumerate(("Rest here", "Let it be slow", "Hush") * 8)]
    said = []
    for order in (phrases, phrases[::-1], phrases[3:4] * 3):
        speaking = System()
        said.append([(text, speaking.speak(text, voice_of("system")).pcm) for text in order])
        speaking.close()
    there, back, again = said
    assert back == there[::-1]
    assert again == there[3:4] * 3


@pytest.mark.speech
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_ending_a_worker_in_mid_phrase_ends_what_it_has_forked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, workers: list[system._Worker]
) -> None:
    start_faulty(monkeypatch, "hangs", 99, tmp_path / "tally")
    with pytest.raises(EngineError, match="no answer"):
        System().speak("Rest here.", voice_of("system"))
    time.sleep(0.1)
    assert workers and find_processes(str(tmp_path)) == []


@pytest.mark.speech
def test_what_the_driver_prints_never_mixes_with_the_answers(engine: System) -> None:
    for text in ('{"error": "not one"}', "Line\none.", "Ça va, Zoë?", "\u200e Rest."):
        assert len(engine.speak(text, voice_of("system")).pcm) > 20_000


def test_phonemes_of_another_engine_are_refused_with_advice(workers: list[system._Worker], tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=r"^voices/system\.toml:2: .*reads none; write it as it sounds.*lexicon"):
        Speaker(voice_of("system", lexicon=lexicon({"psoas": "/sˈOəs/"}, file="voices/system.toml")), Store(tmp_path))
    assert workers == []


@pytest.mark.parametrize(("platform", "calibrated"), [("linux", True), ("darwin", False), ("win32", False)])
def test_its_pace_is_taken_at_its_word_only_where_it_was_measured(
    monkeypatch: pytest.MonkeyPatch, platform: str, calibrated: bool
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert runpy.run_path(system.__file__)["System"].calibrated is calibrated


@pytest.mark.speech
def test_closing_ends_the_worker_and_twice_is_harmless(engine: System, workers: list[system._Worker]) -> None:
    engine.probe()
    assert workers[0]._process.poll() is None
    engine.close()
    engine.close()
    assert workers[0]._process.poll() is not None


# --- the worker's Speech against drivers that behave like those of other systems ---

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
    """What every pyttsx3 driver has in common; writes its file as soon as it is asked and tells nobody, like SAPI 5."""

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


class Slow(Driver):
    """Comes back before its file is whole, like eSpeak."""

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
    """Writes in the run, and tells when it has finished, like NSSpeechSynthesizer."""

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
    """Return samples and rate of what Speech makes out of a driver's file."""
    Speech(driver).speak(order(path))
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return file.readframes(file.getnframes()), file.getframerate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "speech.wav"


def test_a_driver_that_saves_at_once_and_tells_nobody_is_heard(path: Path) -> None:
    driver = Driver(wav(TONE))
    assert spoken(driver, path) == (TONE.tobytes(), 22_050)
    assert driver.properties["rate"] == 150
    assert driver.said == ["Rest here."]


def test_a_file_that_grows_after_the_run_is_waited_for(path: Path) -> None:
    driver = Slow(wav(TONE))
    assert spoken(driver, path) == (TONE.tobytes(), 22_050)
    driver.writer.join()


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 22_255, 44_100, 48_000])
@pytest.mark.parametrize("kind", [b"", b"sowt", b"NONE", b"twos"])
def test_what_macos_writes_becomes_wav_whatever_its_byte_order_and_rate(path: Path, rate_hz: int, kind: bytes) -> None:
    assert spoken(Mac(aiff(TONE, rate_hz, kind)), path) == (TONE.tobytes(), rate_hz)


def test_an_aiff_with_other_chunks_and_an_odd_one_is_read(path: Path) -> None:
    data = aiff(TONE, before=chunk(b"NAME", b"odd") + chunk(b"FLLR", bytes(4_000)))
    assert spoken(Mac(data), path) == (TONE.tobytes(), 22_050)


def test_an_aiff_whose_sound_begins_behind_an_offset_is_read_from_there(path: Path) -> None:
    assert spoken(Mac(aiff(TONE, offset=512)), path) == (TONE.tobytes(), 22_050)


def test_an_aiff_that_holds_fewer_samples_than_it_says_is_refused(path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"sound file|samples|short"):
        spoken(Mac(aiff(TONE[:4_000], count=len(TONE))), path)


def test_an_aiff_cut_short_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_worker, "WAIT_S", 0.1)
    with pytest.raises(RuntimeError, match="no whole sound file"):
        spoken(Mac(aiff(TONE)[:-1_000]), path)


@pytest.mark.parametrize("bits", [8, 24, 32])
def test_samples_that_are_not_16_bit_are_refused(path: Path, bits: int) -> None:
    with pytest.raises(RuntimeError, match="16-bit"):
        spoken(Mac(aiff(TONE, bits=bits)), path)


@pytest.mark.parametrize("data", [b"", b"RIFF", b"OggS" + bytes(99), wav(TONE)[:-1], b"<html>no sound</html>"])
def test_a_file_that_never_becomes_whole_is_given_up(path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(system_worker, "WAIT_S", 0.1)
    with pytest.raises(RuntimeError, match="no whole sound file"):
        spoken(Driver(data), path)


def test_a_setting_that_the_driver_drops_is_an_error(path: Path) -> None:
    driver = Driver(wav(TONE))
    driver.setProperty = lambda name, value: None  # type: ignore[method-assign]  # a driver that is busy
    with pytest.raises(RuntimeError, match="rate 150"):
        spoken(driver, path)


def test_an_error_that_the_driver_calls_back_with_is_told(path: Path) -> None:
    class Failing(Driver):
        def runAndWait(self) -> None:  # noqa: N802  # pyttsx3's own name
            if self.said:
                self.listeners["error"](name="", exception=ValueError("SetVoiceByName failed"))

    with pytest.raises(RuntimeError, match="SetVoiceByName failed"):
        spoken(Failing(wav(TONE)), path)


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en-US", "Zira"), ("en-us", "Zira"), ("en-GB", "Hazel"), ("en", "Zira"), ("en-AU", "Zira"), ("de", "Hedda")],
)
def test_the_voice_fits_the_language_best_of_all_and_is_kept_where_it_does(
    path: Path, language: str, expected: str
) -> None:
    languages = {"Zira": ["en_US"], "Hedda": [b"\x05de-DE"], "Hazel": ["en-GB"], "Nobody": None}
    driver = Driver(wav(TONE), languages)
    Speech(driver).speak(order(path, language=language))
    assert driver.properties["voice"] == expected


def test_a_voice_asked_for_by_name_is_taken_whatever_the_case(path: Path) -> None:
    driver = Driver(wav(TONE), {"Zira": ["en-US"], "com.apple.Samantha": ["en_US"]})
    Speech(driver).speak(order(path, voice="COM.apple.samantha"))
    assert driver.properties["voice"] == "com.apple.Samantha"


def test_a_voice_that_is_not_there_is_answered_with_near_ones(path: Path) -> None:
    driver = Driver(wav(TONE), {"com.apple.Samantha": ["en_US"], "com.apple.Anna": ["de_DE"]})
    with pytest.raises(RuntimeError, match=r"no voice 'samanta' \(there is com\.apple\.Samantha"):
        Speech(driver).speak(order(path, voice="samanta"))
    assert driver.said == []


@pytest.mark.speech
@pytest.mark.skipif(sys.platform != "linux", reason="eSpeak NG from a wheel is used on Linux only")
def test_a_voice_that_lies_deep_on_the_disk_speaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import espeakng_loader

    deep = tmp_path / ("d" * 100) / ("e" * 100)
    shutil.copytree(Path(espeakng_loader.__file__).parent, deep / "espeakng_loader")
    monkeypatch.setenv("PYTHONPATH", str(deep))
    engine = System()
    try:
        assert engine.speak("Hello there.", voice_of("system")).pcm
    finally:
        engine.close()

"""The system voice: the worker process and its faults."""

import os
import runpy
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.processes import HANGING_S, find_processes, wait_until
from support.voices import lexicon, phrase, voice_of

from audioguide.audio.sound import conform
from audioguide.core.errors import EngineError, ScriptError
from audioguide.speech import speaker
from audioguide.speech.engines import system, system_worker
from audioguide.speech.engines.child import Child
from audioguide.speech.engines.system import System
from audioguide.speech.speaker import Speaker
from audioguide.storage.store import Store

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="stops a process by a signal")
FIFTY_WORDS = "Let the floor hold you, and take all the time you like. " * 4 + "Rest. " * 2
FEW_WORDS = "Let the floor hold you."

FAULTY = """
import sys
from pathlib import Path
from audioguide.speech.engines import system_worker

fault, times, tally = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
convert = system_worker._as_wav

def damaged(path):
    convert(path)
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
def workers(children: list[Child]) -> list[Child]:
    return children


@pytest.fixture
def engine() -> Iterator[System]:
    made = System()
    yield made
    made.close()


def start_instead(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """Start another Python program instead of the worker."""
    monkeypatch.setattr(
        system, "Child", lambda name, command, **rest: Child(name, [sys.executable, *arguments], **rest)
    )


def start_faulty(monkeypatch: pytest.MonkeyPatch, fault: str, times: int, tally: Path) -> None:
    """Start the real worker, but damage its first files."""
    tally.write_text("")
    monkeypatch.setattr(system, "ANSWER_S", 3.0 if fault == "hangs" else HANGING_S)
    start_instead(monkeypatch, "-c", FAULTY, fault, str(times), str(tally))


# --- faults of the real worker ---


@pytest.mark.speech
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "hangs"])
def test_a_passing_fault_is_tried_again(fault: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tally, text = tmp_path / "tally", FIFTY_WORDS if fault == "half a second" else FEW_WORDS
    start_faulty(monkeypatch, fault, speaker.ATTEMPTS - 1, tally)
    with Speaker(voice_of("system", gain_db=0.0), Store(tmp_path)) as speaking:
        clip = speaking.clip(phrase(text))
        assert speaking.missing([phrase(text)]) == []
    assert 0.2 < clip.samples / 24_000 / len(text.split()) < 0.8
    assert len(tally.read_text()) == speaker.ATTEMPTS


@pytest.mark.speech
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "hangs"])
def test_a_lasting_fault_is_one_error_that_names_the_phrase(
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
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, workers: list[Child]
) -> None:
    start_faulty(monkeypatch, "hangs", 1, tmp_path / "tally")
    with Speaker(voice_of("system", gain_db=0.0), Store(tmp_path)) as speaking:
        assert speaking.clip(phrase("Rest here.")).samples > 12_000
        assert [worker.is_alive() for worker in workers] == [False, True]


@pytest.mark.speech
def test_the_error_for_a_voice_that_always_hangs_names_the_time_limit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    start_faulty(monkeypatch, "hangs", 99, tmp_path / "tally")
    monkeypatch.setattr(system, "ANSWER_S", 0.3)
    with (
        Speaker(voice_of("system"), Store(tmp_path)) as speaking,
        pytest.raises(EngineError, match=r'^arrive\.md\.j2:4: .*"Rest here\.".*no answer for 0\.3 s'),
    ):
        speaking.clip(phrase("Rest here.", line=4))


@pytest.mark.speech
@needs_signals
def test_a_worker_killed_during_a_phrase_is_replaced(engine: System, workers: list[Child]) -> None:
    assert engine.probe() == ""
    (first,) = workers
    os.kill(first._process.pid, signal.SIGSTOP)  # so that it cannot answer before it is killed
    killer = threading.Timer(0.2, first._process.kill)
    killer.start()
    with pytest.raises(EngineError, match="has died"):
        engine.speak("Rest here.", voice_of("system"))
    killer.join()
    assert engine.speak("Rest here.", voice_of("system")).pcm
    assert [worker.is_alive() for worker in workers] == [False, True]


@pytest.mark.speech
@needs_signals
def test_a_worker_killed_between_two_phrases_is_replaced(tmp_path: Path, workers: list[Child]) -> None:
    with Speaker(voice_of("system", gain_db=0.0), Store(tmp_path)) as speaking:
        speaking.clip(phrase("Rest here."))
        workers[0]._process.kill()
        workers[0]._process.wait()
        assert speaking.clip(phrase("Rest there.")).samples > 12_000
    assert len(workers) == 2


@pytest.mark.speech
@needs_signals
def test_a_stopped_worker_is_killed_after_the_time_limit(
    monkeypatch: pytest.MonkeyPatch, engine: System, workers: list[Child]
) -> None:
    engine.probe()
    monkeypatch.setattr(system, "ANSWER_S", 0.3)
    os.kill(workers[0]._process.pid, signal.SIGSTOP)
    with pytest.raises(EngineError, match=r"no answer for 0\.3 s"):
        engine.speak("Rest here.", voice_of("system"))
    assert not workers[0].is_alive()


@pytest.mark.parametrize("program", ["raise SystemExit(3)", "import os; os.abort()", "print('')", "print(flush=True)"])
def test_a_worker_that_dies_at_start_makes_the_voice_unusable(
    program: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, workers: list[Child]
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


def test_an_answer_that_is_not_json_makes_the_voice_unusable(monkeypatch: pytest.MonkeyPatch, engine: System) -> None:
    start_instead(monkeypatch, "-c", "print('ALSA lib: no card', flush=True); input()")
    assert engine.probe()


def test_a_worker_that_hangs_at_start_makes_the_voice_unusable(monkeypatch: pytest.MonkeyPatch, engine: System) -> None:
    monkeypatch.setattr(system, "START_S", 0.3)
    start_instead(monkeypatch, "-c", "import time; time.sleep(60)")
    assert "no answer for 0.3 s" in engine.probe()


def test_a_missing_python_makes_the_voice_unusable(monkeypatch: pytest.MonkeyPatch, engine: System) -> None:
    monkeypatch.setattr(sys, "executable", "no-such-python")
    assert "cannot be started" in engine.probe()


def test_the_reason_why_a_driver_cannot_start_is_reported(monkeypatch: pytest.MonkeyPatch, engine: System) -> None:
    broken = "import sys; sys.modules['pyttsx3'] = None; import audioguide.speech.engines.system_worker as w; w.main()"
    start_instead(monkeypatch, "-c", broken)
    assert "pyttsx3 cannot start" in engine.probe()


@pytest.mark.speech
def test_an_unknown_voice_is_refused_with_similar_names(tmp_path: Path) -> None:
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
def test_two_voices_of_one_language_sound_different(engine: System) -> None:
    voices = [voice_of("system", options={"voice": name}) for name in ("gmw/en-us", "GMW/en-GB-SCOTLAND")]
    american, scottish = (engine.speak("The weather is rather warm, here and there.", voice).pcm for voice in voices)
    assert abs(len(american) - len(scottish)) > 1_000


@pytest.mark.speech
def test_a_change_of_pace_between_two_phrases_takes_effect(engine: System) -> None:
    slow, fast = (voice_of("system", pace) for pace in (120, 210))
    lengths = [len(engine.speak("Rest here for a while, and breathe.", voice).pcm) for voice in [slow, fast] * 4]
    assert max(lengths[1::2]) * 1.3 < min(lengths[0::2])


@pytest.mark.speech
def test_sixty_phrases_in_a_row_are_all_complete_and_distinct(engine: System, workers: list[Child]) -> None:
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
@pytest.mark.skipif(not system_worker.FORKS, reason="needs a fork for each phrase, which is used on Linux only")
def test_a_phrase_has_the_same_bytes_in_any_order_and_any_worker() -> None:
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
def test_killing_a_worker_during_a_phrase_kills_its_fork(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, workers: list[Child]
) -> None:
    start_faulty(monkeypatch, "hangs", 99, tmp_path / "tally")
    with pytest.raises(EngineError, match="no answer"):
        System().speak("Rest here.", voice_of("system"))
    assert workers and wait_until(lambda: not find_processes(str(tmp_path)))


@pytest.mark.speech
def test_output_of_the_driver_never_mixes_with_the_answers(engine: System) -> None:
    for text in ('{"error": "not one"}', "Line\none.", "Ça va, Zoë?", "\u200e Rest."):
        assert len(engine.speak(text, voice_of("system")).pcm) > 20_000


def test_phonemes_of_another_engine_are_refused_with_advice(workers: list[Child], tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=r"^voices/system\.toml:2: .*does not accept; write it as it sounds.*lexicon"):
        Speaker(voice_of("system", lexicon=lexicon({"psoas": "/sˈOəs/"}, file="voices/system.toml")), Store(tmp_path))
    assert workers == []


@pytest.mark.parametrize(("platform", "calibrated"), [("linux", True), ("darwin", False), ("win32", False)])
def test_the_voice_is_calibrated_only_on_systems_where_it_was_measured(
    monkeypatch: pytest.MonkeyPatch, platform: str, calibrated: bool
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert runpy.run_path(system.__file__)["System"].calibrated is calibrated


@pytest.mark.speech
def test_closing_kills_the_worker_and_closing_twice_is_harmless(engine: System, workers: list[Child]) -> None:
    engine.probe()
    assert workers[0].is_alive()
    engine.close()
    engine.close()
    assert not workers[0].is_alive()


@pytest.mark.speech
@pytest.mark.skipif(sys.platform != "linux", reason="eSpeak NG from a wheel is used on Linux only")
def test_espeak_works_from_a_long_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import espeakng_loader

    deep = tmp_path / ("d" * 100) / ("e" * 100)
    shutil.copytree(Path(espeakng_loader.__file__).parent, deep / "espeakng_loader")
    monkeypatch.setenv("PYTHONPATH", str(deep))
    engine = System()
    try:
        assert engine.speak("Hello there.", voice_of("system")).pcm
    finally:
        engine.close()

"""Piper itself, with the voice joe."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import support
from support.processes import is_running, wait_until
from support.voices import LINES, needs_piper, voice_of

from audioguide.audio.sound import conform
from audioguide.core.errors import EngineError
from audioguide.speech.engines.piper import Piper
from audioguide.speech.voices import Voice

pytestmark = [pytest.mark.speech, needs_piper]


@pytest.fixture(scope="module")
def joe() -> Voice:
    return voice_of("piper")


@pytest.fixture(scope="module")
def real() -> Iterator[Piper]:
    """One engine for all, so that its model is loaded once."""
    made = Piper()
    yield made
    made.close()


def spoken_s(engine: Piper, voice: Voice, text: str) -> float:
    recording = engine.speak(text, voice)
    return len(conform(recording.pcm, recording.rate_hz)) / 2 / 24_000


def test_it_speaks_clearly_audible_words(real: Piper, joe: Voice) -> None:
    assert real.probe() == ""
    recording = real.speak("Let your shoulders be heavy, and rest.", joe)
    samples = np.frombuffer(recording.pcm, "<i2").astype(float)
    assert recording.rate_hz == 22_050
    assert 2 < samples.size / recording.rate_hz < 8
    assert 3_000 < np.abs(samples).max() < 32_767
    assert abs(samples.mean()) < 50


def test_a_fresh_engine_gives_the_same_bytes(real: Piper, joe: Voice) -> None:
    first = real.speak(LINES[0], joe)
    real.speak(LINES[1], joe)
    assert real.speak(LINES[0], joe) == first
    other = Piper()
    assert other.speak(LINES[0], joe) == first
    assert other.fingerprint(joe) == real.fingerprint(joe)
    other.close()


def test_a_faster_pace_is_shorter(real: Piper, joe: Voice) -> None:
    lengths = [spoken_s(real, joe.at_pace(pace), LINES[2]) for pace in (100, 130, 170, 220)]
    assert all(slower > faster * 1.1 for slower, faster in pairwise(lengths)), lengths


def test_the_pace_is_close_to_the_requested_one_even_before_correction(real: Piper, joe: Voice) -> None:
    words = sum(len(line.split()) for line in LINES)
    assert words * 60 / sum(spoken_s(real, joe, line) for line in LINES) == pytest.approx(120, rel=0.08)


@pytest.mark.parametrize("pace", [110, 160])
def test_the_gap_between_sentences_is_about_three_quarters_of_a_second(pace: float, real: Piper, joe: Voice) -> None:
    recording = real.speak("Let the floor hold you. Then rest for a while.", joe.at_pace(pace))
    loud = np.flatnonzero(np.abs(np.frombuffer(recording.pcm, "<i2").astype(int)) > 300)
    assert np.diff(loud).max() / recording.rate_hz == pytest.approx(0.75, abs=0.2)


def test_latin_letters_with_any_accent_are_spoken(real: Piper, joe: Voice) -> None:
    for text in ("Ça va, naïve, Zoë, 9:30 p.m. – yes…", "“It’s fine,” she said; Łódź, Ærø & 50 %."):
        assert spoken_s(real, joe, text) > 2


def test_an_invalid_model_is_reported_in_one_line(joe: Voice, tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"no model")
    description = Path(joe.options["model"] + ".json").read_bytes()
    (tmp_path / "a.onnx.json").write_bytes(description)
    engine = Piper()
    with pytest.raises(EngineError, match=r"^Piper has died: .*a\.onnx") as caught:
        engine.speak("Rest.", replace(joe, folder=tmp_path, options={"model": "a.onnx"}))
    assert len(str(caught.value).splitlines()) == 1


def test_piper_prints_nothing_and_leaves_no_process_or_file(
    joe: Voice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    home, here, temporary = tmp_path / "home", tmp_path / "here", tmp_path / "temporary"
    for folder in (home, here, temporary):
        folder.mkdir()
    for name in ("CI", "GITHUB_ACTIONS"):  # onnxruntime sends no telemetry there
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(here)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    engine = Piper()
    engine.speak("Hello there.", joe)
    (process,) = engine._processes.values()
    engine.close()
    assert not process.is_alive()
    assert capfd.readouterr() == ("", "")
    assert [list(folder.rglob("*")) for folder in (home, here, temporary)] == [[], [], []]


def test_a_process_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import os\n"
        "from audioguide.speech.engines.piper import Piper\n"
        "from support.voices import joe\n"
        "engine = Piper()\n"
        "engine.speak('Rest.', joe())\n"
        "print(next(iter(engine._processes.values()))._child._process.pid, flush=True)\n"
        "os._exit(9)\n"
    )
    path = os.pathsep.join([str(Path(support.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    assert wait_until(lambda: not is_running(int(done.stdout)))

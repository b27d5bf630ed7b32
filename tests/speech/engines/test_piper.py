"""Piper: its options and files, its processes and their failures, with a fake program in its place."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.processes import HANGING_S, wait_until
from support.voices import phrase, voice_of

from audioguide.core.errors import EngineError, PhraseError
from audioguide.speech.engine import engine_names, find_engine
from audioguide.speech.engines import piper
from audioguide.speech.engines.child import Child
from audioguide.speech.engines.piper import Piper
from audioguide.speech.speaker import Speaker
from audioguide.speech.voices import Voice, read_voice
from audioguide.storage.store import Store

DESCRIPTION = {"phoneme_id_map": {"_": [0]}, "num_speakers": 4, "inference": {"length_scale": 1}}

FAKE_PIPER = '''
"""A fake Piper: notes each line that it reads, writes a tone for it, or fails as the line says."""

import json, os, sys, time, wave
from pathlib import Path

arguments = dict(argument.split("=", 1) for argument in sys.argv[2:] if "=" in argument)
folder = Path(arguments["--output-dir"])
print("not for the terminal", flush=True)
print("UserWarning: not for it either", file=sys.stderr, flush=True)
for number, line in enumerate(sys.stdin):
    note = {"pid": os.getpid(), "line": line.rstrip("\\n"), "arguments": sys.argv[2:], "folder": str(folder)}
    note["environment"] = {key: os.environ.get(key) for key in ("ORT_DISABLE_TELEMETRY", "PYTHONIOENCODING")}
    with open(sys.argv[1], "a", encoding="utf-8") as notes:
        notes.write(json.dumps(note) + "\\n")
    if "fault: hang" in line:
        time.sleep(60)
    if "fault: die quietly" in line:
        os._exit(9)
    if "fault: deaf" in line:
        os.close(2)
        time.sleep(60)
    if "fault: die" in line:
        raise RuntimeError("bad\\nmodel " + "x" * 500)
    path = folder / f"{number}.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2 if "fault: stereo" in line else 1, 2, 22050, 0, "NONE", ""))
        file.writeframes(bytes([0, 16] * 2205 * (2 + len(line.split()))))
    if "fault: cut short" in line:
        path.write_bytes(path.read_bytes()[:-2000])
    if "fault: garbage" in line:
        path.write_bytes(b"<html>" * 99)
    if "fault: nothing" in line:
        path.unlink()
    if "fault: twice" in line:
        (folder / "twice.wav").write_bytes(path.read_bytes())
    print(f"INFO:__main__:Wrote {path}", file=sys.stderr, flush=True)
    if "fault: leave" in line:
        os._exit(0)
'''


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, children: list[Child]) -> Iterator[Path]:
    """The folder for temporary files, in which every engine must leave nothing."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture
def engine() -> Iterator[Piper]:
    made = Piper()
    yield made
    made.close()


class Notes:
    """The lines that the fake Piper has read, and in which process."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def all(self, key: str) -> list[object]:
        return [json.loads(line)[key] for line in self.path.read_text(encoding="utf-8").splitlines()]

    def wait_for(self, line: str) -> None:
        """Return when the fake Piper has read this line."""
        assert wait_until(lambda: line in self.path.read_text(encoding="utf-8"))


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Notes:
    """Run the fake program instead of Piper."""
    script, path = tmp_path / "fake_piper.py", tmp_path / "notes.jsonl"
    script.write_text(FAKE_PIPER, encoding="utf-8")
    monkeypatch.setattr(piper, "_program", lambda: (sys.executable, "-P", str(script), str(path)))
    monkeypatch.setattr(piper, "ANSWER_S", HANGING_S)
    return Notes(path)


def with_options(folder: Path, **options: str) -> Voice:
    changes = {"name": "mine", "engine": "piper", "shown": "mine.toml"}
    return voice_of("fake", **changes, options=options, folder=folder)


def write_model(folder: Path, description: object = DESCRIPTION) -> None:
    (folder / "a.onnx").write_bytes(b"weights")
    (folder / "a.onnx.json").write_text(json.dumps(description), encoding="utf-8")


@pytest.fixture
def voice(tmp_path: Path) -> Voice:
    write_model(tmp_path)
    return with_options(tmp_path, model="a.onnx")


# --- the voice file and its options ---


def test_it_is_found_by_its_name() -> None:
    assert "piper" in engine_names()
    assert isinstance(find_engine("piper", "mine.toml"), Piper)


def test_a_model_is_found_next_to_its_voice_file(notes: Notes, engine: Piper, tmp_path: Path) -> None:
    write_model(tmp_path)
    file = tmp_path / "mine.toml"
    file.write_text('engine = "piper"\n[options]\nmodel = "a.onnx"\nspeaker = "3"\n', encoding="utf-8")
    engine.speak("Rest here.", read_voice(file, "mine.toml"))
    (arguments,) = notes.all("arguments")
    assert {f"--model={tmp_path / 'a.onnx'}", "--speaker=3"} <= set(arguments)  # type: ignore[call-overload]  # a list


@pytest.mark.parametrize("name", ["{folder}/a.onnx", "~/a.onnx", "../{last}/a.onnx"])
def test_a_model_may_be_given_by_any_path(
    name: str, voice: Voice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(piper, "package_version", lambda *_: "1")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    other = with_options(tmp_path, model=name.format(folder=tmp_path, last=tmp_path.name))
    assert Piper().fingerprint(other) == Piper().fingerprint(voice)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, r'^mine\.toml: engine \'piper\' needs model = "NAME\.onnx" under \[options\]$'),
        ({"model": ""}, r"needs model"),
        ({"modle": "a.onnx"}, r"^mine\.toml: .*no option 'modle'; did you mean model\?"),
        ({"model": "a.onnx", "pitch": "9"}, r"no option 'pitch' \(choose from model, speaker\)$"),
        ({"model": "b.onnx"}, r"^mine\.toml: there is no model .*b\.onnx$"),
        ({"model": "~no-such-user/b.onnx"}, r"^mine\.toml: there is no model .*b\.onnx$"),
        ({"model": "a\0.onnx"}, r"^mine\.toml: there is no model"),
        ({"model": "."}, r"^mine\.toml: there is no model"),
        ({"model": "alone.onnx"}, r"^mine\.toml: .*alone\.onnx\.json is missing; a voice of Piper is two files"),
        ({"model": "a.onnx", "speaker": "4"}, r"^mine\.toml: this model has no speaker '4'.*0 to 3$"),
        ({"model": "a.onnx", "speaker": "-1"}, r"no speaker '-1'"),
        ({"model": "a.onnx", "speaker": "anna"}, r"no speaker 'anna'"),
    ],
)
def test_a_wrong_option_is_one_line_with_the_voice_file(options: dict[str, str], words: str, tmp_path: Path) -> None:
    write_model(tmp_path)
    (tmp_path / "alone.onnx").write_bytes(b"weights")
    for asked in (Piper().fingerprint, lambda voice: Piper().speak("Rest.", voice)):
        with pytest.raises(EngineError, match=words) as caught:
            asked(with_options(tmp_path, **options))
        assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read"),
        ("[]", "does not describe a voice of Piper"),
        ('{"name": "x"}', "does not describe a voice of Piper"),
        ('{"phoneme_id_map": {}, "phoneme_type": "pinyin"}', "would have to download data"),
    ],
)
def test_an_invalid_model_description_is_an_error_with_the_voice_file(text: str, words: str, voice: Voice) -> None:
    (voice.folder / "a.onnx.json").write_text(text, encoding="utf-8")
    with pytest.raises(EngineError, match=rf"^mine\.toml: .*{words}"):
        Piper().fingerprint(voice)


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, voice: Voice) -> None:
    monkeypatch.setattr(piper, "_PACKAGES", ("no-such-package",))
    missing = "no-such-package is not installed; `pip install '.[piper]'`"
    assert Piper().probe() == missing
    with pytest.raises(EngineError) as caught:
        Piper().fingerprint(voice)
    assert str(caught.value) == missing


@pytest.mark.parametrize("file", ["a.onnx", "a.onnx.json"])
def test_a_fingerprint_changes_with_each_of_the_two_files(
    file: str, voice: Voice, engine: Piper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(piper, "package_version", lambda *_: "1")
    before = engine.fingerprint(voice)
    (voice.folder / file).write_text(json.dumps({**DESCRIPTION, "other": 1}), encoding="utf-8")
    assert engine.fingerprint(voice) == before, "hashed once for an instance"
    assert Piper().fingerprint(voice) != before


def test_a_fingerprint_changes_with_the_package(voice: Voice, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = set()
    for number in ("1.8.0", "1.9.0"):
        monkeypatch.setattr(piper, "package_version", lambda *_, number=number: number)
        seen.add(Piper().fingerprint(voice))
    assert len(seen) == 2


# --- processes ---


def test_a_pace_becomes_a_length_scale_without_noise_or_normalising(voice: Voice) -> None:
    model = piper._model(voice)
    scales = [argument(piper._command(model, pace), "--length-scale") for pace in (100, 120, 160, 232)]
    assert scales == [2.936, 2.325, 1.609, 1.0]
    assert {"--noise-scale=0", "--noise-w-scale=0", "--no-normalize"} <= set(piper._command(model, 120))


def test_the_gap_between_sentences_is_the_same_at_any_pace(voice: Voice) -> None:
    """The model's own gap grows with the scale, so the added silence shrinks."""
    model = piper._model(voice)
    for pace in (100, 120, 160, 232):
        command = piper._command(model, pace)
        own_s = 0.18 * argument(command, "--length-scale")
        assert own_s + argument(command, "--sentence-silence") == pytest.approx(0.65, abs=0.002)
    assert argument(piper._command(model, 40), "--sentence-silence") == 0.05


@pytest.mark.parametrize(
    ("inference", "factor"),
    [({"length_scale": 1.25}, 1.25), ({}, 1), ({"length_scale": 0}, 1), ({"length_scale": "slow"}, 1), (None, 1)],
)
def test_the_models_own_length_scale_is_applied(inference: object, factor: float, voice: Voice) -> None:
    write_model(voice.folder, {**DESCRIPTION, "inference": inference})
    assert argument(piper._command(piper._model(voice), 232), "--length-scale") == factor


def argument(command: tuple[str, ...], name: str) -> float:
    return float(next(each.removeprefix(f"{name}=") for each in command if each.startswith(f"{name}=")))


def test_one_process_speaks_several_phrases(notes: Notes, engine: Piper, voice: Voice) -> None:
    lengths = [len(engine.speak("Rest " * count, voice).pcm) for count in (1, 5, 2)]
    assert lengths == [2 * 2205 * (2 + count) for count in (1, 5, 2)]
    assert len(set(notes.all("pid"))) == 1
    assert engine.speak("Rest.", voice).rate_hz == 22_050


def test_output_of_the_process_never_reaches_the_terminal(
    notes: Notes, engine: Piper, voice: Voice, capfd: pytest.CaptureFixture[str]
) -> None:
    engine.speak("Rest here.", voice)
    for words in ("fault: die", "fault: die quietly"):
        with pytest.raises(EngineError):
            engine.speak(words, voice)
    engine.close()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("text", ["Rest\nhere.", " Rest \r\n here.\n", "Rest\u2028here.", "Rest\x85\x0bhere."])
def test_line_breaks_in_a_phrase_become_spaces(text: str, notes: Notes, engine: Piper, voice: Voice) -> None:
    engine.speak(text, voice)
    assert notes.all("line") == ["Rest here."]


def test_text_is_passed_through_stdin_only_and_unchanged(notes: Notes, engine: Piper, voice: Voice) -> None:
    texts = ["--debug; $(touch here) `x` | Zoë’s Ça va – 50 %…", "-h", "Łódź \udcff"]
    for text in texts:
        engine.speak(text, voice)
    assert notes.all("line") == [*texts[:2], "Łódź ?"]
    assert not any("Zoë" in part for part in notes.all("arguments")[0])  # type: ignore[attr-defined]  # a list


def test_the_process_has_telemetry_off_and_a_temporary_folder(
    notes: Notes, engine: Piper, voice: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    engine.speak("Rest.", voice)
    assert notes.all("environment") == [{"ORT_DISABLE_TELEMETRY": "1", "PYTHONIOENCODING": "utf-8"}]
    (folder,) = notes.all("folder")
    assert Path(str(folder)).is_dir() and not list(Path(str(folder)).iterdir())
    engine.close()
    assert not Path(str(folder)).exists()


@pytest.mark.parametrize("text", ["", " ", "…", "–", "?!", "'"])
def test_punctuation_without_words_is_refused_before_a_process_starts(
    text: str, engine: Piper, voice: Voice, children: list[Child]
) -> None:
    with pytest.raises(PhraseError, match="nothing to pronounce"):
        engine.speak(text, voice)
    assert children == []


def test_the_two_most_recent_paces_keep_their_process(
    notes: Notes, engine: Piper, voice: Voice, children: list[Child]
) -> None:
    for pace in (110, 120, 110, 120, 130, 110, 140, 110, 120):
        engine.speak("Rest.", voice.at_pace(pace))
    assert len(children) == 6, "110, 120, 130, then 110, 140 and 120 again"
    assert [child.is_alive() for child in children] == [False, False, False, True, False, True]


# --- failures ---


FAULTS = {
    "die": r"^Piper has died: model x+$",
    "die quietly": r"^Piper has died: UserWarning: not for it either$",
    "stereo": "cut short or not mono",
    "cut short": "cut short or not mono",
    "garbage": r"wrote no sound \(",
    "nothing": "wrote 0 sounds",
    "twice": "wrote 2 sounds",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failure_is_one_short_line_and_the_next_phrase_is_spoken(
    fault: str, notes: Notes, engine: Piper, voice: Voice, children: list[Child]
) -> None:
    with pytest.raises(EngineError, match=FAULTS[fault]) as caught:
        engine.speak(f"fault: {fault}", voice)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 280
    assert len(engine.speak("Rest.", voice).pcm) == 2 * 2205 * 3
    assert [child.is_alive() for child in children] == [False, True]


@pytest.mark.parametrize("fault", ["hang", "deaf"])
def test_a_process_that_hangs_is_killed(
    fault: str,
    notes: Notes,
    engine: Piper,
    voice: Voice,
    children: list[Child],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine.speak("Rest.", voice)
    monkeypatch.setattr(piper, "ANSWER_S", 0.5)
    with pytest.raises(EngineError, match=r"no answer for 0\.5 s|has died"):
        engine.speak(f"fault: {fault}", voice)
    monkeypatch.setattr(piper, "ANSWER_S", HANGING_S)
    assert engine.speak("Rest.", voice).pcm
    assert [child.is_alive() for child in children] == [False, True]


def test_a_process_that_reads_nothing_is_killed(engine: Piper, voice: Voice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piper, "_program", lambda: (sys.executable, "-c", "import time; time.sleep(60)"))
    monkeypatch.setattr(piper, "ANSWER_S", 0.5)
    with pytest.raises(EngineError, match=r"no answer for 0\.5 s"):
        engine.speak("more than a pipe holds " * 50_000, voice)


def test_a_process_that_exits_between_two_phrases_is_replaced(
    notes: Notes, engine: Piper, voice: Voice, children: list[Child]
) -> None:
    engine.speak("fault: leave", voice)
    children[0]._process.wait(HANGING_S)
    assert engine.speak("Rest.", voice).pcm
    assert len(set(notes.all("pid"))) == 2


def test_a_process_killed_during_a_phrase_is_an_error_and_then_replaced(
    notes: Notes, engine: Piper, voice: Voice, children: list[Child]
) -> None:
    engine.speak("Rest.", voice)

    def kill_in_mid_phrase() -> None:
        notes.wait_for("fault: hang")
        children[0]._process.kill()

    killer = threading.Thread(target=kill_in_mid_phrase)
    killer.start()
    with pytest.raises(EngineError, match="has died"):
        engine.speak("fault: hang", voice)
    killer.join()
    assert engine.speak("Rest.", voice).pcm


def test_an_interrupted_phrase_is_never_returned_for_the_next_one(
    notes: Notes, engine: Piper, voice: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(child: Child, line: str, *rest: object) -> str:
        child._input.write(line.encode() + b"\n")
        child._input.flush()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Child, "ask", interrupted)
        with pytest.raises(KeyboardInterrupt):
            engine.speak("one two three four five", voice)
    assert len(engine.speak("Rest.", voice).pcm) == 2 * 2205 * 3


def test_a_missing_python_is_an_engine_error(engine: Piper, voice: Voice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "no-such-python")
    with pytest.raises(EngineError, match="Piper cannot be started"):
        engine.speak("Rest.", voice)


def test_a_python_without_piper_is_reported_in_one_line(
    engine: Piper, voice: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(piper, "_program", lambda: (sys.executable, "-m", "no_such_module"))
    with pytest.raises(EngineError, match=r"^Piper has died: .*No module named no_such_module$"):
        engine.speak("Rest.", voice)


def test_a_repeated_failure_names_the_phrase(
    notes: Notes, voice: Voice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(piper, "package_version", lambda *_: "1")
    monkeypatch.setattr(Piper, "probe", lambda self: "")
    monkeypatch.setattr(Piper, "calibrated", True)
    with Speaker(voice, Store(tmp_path / "store")) as speaker:
        with pytest.raises(
            EngineError, match=r'^arrive\.md\.j2:3: voice mine cannot speak "fault: die".*: Piper has died'
        ):
            speaker.clip(phrase("fault: die", line=3))
        assert speaker.clip(phrase("Rest here for a while.")).samples > 12_000
    assert notes.all("line").count("fault: die") == 3


def test_closing_twice_is_harmless_and_speaking_still_works_afterwards(
    notes: Notes, engine: Piper, voice: Voice
) -> None:
    engine.close()
    assert engine.speak("Rest.", voice).pcm
    engine.close()
    engine.close()
    assert engine.speak("Rest.", voice).pcm


def test_piper_is_never_imported_into_our_process() -> None:
    """It is GPL, and runs as a separate program; tested in a new process, where no other test has imported it."""
    program = (
        "import sys\n"
        "from audioguide.speech.engines.piper import Piper\n"
        "Piper().probe()\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('piper', 'onnxruntime')])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

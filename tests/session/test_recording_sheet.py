"""The recording sheet: all phrases of all sessions, each once, and no cell that a spreadsheet would execute."""

import csv
import io
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from support.scripts import write_practice
from support.voices import phrase

from audioguide.cli.main import run
from audioguide.core.clock import RATE_HZ
from audioguide.core.errors import InputError, ScriptError
from audioguide.core.model import Phrase, Source
from audioguide.core.request import Request
from audioguide.practice.definition import find_practice
from audioguide.practice.rendering import read_cues
from audioguide.session.recording_sheet import (
    BOM,
    COLUMNS,
    LENGTHS,
    SheetRow,
    as_csv,
    escape_formula,
    read_sheet,
    requests,
    rows_of,
)
from audioguide.speech.recordings import phrase_id

MINUTE = 60 * RATE_HZ
SCRIPTS = {
    "a": '# A\nWelcome to {{ length }}.\n{% if guidance == "full" %}\nLonger words.\n{% endif %}\n[rest]\n',
    "b": "# B\n{% if minutes > 7 %}\nOnly when there is time.\n{% endif %}\nRest here.\n"
    '{% if ending == "sleep" %}\nSleep well.\n{% else %}\nWake up.\n{% endif %}\n[bell]\nRest here.\n[rest]\n',
}
TOML = 'title = "T"\nsteps = ["a", "b"]\n'


@pytest.fixture
def practice(tmp_path: Path) -> str:
    return str(write_practice(tmp_path / "practice", TOML, SCRIPTS))


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix(BOM))))


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, str]]:
    assert run(["lines", *arguments]) == 0
    return read(capsys.readouterr().out)


# --- content ---


def test_every_phrase_of_every_session_is_on_the_sheet_once() -> None:
    practice = find_practice("psoas-release")
    asked = list(requests(Request(MINUTE), practice, LENGTHS, {}))
    rows = {row.id: row for row in read_sheet(practice, asked).rows}
    texts = {row.text for row in rows.values()}

    assert len(asked) == len(LENGTHS) * 3 * 2 * 2 * 2
    assert len(texts) == len(rows) > 100
    for request in asked[::7]:
        assert request.samples is not None
        for cue in read_cues(request, practice, request.samples):
            if isinstance(cue, Phrase):
                assert cue.text in texts
                assert request.samples in rows[phrase_id(cue.text)].lengths


def test_rows_are_grouped_by_step_in_the_order_of_the_longest_session() -> None:
    practice = find_practice("psoas-release")
    asked = list(requests(Request(MINUTE), practice, LENGTHS, {}))
    rows = read_sheet(practice, asked).rows
    longest = [phrase_id(cue.text) for cue in read_cues(asked[0], practice, LENGTHS[-1]) if isinstance(cue, Phrase)]

    steps = [row.step for row in rows]
    assert [step for at, step in enumerate(steps) if step not in steps[:at]] == [
        *("arrive", "first-check", "bolster", "do-nothing", "add-weight", "grounding", "check-in", "return")
    ]
    assert sorted(steps, key=steps.index) == steps
    assert [row.id for row in rows if row.id in longest] == list(dict.fromkeys(longest))


def test_a_row_has_the_source_of_a_phrase_and_the_lengths_that_contain_it(
    practice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = printed(capsys, "5", "7:30", "20m", "--practice", practice)

    assert tuple(rows[0]) == COLUMNS
    by_text = {row["text"]: row for row in rows}
    assert list(by_text) == [
        *("Welcome to twenty minutes.", "Longer words."),
        *("Welcome to seven and a half minutes.", "Welcome to five minutes."),
        *("Only when there is time.", "Rest here.", "Sleep well.", "Wake up."),
    ]
    time = by_text["Only when there is time."]
    assert (time["step"], time["where"], time["lengths"]) == ("b", f"{practice}/b.md.j2:3", "7m30s 20")
    assert by_text["Rest here."]["lengths"] == "5 7m30s 20"
    assert {row["recorded"] for row in rows} == {""}


def test_an_option_fixes_one_choice_and_the_others_are_combined(
    practice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def texts(*arguments: str) -> set[str]:
        return {row["text"] for row in printed(capsys, "5", "--practice", practice, *arguments)}

    every = {"Welcome to five minutes.", "Longer words.", "Rest here.", "Sleep well.", "Wake up."}
    assert texts() == every
    assert texts("--guidance", "brief") == every - {"Longer words."}
    assert texts("--ending", "sleep") == every - {"Wake up."}
    assert texts("--no-bell", "--no-grounding") == every


def test_the_grounding_can_be_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    with_grounding = {row["step"] for row in printed(capsys, "5")}
    without = {row["step"] for row in printed(capsys, "5", "--no-grounding")}
    assert with_grounding - without == {"grounding"}


def test_phrases_with_variables_are_on_the_sheet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_practice(tmp_path / "p", 'title = "T"\nsteps = ["a"]\n', {"a": "Welcome, {{ name }}.\n[rest]\n"})
    assert [row["text"] for row in printed(capsys, "--practice", str(folder), "--set", "name=Ada")] == ["Welcome, Ada."]


def test_a_phrase_in_two_steps_has_one_row_even_if_its_quotation_marks_differ() -> None:
    sessions = [(MINUTE, [("a", phrase("It's fine.")), ("b", phrase("Rest.")), ("b", phrase("It’s fine."))])]
    assert [(row.step, row.text) for row in rows_of(sessions)] == [("a", "It's fine."), ("b", "Rest.")]


@given(st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["One.", "Two.", "Three.", "Four."])))))
def test_every_phrase_has_exactly_one_row(sessions: list[list[tuple[str, str]]]) -> None:
    for spoken in sessions:
        spoken.sort(key=lambda pair: pair[0])  # a session has each step once
    asked = [(number, [(step, phrase(text)) for step, text in spoken]) for number, spoken in enumerate(sessions, 1)]
    rows = rows_of(asked)

    assert sorted(row.text for row in rows) == sorted({text for spoken in sessions for _, text in spoken})
    for row in rows:
        assert row.lengths == tuple(number for number, spoken in asked if row.text in {each.text for _, each in spoken})
    if len(sessions) == 1:
        steps = list(dict.fromkeys(step for step, _ in sessions[0]))
        assert [step for step in steps if step in {row.step for row in rows}] == list(
            dict.fromkeys(row.step for row in rows)
        )


def test_alternative_wordings_are_next_to_each_other() -> None:
    def session(number: int, texts: Iterable[str]) -> tuple[int, list[tuple[str, Phrase]]]:
        return number, [("a", phrase(text)) for text in texts]

    rows = rows_of([session(3, ["One.", "Long.", "Three."]), session(2, ["One.", "Short.", "Three."])])
    assert [row.text for row in rows] == ["One.", "Short.", "Long.", "Three."]


# --- sessions that cannot be rendered ---


def test_sessions_that_cannot_be_rendered_are_left_out_and_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = '{% if guidance != "bells" %}\nRest here.\n{% endif %}\n'
    folder = write_practice(tmp_path / "p", 'title = "T"\nsteps = ["a"]\n', {"a": script})

    assert run(["lines", "5", "--practice", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert [row["text"] for row in read(out)] == ["Rest here."]
    assert err.startswith(
        f"left out: 4 sessions that cannot be rendered, the first because of {folder}/a.md.j2:1: this step is empty"
    )


def test_a_mistake_in_a_script_is_an_error(tmp_path: Path) -> None:
    folder = write_practice(tmp_path / "p", 'title = "T"\nsteps = ["a"]\n', {"a": "Rest [pasue 3s] here.\n"})
    practice = find_practice(str(folder))
    with pytest.raises(ScriptError, match=r"a.md.j2:1: unknown mark \[pasue 3s\]"):
        read_sheet(practice, requests(Request(MINUTE), practice, LENGTHS, {}))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("abc", "'abc' is not a length"),
        ("5 --guidance breif", "did you mean brief?"),
        ("5 --ending awake", "did you mean wake?"),
        ("5 --practice psoas-relaese", "did you mean psoas-release?"),
        ("5 --voice clam", "did you mean calm?"),
        ("5 --set pet=Ada", "no script of psoas-release uses pet"),
        ("5 --out sheet.mp3", "the name must end in .csv"),
    ],
)
def test_every_error_is_one_line(
    workplace: Path, capsys: pytest.CaptureFixture[str], arguments: str, message: str
) -> None:
    assert run(["lines", *arguments.split()]) == 1
    out, err = capsys.readouterr()
    assert out == "" and message in err and err.count("\n") == 1
    assert not list(workplace.iterdir())


def test_a_grounding_that_the_practice_lacks_cannot_be_requested(practice: str) -> None:
    found = find_practice(practice)
    with pytest.raises(InputError, match="has no grounding interlude"):
        read_sheet(found, requests(Request(MINUTE), found, LENGTHS, {"grounding": True}))


# --- the file ---


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    row = SheetRow("rest-12345678", "a", Source("-x/a.md.j2", 1), cell, (MINUTE,))
    head, line, end = as_csv([row]).split("\n")
    assert (head, end) == (",".join(COLUMNS), "")
    assert line == f"rest-12345678,a,'-x/a.md.j2:1,'{cell.strip()},1,"
    assert escape_formula(cell) == f"'{cell.strip()}"


def test_the_file_opens_in_spreadsheets_and_a_summary_is_printed(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_practice(workplace / "p", 'title = "T"\nsteps = ["a"]\n', {"a": "Ça va, “naïve” Zoë.\n[rest]\n"})
    assert run(["lines", "--practice", "./p", "--out", "sheet.csv"]) == 0

    out, err = capsys.readouterr()
    assert (workplace / "sheet.csv").read_bytes().startswith(b"\xef\xbb\xbfid,step,where,text,lengths,recorded\n")
    (row,) = read((workplace / "sheet.csv").read_text(encoding="utf-8"))
    assert (row["text"], row["lengths"]) == ("Ça va, “naïve” Zoë.", "5 10 15 20 30 45 60")
    assert out.startswith("sheet.csv  1 phrase, 4 words, about 1 minute of speech; record each as ID.wav, ID.flac or")
    assert (out.count("\n"), err) == (1, "")


def test_for_a_recorded_voice_recorded_phrases_and_extra_files_are_reported(
    workplace: Path, practice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (workplace / "mia.toml").write_text('engine = "recorded"\n')
    arguments = ["5", "--practice", practice, "--voice", "mia.toml"]
    assert {row["recorded"] for row in printed(capsys, *arguments)} == {"no"}  # no folder yet

    (workplace / "mia").mkdir()
    for name in (f"{phrase_id('Rest here.')}.flac", "old.wav"):
        soundfile.write(workplace / "mia" / name, np.zeros(800), 8_000)
    shutil.copy(workplace / "mia" / "old.wav", workplace / "mia" / ".hidden.wav")

    assert run(["lines", *arguments]) == 0
    out, err = capsys.readouterr()
    assert [row["text"] for row in read(out) if row["recorded"] == "yes"] == ["Rest here."]
    assert {row["recorded"] for row in read(out)} == {"yes", "no"}
    assert err == "these files in mia match no phrase of the sheet: old.wav\n"

    assert run(["lines", *arguments, "--out", "sheet.csv"]) == 0
    assert "; 1 of them recorded; put them into mia as ID.wav, ID.flac or ID.mp3" in capsys.readouterr().out

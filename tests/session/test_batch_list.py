from pathlib import Path

import pytest

from audioguide.core.clock import RATE_HZ
from audioguide.core.errors import InputError
from audioguide.session import batch_list
from audioguide.session.batch_list import BatchRow, RejectedRow, parse_batch_list, read_batch_list


def rows(text: str) -> list[BatchRow | RejectedRow]:
    return list(parse_batch_list(text, "list.csv"))


def row(text: str) -> BatchRow:
    [one] = rows(text)
    assert isinstance(one, BatchRow), one
    return one


def refused(text: str) -> str:
    [one] = [one for one in rows(text) if isinstance(one, RejectedRow)]
    return f"{one.line}: {one.words}"


def test_every_option_has_its_column() -> None:
    one = row(
        "name,length,practice,voice,grounding,ending,guidance,pace,bell,out,captions,say_name\n"
        'Siobhan,7:30,mine,mia,yes,sleep,brief,110,no,"for her.mp3","vtt,txt",shi-VAWN\n'
    )
    asked = one.request
    assert (asked.samples, asked.practice, asked.voice, asked.grounding) == (450 * RATE_HZ, "mine", "mia", True)
    assert (asked.ending, asked.guidance, asked.pace_wpm, asked.bell) == ("sleep", "brief", 110, False)
    assert (asked.settings, asked.said) == ({"name": "Siobhan"}, {"Siobhan": "shi-VAWN"})
    assert (one.line, one.out, one.captions) == (2, Path("for her.mp3"), ("vtt", "txt"))


def test_an_empty_cell_means_the_default() -> None:
    asked = row("length,voice,grounding,pace,name,say_name\n5,,,,,\n").request
    assert (asked.voice, asked.grounding, asked.pace_wpm, asked.settings, asked.said) == ("calm", None, None, {}, {})


def test_one_step_needs_no_length() -> None:
    assert row("only\ngrounding\n").request.samples is None


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_columns_may_be_separated_by_what_spreadsheets_write(sign: str) -> None:
    one = row(f"length{sign}name\r\n5{sign}Ada\r\n")
    assert one.request.settings == {"name": "Ada"}


def test_the_default_file_name_contains_what_differs() -> None:
    names = [one.out.name for one in rows("length,name\n5,Ada\n5,Zoë\n") if isinstance(one, BatchRow)]
    assert names == ["psoas-release-5m-name-Ada.mp3", "psoas-release-5m-name-Zoë.mp3"]


def test_lines_are_those_of_the_file() -> None:
    text = 'length,name\n5,Ada\n\n5,"two\nlines"\n,\n5,Ben\n'
    assert [one.line for one in rows(text)] == [2, 4, 7]


def test_a_second_row_for_the_same_file_is_rejected() -> None:
    message = refused("length,out\n5,a.mp3\n7,b.mp3\n9,a.mp3\n")
    assert message == "4: line 2 already writes a.mp3; name another file in the column out"


@pytest.mark.parametrize("other", ["sub/../a.mp3", "A.mp3", "a.MP3", "./a.mp3"])
def test_two_spellings_of_one_path_are_one_file(other: str) -> None:
    assert "line 2 already writes" in refused(f"length,out\n5,a.mp3\n7,{other}\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("length\nlong\n", "2: 'long' is not a length; write it like"),
        ("length,grounding\n5,perhaps\n", "2: grounding 'perhaps' is neither yes nor no"),
        ("length,pace\n5,slow\n", "2: pace 'slow' is not a number"),
        ("length,ending\n5,wkae\n", "2: --ending 'wkae' is not known; did you mean wake?"),
        ("length,captions\n5,vvt\n", "2: --captions 'vvt' is not known"),
        ("length,minutes\n5,6\n", "2: --set minutes=6: minutes is reserved"),
        ("length,name\n5,Ada,Berlin\n", "2: 3 cells, but 2 columns; put a cell that contains a comma in quotes"),
        ("length,name\n,Ada\n", "2: a length is missing"),
    ],
)
def test_a_wrong_row_says_what_to_do_and_the_others_are_kept(text: str, words: str) -> None:
    assert refused(text).startswith(words)
    fields = text.split("\n")[0].count(",")
    assert isinstance(rows(f"{text}7{',' * fields}\n")[1], BatchRow)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "list.csv is empty; write the column names on its first line"),
        (
            "lenght,name\n5,Ada\n",
            "list.csv:1: there is no column length; rename lenght. .the columns are lenght, name",
        ),
        ("title,name\n5,Ada\n", "list.csv:1: there is no column length; add one, with the length"),
        ("length,first name\n5,Ada\n", "list.csv:1: 'first name' is not a column name"),
        ("length,,\n5,,\n", "list.csv:1: '' is not a column name"),
        ("length,name,Name\n5,a,b\n", "list.csv:1: there are two columns name"),
        ("length,say_name\n5,a\n", "list.csv:1: say_name is the pronunciation of column name, which is missing"),
        ("length,name\n", "list.csv has no rows"),
        ('length,name\n5,"' + "a" * 200_000, "list.csv:2: field larger than field limit"),
        ("length,name\n,\n", "list.csv has no rows"),
    ],
)
def test_an_invalid_first_line_is_an_error(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        rows(text)


def test_a_list_without_end_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(batch_list, "MOST_ROWS", 3)
    with pytest.raises(InputError, match="has more than 3 rows"):
        rows("length\n" + "5\n" * 4)
    monkeypatch.setattr(batch_list, "MOST_BYTES", 10)
    (tmp_path / "a.csv").write_text("length,name\n5,Ada\n")
    with pytest.raises(InputError, match="split it into several lists"):
        read_batch_list(tmp_path / "a.csv")


def test_a_file_that_is_not_text_is_an_error_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("length,name\n5,Zoë\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"a\.csv:2: not UTF-8 text; export it as CSV in UTF-8 .in Excel: CSV UTF-8."):
        read_batch_list(tmp_path / "a.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_batch_list(tmp_path / "none.csv")


def test_a_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("length,name\n5,Zoë\n", encoding="utf-8-sig")
    assert isinstance(read_batch_list(tmp_path / "a.csv")[0], BatchRow)

"""The files of a recorded voice: their names, and which of them are recordings."""

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.recordings import FIRST, SECOND, THIRD, record

from audioguide.speech.recordings import find_recordings, phrase_id, unmatched_files
from audioguide.speech.voices import find_voice

# --- the id ---


@given(st.text(min_size=1))
def test_an_id_is_short_and_safe_on_every_file_system(text: str) -> None:
    assert re.fullmatch("[a-z0-9]([a-z0-9-]{0,31})-[0-9a-f]{8}", phrase_id(text))


@given(st.text(alphabet="aé ’\u00a0\n'\"“ñ.", min_size=1))
def test_an_id_does_not_depend_on_spaces_quotation_marks_and_how_accents_are_stored(text: str) -> None:
    straight = text.replace("’", "'").replace("“", '"')
    others = (straight, f"  {text}\n", unicodedata.normalize("NFD", text), text.replace(" ", " \t "))
    assert {phrase_id(other) for other in others} == {phrase_id(text)}


@pytest.mark.parametrize("other", [FIRST.lower(), FIRST.rstrip("."), FIRST.replace(",", ""), FIRST + " Now."])
def test_other_words_or_punctuation_give_another_id(other: str) -> None:
    assert phrase_id(other) != phrase_id(FIRST)


def test_ids_never_change() -> None:
    """Recordings on someone's disk are named so: it must never change."""
    assert phrase_id(FIRST) == "let-your-eyes-open-7e1209a5"


# --- the files ---


def test_hidden_files_and_other_types_are_not_recordings(mia: Path) -> None:
    folder = mia.with_suffix("")
    takes = find_recordings(find_voice(str(mia)))
    for name in (".DS_Store", f"._{phrase_id(FIRST)}.wav", "notes.txt", f"{phrase_id(THIRD)}.m4a"):
        (folder / name).write_bytes(b"x")
    (folder / "old.wav").mkdir()

    assert find_recordings(find_voice(str(mia))) == takes
    left = [path.name for path in unmatched_files(find_voice(str(mia)), map(phrase_id, (FIRST, THIRD)))]
    assert left == ["notes.txt", f"{phrase_id(THIRD)}.m4a", f"{phrase_id(SECOND)}.flac"]


@pytest.mark.parametrize("name", ["upper", "title"])
def test_a_file_name_in_other_case_is_found(mia: Path, tmp_path: Path, name: str) -> None:
    take = record(mia, FIRST)
    take.rename(take.with_name(getattr(take.name, name)()))
    assert phrase_id(FIRST) in find_recordings(find_voice(str(mia)))

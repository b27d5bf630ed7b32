"""The differences between two practices: wording and timetable."""

from pathlib import Path

import pytest
from support.scripts import write_practice

from audioguide.checks.diff import Version, compare, difference
from audioguide.cli.main import run
from audioguide.core.clock import RATE_HZ
from audioguide.core.errors import InputError, ScriptError
from audioguide.core.model import Bell, Manner, Phrase, Placed, Sound, Source, Timeline
from audioguide.core.request import Request

ASKED = Request(5 * 60 * RATE_HZ)
TOML = 'title = "T"\nsteps = ["a", "b"]\n'
A = "# Arriving\nLie down.\nLet the floor hold you.\n[rest]\n"
B = "# Coming back\nLook around.\n[bell]\nThank you.\n"


def phrases(file: str, *texts: str) -> tuple[Phrase, ...]:
    return tuple(Phrase(text, Source(file, line)) for line, text in enumerate(texts, 1))


def version(name: str, *steps: tuple[str, tuple[Phrase | Bell, ...]]) -> Version:
    return Version(name, steps, "no timetable")


def changes(before: Version, after: Version) -> list[str]:
    """Return the lines about the wording."""
    lines = list(difference(before, after, RATE_HZ))
    return lines[2 : lines.index("")]


def practice(folder: Path, name: str = "one", toml: str = TOML, **scripts: str) -> str:
    return str(write_practice(folder / name, toml, {"a": A, "b": B, **scripts}))


def child(folder: Path, **scripts: str) -> str:
    return str(write_practice(folder / "child", 'extends = "../one"\n', scripts))


# --- wording ---


def test_a_changed_phrase_is_shown_old_and_new_with_its_line() -> None:
    before = version("one", ("a", phrases("one/a", "Hello.", "Lie down.", "Bye.")))
    after = version("two", ("a", phrases("two/a", "Hello.", "You might lie down.", "Bye.")))
    assert changes(before, after) == ["@@ a", "- one/a:2: Lie down.", "+ two/a:2: You might lie down."]


def test_the_same_words_on_other_lines_are_not_a_difference() -> None:
    before = version("one", ("a", phrases("one/a", "Hello.", "Bye.")))
    after = version("two", ("a", (*phrases("two/a", "Hello."), Phrase("Bye.", Source("two/b", 90), Manner(0.9, -1)))))
    assert changes(before, after) == ["the wording is the same at 0:01"]


def test_a_step_of_only_one_version_is_shown_in_full_in_its_place() -> None:
    common = ("a", phrases("a", "Hello.")), ("c", phrases("c", "Bye."))
    before = version("one", common[0], ("old", phrases("old", "Gone.")), common[1])
    after = version("two", common[0], common[1], ("new", phrases("new", "Come.")))
    assert changes(before, after) == [
        "@@ old: only in one",
        "- old:1: Gone.",
        "@@ new: only in two",
        "+ new:1: Come.",
    ]


def test_another_order_of_steps_is_reported_without_their_words() -> None:
    steps = ("a", phrases("a", "Hello.")), ("b", phrases("b", "Bye."))
    assert changes(version("one", *steps), version("two", *steps[::-1])) == ["order of steps: a, b -> b, a"]


def test_a_removed_bell_is_reported() -> None:
    bell = Bell(3, Source("a", 9))
    assert changes(version("one", ("a", (bell,))), version("two", ("a", ()))) == ["@@ a", "- a:9: [bell 3]"]


# --- the timetable ---


def timeline(spoken: int, chapters: dict[str, int]) -> Timeline:
    hello = Sound(1_000, spoken, phrases("a", "Hello.")[0])
    marks = tuple(Placed(start, title) for title, start in chapters.items())
    return Timeline((hello,), marks, 10_000 * 576, 10_000, 209)


def test_the_timetables_are_compared() -> None:
    before = Version("one", (), timeline(500, {"Arriving": 0, "Old": 2_500, "The end": 5_000}))
    after = Version("two", (), timeline(1_000, {"Arriving": 0, "New": 2_500, "The end": 7_500}))
    lines = list(difference(before, after, 240 * RATE_HZ))
    assert lines[lines.index("") + 1 :] == [
        "4:00, estimated at 118 words a minute:",
        "    0:12 ->     0:24  speech",
        "    3:48 ->     3:36  silence",
        "    3:24 ->     3:12  longest silence",
        "    0:00 ->     0:00  # Arriving",
        "    1:00 ->        -  # Old",
        "       - ->     1:00  # New",
        "    2:00 ->     3:00  # The end",
    ]


def test_wording_that_does_not_fit_the_length_is_reported_instead_of_a_timetable(tmp_path: Path) -> None:
    one, two = practice(tmp_path), practice(tmp_path, "two", a="# Arriving\nLie down.\n[pause 4s]\n")
    lines = list(compare(ASKED, one, two))
    assert lines[-1].startswith(f"{two}: this wording takes about 0:2")
    assert "5:00, estimated at 118 words a minute:" in lines


# --- read from folders ---


def test_a_practice_is_compared_with_the_one_it_extends(tmp_path: Path) -> None:
    one, own = practice(tmp_path), child(tmp_path, b=B.replace("Look around", "You might look around"))
    lines = list(compare(ASKED, own))
    assert lines[:2] == ["--- ../one", f"+++ {own}"]
    assert lines[2:6] == [
        "@@ b",
        "- ../one/b.md.j2:2: Look around.",
        f"+ {own}/b.md.j2:2: You might look around.",
        "",
    ]
    assert list(compare(ASKED, one, own))[2:] == [line.replace("../one", one) for line in lines[2:]]


def test_a_practice_that_extends_nothing_needs_another(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="extends no practice; name one to compare it with"):
        list(compare(ASKED, practice(tmp_path)))


def test_a_practice_does_not_differ_from_itself(tmp_path: Path) -> None:
    one = practice(tmp_path)
    assert "the wording is the same at 5:00" in list(compare(ASKED, one, one))


def test_the_options_of_the_session_are_used(tmp_path: Path) -> None:
    one, two = practice(tmp_path), practice(tmp_path, "two", b="# Coming back\nLook around.\nThank you.\n")
    assert any(line.endswith("[bell 1]") for line in compare(ASKED, one, two))
    assert not any("[bell" in line for line in compare(Request(ASKED.samples, bell=False), one, two))


def test_a_setting_is_passed_to_the_practice_that_uses_it(tmp_path: Path) -> None:
    one, two = practice(tmp_path), practice(tmp_path, "two", b=B.replace("Thank you", "Thank you, {{ name }}"))
    lines = list(compare(Request(ASKED.samples, settings={"name": "Ada"}), one, two))
    assert any(line.endswith("Thank you, Ada.") for line in lines)
    with pytest.raises(InputError, match="no script of either practice uses nmae; did you mean name"):
        list(compare(Request(ASKED.samples, settings={"nmae": "Ada"}), one, two))


def test_an_error_in_either_practice_names_its_file_and_line(tmp_path: Path) -> None:
    one, two = practice(tmp_path), practice(tmp_path, "two", b="Hello.\n[pasue 3s]\n")
    with pytest.raises(ScriptError, match=r"two/b\.md\.j2:2: unknown mark"):
        list(compare(ASKED, one, two))


# --- the command ---


def test_the_command_prints_the_difference_and_speaks_nothing(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    practice(workplace)
    child(workplace, a=A.replace("Lie down", "Sit down"))
    assert run(["diff", "child", "--length", "5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "+ child/a.md.j2:2: Sit down." in lines and "5:00, estimated at 118 words a minute:" in lines
    assert run(["diff", "psoas-release", "psoas-release"]) == 0
    assert "the wording is the same at 20:00" in capsys.readouterr().out
    assert sorted(path.name for path in workplace.iterdir()) == ["child", "one"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("one", 1, "one extends no practice"),
        ("one psoas-relaese", 1, "did you mean psoas-release?"),
        ("one one --length soon", 1, "'soon' is not a length"),
        ("", 2, "Missing argument"),
    ],
)
def test_what_cannot_be_compared_is_an_error_of_one_line(
    workplace: Path, capsys: pytest.CaptureFixture[str], arguments: str, code: int, words: str
) -> None:
    practice(workplace)
    assert run(["diff", *arguments.split()]) == code
    out, err = capsys.readouterr()
    assert out == "" and words in err and err.count("\n") == 1

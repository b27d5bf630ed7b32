from pathlib import Path

import pytest
from support.scripts import write_practice

from audioguide.core.clock import RATE_HZ, frames
from audioguide.core.errors import InputError, ScriptError
from audioguide.core.lexicon import LexiconEntry
from audioguide.core.model import ORDINARY, Manner, Source
from audioguide.practice.definition import find_practice, practice_names, read_practice
from audioguide.practice.model import Practice, Step
from audioguide.storage.shelf import shelf

SCRIPTS = dict.fromkeys(("arrive", "lie", "weight", "return", "grounding"), "Hello.\n")
FULL = """\
title = "Lying still"                # what listeners see
language = "de"
description = "Nothing to do."
steps = ["arrive", {script = "lie", guidance = ["full"]}, {script = "weight", from = "10m", pace = 0.9}, "return"]
longest_silence = "4m"
[interlude.grounding]
after = "weight"
from = "20m"
[lexicon]
psoas = "so as"
"""
MINUTE = 60 * RATE_HZ


def read(folder: Path, toml: str) -> Practice:
    return read_practice(write_practice(folder, toml, SCRIPTS), "mine")


def test_a_practice_is_read_from_its_toml(tmp_path: Path) -> None:
    practice = read(tmp_path / "stillness", FULL)
    assert (practice.name, practice.title, practice.language) == ("stillness", "Lying still", "de")
    assert practice.description == "Nothing to do."
    assert practice.longest_silence == frames(240)
    assert practice.lexicon == (LexiconEntry("psoas", "so as", "", Source("mine/practice.toml", 10)),)
    assert practice.step_names() == ["arrive", "lie", "weight", "return", "grounding"]
    assert practice.step("weight") == Step("weight", 10 * MINUTE, ("full", "brief", "bells"), Manner(0.9))
    assert practice.step("grounding").script == "grounding.md.j2"


def test_optional_keys_have_defaults(tmp_path: Path) -> None:
    practice = read(tmp_path, 'title = "T"\nsteps = ["arrive"]')
    assert (practice.language, practice.longest_silence, practice.lexicon) == ("en", frames(300), ())
    assert practice.grounding is None
    assert practice.step("arrive") == Step("arrive", 0, ("full", "brief", "bells"), Manner(1.0, 0.0))


def test_a_byte_order_mark_and_windows_line_endings_change_nothing(tmp_path: Path) -> None:
    plain = read(tmp_path, FULL)
    (tmp_path / "practice.toml").write_bytes(b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode())
    assert read_practice(tmp_path, "mine") == plain


@pytest.mark.parametrize(
    ("minutes", "guidance", "grounding", "steps"),
    [
        (5, "full", False, "arrive lie return"),
        (5, "full", True, "arrive lie grounding return"),
        (10, "full", False, "arrive lie weight return"),
        (30, "full", True, "arrive lie weight grounding return"),
        (30, "brief", False, "arrive weight return"),
    ],
)
def test_steps_are_chosen_by_length_guidance_and_grounding(
    tmp_path: Path, minutes: int, guidance: str, grounding: bool, steps: str
) -> None:
    chosen = read(tmp_path, FULL).chosen(minutes * MINUTE, guidance, grounding)
    assert " ".join(step.name for step in chosen) == steps


def test_the_interlude_is_included_from_its_length_on_unless_the_listener_decides(tmp_path: Path) -> None:
    practice = read(tmp_path, FULL)
    assert [practice.has_grounding(20 * MINUTE - less, "full", None) for less in (0, 1)] == [True, False]
    assert practice.has_grounding(5 * MINUTE, "full", True)
    assert not practice.has_grounding(60 * MINUTE, "full", False)


def test_an_interlude_may_be_limited_to_some_guidance(tmp_path: Path) -> None:
    practice = read(tmp_path, FULL.replace('from = "20m"', 'guidance = ["full"]'))
    assert [practice.has_grounding(MINUTE, guidance, None) for guidance in ("full", "brief")] == [True, False]
    assert practice.has_grounding(MINUTE, "brief", True)


def test_a_practice_without_an_interlude_refuses_a_request_for_it(tmp_path: Path) -> None:
    practice = read(tmp_path, 'title = "T"\nsteps = ["arrive"]')
    assert not practice.has_grounding(60 * MINUTE, "full", None)
    with pytest.raises(InputError, match="has no grounding interlude; leave --grounding out"):
        practice.has_grounding(60 * MINUTE, "full", True)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("title =", "titel =", 1, "unknown key 'titel'; did you mean title?"),
        ('title = "Lying still"', "", 1, "title is missing"),
        ('"Lying still"', '" "', 1, "title must be some text in quotes, not ' '"),
        ('"Lying still"', "5", 1, "title must be some text in quotes, not 5"),
        ('"Lying still"', '"a', 1, "this is not valid TOML"),
        ('"de"', '"de"\nlanguage = "en"', 3, "this is not valid TOML"),
        ('"4m"', '"4"', 5, "longest_silence must be a length with its unit, such as \"10m\", not '4'"),
        ('"4m"', "240", 5, "longest_silence must be some text"),
        ('"4m"', '"9s"', 5, "longest_silence must be at least 10s"),
        ('"arrive"', '"arive"', 4, "step 'arive' has no file arive.md.j2; did you mean arrive?"),
        ('"arrive"', '"arrive.md.j2"', 4, "step 'arrive.md.j2' has no file"),
        (
            '"arrive"',
            '"../arrive"',
            4,
            "a script must be in the folder of practice.toml; write its name without",
        ),
        ('"arrive"', "5", 4, "a step is a name or a table with script = ..., not 5"),
        ('"return"]', '"lie"]', 4, "step 'lie' is listed twice"),
        ("steps =", 'steps = "arrive"\n#', 4, "steps must be a list of script names"),
        ("steps =", "steps = []\n#", 4, "steps must be a list of script names"),
        ("steps =", "#", 1, "steps must be a list of script names"),
        ('from = "10m"', 'form = "10m"', 4, "unknown key 'form'; did you mean from?"),
        ('from = "10m"', 'from = "10"', 4, "from must be a length with its unit"),
        ('from = "10m"', "from = 10", 4, "from must be some text"),
        ("0.9", "0.84", 4, "pace must be a number from 0.85 to 1.1, not 0.84"),
        ("0.9", "1.11", 4, "pace must be a number from 0.85 to 1.1, not 1.11"),
        ("0.9", "118", 4, "pace must be a number from 0.85 to 1.1"),
        ("0.9", "nan", 4, "pace must be a number from 0.85 to 1.1"),
        ("0.9", '"0.9"', 4, "pace must be a number from 0.85 to 1.1"),
        ("0.9", "true", 4, "pace must be a number from 0.85 to 1.1"),
        ("pace =", "speed =", 4, "unknown key 'speed'"),
        ("pace = 0.9", "level = 0.1", 4, "level must be a number from -3 to 0, not 0.1"),
        ("pace = 0.9", "level = -3.1", 4, "level must be a number from -3 to 0, not -3.1"),
        ("pace = 0.9", 'level = "-1"', 4, "level must be a number from -3 to 0"),
        ("pace = 0.9", "level_db = -1", 4, "unknown key 'level_db'; did you mean level?"),
        ('after = "weight"', 'after = "weight"\npace = 0.9', 8, "the grounding keeps the ordinary pace and level"),
        ('from = "20m"', "level = -1", 8, "the grounding keeps the ordinary pace and level; leave level out"),
        ('from = "20m"', "pace = 1.0", 8, "leave pace out"),
        ('script = "lie"', 'name = "lie"', 4, "unknown key 'name'"),
        ('["full"]', '["ful"]', 4, "unknown guidance 'ful'; did you mean full?"),
        ('["full"]', '"full"', 4, "guidance must be a list of any of full, brief, bells"),
        ("[interlude.grounding]", "[interlude.other]", 6, "unknown key 'other'"),
        ("[interlude.grounding]", "[[interlude]]", 6, "interlude must be a table, [interlude]"),
        ('after = "weight"', "", 1, "after is missing"),
        ('after = "weight"', 'after = "wait"', 7, "after must name a step, not 'wait'; did you mean weight?"),
        ('from = "20m"', 'from = "20"', 8, "from must be a length with its unit"),
        ('from = "20m"', "off = true", 8, "unknown key 'off'"),
        ('"so as"', "5", 10, "psoas must be some text in quotes, not 5"),
        ("[lexicon]\n", "lexicon = 5\n#", 9, "lexicon"),
    ],
)
def test_a_mistake_in_practice_toml_is_reported_at_its_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in FULL
    with pytest.raises(ScriptError) as caught:
        read(tmp_path, FULL.replace(old, new))
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"mine/practice.toml:{line}: ")


@pytest.mark.parametrize(
    ("manner", "expected"),
    [
        ("", Manner(1.0, 0.0)),
        (", pace = 0.85", Manner(0.85, 0.0)),
        (", pace = 1.1", Manner(1.1, 0.0)),
        (", pace = 1", Manner(1.0, 0.0)),
        (", level = -3", Manner(1.0, -3.0)),
        (", level = 0", Manner(1.0, 0.0)),
        (", level = -1.5, pace = 0.95", Manner(0.95, -1.5)),
    ],
)
def test_a_step_may_set_its_pace_and_level_within_their_bounds(tmp_path: Path, manner: str, expected: Manner) -> None:
    practice = read(tmp_path, f'title = "T"\nsteps = ["arrive", {{script = "lie"{manner}}}, "return"]')
    assert practice.step("lie").manner == expected
    assert practice.step("return").manner == practice.step("arrive").manner == ORDINARY


def test_a_mistake_in_a_steps_manner_is_reported_at_the_steps_own_line(tmp_path: Path) -> None:
    steps = [
        '{script = "lie", pace = 0.9},',
        '{script = "weight", pace = 2, level = -1},',
        '{script = "return", pace = 0.9},',
    ]
    with pytest.raises(ScriptError, match=r"^mine/practice\.toml:4: pace must be a number from 0\.85 to 1\.1, not 2$"):
        read(tmp_path, "\n".join(['title = "T"', "steps = [", *steps, "]"]))


def test_the_grounding_is_always_spoken_in_the_ordinary_manner(tmp_path: Path) -> None:
    assert read(tmp_path, FULL).step("grounding").manner == ORDINARY


def test_a_step_listed_twice_is_reported_at_its_second_place(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=r"^mine/practice.toml:4: step 'arrive' is listed twice"):
        read(tmp_path, 'title = "T"\nsteps = [\n  "arrive",\n  "arrive",\n]')


def test_a_practice_that_is_not_utf_8_is_reported_at_its_line(tmp_path: Path) -> None:
    read(tmp_path, FULL)
    (tmp_path / "practice.toml").write_bytes(b'title = "T"\ndescription = "\xe9"\n')
    with pytest.raises(ScriptError, match=r"^mine/practice.toml:2: not UTF-8 text"):
        read_practice(tmp_path, "mine")


def test_an_interlude_without_its_script_is_refused(tmp_path: Path) -> None:
    write_practice(tmp_path, FULL, SCRIPTS)
    (tmp_path / "grounding.md.j2").unlink()
    with pytest.raises(ScriptError, match=r"'grounding' has no file grounding\.md\.j2"):
        read_practice(tmp_path, "mine")


def test_the_error_for_an_unknown_step_lists_the_known_ones(tmp_path: Path) -> None:
    words = r"no step 'arive'; did you mean arrive\? \(choose from arrive, lie, .*grounding"
    with pytest.raises(InputError, match=words):
        read(tmp_path, FULL).step("arive")


def test_every_built_in_practice_is_valid() -> None:
    assert "psoas-release" in practice_names()
    for name in practice_names():
        assert find_practice(name).folder == shelf("scripts") / name


def test_a_practice_is_found_by_the_path_of_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_practice(tmp_path / "mine", FULL, SCRIPTS)
    monkeypatch.chdir(folder)
    assert [find_practice(name).name for name in (str(folder), f"{folder}/", ".", "../mine")] == ["mine"] * 4


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("psoas-relase", r"no practice 'psoas-relase'; did you mean psoas-release\? \(choose from .*a folder with"),
        ("./nowhere", "./nowhere is not a practice: it has no practice.toml"),
    ],
)
def test_a_practice_that_does_not_exist_is_refused(name: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        find_practice(name)

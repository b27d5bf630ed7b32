from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from support.scripts import cues, write_practice

from audioguide.core.clock import RATE_HZ
from audioguide.core.errors import InputError, ScriptError
from audioguide.core.model import ORDINARY, Bell, Chapter, Cue, Manner, Phrase, Source
from audioguide.core.request import Request
from audioguide.practice.definition import read_practice
from audioguide.practice.model import Practice
from audioguide.practice.render import Renderer
from audioguide.practice.rendering import read_cues, read_phrases, rendered_text
from audioguide.practice.script_language import LAST_WORDS
from audioguide.storage.shelf import Layer

TOML = """\
title = "Stillness"
steps = ["arrive", {script = "weight", from = "10m"}, "return"]
[interlude.grounding]
after = "weight"
from = "20m"
"""
SCRIPTS = {
    "arrive": "# Arrive\nLie down for {{ length }}.\n",
    "weight": "Add weight.\n[bell]\n[rest 2]\n",
    "grounding": "# Grounding\nFeel the floor.\n",
    "return": "# Return\n{% if ending == 'sleep' %}\nSleep.\n{% else %}\nWake, {{ name|d('you') }}.\n{% endif %}\n",
}
MINUTE = 60 * RATE_HZ


def practice(folder: Path, scripts: Mapping[str, str] = SCRIPTS, toml: str = TOML) -> Practice:
    return read_practice(write_practice(folder, toml, {**SCRIPTS, **scripts}), "mine")


def outline(cues: list[Cue]) -> list[str]:
    """Return the phrases and titles of cues, and an asterisk for each stroke of a bell."""
    return [
        cue.text if isinstance(cue, Phrase) else f"# {cue.title}" if isinstance(cue, Chapter) else "*" * cue.strokes
        for cue in cues
        if isinstance(cue, Phrase | Chapter | Bell)
    ]


@pytest.mark.parametrize(
    ("minutes", "options", "expected"),
    [
        (5, {}, ["# Arrive", "Lie down for five minutes.", "# Return", "Wake, you."]),
        (10, {}, ["# Arrive", "Lie down for ten minutes.", "Add weight.", "*", "# Return", "Wake, you."]),
        (10, {"bell": False}, ["# Arrive", "Lie down for ten minutes.", "Add weight.", "# Return", "Wake, you."]),
        (7.5, {"ending": "sleep"}, ["# Arrive", "Lie down for seven and a half minutes.", "# Return", "Sleep."]),
        (20, {"only": "return", "settings": {"name": "Zoë"}}, ["# Return", "Wake, Zoë."]),
        (20, {"only": "grounding"}, ["# Grounding", "Feel the floor.", LAST_WORDS["en"]]),
        (20, {"only": "weight"}, ["# Stillness", "Add weight.", "*"]),
    ],
)
def test_the_wording_follows_the_options(
    tmp_path: Path, minutes: float, options: dict[str, object], expected: list[str]
) -> None:
    request = replace(Request(round(minutes * MINUTE)), **options)  # type: ignore[arg-type]  # the table names real fields
    assert outline(read_cues(request, practice(tmp_path), round(minutes * MINUTE))) == expected


def test_a_script_may_use_every_variable(tmp_path: Path) -> None:
    script = "{{ minutes }} {{ length }} {{ grounding }} {{ ending }} {{ guidance }} {{ bells }} {{ voice }}"
    result = read_cues(
        Request(20 * MINUTE, voice="voices/calm.toml"), practice(tmp_path, {"arrive": script}), 20 * MINUTE
    )
    assert outline(result)[1] == "20 twenty minutes True wake full True calm"


@pytest.mark.parametrize("before", ["", "\n", "{# why #}\n\n", "\n{% set x = 1 %}\n\n"])
def test_the_first_chapter_of_a_script_begins_the_session(tmp_path: Path, before: str) -> None:
    result = read_cues(Request(5 * MINUTE), practice(tmp_path, {"arrive": f"{before}# Arrive\nLie down."}), 5 * MINUTE)
    assert outline(result) == ["# Arrive", "Lie down.", "# Return", "Wake, you."]


@pytest.mark.parametrize("before", ["", "[pause 6s]\n", "[bell]\n", "Hello.\n"])
def test_chapters_cover_the_whole_session(tmp_path: Path, before: str) -> None:
    script = f"{before}Lie down."
    result = read_cues(Request(5 * MINUTE), practice(tmp_path, {"arrive": script}), 5 * MINUTE)
    assert result[0] == Chapter("Stillness", Source("mine/arrive.md.j2", 1))


@pytest.mark.parametrize("minutes", [5, 20])
@pytest.mark.parametrize("bell", [True, False])
def test_the_rendered_text_is_a_script_of_the_same_session(tmp_path: Path, minutes: int, bell: bool) -> None:
    request = Request(minutes * MINUTE, bell=bell)
    mine = practice(tmp_path)
    assert outline(cues(rendered_text(request, mine, minutes * MINUTE))) == outline(
        read_cues(request, mine, minutes * MINUTE)
    )


def test_the_rendered_text_has_tidy_whitespace(tmp_path: Path) -> None:
    script = "# Arrive\n\n   Lie   down\nslowly.  \n{# why #}\n\n{% for n in range(2) %}\n[breath]\n{% endfor %}\n"
    text = rendered_text(Request(5 * MINUTE), practice(tmp_path, {"arrive": script}), 5 * MINUTE)
    assert text == "# Arrive\n\nLie down\nslowly.\n\n[breath]\n[breath]\n\n# Return\nWake, you.\n"


@pytest.mark.parametrize("script", ["", "\n\n", "# Arrive", "{% if minutes > 9 %}Lie.{% endif %}", "{# nothing #}\n"])
def test_a_step_that_is_empty_in_a_session_is_refused(tmp_path: Path, script: str) -> None:
    mine = practice(tmp_path, {"arrive": script})
    for read in (read_cues, rendered_text):
        with pytest.raises(ScriptError, match=r"^mine/arrive.md.j2:1: this step is empty in this session"):
            read(Request(5 * MINUTE), mine, 5 * MINUTE)


def test_a_session_without_a_word_is_refused(tmp_path: Path) -> None:
    mine = practice(tmp_path, {"arrive": "[bell]", "return": "[rest]"})
    assert outline(read_cues(Request(5 * MINUTE), mine, 5 * MINUTE)) == ["# Stillness", "*"]
    with pytest.raises(ScriptError, match="this step is empty in this session"):
        read_cues(Request(5 * MINUTE, bell=False), mine, 5 * MINUTE)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("nme", r"--set nme: no script of .* uses nme; did you mean name\? \(they use name\)"),
        ("zzz", r"--set zzz: no script of .* uses zzz \(they use name\)"),
    ],
)
def test_a_setting_that_no_script_uses_is_refused(tmp_path: Path, setting: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_cues(Request(5 * MINUTE, settings={setting: "x"}), practice(tmp_path), 5 * MINUTE)


def test_a_setting_counts_as_used_in_a_step_that_this_length_leaves_out(tmp_path: Path) -> None:
    mine = practice(tmp_path, {"weight": "Add {{ kilos }} kilos."})
    request = Request(5 * MINUTE, settings={"kilos": "two"})
    assert outline(read_cues(request, mine, 5 * MINUTE))[-1] == "Wake, you."


def test_an_error_in_the_wording_is_reported_at_its_file_and_line(tmp_path: Path) -> None:
    mine = practice(tmp_path, {"return": "Hello.\n\n{% if true %}\n[pasue 8s]\n{% endif %}\n"})
    with pytest.raises(
        ScriptError, match=r"^mine/return.md.j2:4: unknown mark \[pasue 8s\]; did you mean \[pause 8s\]"
    ):
        rendered_text(Request(5 * MINUTE), mine, 5 * MINUTE)


def test_an_unknown_step_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no step 'arive'; did you mean arrive"):
        read_cues(Request(5 * MINUTE, only="arive"), practice(tmp_path), 5 * MINUTE)


# --- the manner of a step ---

SLOW = Manner(0.9, -2.0)
SLOW_STEPS = 'steps = ["arrive", {script = "weight", from = "10m", pace = 0.9, level = -2}, "return"]'
SLOW_TOML = TOML.replace('steps = ["arrive", {script = "weight", from = "10m"}, "return"]', SLOW_STEPS)


def manners(cues: list[Cue]) -> dict[str, Manner]:
    return {cue.text: cue.manner for cue in cues if isinstance(cue, Phrase)}


def test_the_manner_of_a_step_reaches_its_phrases_and_no_others(tmp_path: Path) -> None:
    assert SLOW_STEPS in SLOW_TOML
    mine = practice(tmp_path, {"weight": "Add weight.\n[bell]\nIt rests on you.\n"}, SLOW_TOML)
    assert manners(read_cues(Request(20 * MINUTE), mine, 20 * MINUTE)) == {
        "Lie down for twenty minutes.": ORDINARY,
        "Add weight.": SLOW,
        "It rests on you.": SLOW,
        "Feel the floor.": ORDINARY,
        "Wake, you.": ORDINARY,
    }


@pytest.mark.parametrize(
    "permission",
    ["You may stop.", "It is quiet, and you may open your eyes.", "If it gets too much, come out.", "STOP."],
)
def test_permissions_keep_the_ordinary_manner(tmp_path: Path, permission: str) -> None:
    mine = practice(tmp_path, {"weight": f"Add weight.\n{permission}\nIt rests on you."}, SLOW_TOML)
    spoken = manners(read_cues(Request(10 * MINUTE), mine, 10 * MINUTE))
    assert [spoken[text] for text in ("Add weight.", permission, "It rests on you.")] == [SLOW, ORDINARY, SLOW]


def test_permissions_are_recognised_in_rendered_text(tmp_path: Path) -> None:
    script = "{% set what = 'stop' %}\nYou may {{ what }}.\n{{ 'The floor ' ~ 'carries you.' }}"
    spoken = manners(read_cues(Request(10 * MINUTE), practice(tmp_path, {"weight": script}, SLOW_TOML), 10 * MINUTE))
    assert (spoken["You may stop."], spoken["The floor carries you."]) == (ORDINARY, SLOW)


def test_a_step_alone_keeps_its_manner(tmp_path: Path) -> None:
    request = Request(5 * MINUTE, only="weight")
    assert manners(read_cues(request, practice(tmp_path, {}, SLOW_TOML), 5 * MINUTE)) == {"Add weight.": SLOW}


def test_a_recording_sheet_knows_the_step_and_the_manner_of_each_phrase(tmp_path: Path) -> None:
    mine = practice(tmp_path, {}, SLOW_TOML)
    phrases = read_phrases(Request(20 * MINUTE), mine, 20 * MINUTE, Renderer([Layer(mine.folder, mine.shown)]))
    assert [(step, phrase.text, phrase.manner) for step, phrase in phrases] == [
        ("arrive", "Lie down for twenty minutes.", ORDINARY),
        ("weight", "Add weight.", SLOW),
        ("grounding", "Feel the floor.", ORDINARY),
        ("return", "Wake, you.", ORDINARY),
    ]

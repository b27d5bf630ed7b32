"""The findings on a practice, and the command check."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from support.scripts import write_practice

import audioguide.checks.session_matrix
from audioguide.checks.advice import RULES
from audioguide.checks.wording import WordingReport, check
from audioguide.cli.main import run
from audioguide.core.clock import RATE_HZ

GOOD = """\
# Beginning
You may stop at any time. You may move, with your eyes open or closed.
If it gets too much, open your eyes, look around, feel the floor, move, or come out.

It is quiet for a few minutes at a time, with a sentence in between.
[rest]
Still here.
[rest]
# End
Let your eyes open, and look around the room.
Perhaps roll to one side, and come up slowly. Thank you.
"""
TOML = 'title = "Mine"\nsteps = ["only"]\nlongest_silence = "60m"\n'


def checked(folder: Path, script: str, toml: str = TOML, **scripts: str) -> WordingReport:
    return check(str(write_practice(folder / "mine", toml, {"only": script, **scripts})))


def places(report: WordingReport) -> list[tuple[str, int, str]]:
    return [(Path(one.where.file).name, one.where.line, one.kind) for one in report.findings]


def words(report: WordingReport) -> str:
    return "\n".join(str(one) for one in report.findings)


def test_a_good_practice_has_no_findings(tmp_path: Path) -> None:
    report = checked(tmp_path, GOOD)

    assert places(report) == []
    assert report.sessions > 20
    assert report.shortest and report.longest and 20 * RATE_HZ < report.shortest < 90 * RATE_HZ
    assert report.longest == 7200 * RATE_HZ


def test_the_built_in_practice_has_no_errors_and_is_checked_in_seconds() -> None:
    start = time.process_time()
    report = check("psoas-release")

    assert report.errors == ()
    assert time.process_time() - start < 20  # takes two


def test_the_built_in_practice_has_no_advice_left() -> None:
    assert words(check("psoas-release")) == ""


def test_all_errors_are_reported_at_once_with_file_and_line(tmp_path: Path) -> None:
    toml = TOML.replace('"only"', '"only", "more"')
    report = checked(tmp_path, GOOD + "[pasue 8s]\nAnd **that**.\n", toml, more="# More\n{{ lenght }}\n")

    assert places(report) == [("more.md.j2", 2, "script"), ("only.md.j2", 12, "script"), ("only.md.j2", 13, "script")]
    assert "did you mean [pause 8s]?" in words(report) and "did you mean length?" in words(report)


def test_errors_in_practice_toml_are_findings(tmp_path: Path) -> None:
    report = checked(tmp_path, GOOD, 'title = "Mine"\nsteps = ["onyl"]\nlongst_silence = "1m"\n')

    assert {(line, kind) for _, line, kind in places(report)} == {(2, "script"), (3, "script")}


def test_an_error_in_a_branch_that_few_lengths_reach_is_found(tmp_path: Path) -> None:
    report = checked(tmp_path, GOOD + "{% if minutes > 33 and minutes < 40 %}\n[pasue 8s]\n{% endif %}\n")

    assert places(report) == [("only.md.j2", 13, "script")]


def test_advice_in_a_branch_that_few_lengths_reach_is_found(tmp_path: Path) -> None:
    report = checked(tmp_path, GOOD + '{{ "Close your eyes." if 33 < minutes < 40 else "Perhaps wait." }}\n')

    assert places(report) == [("only.md.j2", 12, "command")]
    assert "[39:59]" in words(report)


def test_a_wrong_announced_length_is_an_error(tmp_path: Path) -> None:
    report = checked(tmp_path, GOOD.replace("[rest]\nStill", "It is quiet now for three minutes.\n[rest]\nStill"))

    assert places(report)[0] == ("only.md.j2", 6, "promise")


def test_a_character_that_no_voice_can_read_is_an_error(tmp_path: Path) -> None:
    assert places(checked(tmp_path, GOOD + "Here is Ω.\n")) == [("only.md.j2", 12, "unreadable")]
    greek = TOML + 'language = "el"\n'
    assert places(checked(tmp_path, "# Α\nΤο Ω είναι εδώ.\n[rest]\nΚαι εδώ.\n[rest]\n", greek)) == []


def test_too_many_chapters_are_an_error(tmp_path: Path) -> None:
    many = "{% for nth in range(300) %}\n# Part {{ nth }}\nWord {{ nth }} is here.\n{% endfor %}\n"

    assert ("practice.toml", 1, "chapters") in places(checked(tmp_path, GOOD + many))


def test_a_practice_that_says_nothing_is_an_error(tmp_path: Path) -> None:
    report = checked(tmp_path, "# Nothing\n[rest]\n")

    assert places(report) == [("practice.toml", 1, "script")]
    assert report.shortest is None


def test_lengths_outside_the_range_are_not_errors(tmp_path: Path) -> None:
    report = checked(tmp_path, GOOD, TOML.replace("60m", "90s"))

    assert report.errors == ()
    assert report.longest and report.longest < 5 * 60 * RATE_HZ


def test_a_length_within_the_range_that_does_not_build_is_an_error(tmp_path: Path) -> None:
    more = "{% for nth in range(0 if 15 < minutes < 25 else (minutes // 3) | int) %}\n"
    more += "[rest]\n{{ nth }} it is.\n{% endfor %}\n"
    script = GOOD + more
    report = checked(tmp_path, script, TOML.replace("60m", "4m"))
    assert ("practice.toml", 1, "length") in places(report)
    assert "20:00 cannot be built" in words(report)


UNREACHED = {
    "an unknown ending": ("{% if ending == 'slep' %}\nMore.\n{% endif %}\n", 12),
    "an elif": ("{% if ending == 'wake' %}\nA.\n{% elif guidance == 'breif' %}\nMore.\n{% endif %}\n", 14),
    "an else": ("{% if minutes > 0 %}\nA.\n{% else %}\nMore.\n{% endif %}\n", 15),
    "a loop": ("{% for cue in ['A', 'B'][7:] %}\n{{ cue }} is here.\n{% endfor %}\n", 12),
    "one in another": ("{% if minutes > 7 %}\nA.\n{% if minutes < 7 %}\nMore.\n{% endif %}\n{% endif %}\n", 14),
    "one switched off": ("{% if false %}\nMore.\n{% endif %}\n", 12),
}
REACHED = {
    "each ending": "{% if ending == 'sleep' %}\nMore.\n{% else %}\nLess.\n{% endif %}\n",
    "few lengths": "{% if 41 <= minutes < 43 %}\nMore.\n{% endif %}\n",
    "a loop that begins late": "{% for cue in ['A', 'B'][: (minutes // 47) | int] %}\n{{ cue }} is it.\n{% endfor %}\n",
    "a variable of one's own": "{% if name is defined %}\nMore for {{ name }}.\n{% endif %}\n",
    "a voice": "{% if voice == 'mine' %}\nMore.\n{% endif %}\n",
    "no bells": "{% if bells %}\nMore.\n{% else %}\nLess.\n{% endif %}\n",
    "only a set": "{% if minutes > 500 %}{% set x = 1 %}{% else %}{% set x = 2 %}{% endif %}\nIt is {{ x }}.\n",
    "a body that is measured": "{% filter upper %}{% if minutes > 2 %}\nmore.\n{% endif %}{% endfilter %}\n",
    "a macro": "{% macro m(x) %}{% if x %}More {{ x }}.{% else %}Less.{% endif %}{% endmacro %}\n{{ m(1) }}\n",
    "a wrapped line": "And so\n{% if minutes > 3 %}\nit goes on\n{% endif %}\nto the end.\n",
}


@pytest.mark.parametrize("name", UNREACHED)
def test_a_branch_that_is_never_reached_is_an_error(tmp_path: Path, name: str) -> None:
    text, line = UNREACHED[name]

    assert places(checked(tmp_path, GOOD + text)) == [("only.md.j2", line, "unreached")]


@pytest.mark.parametrize("name", REACHED)
def test_a_branch_that_may_be_reached_is_not_an_error(tmp_path: Path, name: str) -> None:
    assert places(checked(tmp_path, GOOD + REACHED[name])) == []


def test_comparing_an_option_with_an_unknown_value_has_a_suggestion(tmp_path: Path) -> None:
    assert "did you mean sleep?" in words(checked(tmp_path, GOOD + UNREACHED["an unknown ending"][0]))


def test_a_step_that_is_in_no_session_is_an_error(tmp_path: Path) -> None:
    toml = TOML.replace('"only"', '"only", { script = "late", from = "3h" }')

    assert places(checked(tmp_path, GOOD, toml, late="# Late\nMore.\n")) == [("late.md.j2", 1, "unreached")]


def test_unused_names_and_files_are_errors(tmp_path: Path) -> None:
    script = "{% set cuse = ['A'] %}\n{% set _spare = 1 %}\n{% macro m() %}M.{% endmacro %}\n" + GOOD
    report = checked(tmp_path, script + "{% include 'part.md.j2' %}\n", part="A part.\n", onyl="Old.\n")

    assert places(report) == [
        ("only.md.j2", 1, "unused"),
        ("only.md.j2", 2, "unused"),
        ("only.md.j2", 3, "unused"),
        ("onyl.md.j2", 1, "unused"),
    ]
    assert "did you mean only?" in words(report)


def test_a_file_whose_name_is_computed_is_not_reported_as_unused(tmp_path: Path) -> None:
    include = "{% include 'part-' ~ ending ~ '.md.j2' %}\n"
    parts = {"part-wake": "A part.\n", "part-sleep": "A part.\n"}

    assert places(checked(tmp_path, GOOD + include, TOML, **parts)) == []


def test_branches_and_files_of_the_extended_practice_are_not_reported(tmp_path: Path) -> None:
    toml = 'extends = "psoas-release"\ntitle = "Short"\nsteps = ["arrive", "do-nothing", "return"]\ninterlude = {}\n'
    folder = write_practice(tmp_path / "heir", toml, {})

    assert not {"unreached", "unused"} & {one.kind for one in check(str(folder)).errors}


def test_a_finding_of_many_sessions_is_reported_once_with_the_first(tmp_path: Path) -> None:
    everywhere = checked(tmp_path, GOOD + "Close your eyes.\n")
    assert [(one.kind, one.session) for one in everywhere.findings] == [("command", "")]

    asleep = checked(tmp_path, GOOD + "{% if ending == 'sleep' %}\nClose your eyes.\n{% endif %}\n")
    assert [(one.kind, one.session.split(", ")[1]) for one in asleep.findings] == [("command", "sleep")]


def test_errors_come_before_advice_each_sorted_by_file_and_line(tmp_path: Path) -> None:
    report = checked(tmp_path, "Breathe deeply.\n" + GOOD + "Relax now.\n{% if false %}\nMore.\n{% endif %}\n")

    assert [(line, kind) for _, line, kind in places(report)] == [(14, "unreached"), (1, "command"), (13, "command")]
    assert [one.is_advice for one in report.findings] == [False, True, True]
    assert all(one.reason == RULES["command"].reason for one in report.advice)


def test_advice_can_be_switched_off(tmp_path: Path) -> None:
    script = GOOD + "Close your eyes.\nYou are safe.\n"
    off = '[check]\noff = ["command"]\n'

    assert [one.kind for one in checked(tmp_path, script).advice] == ["command", "promise-of-safety"]
    assert [one.kind for one in checked(tmp_path, script, TOML + off).advice] == ["promise-of-safety"]


def test_switching_off_an_unknown_rule_is_an_error(tmp_path: Path) -> None:
    report = checked(tmp_path, GOOD, TOML + '[check]\noff = ["comand"]\n')

    assert places(report) == [("practice.toml", 5, "script")]
    assert "did you mean command?" in words(report)


def test_settings_are_passed_to_the_scripts(tmp_path: Path) -> None:
    folder = write_practice(tmp_path / "mine", TOML, {"only": GOOD + "Hello, {{ name }}.\n"})

    assert "'name' is not defined" in words(check(str(folder)))
    assert places(check(str(folder), {"name": "Ada"})) == []


def test_another_language_has_its_own_words(tmp_path: Path) -> None:
    german = "# Anfang\nSchließen Sie die Augen.\n[rest]\nEs ist still.\n[rest]\n"

    assert [one.kind for one in checked(tmp_path, german, TOML + 'language = "de"\n').findings] == ["command"]


@pytest.mark.parametrize("cpu_s", [0.0, 2.0])
def test_only_a_script_that_takes_much_cpu_time_is_tried_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cpu_s: float
) -> None:
    """A busy or suspended machine lets much time pass, but no CPU time."""
    tried: list[object] = []
    read = audioguide.checks.session_matrix.read_steps

    def noted(*given: Any) -> object:
        tried.append(given)
        return read(*given)

    monkeypatch.setattr("audioguide.checks.session_matrix.read_steps", noted)
    monkeypatch.setattr("audioguide.checks.session_matrix.cpu_s", lambda: len(tried) * cpu_s)
    monkeypatch.setattr("time.monotonic", lambda: len(tried) * 100.0)

    assert places(checked(tmp_path, GOOD + "[pasue 8s]\n")) == [("only.md.j2", 12, "script")]
    assert (len(tried) == 1) == (cpu_s > 1)


# The command


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = run(["check", *arguments])
    return code, capsys.readouterr().out


def test_the_command_exits_with_1_on_errors_and_on_advice_only_if_strict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = str(write_practice(tmp_path / "good", TOML, {"only": GOOD}))
    advised = str(write_practice(tmp_path / "advised", TOML, {"only": GOOD + "Relax now.\n"}))
    wrong = str(write_practice(tmp_path / "wrong", TOML, {"only": GOOD + "[pasue 8s]\n"}))

    codes = [
        _run(capsys, *words)[0] for words in ([good], [good, "--strict"], [advised], [advised, "--strict"], [wrong])
    ]
    assert codes == [0, 0, 0, 1, 1]


def test_the_command_prints_a_line_for_each_finding_then_the_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_practice(tmp_path / "mine", TOML, {"only": GOOD + "Relax now.\n"})
    lines = _run(capsys, str(folder))[1].splitlines()

    assert len(lines) == 2
    assert lines[0].startswith(f'{folder}/only.md.j2:12: command: "Relax now."; ')
    assert lines[0].endswith(f"({RULES['command'].reason})")
    assert lines[1].startswith("mine: 0 errors, 1 piece of advice in ") and "to 2:00:00, as estimated" in lines[1]


def test_the_command_names_a_language_without_word_lists_and_shows_hidden_characters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    greek = write_practice(tmp_path / "greek", TOML + 'language = "el"\n', {"only": "Α.\n[rest]\nΒ.\n[rest]\n"})
    assert "no word rules for language 'el'" in _run(capsys, str(greek))[1]

    hostile = write_practice(tmp_path / "hos\u202etile", TOML, {"only": GOOD + "Relax now.\n"})
    assert "\u202e" not in _run(capsys, str(hostile))[1]


def test_the_command_prints_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_practice(tmp_path / "mine", TOML, {"only": GOOD + "Relax now.\n{% if false %}\nA.\n{% endif %}\n"})
    code, out = _run(capsys, str(folder), "--json")
    facts = json.loads(out)

    assert (code, facts["schema"], facts["practice"], facts["language"]) == (1, 1, "mine", "en")
    assert [(one["line"], one["kind"]) for one in facts["errors"]] == [(13, "unreached")]
    assert [(one["line"], one["kind"], one["reason"]) for one in facts["advice"]] == [
        (12, "command", RULES["command"].reason)
    ]
    assert facts["shortest_samples"] < facts["longest_samples"] == 7200 * RATE_HZ


def test_an_unknown_practice_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "psoas-relase"]) == 1
    assert "did you mean psoas-release?" in capsys.readouterr().err

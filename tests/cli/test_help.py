"""The help: every command is listed under its group on one line, and the shell completes its name."""

import os
import subprocess
import sys

import pytest
import typer.main

from audioguide.cli.main import GROUPS, app, run
from audioguide.core.request import OPTIONS

COMMANDS = dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # typer calls a group a command


def _printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run([*arguments, "--help"]) == 0
    return capsys.readouterr().out


def _options_of(command: str) -> set[str]:
    return {flag for parameter in COMMANDS[command].params for flag in (*parameter.opts, *parameter.secondary_opts)}


def test_every_command_is_listed_under_its_group(capsys: pytest.CaptureFixture[str]) -> None:
    sections = _printed(capsys).split("\n\n")
    for group, commands in GROUPS.items():
        [section] = [section for section in sections if section.startswith(f"{group}:\n")]
        names = [line.split()[0] for line in section.splitlines()[1:]]
        assert names[: len(commands)] == [command.__name__ for command in commands]
    listed = {command.__name__ for commands in GROUPS.values() for command in commands}
    assert set(COMMANDS) == {*listed, "cache"}


@pytest.mark.parametrize("group", [(), ("cache",)])
def test_no_line_of_a_command_list_is_cut_at_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], group: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = _printed(capsys, *group).splitlines()[1:]
    assert len(lines) > 5 and max(map(len, lines)) <= 80
    assert [line for line in lines if "..." in line] == []


def test_every_command_says_in_its_first_line_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        first = _printed(capsys, name).splitlines()[2]
        assert first.startswith("  ") and first.endswith("."), name


def test_a_build_takes_every_option_of_the_table() -> None:
    wanted = {f"--{row.name}" for row in OPTIONS.values() if row.name != "length"}
    assert wanted | {"--no-grounding", "--no-bell"} <= _options_of("build")
    assert _options_of("build") - {"--captions", "--out"} >= _options_of("plan") - {"--captions"}


def test_the_help_of_batch_lists_every_column(capsys: pytest.CaptureFixture[str]) -> None:
    printed = " ".join(_printed(capsys, "batch").split())
    columns = ", ".join(row.name for row in OPTIONS.values() if row.parse_cell)
    assert f"Columns: {columns}, captions, out." in printed


def test_the_shell_completes_a_command() -> None:
    asked = {"_AUDIOGUIDE_COMPLETE": "complete_bash", "COMP_WORDS": "audioguide re", "COMP_CWORD": "1"}
    command = [sys.executable, "-m", "audioguide"]
    done = subprocess.run(command, env={**os.environ, **asked}, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["render", "rehearse"], done.stderr

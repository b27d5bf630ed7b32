"""What the documents promise is so."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
from support.scripts import write_practice

from audioguide.cli.main import app
from audioguide.core.request import Request
from audioguide.practice.parse import NAMED
from audioguide.session.build import plan
from audioguide.speech.engine import _BUILT_IN
from audioguide.speech.voices import find_voice, voice_names
from audioguide.storage.store import Store

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEST_COMMAND = "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest"


def _commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("audioguide ")]


def _run(folder: Path, name: str, *rest: str) -> "subprocess.CompletedProcess[str]":
    """Return what a command said in a folder; a voice that hums at the right level speaks, where none is named."""
    voice = folder / "hum.toml"
    voice.write_text('engine = "fake"\nlanguage = "en"\npace_wpm = 110\n', encoding="utf-8")
    commands: Any = typer.main.get_command(app)
    there_is = {way for option in commands.commands[name].params for way in option.opts}
    words = [sys.executable, "-m", "audioguide.cli.main", name, *rest]
    words += ["--voice", str(voice)] if "--voice" in there_is and "--voice" not in rest else []
    words += ["--cache", str(folder / "cache")] if "--cache" in there_is else []
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)


def _clients() -> str:
    """Return the list of the README, spoken by the voice that hums."""
    found = re.search(r"```text\n(name,say_name.*?)```", README, re.DOTALL)
    assert found
    head, *rows = found[1].splitlines()
    return "\n".join([f"{head},voice", *(f"{row},hum.toml" for row in rows)]) + "\n"


def test_the_readme_leads_with_the_two_commands() -> None:
    build = "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/audioguide build 5"
    assert build in README and TEST_COMMAND in README
    assert README.index(build) < README.index(TEST_COMMAND)


def test_the_smallest_practice_of_the_readme_builds(tmp_path: Path) -> None:
    toml = re.search(r"```toml\n(title.*?)```", README, re.DOTALL)
    script = re.search(r"```text\n(# Beginning.*?)```", README, re.DOTALL)
    assert toml and script
    folder = write_practice(tmp_path / "my-practice", toml[1], {"begin": script[1], "more": script[1]})
    request = Request(300 * 24_000, practice=str(folder), voice=str(ROOT / "tests" / "support" / "fake.toml"))

    assert plan(request, Store(tmp_path / "store")).timeline.total == 300 * 24_000


@pytest.mark.parametrize("command", [line for line in _commands() if "my-practice" not in line])
def test_the_commands_of_the_readme_run(command: str, tmp_path: Path) -> None:
    import shlex

    name, *rest = shlex.split(command)[1:]
    if name in ("verify", "share", "publish"):
        _run(tmp_path, "build", "20", "--out", "output/psoas-release-20m.mp3")
    if name == "batch":
        (tmp_path / rest[0]).write_text(_clients(), encoding="utf-8")
    more = ["--local", "--idle", "1s"] if name == "share" else []
    done = _run(tmp_path, name, *rest, *more)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_voice_mark_and_dependency_is_told() -> None:
    licences = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.split(r"[^\w-]", wanted)[0] for wanted in project["dependencies"]]

    assert [name for name in names if name not in licences] == []
    assert [name for name in voice_names() if f"`{name}`" not in README] == []
    assert [mark for mark in NAMED if f"[{mark}]" not in README] == []
    assert f"{find_voice('calm').pace_wpm:g} words a minute" in README


def test_contributing_names_every_room() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = [path.name for path in (ROOT / "audioguide").glob("*.py") if path.name != "__init__.py"]

    assert [room for room in rooms if room not in text] == []
    assert [engine for engine in _BUILT_IN if engine not in (ROOT / "audioguide/speak/engine.py").read_text()] == []


def test_ci_runs_the_command_of_the_readme() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert ci.rstrip().endswith(".venv/bin/pytest")
    assert "NOT YET RUN" in (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8").splitlines()[0]

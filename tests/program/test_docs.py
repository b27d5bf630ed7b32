"""The documents: their commands run, their links and paths exist, and they quote the program as it is."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
from conftest import FAKE_VOICE
from support.scripts import write_practice

from audioguide.cli.main import app, run
from audioguide.core.errors import LengthError
from audioguide.core.request import Request
from audioguide.practice.marks import NAMED
from audioguide.session.build import plan
from audioguide.speech.voices import find_voice, voice_names
from audioguide.storage.store import Store

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "output/README.md")]
DOCUMENTS += sorted((ROOT / "docs").glob("*.md"))
TEST_COMMAND = "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest"


def _commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("audioguide ")]


def _block(kind: str, start: str) -> str:
    """Return the README's code block of a kind that starts with a text."""
    block = re.search(rf"```{kind}\n({re.escape(start)}.*?)```", README, re.DOTALL)
    assert block, start
    return block[1]


def _run(folder: Path, name: str, *rest: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in a folder; if it takes a voice and names none, with one that hums at the right level."""
    voice = folder / "hum.toml"
    voice.write_text('engine = "fake"\nlanguage = "en"\npace_wpm = 110\n', encoding="utf-8")
    commands: Any = typer.main.get_command(app)
    options = {flag for option in commands.commands[name].params for flag in option.opts}
    command = [sys.executable, "-m", "audioguide", name, *rest]
    command += ["--voice", str(voice)] if "--voice" in options and "--voice" not in rest else []
    command += ["--cache", str(folder.parent / "cache")] if "--cache" in options else []
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def _clients() -> str:
    """Return the README's list of clients, with the voice that hums."""
    head, *rows = _block("text", "name,say_name").splitlines()
    return "\n".join([f"{head},voice", *(f"{row},hum.toml" for row in rows)]) + "\n"


def test_the_readme_leads_with_the_two_commands() -> None:
    build = "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/audioguide build 5"
    assert build in README and TEST_COMMAND in README
    assert README.index(build) < README.index(TEST_COMMAND)


def test_the_smallest_practice_of_the_readme_builds(tmp_path: Path) -> None:
    toml, script = _block("toml", "title"), _block("text", "# Beginning")
    folder = write_practice(tmp_path / "my-practice", toml, {"begin": script, "more": script})
    request = Request(300 * 24_000, practice=str(folder), voice=FAKE_VOICE)

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


def test_every_voice_mark_and_dependency_is_named() -> None:
    licences = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [wanted for extra in project["optional-dependencies"].values() for wanted in extra]
    names = [re.split(r"[^\w-]", wanted)[0] for wanted in (*project["dependencies"], *extras)]

    assert [name for name in names if name not in licences] == []
    assert [extra for extra in project["optional-dependencies"] if f"`{extra}`" not in licences] == []
    assert [name for name in voice_names() if f"`{name}`" not in README] == []
    assert [mark for mark in NAMED if f"[{mark}]" not in README] == []
    assert f"{find_voice('calm').pace_wpm:g} words a minute" in README


def test_the_readme_quotes_an_error_in_a_script_as_it_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quoted = _block("text", "my-practice/bolster.md.j2:12: ")
    script = "\n" * 11 + quoted.splitlines()[1].strip() + "\n[rest]\n"
    write_practice(tmp_path / "my-practice", 'title = "T"\nsteps = ["bolster"]\n', {"bolster": script})
    monkeypatch.chdir(tmp_path)

    assert run(["render", "20", "--practice", "my-practice"]) == 1
    assert capsys.readouterr().err == quoted


def test_the_readme_quotes_an_impossible_length_as_it_is_printed(tmp_path: Path) -> None:
    quoted = _block("text", "1:00 is not possible").removesuffix("...\n")

    with pytest.raises(LengthError) as raised:
        plan(Request(60 * 24_000, voice=FAKE_VOICE), Store(tmp_path))

    assert _without_figures(str(raised.value)).startswith(_without_figures(quoted).replace("voice calm", "voice fake"))


def test_the_modules_whose_docstring_begins_with_pure_are_those_of_the_import_contract() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    contracts = {contract["name"]: contract for contract in tools["importlinter"]["contracts"]}
    [contract] = [contract for name, contract in contracts.items() if "pure" in name]
    listed = contract["source_modules"]
    modules = {_module(path): path for path in (ROOT / "audioguide").rglob("*.py")}
    pure = {name for name, path in modules.items() if (_docstring(path) or "").startswith("PURE.")}
    # A package in the contract contains modules and packages, which are pure as well.
    covered = {name for name in modules if any(f"{name}.".startswith(f"{one}.") for one in listed)}

    assert covered == pure


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _docstring(path: Path) -> str | None:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def _without_figures(text: str) -> str:
    return re.sub(r"\d+:\d\d", "0:00", text)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_and_paths_in_documents_lead_to_files_and_headings(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"(?:\]\(|src=\")(?!https?:)([^)\"]*)", text)
    paths = re.findall(r"`(?:python )?((?:[\w-]+/)+[\w.-]+\.(?:py|js|md|json))", text)

    assert [link for link in links if not _exists(document, link)] == []
    assert [path for path in paths if not ((ROOT / path).exists() or (ROOT / "audioguide" / path).exists())] == []


def _exists(document: Path, link: str) -> bool:
    """Return whether a link leads to a file, and its part after # to a heading there, as GitHub names headings."""
    path, _, anchor = link.partition("#")
    target = document.parent / path if path else document
    if not target.exists() or not anchor:
        return target.exists()
    headings = re.findall(r"^#+ (.*)", target.read_text(encoding="utf-8"), re.MULTILINE)
    return anchor in {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_the_architecture_lists_every_folder_with_its_purpose() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.partition("<!-- folders")[2].partition("<!-- end of folders")[0]
    rows = re.findall(r"^\| `(\w+)/` \| (.*?)\.? \|$", table, re.MULTILINE)

    packages = sorted((ROOT / "audioguide").glob("*/__init__.py"))
    assert sorted(rows) == [(package.parent.name, _purpose(package)) for package in packages]


def _purpose(package: Path) -> str:
    docstring = _docstring(package)
    assert docstring, package
    return docstring.splitlines()[0].removesuffix(".")


def test_ci_runs_the_command_of_the_readme_in_a_bare_clone() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    found = re.search(r'grep -m 1 -F "(.*)" README.md', ci)
    assert found
    [line] = [line for line in README.splitlines() if found[1] in line]
    assert line.strip() == TEST_COMMAND
    assert "NOT YET RUN" in (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8").splitlines()[0]

"""An engine from another package is found by its entry point, and speaks a session."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
import soundfile

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "audioguide-reed"
version = "1.2.3"

[project.entry-points."audioguide.engines"]
reed = "reed_engine:Reed"
broken = "reed_engine:NotThere"
nowhere = "no_such_package:Engine"

[tool.hatch.build.targets.wheel]
packages = ["reed_engine"]
"""
ENGINE = '''
"""A reed organ in place of a voice."""

import struct

from audioguide.core.errors import EngineError
from audioguide.speech.engine import Recording


class Reed:
    slowest_wpm = 60.0
    fastest_wpm = 180.0

    def probe(self):
        return ""

    def fingerprint(self, voice):
        return "reed 1.2.3"

    def speak(self, text, voice):
        if "crack" in text:
            raise EngineError("the reed is cracked")
        length = round(len(text.split()) * 60 / voice.pace_wpm * 16_000)
        saw = [(i % 80 - 40) * int(voice.options.get("bellows", "100")) for i in range(length)]
        return Recording(struct.pack(f"<{length}h", *saw), 16_000)

    def close(self):
        pass
'''
VOICE = """
engine = "reed"
pace_wpm = 120
gain_db = 0

[options]
bellows = "150"
"""
PRACTICE = """
title = "Two lines"
steps = ["begin"]
"""
SCRIPT = """# Begin

Welcome. It is quiet for a while now.
[rest]
Thank you for lying down.
"""


class Environment:
    """A virtual environment with the plugin, and with everything that this environment has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder / "venv", with_pip=False)
        self.python = folder / "venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        self._see_this_environment()
        self.write("plugin/pyproject.toml", PROJECT)
        self.write("plugin/reed_engine/__init__.py", ENGINE)
        self.write("practice/practice.toml", PRACTICE)
        self.write("practice/begin.md.j2", SCRIPT)
        self.write("reed.toml", VOICE)
        quiet = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--no-cache-dir"]
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "install", *quiet, str(folder / "plugin")]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def _see_this_environment(self) -> None:
        """Let the new environment import what this one has, editable installs included."""
        ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
        done = subprocess.run([str(self.python), "-c", ask], capture_output=True, text=True, check=True)
        places = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
        lines = "".join(f"import site; site.addsitedir({place!r})\n" for place in places)
        (Path(done.stdout.strip()) / "_outer.pth").write_text(lines, encoding="utf-8")

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def audioguide(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Return the result of an audioguide command in that environment."""
        command = [str(self.python), "-m", "audioguide", *arguments, "--cache", "cache"]
        clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        return subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", check=False, cwd=self.folder, env=clean
        )


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("environment"))


def test_an_engine_from_another_package_says_a_text(environment: Environment) -> None:
    done = environment.audioguide("say", "Let the floor hold you.", "--voice", "reed.toml", "--out", "said.mp3")
    assert (done.returncode, done.stderr) == (0, "")
    assert 8 < soundfile.info(environment.folder / "said.mp3").duration < 12


def test_an_engine_from_another_package_speaks_a_session_of_exactly_its_length(environment: Environment) -> None:
    arguments = ["build", "1:30", "--practice", "./practice", "--voice", "reed.toml", "--out", "session.mp3", "--json"]
    done = environment.audioguide(*arguments)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert (facts["voice"], facts["phrases_spoken_now"]) == ("reed", facts["phrases"])
    samples, rate_hz = soundfile.read(environment.folder / "session.mp3")
    assert (samples.size, rate_hz) == (90 * 24_000, 24_000)
    assert abs(samples).max() > 0.05
    again = json.loads(environment.audioguide(*arguments).stdout)
    assert again["phrases_spoken_now"] == 0


def test_an_engine_error_of_another_package_is_one_line(environment: Environment) -> None:
    done = environment.audioguide("say", "It will crack.", "--voice", "reed.toml", "--out", "cracked.mp3")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == 'text:1: voice reed cannot speak "It will crack.": the reed is cracked'
    assert not (environment.folder / "cracked.mp3").exists()


def test_a_pace_beyond_the_other_engines_bounds_is_refused(environment: Environment) -> None:
    done = environment.audioguide("say", "Rest.", "--voice", "reed.toml", "--pace", "200", "--out", "fast.mp3")
    assert done.returncode == 1
    assert "its fastest 180" in done.stderr


@pytest.mark.parametrize(("engine", "meant"), [("reeed", "reed"), ("Natural", "natural"), ("sytem", "system")])
def test_for_an_unknown_engine_a_similar_name_is_suggested(environment: Environment, engine: str, meant: str) -> None:
    environment.write("typo.toml", f'engine = "{engine}"\n')
    done = environment.audioguide("say", "Rest.", "--voice", "typo.toml", "--out", "typo.mp3")
    assert done.returncode == 1
    assert done.stderr.startswith(f"typo.toml: there is no engine {engine!r}; did you mean {meant}?")
    assert "reed" in done.stderr


@pytest.mark.parametrize("engine", ["broken", "nowhere"])
def test_a_plugin_that_cannot_be_loaded_is_one_line_with_the_voice_file(environment: Environment, engine: str) -> None:
    environment.write("bad.toml", f'engine = "{engine}"\n')
    done = environment.audioguide("say", "Rest.", "--voice", "bad.toml", "--out", "bad.mp3")
    assert done.returncode == 1
    assert done.stderr.startswith(f"bad.toml: engine {engine!r} cannot be loaded here: ")
    assert len(done.stderr.splitlines()) == 1

"""The command line: what it prints, and that every mistake is one clear line."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import FAKE_VOICE
from support.audio import decode
from support.processes import HANGING_S, accept_signals, wait_until
from support.scripts import write_practice

from audioguide.cli.main import run

SCHEMA = Path(__file__).parents[2] / "docs" / "plan.schema.json"
MARK_MISTAKE = 'title = "T"\nsteps = ["a"]\n'


def error_count(err: str) -> int:
    """Return the number of errors: one line each; the place and a caret may follow, indented by four."""
    return sum(not line.startswith("    ") for line in err.splitlines())


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("cache"))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("build 0", 1, "must be above zero"),
        ("build -5", 2, "-5 is not a length"),
        ("build abc", 1, "'abc' is not a length; write it like 5, 20m, 7:30"),
        ("build 999h", 1, "longer than a day"),
        ("build", 1, "a length is missing"),
        ("build 5 6", 2, "unexpected extra argument"),
        ("build 5 --practice psoas-relaese", 1, "no practice 'psoas-relaese'; did you mean psoas-release?"),
        ("build 5 --practice ./nowhere", 1, "./nowhere is not a practice: it has no practice.toml"),
        ("build 5 --voice clam", 1, "no voice 'clam'; did you mean calm?"),
        ("build 5 --voice ./my.toml", 1, "no voice file ./my.toml"),
        ("build 5 --ending awake", 1, "--ending 'awake' is not known; did you mean wake?"),
        ("build 5 --guidance breif", 1, "--guidance 'breif' is not known; did you mean brief?"),
        ("build 5 --pace 500", 1, "its slowest is 80, its fastest 160"),
        ("build 5 --pace fast", 2, "not a valid float"),
        ("build 5 --out folder", 1, "folder is a folder; name a file"),
        ("build 5 --out nowhere/at/all.mp3", 1, "cannot be written"),
        ("build 5 --out file/session.mp3", 1, "cannot be written"),
        ("build 5 --set", 2, "requires an argument"),
        ("build 5 --set name", 1, "write it as KEY=VALUE"),
        ("build 5 --set name=", 1, "--set name=: the value is missing; leave --set out"),
        ("build 5 --set minutes=3", 1, "minutes is reserved"),
        ("build 5 --set pet=Ada", 1, "no script of psoas-release uses pet"),
        ("build 5 --only bolstr", 1, "no step 'bolstr'; did you mean bolster?"),
        ("build 5 --grouding", 2, "No such option"),
        ("diff", 2, "Missing argument 'A'; see `audioguide diff --help`"),
        ("plan 5 --frob", 2, "see `audioguide plan --help`"),
        ("biuld 5", 2, "No such command 'biuld'; did you mean 'build'?"),
        ("say ''", 1, "there is nothing to say"),
        ("say '[pasue 3s] hello'", 1, "text:1: unknown mark [pasue 3s]; did you mean [pause 3s]?"),
        ("say 'smile 🙂'", 1, "voice calm cannot read '🙂'"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_do(
    workplace: Path, capsys: pytest.CaptureFixture[str], cache: str, arguments: str, code: int, words: str
) -> None:
    import shlex

    (workplace / "folder").mkdir()
    (workplace / "file").write_text("")
    before = sorted(path.name for path in workplace.rglob("*"))
    takes_cache = arguments.split()[0] in ("build", "plan", "say") and "--cache" not in arguments

    exit_code = run([*shlex.split(arguments), *(["--cache", cache] if takes_cache and code == 1 else [])])

    out, err = capsys.readouterr()
    assert (exit_code, out) == (code, "")
    assert words in err and error_count(err) == 1
    after = sorted(path.name for path in workplace.rglob("*"))
    assert [name for name in after if name not in before] in ([], ["output"])


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a.md.j2": "Hi.\n\n[pasue 8s]\n"}, "p/a.md.j2:3: unknown mark [pasue 8s]; did you mean [pause 8s]?"),
        ({"a.md.j2": "Hi {{ minuts }}.\n"}, "p/a.md.j2:1: 'minuts' is not defined; did you mean minutes?"),
        ({"a.md.j2": "Hi.\n{% if minutes %}\nx\n"}, "the {% if %} of line 2 is never closed; write {% endif %}"),
        ({"a.md.j2": "Hi.\n{% endif %}\n"}, "p/a.md.j2:2: {% endif %} without a {% if %} before it"),
        ({"a.md.j2": "Hi.\n{% if ending = 'sleep' %}\n{% endif %}"}, "p/a.md.j2:2: a single =; write == to compare"),
        ({"a.md.j2": "Hi.\n{% if ending == ‘sleep’ %}{% endif %}"}, "p/a.md.j2:2: curly quotes inside a tag"),
        ({"a.md.j2": "Hi.\n{# a comment\n"}, "p/a.md.j2:2: a comment {# is never closed; end it with #}"),
        ({"a.md.j2": "{% if minutes < '10' %}x{% endif %}"}, "p/a.md.j2:1: a number is compared with text"),
        ({"a.md.j2": "Hi {{ name }}.\n"}, "p/a.md.j2:1: 'name' is not defined (or set it with --set name=...)"),
        ({"a.md.j2": "Hi.\n(pause 8s)\n"}, "p/a.md.j2:2: a mark in round brackets ((pause 8s)) cannot be spoken"),
        ({"a.md.j2": "Hi.\n[pause 8 seconds]\n"}, "did you mean [pause 8s]?"),
        ({"a.md.j2": b"PK\x03\x04docx"}, "p/a.md.j2:1: a Word document, not plain text"),
        ({"practice.toml": "title = “T”\n"}, 'use straight quotes, "'),
        ({"a.md.j2": "Hi.\n{% include 'b.md.j2' %}\n"}, "p/a.md.j2:2: no file 'b.md.j2' in p"),
        ({"a.md.j2": "{# nothing #}\n"}, "p/a.md.j2:1: this step is empty in this session"),
        ({"a.md.j2": b"Hi.\nna\xefve\n"}, "p/a.md.j2:2: not UTF-8 text"),
        ({"a.md.j2": "Hi **you**.\n"}, "p/a.md.j2:1: Markdown emphasis (**) cannot be spoken"),
        ({"a.md.j2": "Hi.\nsmile 🙂\n"}, "p/a.md.j2:2: voice fake cannot read '🙂'"),
        (
            {"practice.toml": 'title = "T"\nstpes = ["a"]\n'},
            "p/practice.toml:2: unknown key 'stpes'; did you mean steps?",
        ),
        ({"practice.toml": 'title = "T"\nsteps = ["b"]\n'}, "p/practice.toml:2: step 'b' has no file b.md.j2"),
        ({"practice.toml": 'title = "T"\nsteps = [\n'}, "p/practice.toml:"),
    ],
)
def test_a_mistake_in_a_script_names_its_file_and_line(
    workplace: Path, capsys: pytest.CaptureFixture[str], cache: str, files: dict[str, str | bytes], words: str
) -> None:
    folder = write_practice(workplace / "p", MARK_MISTAKE, {"a": "Hi.\n[rest]\nBye.\n"})
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    code = run(["build", "2", "--practice", "p", "--voice", FAKE_VOICE, "--cache", cache])

    err = capsys.readouterr().err
    assert code == 1 and error_count(err) == 1
    assert words in err
    assert not list(workplace.rglob("*.mp3")) and not list(workplace.rglob("*.part"))


def test_a_build_ends_with_a_line_about_the_file(
    workplace: Path, capsys: pytest.CaptureFixture[str], cache: str
) -> None:
    assert run(["build", "20", "--voice", FAKE_VOICE, "--cache", cache]) == 0

    out, err = capsys.readouterr()
    assert out == f"{Path('output/psoas-release-20m-fake.mp3')}  20:00.000  8 chapters  9.7 MB\n"
    assert "trim silence" in err


def test_a_build_prints_json(workplace: Path, capsys: pytest.CaptureFixture[str], cache: str) -> None:
    assert run(["build", "5", "--voice", FAKE_VOICE, "--cache", cache, "--json", "--out", "s.mp3"]) == 0

    facts = json.loads(capsys.readouterr().out)
    assert (facts["file"], facts["length_samples"], facts["voice"]) == ("s.mp3", 7_200_000, "fake")
    assert facts["bytes"] == Path("s.mp3").stat().st_size


def test_a_plan_shows_the_bar_and_the_timetable_and_writes_nothing(
    workplace: Path, capsys: pytest.CaptureFixture[str], cache: str
) -> None:
    assert run(["plan", "5", "--voice", FAKE_VOICE, "--cache", cache]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines[1]) == 64 and set(lines[1]) <= set("▁▂▃▄▅▆▇█•")
    assert "     0:00.0  # Arriving" in lines and lines[-1] == "   5:00.000  end"
    assert not list(workplace.iterdir())


def test_a_plan_in_json_fits_its_schema(workplace: Path, capsys: pytest.CaptureFixture[str], cache: str) -> None:
    assert run(["plan", "5", "--voice", FAKE_VOICE, "--cache", cache, "--json"]) == 0

    plan = json.loads(capsys.readouterr().out)
    jsonschema.validate(plan, json.loads(SCHEMA.read_text(encoding="utf-8")))
    ends = [0, *(event["end_s"] for event in plan["events"])]
    assert all(event["start_s"] == end for event, end in zip(plan["events"], ends, strict=False))


def test_render_prints_text_that_is_itself_a_script(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["render", "5"]) == 0
    text = capsys.readouterr().out
    folder = write_practice(workplace / "again", MARK_MISTAKE, {"a": text})
    assert run(["render", "5", "--practice", str(folder)]) == 0

    assert capsys.readouterr().out == text


def test_render_leaves_bells_out_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["render", "20", "--guidance", "bells", "--no-bell"]) == 0
    assert "[bell" not in capsys.readouterr().out


def test_say_speaks_a_text_with_its_marks(workplace: Path, capsys: pytest.CaptureFixture[str], cache: str) -> None:
    words = "Hello there. [pause 3s] And again."
    assert run(["say", words, "--voice", FAKE_VOICE, "--cache", cache, "--out", "hello.mp3"]) == 0

    length = capsys.readouterr().out.split()[1]
    minutes, seconds = length.split(":")
    assert len(decode(Path("hello.mp3").read_bytes())) / 24_000 == pytest.approx(
        int(minutes) * 60 + float(seconds), abs=2e-3
    )


def test_practices_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["practices"]) == 0
    out = capsys.readouterr().out
    assert "psoas-release (default)" in out and "do-nothing" in out and "grounding" in out


@pytest.mark.speech
def test_voices_are_listed_with_what_works(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["voices"]) == 0
    out = capsys.readouterr().out
    assert "calm (default)" in out and "system" in out and out.count("works here") == 2


def test_a_mark_in_a_help_text_is_shown() -> None:
    assert "[pause 6s]" in _audioguide(["say", "--help"]).stdout


@pytest.mark.parametrize(
    "arguments", ["", "--help", "build --help", "plan --help", "say --help", "picture --help", "--version"]
)
def test_every_help_text_is_printed(arguments: str) -> None:
    done = _audioguide(arguments.split())
    assert done.returncode in (0, 2) and "audioguide" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("group", "commands"), [([], ["build", "plan", "cache"]), (["cache"], ["info", "prune", "clear"])]
)
def test_no_command_prints_the_help_in_its_own_lines(group: list[str], commands: list[str]) -> None:
    done, asked = _audioguide(group), _audioguide([*group, "--help"])

    assert (done.returncode, done.stdout, asked.returncode) == (2, "", 0)
    assert done.stderr == asked.stdout
    assert [name for name in commands if not re.search(rf"^  {name} ", done.stderr, re.MULTILINE)] == []


def test_watch_expands_the_home_folder_in_out(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], cache: str
) -> None:
    folder = write_practice(workplace / "p", MARK_MISTAKE, {"a": "Hi.\n[rest]\nBye.\n"})
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(workplace))
    monkeypatch.setattr("audioguide.practice.watch.saves", lambda files: iter([set()]))

    assert run(["watch", str(folder), "2", "--voice", FAKE_VOICE, "--cache", cache, "--out", "~/s.mp3"]) == 0
    assert f"{workplace / 's.mp3'}  2:00.000" in capsys.readouterr().out


def test_a_bug_is_reported_with_its_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("audioguide.session.build.render", broken)

    assert run(["render", "5"]) == 3
    err = capsys.readouterr().err
    assert "Traceback" in err and "this is a bug" in err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for a child alone")
@pytest.mark.parametrize("voice", ["calm", "system"])
@pytest.mark.speech
def test_ctrl_c_ends_with_130_and_leaves_nothing(workplace: Path, cache: str, voice: str) -> None:
    command = [sys.executable, "-m", "audioguide", "build", "60", "--voice", voice, "--cache", cache]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    building = subprocess.Popen(command, preexec_fn=accept_signals, **pipes)
    assert wait_until(lambda: list(Path(cache).rglob("clips/*/*")) != [])
    building.send_signal(signal.SIGINT)
    out, err = building.communicate(timeout=HANGING_S)

    assert (building.returncode, out, err) == (130, "", "stopped; no half-written file was left\n")
    assert not Path("output").exists()


def test_a_closed_pipe_is_not_an_error(workplace: Path, cache: str) -> None:
    arguments = f"plan 60 --voice {FAKE_VOICE} --cache {cache}".split()
    assert run(arguments) == 0  # spoken now, so that the next one prints at once
    command = [sys.executable, "-u", "-m", "audioguide", *arguments]
    planning = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert planning.stdout and planning.stderr
    planning.stdout.readline()
    planning.stdout.close()

    assert planning.stderr.read() == b"" and planning.wait() == 0
    planning.stderr.close()


def test_an_output_that_another_program_has_open_is_reported(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], cache: str
) -> None:
    def held(self: Path, target: Path) -> Path:
        raise PermissionError(13, "The process cannot access the file")

    arguments = ["say", "Hello.", "--voice", FAKE_VOICE, "--cache", cache, "--out", "held.mp3"]
    assert run(arguments) == 0
    monkeypatch.setattr("pathlib.Path.replace", held)

    assert run(arguments) == 1
    assert "close the program that plays it" in capsys.readouterr().err
    assert [path.name for path in workplace.iterdir()] == ["held.mp3"]


@pytest.mark.speech
def test_no_warning_of_a_library_greets_the_user(workplace: Path, cache: str) -> None:
    done = _audioguide(["build", "5", "--cache", cache])

    assert done.returncode == 0
    assert done.stderr.count("\n") == 1 and "trim silence" in done.stderr
    assert done.stdout.startswith(str(Path("output/psoas-release-5m.mp3")))


def _audioguide(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONWARNINGS": "default", "COLUMNS": "100"}
    command = [sys.executable, "-m", "audioguide", *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False)


def test_captions_are_written_next_to_the_session(workplace: Path, cache: str) -> None:
    arguments = [
        "build",
        "5",
        "--voice",
        FAKE_VOICE,
        "--cache",
        cache,
        "--out",
        "s.mp3",
        "--captions",
        "vtt,srt,lrc,txt",
    ]
    assert run(arguments) == 0
    assert sorted(path.name for path in workplace.iterdir()) == ["s.lrc", "s.mp3", "s.srt", "s.txt", "s.vtt"]
    assert Path("s.vtt").read_text(encoding="utf-8").startswith("WEBVTT - Psoas release, five minutes, voice fake")


@pytest.mark.speech
def test_every_voice_that_works_gives_a_sample(workplace: Path, cache: str) -> None:
    assert run(["voices", "--sample", "samples", "--cache", cache]) == 0
    assert sorted(path.name for path in Path("samples").iterdir()) == ["calm.mp3", "system.mp3"]

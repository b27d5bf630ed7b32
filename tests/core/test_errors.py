"""All mistakes are reported in one run, each with its file and line."""

from pathlib import Path

import pytest
from conftest import FAKE_VOICE
from support.scripts import lines, write_practice

from audioguide.cli.main import run
from audioguide.core.errors import AudioguideError, ErrorCollector, ScriptError, ScriptErrors
from audioguide.core.model import Source
from audioguide.practice.definition import find_practice
from audioguide.practice.parse import parse


def messages(text: str) -> list[str]:
    """Return the errors of a script, without file, line and advice."""
    with pytest.raises(AudioguideError) as caught:
        parse(lines(text))
    errors = caught.value.errors if isinstance(caught.value, ScriptErrors) else [caught.value]
    return [str(error).split(": ", 1)[1].split(";")[0] for error in errors]


def test_all_mistakes_of_a_script_are_reported_in_one_run() -> None:
    text = "Lie [pasue 8s] down.\n\n# \nUp *and* [bel] down.\n<b>Now</b>\nFine.\n"

    assert messages(text) == [
        "unknown mark [pasue 8s]",
        "a chapter without a title",
        "Markdown emphasis (*) cannot be spoken",
        "unknown mark [bel]",
        "HTML (<b>) cannot be spoken",
    ]


def test_one_mistake_is_not_reported_twice() -> None:
    assert messages("Lie down [pasue 8s].") == ["unknown mark [pasue 8s]"]


def test_a_single_mistake_raises_a_script_error_not_a_group() -> None:
    with pytest.raises(ScriptError, match="unknown mark"):
        parse(lines("Lie [pasue 8s] down."))


def test_a_mistake_inside_a_loop_is_reported_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scripts = {"a": "{% for n in range(3) %}\n[nope]\n{% endfor %}\n"}
    folder = write_practice(tmp_path / "p", 'title = "t"\nsteps = ["a"]\n', scripts)

    assert run(["render", "5", "--practice", str(folder)]) == 1
    assert capsys.readouterr().err.count("unknown mark") == 1


def test_mistakes_of_all_steps_are_reported_with_a_caret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scripts = {"a": "Hello.\nLie [pasue 8s] down.\n", "b": "{{ wrong }}\nUp [rets] again.\n", "c": "{% if %}\n"}
    folder = write_practice(tmp_path / "p", 'title = "t"\nsteps = ["a", "b", "c"]\n', scripts)

    assert run(["plan", "5", "--practice", str(folder)]) == 1
    err = capsys.readouterr().err.splitlines()
    at = [line.split(": ")[0].removeprefix(f"{folder}/") for line in err if not line.startswith("    ")]
    assert at == ["a.md.j2:2", "b.md.j2:1", "b.md.j2:2", "c.md.j2:1"]
    assert err[1:3] == ["    Lie [pasue 8s] down.", "        ^"]


def test_all_mistakes_of_practice_toml_are_reported_in_one_run(tmp_path: Path) -> None:
    toml = 'titel = "t"\nlongest_silence = "3"\nsteps = ["a", "missing", { script = "a", from = "ten" }]\n'
    folder = write_practice(tmp_path / "p", toml, {"a": "Hi.\n"})

    with pytest.raises(ScriptErrors) as caught:
        find_practice(str(folder))
    found = [error.message for error in caught.value.errors]
    assert [error.source.line for error in caught.value.errors] == [1, 3, 3, 2]
    assert "unknown key 'titel'; did you mean title?" in found[0] and "no file missing.md.j2" in found[1]
    assert "title is missing" not in str(caught.value)


def test_an_excerpt_of_a_long_line_shows_the_mistake() -> None:
    line = "word " * 100 + "[nope]" + " word" * 100
    shown, caret = ScriptError(Source("a", 1), "w", line, line.index("[")).excerpt()

    assert len(shown) <= 100 and shown[caret.index("^")] == "["


def test_control_characters_are_replaced_in_messages(capsys: pytest.CaptureFixture[str]) -> None:
    """Otherwise text from a script could send escape sequences to the terminal."""
    assert run(["say", "Hi \x1b[31m *there*"]) == 1
    err = capsys.readouterr().err
    assert "\x1b" not in err and "U+001B" in err


def test_collected_errors_keep_their_order_and_are_raised_together() -> None:
    collector = ErrorCollector()
    first, second = ScriptError(Source("b", 2), "one"), ScriptError(Source("a", 1), "two")
    collector.add(ScriptErrors([first, second]))
    collector.add(first)

    with pytest.raises(ScriptErrors, match="b:2: one\na:1: two"):
        collector.raise_all()
    assert len(collector) == 2 and collector.catch(lambda: 5, None) == 5


def test_hundreds_of_mistakes_are_not_all_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scripts = {"a": "".join(f"[nope {number}]\n" for number in range(500))}
    folder = write_practice(tmp_path / "p", 'title = "t"\nsteps = ["a"]\n', scripts)

    assert run(["render", "5", "--practice", str(folder)]) == 1
    err = capsys.readouterr().err.splitlines()
    assert len(err) <= 100 and err[-1] == "and 470 more errors; fix these first"


def test_a_single_step_that_would_last_for_days_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toml = 'title = "t"\nsteps = ["a"]\nlongest_silence = "24h"\n'
    folder = write_practice(tmp_path / "p", toml, {"a": "Hi.\n[pause 20h]\nHo.\n[pause 20h]\nHu.\n"})

    assert run(["plan", "--only", "a", "--practice", str(folder), "--voice", FAKE_VOICE]) == 1
    assert "a takes 40:00:" in capsys.readouterr().err

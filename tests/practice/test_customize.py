"""Copies of practices to edit, tiny new ones, and practices that extend others."""

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import FAKE_VOICE
from support.scripts import write_practice

from audioguide.checks.wording import check
from audioguide.core.clock import RATE_HZ
from audioguide.core.errors import AudioguideError, OutputError, ScriptError
from audioguide.core.model import Phrase
from audioguide.core.request import Request
from audioguide.practice.customize import lay_blank, lay_copy
from audioguide.practice.definition import find_practice
from audioguide.practice.rendering import read_cues, rendered_text
from audioguide.session.build import plan, write
from audioguide.storage.store import Store

MINUTE = 60 * RATE_HZ
BUILT_IN = "psoas-release"
BODY_SCAN = Path(__file__).parents[1] / "support" / "practices" / "body-scan"


def text_of(practice: str, minutes: int = 20, **options: str) -> str:
    return rendered_text(Request(minutes * MINUTE, practice, **options), find_practice(practice), minutes * MINUTE)  # type: ignore[arg-type]


def test_a_copy_says_what_the_original_says_and_is_only_text(tmp_path: Path) -> None:
    laid = lay_copy(tmp_path / "mine", find_practice(BUILT_IN))

    assert sorted(path.name for path in laid) == sorted(path.name for path in (tmp_path / "mine").iterdir())
    assert all(path.read_text(encoding="utf-8").isprintable() or "\n" in path.read_text() for path in laid)
    assert text_of(str(tmp_path / "mine")) == text_of(BUILT_IN)


def test_a_file_that_is_deleted_comes_from_the_original(tmp_path: Path) -> None:
    lay_copy(tmp_path / "mine", find_practice(BUILT_IN))
    for path in (tmp_path / "mine").glob("*.j2"):
        if path.name != "return.md.j2":
            path.unlink()
    (tmp_path / "mine" / "return.md.j2").write_text("# The end\nThat was all.\n", encoding="utf-8")

    text = text_of(str(tmp_path / "mine"))
    assert text.endswith("# The end\nThat was all.\n")
    assert text.split("\n\n# The end")[0] == text_of(BUILT_IN).split("\n\n# Coming back")[0]


def test_every_line_of_what_the_original_says_may_be_taken_into_use(tmp_path: Path) -> None:
    lay_copy(tmp_path / "mine", find_practice(BUILT_IN))
    toml = tmp_path / "mine" / "practice.toml"
    head, _, original = toml.read_text(encoding="utf-8").partition("away from all of its lines.\n")
    toml.write_text(head + "\n".join(line[2:] for line in original.splitlines()), encoding="utf-8")

    mine, theirs = find_practice(str(tmp_path / "mine")), find_practice(BUILT_IN)
    assert mine.grounding and theirs.grounding
    here = replace(mine.grounding, last_words=theirs.grounding.last_words)  # the same words, written in another file
    assert (mine.steps, here, mine.longest_silence) == (theirs.steps, theirs.grounding, theirs.longest_silence)
    assert mine.grounding.last_words.text == theirs.grounding.last_words.text


def test_a_copy_can_be_copied_from_beside_it(tmp_path: Path) -> None:
    lay_copy(tmp_path / "mine", find_practice(BUILT_IN))
    (tmp_path / "mine" / "return.md.j2").write_text("Bye.\n", encoding="utf-8")
    lay_copy(tmp_path / "for-ada", find_practice(str(tmp_path / "mine")))

    assert find_practice(str(tmp_path / "for-ada")).extends == "../mine"
    assert text_of(str(tmp_path / "for-ada")) == text_of(str(tmp_path / "mine"))


@pytest.mark.parametrize("minutes", [2, 5, 20])
@pytest.mark.parametrize("ending", ["wake", "sleep"])
def test_a_blank_practice_builds_at_once(tmp_path: Path, minutes: int, ending: str) -> None:
    lay_blank(tmp_path / "new")
    request = Request(minutes * MINUTE, str(tmp_path / "new"), FAKE_VOICE, ending=ending)

    assert plan(request, Store(tmp_path / "store")).timeline.total == minutes * MINUTE


def test_nothing_is_overwritten_and_nothing_is_half_laid(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "return.md.j2").write_text("my words", encoding="utf-8")

    with pytest.raises(OutputError, match=r"return\.md\.j2 is there already, and nothing is overwritten"):
        lay_copy(tmp_path / "mine", find_practice(BUILT_IN))
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["return.md.j2"]


def test_the_guide_names_the_folder_and_every_mark(tmp_path: Path) -> None:
    lay_blank(tmp_path / "new")
    guide = (tmp_path / "new" / "GUIDE.md").read_text(encoding="utf-8")

    assert f"--practice {(tmp_path / 'new').as_posix()}" in guide and "DIR" not in guide
    assert all(
        f"[{mark}]" in guide for mark in ("pause 6s", "pause 4s..12s", "breath", "long pause", "rest", "rest 3", "bell")
    )


def test_every_example_of_the_guide_is_valid(tmp_path: Path) -> None:
    """What is set in by four spaces is a script, but for the commands and the TOML; all of it parses as one step."""
    lay_blank(tmp_path / "new")
    guide = (tmp_path / "new" / "GUIDE.md").read_text(encoding="utf-8")
    examples = [line[4:] for line in guide.splitlines() if line.startswith("    ")]
    toml = ("[lexicon", "psoas", "[interlude", "after", "last_words")
    script = [line.split("   ")[0] for line in examples if not line.startswith(("audioguide", *toml))]
    folder = write_practice(tmp_path / "p", 'title = "t"\nsteps = ["a"]\n', {"a": "\n".join(script) + "\n"})

    request = Request(20 * MINUTE, str(folder))
    assert any(isinstance(cue, Phrase) for cue in read_cues(request, find_practice(str(folder)), 20 * MINUTE))


# --- extends ---


def extending(folder: Path, toml: str, **scripts: str) -> str:
    return str(write_practice(folder, f'extends = "{BUILT_IN}"\n{toml}', scripts))


def test_what_a_practice_does_not_say_comes_from_the_one_it_extends(tmp_path: Path) -> None:
    mine, theirs = find_practice(extending(tmp_path / "mine", 'title = "Mine"\n')), find_practice(BUILT_IN)

    assert mine.title == "Mine" and mine.language == theirs.language
    assert (mine.steps, mine.grounding, mine.longest_silence) == (
        theirs.steps,
        theirs.grounding,
        theirs.longest_silence,
    )


def test_an_own_lexicon_wins_word_by_word(tmp_path: Path) -> None:
    write_practice(
        tmp_path / "base", 'title = "B"\nsteps = ["a"]\n[lexicon]\npsoas = "one"\nrib = "two"\n', {"a": "Hi.\n"}
    )
    toml = 'extends = "../base"\n[lexicon]\npsoas = "three"\n'
    mine = find_practice(str(write_practice(tmp_path / "mine", toml, {})))

    assert {entry.word: entry.said for entry in mine.lexicon} == {"psoas": "three", "rib": "two"}


def test_a_mistake_is_told_in_the_file_where_it_stands(tmp_path: Path) -> None:
    write_practice(tmp_path / "base", 'title = "B"\nsteps = ["a", "b"]\n', {"a": "Hi.\n[pasue 3s]\n", "b": "Bye.\n"})
    mine = str(write_practice(tmp_path / "mine", 'extends = "../base"\n', {"b": "Bye.\n[nope]\n"}))

    with pytest.raises(AudioguideError) as told:
        text_of(mine)
    first, second = str(told.value).splitlines()
    assert first.startswith("../base/a.md.j2:2: unknown mark [pasue 3s]")
    assert second.startswith(f"{mine}/b.md.j2:2: unknown mark [nope]")


def test_an_include_finds_the_own_file_first(tmp_path: Path) -> None:
    scripts = {"a": '{% include "words.md.j2" %}\n', "words": "Theirs.\n"}
    write_practice(tmp_path / "base", 'title = "B"\nsteps = ["a"]\n', scripts)
    mine = str(write_practice(tmp_path / "mine", 'extends = "../base"\n', {"words": "Mine.\n"}))

    assert text_of(str(tmp_path / "base")) == "Theirs.\n"
    assert text_of(mine) == "Mine.\n"


@pytest.mark.parametrize(
    ("extends", "words"),
    [
        ("psoas-relase", "did you mean psoas-release"),
        ("../../etc", "there is no practice"),
        ("/etc", "there is no practice"),
        ("..", "there is no practice"),
        ("../", "there is no practice"),
        ("../nothing", "there is no practice"),
        ("../mine", "extends this practice itself"),
    ],
)
def test_only_the_shelf_and_a_folder_beside_can_be_extended(tmp_path: Path, extends: str, words: str) -> None:
    folder = write_practice(tmp_path / "mine", f'extends = "{extends}"\n', {})
    with pytest.raises(ScriptError, match=words) as told:
        find_practice(str(folder))
    assert told.value.source.line == 1


def test_a_circle_of_practices_is_told(tmp_path: Path) -> None:
    write_practice(tmp_path / "one", 'extends = "../two"\n', {})
    write_practice(tmp_path / "two", 'extends = "../one"\n', {})

    with pytest.raises(ScriptError, match="extends this practice itself"):
        find_practice(str(tmp_path / "one"))


def test_steps_of_ones_own_need_a_place_for_the_interlude(tmp_path: Path) -> None:
    toml = 'steps = ["hello"]\n'
    with pytest.raises(ScriptError, match="the grounding of psoas-release comes after 'add-weight', which is no step"):
        find_practice(extending(tmp_path / "mine", toml, hello="Hi.\n"))
    assert find_practice(extending(tmp_path / "other", toml + "interlude = {}\n", hello="Hi.\n")).grounding is None


# --- a practice written by following the guide ---


@pytest.mark.parametrize("minutes", [5, 20, 60])
def test_a_practice_of_another_kind_builds(tmp_path: Path, minutes: int) -> None:
    session = plan(Request(minutes * MINUTE, str(BODY_SCAN), FAKE_VOICE), Store(tmp_path / "store"))

    assert session.timeline.total == minutes * MINUTE
    titles = [mark.title for mark in session.timeline.chapters]
    assert ("Back to the room" in titles) == (minutes >= 30) and titles[0] == "Settling in"


def test_it_can_be_customised_and_greet_by_name(tmp_path: Path) -> None:
    lay_copy(tmp_path / "for-ada", find_practice(str(BODY_SCAN)))
    request = Request(20 * MINUTE, str(tmp_path / "for-ada"), settings={"name": "Ada"})

    assert "Hello Ada." in rendered_text(request, find_practice(request.practice), 20 * MINUTE)


def test_it_and_a_blank_practice_pass_the_check_with_no_advice(tmp_path: Path) -> None:
    lay_blank(tmp_path / "new")

    assert [check(str(folder)).findings for folder in (BODY_SCAN, tmp_path / "new")] == [(), ()]


def test_it_can_be_rehearsed(tmp_path: Path) -> None:
    request = Request(60 * MINUTE, str(BODY_SCAN), FAKE_VOICE, rehearsal=True)
    out, store = tmp_path / "body-scan.mp3", Store(tmp_path / "store")
    session = write(request, out, store)

    assert out.exists() and session.timeline.total < 8 * MINUTE
    whole = plan(Request(60 * MINUTE, str(BODY_SCAN), FAKE_VOICE), store)
    assert [mark.title for mark in session.timeline.chapters] == [mark.title for mark in whole.timeline.chapters]

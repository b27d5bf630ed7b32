"""Copies of practices to edit, small new ones, and practices that extend others."""

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
from audioguide.practice.customize import write_blank, write_copy
from audioguide.practice.definition import find_practice
from audioguide.practice.rendering import read_cues, rendered_text
from audioguide.session.build import plan, write
from audioguide.storage.store import Store

MINUTE = 60 * RATE_HZ
BUILT_IN = "psoas-release"
BODY_SCAN = Path(__file__).parents[1] / "support" / "practices" / "body-scan"


def text_of(practice: str, minutes: int = 20, **options: str) -> str:
    request = Request(minutes * MINUTE, practice=practice, **options)  # type: ignore[arg-type]  # names of fields
    return rendered_text(request, find_practice(practice), minutes * MINUTE)


def test_a_copy_renders_like_the_original_and_contains_only_text(tmp_path: Path) -> None:
    files = write_copy(tmp_path / "mine", find_practice(BUILT_IN))

    assert sorted(path.name for path in files) == sorted(path.name for path in (tmp_path / "mine").iterdir())
    assert all(path.read_text(encoding="utf-8").isprintable() or "\n" in path.read_text() for path in files)
    assert text_of(str(tmp_path / "mine")) == text_of(BUILT_IN)


def test_the_original_supplies_a_deleted_file(tmp_path: Path) -> None:
    write_copy(tmp_path / "mine", find_practice(BUILT_IN))
    for path in (tmp_path / "mine").glob("*.j2"):
        if path.name != "return.md.j2":
            path.unlink()
    (tmp_path / "mine" / "return.md.j2").write_text("# The end\nThat was all.\n", encoding="utf-8")

    text = text_of(str(tmp_path / "mine"))
    assert text.endswith("# The end\nThat was all.\n")
    assert text.split("\n\n# The end")[0] == text_of(BUILT_IN).split("\n\n# Coming back")[0]


def test_the_settings_of_the_original_are_valid_without_their_comment_signs(tmp_path: Path) -> None:
    write_copy(tmp_path / "mine", find_practice(BUILT_IN))
    toml = tmp_path / "mine" / "practice.toml"
    head, _, original = toml.read_text(encoding="utf-8").partition("remove the # from all of its lines.\n")
    toml.write_text(head + "\n".join(line[2:] for line in original.splitlines()), encoding="utf-8")

    mine, theirs = find_practice(str(tmp_path / "mine")), find_practice(BUILT_IN)
    assert mine.grounding and theirs.grounding
    here = replace(mine.grounding, last_words=theirs.grounding.last_words)  # the same words, written in another file
    assert (mine.steps, here, mine.longest_silence) == (theirs.steps, theirs.grounding, theirs.longest_silence)
    assert mine.grounding.last_words.text == theirs.grounding.last_words.text


def test_a_copy_can_be_copied_into_a_folder_next_to_it(tmp_path: Path) -> None:
    write_copy(tmp_path / "mine", find_practice(BUILT_IN))
    (tmp_path / "mine" / "return.md.j2").write_text("Bye.\n", encoding="utf-8")
    write_copy(tmp_path / "for-ada", find_practice(str(tmp_path / "mine")))

    assert find_practice(str(tmp_path / "for-ada")).layers[1].folder == tmp_path / "mine"
    assert text_of(str(tmp_path / "for-ada")) == text_of(str(tmp_path / "mine"))


@pytest.mark.parametrize("minutes", [2, 5, 20])
@pytest.mark.parametrize("ending", ["wake", "sleep"])
def test_a_blank_practice_builds_at_once(tmp_path: Path, minutes: int, ending: str) -> None:
    write_blank(tmp_path / "new")
    request = Request(minutes * MINUTE, practice=str(tmp_path / "new"), voice=FAKE_VOICE, ending=ending)

    assert plan(request, Store(tmp_path / "store")).timeline.total == minutes * MINUTE


def test_nothing_is_overwritten_and_no_copy_is_partial(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "return.md.j2").write_text("my words", encoding="utf-8")

    with pytest.raises(OutputError, match=r"return\.md\.j2 exists already, and nothing is overwritten"):
        write_copy(tmp_path / "mine", find_practice(BUILT_IN))
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["return.md.j2"]


def test_the_guide_names_the_folder_and_every_mark(tmp_path: Path) -> None:
    write_blank(tmp_path / "new")
    guide = (tmp_path / "new" / "GUIDE.md").read_text(encoding="utf-8")

    assert f"--practice {(tmp_path / 'new').as_posix()}" in guide and "DIR" not in guide
    assert all(
        f"[{mark}]" in guide for mark in ("pause 6s", "pause 4s..12s", "breath", "long pause", "rest", "rest 3", "bell")
    )


def test_every_example_of_the_guide_is_valid(tmp_path: Path) -> None:
    """Lines indented by four spaces are script, except for commands and TOML; together they parse as one step."""
    write_blank(tmp_path / "new")
    guide = (tmp_path / "new" / "GUIDE.md").read_text(encoding="utf-8")
    examples = [line[4:] for line in guide.splitlines() if line.startswith("    ")]
    toml = ("[lexicon", "psoas", "[interlude", "after", "last_words")
    script = [line.split("   ")[0] for line in examples if not line.startswith(("audioguide", *toml))]
    folder = write_practice(tmp_path / "p", 'title = "t"\nsteps = ["a"]\n', {"a": "\n".join(script) + "\n"})

    request = Request(20 * MINUTE, practice=str(folder))
    assert any(isinstance(cue, Phrase) for cue in read_cues(request, find_practice(str(folder)), 20 * MINUTE))


# --- extends ---


def extending(folder: Path, toml: str, **scripts: str) -> str:
    return str(write_practice(folder, f'extends = "{BUILT_IN}"\n{toml}', scripts))


def test_a_practice_inherits_what_it_leaves_out(tmp_path: Path) -> None:
    mine, theirs = find_practice(extending(tmp_path / "mine", 'title = "Mine"\n')), find_practice(BUILT_IN)

    assert mine.title == "Mine" and mine.language == theirs.language
    assert (mine.steps, mine.grounding, mine.longest_silence) == (
        theirs.steps,
        theirs.grounding,
        theirs.longest_silence,
    )


def test_entries_of_its_own_lexicon_replace_inherited_ones(tmp_path: Path) -> None:
    write_practice(
        tmp_path / "base", 'title = "B"\nsteps = ["a"]\n[lexicon]\npsoas = "one"\nrib = "two"\n', {"a": "Hi.\n"}
    )
    toml = 'extends = "../base"\n[lexicon]\npsoas = "three"\n'
    mine = find_practice(str(write_practice(tmp_path / "mine", toml, {})))

    assert {entry.word: entry.said for entry in mine.lexicon} == {"psoas": "three", "rib": "two"}


def test_a_mistake_is_reported_in_the_file_that_contains_it(tmp_path: Path) -> None:
    write_practice(tmp_path / "base", 'title = "B"\nsteps = ["a", "b"]\n', {"a": "Hi.\n[pasue 3s]\n", "b": "Bye.\n"})
    mine = str(write_practice(tmp_path / "mine", 'extends = "../base"\n', {"b": "Bye.\n[nope]\n"}))

    with pytest.raises(AudioguideError) as caught:
        text_of(mine)
    first, second = str(caught.value).splitlines()
    assert first.startswith("../base/a.md.j2:2: unknown mark [pasue 3s]")
    assert second.startswith(f"{mine}/b.md.j2:2: unknown mark [nope]")


def test_an_include_prefers_the_practices_own_file(tmp_path: Path) -> None:
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
def test_only_built_in_practices_and_sibling_folders_can_be_extended(tmp_path: Path, extends: str, words: str) -> None:
    folder = write_practice(tmp_path / "mine", f'extends = "{extends}"\n', {})
    with pytest.raises(ScriptError, match=words) as caught:
        find_practice(str(folder))
    assert caught.value.source.line == 1


def test_a_cycle_of_practices_is_reported(tmp_path: Path) -> None:
    write_practice(tmp_path / "one", 'extends = "../two"\n', {})
    write_practice(tmp_path / "two", 'extends = "../one"\n', {})

    with pytest.raises(ScriptError, match="extends this practice itself"):
        find_practice(str(tmp_path / "one"))


def test_a_chain_of_ten_practices_is_too_long(tmp_path: Path) -> None:
    write_practice(tmp_path / "0", 'extends = "psoas-release"\n', {})
    for number in range(1, 9):
        write_practice(tmp_path / str(number), f'extends = "../{number - 1}"\n', {})

    assert find_practice(str(tmp_path / "7")).steps
    with pytest.raises(ScriptError, match=r"^\.\./0/practice\.toml:1: a chain of more than 9 practices.*shorter$"):
        find_practice(str(tmp_path / "8"))


def test_own_steps_must_include_the_one_that_the_interlude_follows(tmp_path: Path) -> None:
    toml = 'steps = ["hello"]\n'
    with pytest.raises(ScriptError, match="grounding of psoas-release comes after 'add-weight', which is not a step"):
        find_practice(extending(tmp_path / "mine", toml, hello="Hi.\n"))
    assert find_practice(extending(tmp_path / "other", toml + "interlude = {}\n", hello="Hi.\n")).grounding is None


# --- a practice written by following the guide ---


@pytest.mark.parametrize("minutes", [5, 20, 60])
def test_a_practice_of_another_kind_builds(tmp_path: Path, minutes: int) -> None:
    session = plan(Request(minutes * MINUTE, practice=str(BODY_SCAN), voice=FAKE_VOICE), Store(tmp_path / "store"))

    assert session.timeline.total == minutes * MINUTE
    titles = [mark.title for mark in session.timeline.chapters]
    assert ("Back to the room" in titles) == (minutes >= 30) and titles[0] == "Settling in"


def test_it_can_be_customised_and_greet_by_name(tmp_path: Path) -> None:
    write_copy(tmp_path / "for-ada", find_practice(str(BODY_SCAN)))
    request = Request(20 * MINUTE, practice=str(tmp_path / "for-ada"), settings={"name": "Ada"})

    assert "Hello Ada." in rendered_text(request, find_practice(request.practice), 20 * MINUTE)


def test_it_and_a_blank_practice_pass_the_check_with_no_advice(tmp_path: Path) -> None:
    write_blank(tmp_path / "new")

    assert [check(str(folder)).findings for folder in (BODY_SCAN, tmp_path / "new")] == [(), ()]


def test_it_can_be_rehearsed(tmp_path: Path) -> None:
    request = Request(60 * MINUTE, practice=str(BODY_SCAN), voice=FAKE_VOICE, rehearsal=True)
    out, store = tmp_path / "body-scan.mp3", Store(tmp_path / "store")
    session = write(request, out, store)

    assert out.exists() and session.timeline.total < 8 * MINUTE
    full = plan(Request(60 * MINUTE, practice=str(BODY_SCAN), voice=FAKE_VOICE), store)
    assert [mark.title for mark in session.timeline.chapters] == [mark.title for mark in full.timeline.chapters]

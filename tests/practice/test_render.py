import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from audioguide.core.errors import InputError, ScriptError
from audioguide.core.request import read_settings
from audioguide.practice.render import Renderer
from audioguide.storage.shelf import Layer

Template = str | bytes


class Folder:
    """A practice's folder that renders one template and the files it includes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def renderer(self, template: Template, others: Mapping[str, Template] | None = None) -> Renderer:
        for name, text in {"a": template, **(others or {})}.items():
            (self.path / f"{name}.md.j2").write_bytes(text if isinstance(text, bytes) else text.encode())
        return Renderer([Layer(self.path, "mine")])

    def lines(self, template: Template, others: Mapping[str, Template] | None = None, **variables: object) -> list[str]:
        """Return the rendered lines, each after the source of its first word."""
        rendered = self.renderer(template, others).render("a.md.j2", variables)
        return [f"{_short(line.source(_first_word(line.text)))} {line.text.strip()}".rstrip() for line in rendered]

    def text(self, template: Template, **variables: object) -> list[str]:
        return [line.text.strip() for line in self.renderer(template).render("a.md.j2", variables)]

    def error(self, template: Template, others: Mapping[str, Template] | None = None, **variables: object) -> str:
        with pytest.raises(ScriptError) as caught:
            self.lines(template, others, **variables)
        assert str(caught.value).startswith("mine/")
        return str(caught.value).removeprefix("mine/").replace(".md.j2:", ":")


def _first_word(text: str) -> int:
    return len(text) - len(text.lstrip())


def _short(source: object) -> str:
    return str(source).removeprefix("mine/").replace(".md.j2", "")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


LOOP = "{% for cue in cues %}\n{{ cue }} now\n[rest]\n{% endfor %}\nend"
MACRO = "{% macro say(what) %}\nFeel {{ what }}.\nStay.\n{% endmacro %}\n"
BASE = "# Base\n{% block middle %}\nbase\n{% endblock %}\nend\n"


@pytest.mark.parametrize(
    ("template", "others", "expected"),
    [
        ("one\ntwo\n", {}, ["a:1 one", "a:2 two"]),
        ("one\r\n\r\n{% if yes %}\r\ntwo\r\n{% endif %}\r\nthree\r\n", {}, ["a:1 one", "a:2", "a:4 two", "a:6 three"]),
        ("\ufeffone\ntwo", {}, ["a:1 one", "a:2 two"]),
        (LOOP, {}, ["a:2 heels now", "a:3 [rest]", "a:2 hips now", "a:3 [rest]", "a:5 end"]),
        (
            "one\n{% include 'b.md.j2' %}\nend",
            {"b": "two\n\nthree"},
            ["a:1 one", "b:1 two", "b:2", "b:3 three", "a:3 end"],
        ),
        (f"{MACRO}\n{{{{ say('heels') }}}}\nend", {}, ["a:5", "a:2 Feel heels.", "a:3 Stay.", "a:7 end"]),
        (
            "{% from 'b.md.j2' import say %}\n{{ say('heels') }}\nend",
            {"b": MACRO},
            ["b:2 Feel heels.", "b:3 Stay.", "a:3 end"],
        ),
        (
            "{% extends 'b.md.j2' %}\n{% block middle %}\nmine\n{{ super() }}\n{% endblock %}\n",
            {"b": BASE},
            ["b:1 # Base", "a:3 mine", "b:3 base", "b:5 end"],
        ),
        ("one\n{% raw %}\n{{ two }}\n{% endraw %}\nthree", {}, ["a:1 one", "a:3 {{ two }}", "a:5 three"]),
        ("{# why #}\none {# not #} two\n{# why\nnot #}\nthree", {}, ["a:2 one  two", "a:5 three"]),
        ("one\n{% set aside %}\nmore\n{% endset %}\nend\n{{ aside }}\n", {}, ["a:1 one", "a:5 end", "a:6 more"]),
        ("one {{ cues[0] }}\n\n{{ cues[1] }}", {}, ["a:1 one heels", "a:2", "a:3 hips"]),
    ],
    ids=[
        *("plain", "crlf", "bom", "loop", "include", "macro", "import", "extends"),
        *("raw", "comment", "set-block", "expression"),
    ],
)
def test_every_line_knows_its_source(
    folder: Folder, template: str, others: dict[str, Template], expected: list[str]
) -> None:
    assert folder.lines(template, others, yes=True, cues=["heels", "hips"]) == expected


def test_a_line_of_several_parts_knows_the_source_of_each(folder: Folder) -> None:
    template = "{% from 'b.md.j2' import m %}\none {{ m() }}, three"
    [line] = folder.renderer(template, {"b": "{% macro m() %}two{% endmacro %}"}).render("a.md.j2", {})
    assert line.text == "one two, three"
    assert [_short(line.source(line.text.index(word))) for word in ("one", "two", "three")] == ["a:2", "b:1", "a:2"]


@pytest.mark.parametrize("before", ["", "\n"])
@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("might{% if yes %} slowly{% endif %}\nlet", "might slowly let"),
        ("might{% if yes %}\nlet{% endif %}", "might let"),
        ("might{% if yes %}\n{{ word }}{% endif %}", "might let"),
        ("might{% if yes %} slowly{% endif %}\n{{ word }} go", "might slowly let go"),
        ("might{# why #}\nlet", "might let"),
        ("{{ word }}\n{{ word }}", "let let"),
    ],
)
def test_a_tag_at_a_line_end_does_not_join_two_words(folder: Folder, before: str, template: str, words: str) -> None:
    assert " ".join(" ".join(folder.text(before + template, yes=True, word="let")).split()) == words


@pytest.mark.parametrize("before", ["", "\n"])
@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("[pause {{ n }}s] now", "[pause 6s] now"),
        ("a {{ n }}-minute rest", "a 6-minute rest"),
        ("{{ n }}, then", "6, then"),
        ("heel{% if yes %}s{% endif %} down", "heels down"),
        ("so{% if yes %}: heels{% endif %}, hips", "so: heels, hips"),
        ("so {%- if yes %} heels{% endif %}\n{%- if yes %}, hips{% endif -%}\n!", "so heels, hips!"),
    ],
)
def test_a_tag_within_a_line_does_not_split_it(folder: Folder, before: str, template: str, line: str) -> None:
    assert [text for text in folder.text(before + template, n=6, yes=True) if text] == [line]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("one\n\ntwo", ["one", "", "two"]),
        ("one\n \t\ntwo", ["one", "", "two"]),
        ("one\n{% if yes %}\n{% endif %}\ntwo", ["one", "two"]),
        ("one\n{% if yes %}\n\n{% endif %}\ntwo", ["one", "", "two"]),
        ("one\n{% if no %}\n\nnever\n\n{% endif %}\ntwo", ["one", "two"]),
        ("one\n{{ '' }}\ntwo", ["one", "two"]),
        ("{{ '' }}\ntwo", ["two"]),
        ("one {{ 'more' }}\ntwo", ["one more", "two"]),
        ("one\n{# why #}\ntwo", ["one", "two"]),
        ("one\n{# why #}\n\ntwo", ["one", "", "two"]),
        ("one\n{% set x = 1 %}\ntwo", ["one", "two"]),
        ("{% set aside %}\none\n\ntwo{% endset %}\n{{ aside }}", ["one", "", "two"]),
    ],
)
def test_only_lines_empty_in_the_template_stay_empty(folder: Folder, template: str, expected: list[str]) -> None:
    assert folder.text(template, yes=True, no=False) == expected


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("{% set x %}four{% endset %}{{ x|length }}", "4"),
        ("{% filter capitalize %}heels{% endfilter %}", "Heels"),
        ("{% macro m() %}heels{% endmacro %}{{ m()|capitalize }}", "Heels"),
        ("{% macro m() %}heels{% endmacro %}{{ m()|length }}", "5"),
    ],
)
def test_source_markers_do_not_change_the_text(folder: Folder, template: str, line: str) -> None:
    assert folder.text(template) == [line]


def test_functions_return_marks(folder: Folder) -> None:
    template = "{{ pause('4s..12s') }}{{ rest() }}{{ rest(3) }}{{ bell() }}{{ bell(2) }}"
    assert folder.text(template) == ["[pause 4s..12s][rest 1][rest 3][bell 1][bell 2]"]


@pytest.mark.parametrize(
    ("template", "others", "words"),
    [
        ("one\n{{ mintes }}", {}, r"a:2: 'mintes' is not defined; did you mean minutes\?"),
        ("one\n{% if zz %}\n{% endif %}", {}, r"a:2: 'zz' is not defined \(or set it with --set zz="),
        ("one\n{{ rst(3) }}", {}, r"a:2: 'rst' is not defined; did you mean rest\?"),
        ("{% for x in [1] %}\n\n{{ zz }}{% endfor %}", {}, "a:3: 'zz' is not defined"),
        ("one\n{% include 'b.md.j2' %}", {"b": "two\n\n{{ zz }}"}, "b:3: 'zz' is not defined"),
        ("\n{% macro m() %}\n{{ zz }}\n{% endmacro %}\n{{ m() }}", {}, "a:3: 'zz' is not defined"),
        (
            "{% extends 'b.md.j2' %}\n{% block middle %}\n{{ zz }}{% endblock %}",
            {"b": BASE},
            "a:3: 'zz' is not defined",
        ),
        ("{% extends 'b.md.j2' %}", {"b": "one\n{{ zz }}"}, "b:2: 'zz' is not defined"),
        ("one\n{% set x %}\n{{ zz }}{% endset %}", {}, "a:3: 'zz' is not defined"),
        ("one\r\n\r\n{{ zz }}", {}, "a:3: 'zz' is not defined"),
        ("\ufeffone\n{# a\nb #}{% raw %}\n{{ }}{% endraw %}\n{{ zz }}", {}, "a:5: 'zz' is not defined"),
        (
            "{% from 'b.md.j2' import m %}\n{{ m() }}",
            {"b": "{% macro m() %}\n{{ minutes }}{% endmacro %}"},
            "b:2: .*with context",
        ),
        ("one\n{% include 'd.md.j2' %}", {"b": ""}, r"a:2: no file 'd.md.j2' in mine; did you mean [ab].md.j2\?"),
        ("one\n{% include '../outside.md.j2' %}", {}, "a:2: no file '../outside.md.j2' in mine"),
        ("one\n{% include '/etc/hosts' %}", {}, "a:2: no file '/etc/hosts' in mine"),
        ("one\n{% for %}", {}, "a:2: "),
        ("one\n{{ minutes", {}, "a:2: "),
        ("one\n{% if minutes %}\ntwo", {}, r"a:\d: "),
        ("one\n{{ minutes|lngth }}", {}, "a:2: No filter named 'lngth'"),
        ("{% include 'b.md.j2' %}", {"b": "one\n{% bogus %}"}, "b:2: .*bogus"),
        (b"one\ntw\xff", {}, "a:2: not UTF-8 text; save the file as UTF-8"),
        ("{% include 'b.md.j2' %}", {"b": b"\n\n\xe9"}, "b:3: not UTF-8 text"),
        ("one\ntwo \ue000", {}, r"a:2: a private-use character \(U\+E000\)"),
        ("one\n\U000f0000", {}, r"a:2: a private-use character \(U\+F0000\)"),
        ("one\n{{ '\\U000f0000' }}", {}, "a:2: .*private-use"),
        ("one\n{{ '\\U000ffff0' }}", {}, "a:2: .*private-use"),
        ("one\n{{ ''.__class__ }}", {}, "a:2: not allowed in a script: .*__class__"),
        ("one\n{{ ''['__class__'] }}", {}, "a:2: not allowed in a script: .*__class__"),
        ("one\n{{ rest.__globals__ }}", {}, "a:2: not allowed in a script: .*__globals__"),
        ("one\n{{ [].append(1) }}", {}, "a:2: not allowed in a script: "),
        ("one\n{{ 1 / 0 }}", {}, "a:2: division by zero"),
        ("one\n{{ minutes + 'a' }}", {}, "a:2: "),
        ("one\n{{ pause() }}", {}, "a:2: .*missing"),
        ("one\n{% include 'a.md.j2' %}", {}, "a:2: a template that includes or calls itself endlessly"),
        ("one\n{{ 'a'|random }}", {}, "a:2: No filter named 'random'"),
    ],
)
def test_an_error_is_reported_at_its_file_and_line(
    folder: Folder, template: Template, others: dict[str, Template], words: str
) -> None:
    assert re.match(words, folder.error(template, others, minutes=20))


def test_a_missing_script_is_reported(folder: Folder) -> None:
    with pytest.raises(ScriptError, match=r"mine/arive.md.j2:1: no file 'arive.md.j2' in mine; did you mean arrive"):
        folder.renderer("", {"arrive": ""}).render("arive.md.j2", {})


def test_used_names_include_those_of_every_referenced_file(folder: Folder) -> None:
    template = (
        "{% include 'b.md.j2' %}{% include 'none.md.j2' ignore missing %}{% from 'c.md.j2' import m %}"
        "{% set own = 1 %}{{ own }}{{ top }}{% for x in xs %}{{ x }}{% endfor %}{% if false %}{{ never }}{% endif %}"
    )
    others = {
        "b": "{{ inner }}{% include 'a.md.j2' %}",
        "c": "{% extends 'd.md.j2' %}",
        "d": "{{ base }}",
        "e": "{{ no }}",
    }
    used = folder.renderer(template, others).used_names(["a.md.j2"])
    assert used == {"top", "xs", "never", "inner", "base"}


@pytest.mark.parametrize(
    ("template", "words"),
    [("one\n{% for %}", "a:2: "), (b"\n\xff", "a:2: not UTF-8"), ("\n\ue000", "a:2: a private-use")],
)
def test_used_names_report_a_broken_script_at_its_line(folder: Folder, template: Template, words: str) -> None:
    with pytest.raises(ScriptError, match=words.replace("a:", "mine/a.md.j2:")):
        folder.renderer(template).used_names(["a.md.j2"])


def test_settings_keep_their_text() -> None:
    assert read_settings(["name=Zoë B.", "sum=1=1"]) == {"name": "Zoë B.", "sum": "1=1"}


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        (["name"], "--set name: write it as KEY=VALUE"),
        (["=x"], "'' is not a name"),
        (["my-name=x"], "'my-name' is not a name"),
        (["minutes=5"], "minutes is reserved; choose another name"),
        (["rest=5"], "rest is reserved; choose another name"),
        (["range=5"], "range is reserved; choose another name"),
        (["voice=5"], "voice is reserved; use --voice"),
        (["ending=5"], "ending is reserved; use --ending"),
        (["a=1", "a=2"], "a is set twice"),
        (["a=\ue000"], r"U\+E000"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused(pairs: list[str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_settings(pairs)

"""No input causes a traceback, a hang or a spoken mark: templates, rendered text, TOML files, settings, bytes."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.profiles import examples
from support.scripts import lines

from audioguide.core.characters import HIDDEN
from audioguide.core.errors import AudioguideError
from audioguide.core.model import Chapter, Cue, Phrase
from audioguide.core.request import check_settings
from audioguide.core.script_names import FUNCTIONS, JINJA_GLOBALS
from audioguide.practice.definition import read_practice
from audioguide.practice.parse import parse
from audioguide.practice.policy import ATTRIBUTES, FILTERS, TESTS, names_in
from audioguide.practice.render import Renderer
from audioguide.speech.voices import read_voice
from audioguide.storage.shelf import Layer

many = examples(300)  # calm() limits processor time instead of elapsed time
MOST_CPU_S = 5
VARIABLES = {"minutes": 20, "length": "twenty minutes", "ending": "wake", "bells": True, "cues": ["heels", "hips"]}
MARKS = ("[pause 6s]", "[pause 4s..12s]", "[rest]", "[rest 3]", "[breath]", "[bell]", "[bell 3]", "# Title\n")
PARTS = (
    "[", "]", "(", ")", "<", ">", "&", ";", "*", "_", "`", "#", "-", ">", "{", "}", "|", "^", "~", "'", '"', "\\",
    "/", ".", "…", ":", "\n", "\n\n", "\r\n", "\t", " ", "heels ", "down. ", "pause", "rest", "6s", "..", "9" * 30,
    "é", "日本語", "ψ", "\u200d", "\u200e", "\0", "\x1b[31m", "\x85", "\u2028", "\u202e", "\u2066", "\ufeff", "\ue000",
    "\U000f0000", "\U000ffffd", "<b>", "&amp;", "**", "```",
)  # fmt: skip
TAGS = (
    "{{", "}}", "{%", "%}", "{#", "#}", "{{-", "-%}", "{% raw %}", "{% endraw %}", "{% if minutes %}", "{% elif 1 %}",
    "{% else %}", "{% endif %}", "{% for a in cues %}", "{% for a in cues recursive %}", "{{ loop(cues) }}",
    "{% endfor %}", "{% set x %}", "{% endset %}", "{% set x = cues %}", "{% macro m(a) %}", "{% endmacro %}",
    "{{ m(1) }}", "{% call m(1) %}", "{% endcall %}", "{{ caller() }}", "{% block b %}", "{% endblock %}",
    "{{ self.b() }}", "{{ super() }}", "{% include 'a.md.j2' %}", "{% import 'a.md.j2' as a %}",
    "{% extends 'b.md.j2' %}", "{% filter upper %}", "{% endfilter %}", "{% with y = 1 %}", "{% endwith %}",
    "{% autoescape true %}", "{% endautoescape %}", "{{ zz }}", "{{ length }}", "{{ pause('6s') }}", "{{ rest() }}",
)  # fmt: skip

texts = st.lists(st.sampled_from(MARKS + PARTS) | st.text(max_size=8), max_size=30).map("".join)
templates = st.lists(st.sampled_from(TAGS + MARKS + PARTS) | st.text(max_size=8), max_size=30).map("".join)

leaves = st.sampled_from(
    [
        *("minutes", "length", "cues", "zz", "x", "loop", "self", "none", "true", "1e400"),
        *("[]", "{}", "()", "''", "'a'", "'%s'", "'{0}'"),
        *JINJA_GLOBALS,
        *FUNCTIONS,
    ]
) | st.integers(-(10**20), 10**20).map(str)
names = st.sampled_from([*sorted({name for _, known in ATTRIBUTES for name in known}), "__class__", "append", "center"])


def _combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(("+", "-", "*", "/", "//", "%", "**", "~", "==", "<", "in", "and", "or"))
    filters = st.sampled_from([*names_in(FILTERS), "center", "attr", "tojson"])
    return st.one_of(
        st.builds("({} {} {})".format, inner, operators, inner),
        st.builds("({}|{})".format, inner, filters),
        st.builds("({}|{}({}))".format, inner, filters, inner),
        st.builds("({}|{}({}, {}))".format, inner, filters, inner, inner),
        st.builds("({} is {})".format, inner, st.sampled_from([name for name in names_in(TESTS) if name.isalpha()])),
        st.builds("({} is {}({}))".format, inner, st.sampled_from(("in", "sameas", "eq", "divisibleby")), inner),
        st.builds("{}.{}".format, inner, names),
        st.builds("{}.{}({})".format, inner, names, inner),
        st.builds("{}({})".format, inner, inner),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("{}[{}:{}]".format, inner, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("({}, {})".format, inner, inner),
        st.builds("{{{}: {}}}".format, inner, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
    )


expressions = st.recursive(leaves, _combined, max_leaves=12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("practice")
    (folder / "b.md.j2").write_text("Before.\n{% block b %}Heels.{% endblock %}\nAfter.\n")
    return folder


def read(folder: Path, template: str, **variables: object) -> None:
    """Render and parse a template, which may be wrong."""
    (folder / "a.md.j2").write_bytes(template.encode("utf-8", "surrogatepass"))
    renderer = Renderer([Layer(folder, "mine")])
    known = {**VARIABLES, **variables}
    calm(lambda: renderer.used_names(["a.md.j2"]))
    calm(lambda: parse(renderer.plain_lines("a.md.j2")))
    calm(lambda: parse(renderer.render("a.md.j2", known)))


def calm(step: Callable[[], object]) -> None:
    """Run a step, which must end soon: with a result, or with errors that each name the file."""
    start = time.process_time()
    try:
        result = step()
    except AudioguideError as error:
        for line in str(error).split("\n"):
            assert re.match(r"(mine/[ab]\.md\.j2|mine/practice\.toml|mine/v\.toml|s):[0-9]+: \S", line)
            assert not HIDDEN.search(line)
    else:
        for cue in result if isinstance(result, list) else ():
            assert_nothing_hidden_is_spoken(cue)
    assert time.process_time() - start < MOST_CPU_S


def assert_nothing_hidden_is_spoken(cue: Cue) -> None:
    if isinstance(cue, Phrase | Chapter):
        text = cue.text if isinstance(cue, Phrase) else cue.title
        assert not re.search(r"[\[\]<>{}*_`\n]", text)
        assert not HIDDEN.search(text)
        assert not re.search("[\U000f0000-\U000ffffd]", text)
        assert text.strip()


@many
@given(texts)
def test_any_text_is_parsed_or_refused(text: str) -> None:
    calm(lambda: parse(lines(text)))


@many
@given(template=templates)
def test_any_template_is_read_or_refused(folder: Path, template: str) -> None:
    read(folder, template)


@many
@given(expression=expressions)
def test_any_expression_is_printed_or_refused(folder: Path, expression: str) -> None:
    read(folder, f"{{{{ {expression} }}}}")


@many
@given(expression=expressions, start=leaves)
def test_an_expression_applied_to_its_own_result_ends(folder: Path, expression: str, start: str) -> None:
    template = "{% set ns = namespace(x=START) %}{% for a in range(50) %}{% set ns.x = EXPRESSION %}{% endfor %}"
    applied = re.sub(r"\b(x|zz|minutes|length|cues)\b", "ns.x", expression)
    read(folder, template.replace("START", start).replace("EXPRESSION", applied) + "{{ ns.x }}")


@many
@given(value=texts)
def test_any_setting_is_spoken_or_refused(folder: Path, value: str) -> None:
    try:
        known = check_settings({"name": value})
    except AudioguideError as error:
        assert not HIDDEN.search(str(error))
    else:
        read(folder, "Hello {{ name }}.\n", **known)


@many
@given(data=texts.map(str.encode) | st.binary(max_size=50))
def test_any_bytes_are_a_script_or_refused(folder: Path, data: bytes) -> None:
    (folder / "a.md.j2").write_bytes(data)
    calm(lambda: parse(Renderer([Layer(folder, "mine")]).render("a.md.j2", VARIABLES)))


KEYS = (
    "title = ", "steps = ", "language = ", "longest_silence = ", "interlude = ", "lexicon = ", "extends = ",
    "script = ", "after = ", "engine = ", "pace_wpm = ", "options = ", "a.b.c = ", "[", "]", "[[", "{", "}", ",",
    "\n", '"a"', '"', "'''", '"\\u001b[2J\\n"', "1", "0x", "f" * 50, "inf", "nan", "true", "1979-05-27", "#",
    "[lexicon]\n", "[interlude.grounding]\n", '"10m"',
)  # fmt: skip
tables = st.lists(st.sampled_from(KEYS) | st.text(max_size=5), max_size=20).map("".join)


@many
@given(table=tables | st.builds('title = "T"\nsteps = ["a"]\n{}'.format, tables))
def test_any_table_is_a_practice_and_a_voice_or_refused(folder: Path, table: str) -> None:
    (folder / "a.md.j2").write_text("Heels.")
    for name in ("practice.toml", "v.toml"):
        (folder / name).write_bytes(table.encode("utf-8", "surrogatepass"))
    calm(lambda: read_practice(folder, "mine"))
    calm(lambda: read_voice(folder / "v.toml", "mine/v.toml"))

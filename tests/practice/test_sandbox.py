"""A script from a stranger ends soon and reads only its own folder. test_redteam.py has many more attacks."""

from pathlib import Path

import pytest
from jinja2 import filters, tests

from audioguide.core.errors import ScriptError
from audioguide.practice.policy import ATTRIBUTES, CHECKS, FILTERS, TESTS, TEXT_CHECKS, names_in
from audioguide.practice.render import Renderer
from audioguide.storage.shelf import Layer

ATTACKS = {
    "endless loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "a huge range": "{% for a in range(10**9) %}x{% endfor %}",
    "a power": "{{ 9**9**9 }}",
    "a product of text": "{{ 'x' * 10000000 }}",
    "a product of lists": "{{ ([0] * 10000000)|length }}",
    "a width": "{{ '%9999999999d' % 1 }}",
    "much text": "{% for a in range(2000) %}{{ 'x' * 1000 }}{% endfor %}",
    "a macro that calls itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "itself included": "{% include 'a.md.j2' %}",
    "a class": "{{ ''.__class__ }}",
    "globals of a function": "{{ pause.__globals__ }}",
    "the environment": "{{ self._environment }}{{ self.__init__.__globals__ }}",
    "a file in the parent folder": "{% include '../secret.md.j2' %}",
    "an absolute file": "{% include '/etc/passwd' %}",
    "a link that leads out": "{% include 'link.md.j2' %}",
    "a list that changes": "{% set l = [] %}{{ l.append(1) }}",
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("also_used", [False, True])
def test_an_attack_ends_in_one_line(tmp_path: Path, attack: str, also_used: bool) -> None:
    folder = tmp_path / "practice"
    folder.mkdir()
    (tmp_path / "secret.md.j2").write_text("secret")
    (folder / "link.md.j2").symlink_to(tmp_path / "secret.md.j2")
    (folder / "a.md.j2").write_text("Hello.\n" + ATTACKS[attack])
    renderer = Renderer([Layer(folder, "mine")])
    if also_used:
        renderer.used_names(["a.md.j2"])

    with pytest.raises(ScriptError, match=r"^mine/a\.md\.j2:[12]: ") as caught:
        renderer.render("a.md.j2", {"minutes": 5})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "harmless",
    [
        "{% for a in range(100) %}x{% endfor %}",
        "{{ 3 * 4 }} {{ 7 % 4 }}",
        "{{ 'ha ' * 3 }}",
        "{% macro m(n) %}{{ n }}{% endmacro %}{{ m(1) }}{{ m(2) }}",
        "{% set l = ['b', 'a'] %}{{ l|sort|join(' ') }}",
    ],
)
def test_its_harmless_twin_is_rendered(tmp_path: Path, harmless: str) -> None:
    (tmp_path / "a.md.j2").write_text(harmless)

    assert Renderer([Layer(tmp_path, "mine")]).render("a.md.j2", {"minutes": 5})


def test_the_tables_contain_only_existing_names() -> None:
    assert set(names_in(FILTERS)) <= filters.FILTERS.keys()
    assert set(names_in(TESTS)) <= tests.TESTS.keys()
    assert CHECKS.keys() <= set(names_in(FILTERS))
    for kind, names in ATTRIBUTES:
        if kind in (str, list, tuple, dict):
            assert all(hasattr(kind, name) for name in names)
    assert TEXT_CHECKS.keys() < dict(ATTRIBUTES)[str]


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ 'a'|pprint }}", "No filter named 'pprint' in a script; choose from abs, batch, "),
        ("{{ 'a'|uper }}", "No filter named 'uper'; did you mean upper?"),
        ("{{ 1 is evn }}", "No test named 'evn'; did you mean even?"),
        ("{{ 'a'.center(3) }}", "not allowed in a script: .center of text; choose from capitalize, "),
        ("{{ 'a'.uper() }}", "'str object' has no attribute 'uper'"),
        ("{{ [].append(1) }}", "not allowed in a script: .append of a list; choose from count, index"),
        ("{{ rest }}", "not allowed in a script: a function instead of text; write rest()"),
        ("{% macro m() %}{% endmacro %}{{ m }}", "not allowed in a script: a macro instead of text; write m()"),
    ],
)
def test_the_error_for_a_forbidden_name_lists_the_allowed_ones(tmp_path: Path, template: str, words: str) -> None:
    (tmp_path / "a.md.j2").write_text(template)

    with pytest.raises(ScriptError) as caught:
        Renderer([Layer(tmp_path, "mine")]).render("a.md.j2", {})
    assert str(caught.value).startswith(f"mine/a.md.j2:1: {words}")


def test_the_steps_of_one_session_share_a_budget_and_the_next_session_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.md.j2").write_text("{% for a in range(12000) %}{% endfor %}Heels.")
    renderer = Renderer([Layer(tmp_path, "mine")])
    variables = {"minutes": 5}

    assert renderer.render("a.md.j2", variables)
    for _ in range(2):
        with pytest.raises(ScriptError, match="more than 20000 times"):
            renderer.render("a.md.j2", variables)
    assert renderer.render("a.md.j2", dict(variables))

"""A script from someone else ends soon, and reads nothing but its own folder."""

from pathlib import Path

import pytest

from audioguide.errors import ScriptError
from audioguide.render import Renderer

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
    "a file above": "{% include '../secret.md.j2' %}",
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
    renderer = Renderer(folder, "mine")
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

    assert Renderer(tmp_path, "mine").render("a.md.j2", {"minutes": 5})

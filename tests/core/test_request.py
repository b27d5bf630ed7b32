"""The table of options: one row decides how an option is typed, listed, named and stored."""

import inspect
from dataclasses import fields

import pytest

from audioguide.core.errors import InputError
from audioguide.core.options import row_of
from audioguide.core.request import OPTIONS, Request, check_settings, default_out, differences, restored_options
from audioguide.session.build import build

EVERYTHING = Request(
    60 * 24_000,
    voice="mia.toml",
    pace_wpm=100.0,
    guidance="brief",
    ending="sleep",
    grounding=True,
    bell=False,
    settings={"name": "Ada"},
    said={"Ada": "AY-da"},
)


def test_every_option_has_a_name_and_a_help_of_its_own() -> None:
    names = [row.name for row in OPTIONS.values()]
    helps = [row.help for row in OPTIONS.values()]
    assert len(set(names)) == len(names) and len(set(helps)) == len(helps)
    assert all(helps)


def test_defaults_of_the_rows_are_those_of_a_request() -> None:
    request = Request(1)
    for field in fields(Request)[1:]:
        assert getattr(request, field.name) == row_of(field).default, field.name


def test_parts_of_a_file_name_come_in_the_order_of_the_table() -> None:
    assert default_out(EVERYTHING).name.startswith(
        "psoas-release-1m-mia-100wpm-brief-sleep-grounding-no-bell-name-Ada-Ada-as-AY-da"
    )


def test_a_title_begins_with_the_name_and_ends_with_the_bells() -> None:
    assert differences(EVERYTHING) == [
        *("for Ada", "brief", "into sleep", "with grounding", "voice mia", "at 100 words a minute", "without bells")
    ]


def test_a_manifest_stores_every_option_but_paths() -> None:
    stored = Request(5, with_closing=7, from_step=None, rehearsal=True).options()
    assert stored == {
        "length_samples": 5,
        "only": None,
        "pace_wpm": None,
        "guidance": "full",
        "ending": "wake",
        "grounding": None,
        "bell": True,
        "settings": {},
        "said": {},
        "from": None,
        "rehearsal": True,
        "with_closing": True,
    }


@pytest.mark.parametrize("row", [row for row in OPTIONS.values() if row.choices], ids=lambda row: row.name)
def test_a_value_that_is_not_a_choice_is_refused_with_the_choices(row: object) -> None:
    field = next(name for name, one in OPTIONS.items() if one is row)
    with pytest.raises(InputError, match=rf"--{field} 'nonsense' is not known \(choose from "):
        Request(1, **{field: "nonsense"})  # type: ignore[arg-type]  # the name of a field


@pytest.mark.parametrize("name", ["grounding", "ending", "guidance", "voice", "bell"])
def test_a_variable_named_like_an_option_is_pointed_to_it(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} is reserved; use --{name}"):
        check_settings({name: "x"})


@pytest.mark.parametrize("name", ["minutes", "length", "pause", "range"])
def test_another_reserved_name_needs_another_name(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} is reserved; choose another name"):
        check_settings({name: "x"})


def test_what_a_manifest_stores_gives_the_same_request_again() -> None:
    stored = EVERYTHING.options()
    again = Request(**{**restored_options(stored), "voice": EVERYTHING.voice})
    assert again == EVERYTHING


@pytest.mark.parametrize("field", [field for field, row in OPTIONS.items() if row.manifest_value])
def test_a_stored_value_of_another_type_is_left_out(field: str) -> None:
    key = OPTIONS[field].manifest_key or field
    assert field not in restored_options({key: [object()]})


def test_the_package_builds_with_every_option_of_the_table() -> None:
    parameters = inspect.signature(build).parameters
    missing = {field for field in OPTIONS if field != "samples"} - parameters.keys()
    assert missing == set()
    for field, row in OPTIONS.items():
        if field != "samples" and not row.collect:
            assert parameters[field].default == row.default, field

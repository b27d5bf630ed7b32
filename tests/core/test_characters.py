"""Characters that a terminal or XML does not take."""

from html import escape
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audioguide.core.characters import HIDDEN, visible, xml_safe
from audioguide.core.errors import AudioguideError

ANY_TEXT = st.text(st.characters(exclude_categories=[]))


@given(ANY_TEXT)
def test_visible_text_is_one_line_without_hidden_characters(text: str) -> None:
    shown = visible(text)
    assert not HIDDEN.search(shown) and len(shown.splitlines()) <= 1
    shown.encode()  # no surrogates are left


@pytest.mark.parametrize("text", ["Lie down – or not.", "می\u200cتوانی", "床に横になる 🙂", "a\u00a0b"])
def test_text_of_any_language_is_shown_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_a_hidden_character_is_shown_by_its_code_point_in_errors_too() -> None:
    assert visible("a\x1b[2J\u202eb\n\ud800") == "a<U+001B>[2J<U+202E>b<U+000A><U+D800>"
    assert str(AudioguideError("zero\u200bwidth")) == "zero<U+200B>width"


@given(ANY_TEXT)
def test_safe_text_can_be_parsed_as_xml(text: str) -> None:
    safe = xml_safe(text)
    ElementTree.fromstring(f"<a>{escape(safe)}</a>")
    assert len(safe) == len(text)
    assert all(one in (other, "\ufffd") for one, other in zip(safe, text, strict=True))

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audioguide.core.numerals import length_in_words, spoken_durations


@pytest.mark.parametrize(
    ("length_s", "words"),
    [
        (1, "one second"),
        (45, "forty-five seconds"),
        (89, "about a minute and a half"),
        (60, "one minute"),
        (90, "a minute and a half"),
        (450, "seven and a half minutes"),
        (2000, "about thirty-three minutes"),
        (3600, "one hour"),
        (3630, "an hour and half a minute"),
        (3660, "an hour and one minute"),
        (5400, "an hour and a half"),
        (9000, "two and a half hours"),
        (7800, "two hours and ten minutes"),
        (86_400, "twenty-four hours"),
    ],
)
def test_lengths_in_spoken_form(length_s: int, words: str) -> None:
    assert length_in_words(Fraction(length_s)) == words


@given(st.integers(1, 24 * 60).map(lambda minutes: Fraction(minutes * 60)))
def test_a_spoken_length_is_recognized_as_the_same_duration(length: Fraction) -> None:
    assert length in [low for _, low, high in spoken_durations(length_in_words(length)) if low == high]


@given(st.integers(24_000, 86_400 * 24_000).map(lambda samples: Fraction(samples, 24_000)))
def test_a_length_is_called_about_exactly_when_it_was_rounded(length: Fraction) -> None:
    exact = length % 30 == 0 or (length < 45 and length.denominator == 1)
    assert length_in_words(length).startswith("about ") is not exact


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("Five minutes.", [(300, 300)]),
        ("a five-minute rest", [(300, 300)]),
        ("5 minutes, or 2.5 minutes", [(300, 300), (150, 150)]),
        ("one minute, a second, an hour", [(60, 60), (3600, 3600)]),
        ("Three or four minutes", [(180, 240)]),
        ("five to ten minutes", [(300, 600)]),
        ("3–4 minutes", [(180, 240)]),
        ("a minute or two", [(60, 120)]),
        ("half a minute, half an hour", [(30, 30), (1800, 1800)]),
        ("an hour and a half", [(5400, 5400)]),
        ("two and a half minutes", [(150, 150)]),
        ("twenty-five minutes", [(1500, 1500)]),
        ("twenty five minutes", [(1500, 1500)]),
        ("a quarter of an hour", [(900, 900)]),
    ],
)
def test_stated_durations_are_recognized(text: str, spans: list[tuple[int, int]]) -> None:
    assert [(int(low), int(high)) for _, low, high in spoken_durations(text)] == spans


@pytest.mark.parametrize(
    "text",
    ["a few minutes", "some minutes", "a while", "another minute", "secondhand", "take a second breath", "minute"],
)
def test_vague_durations_and_other_words_are_not_recognized(text: str) -> None:
    assert spoken_durations(text) == []

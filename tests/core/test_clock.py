from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audioguide.core.clock import (
    FRAME,
    FRAME_MS,
    RATE_HZ,
    clock,
    duration,
    file_length,
    frames,
    frames_for,
    parse_length,
    seconds,
)
from audioguide.core.errors import InputError


@pytest.mark.parametrize(
    ("text", "length_s"),
    [
        ("5", 300),
        ("7.5", 450),
        ("20m", 1200),
        ("7:30", 450),
        ("0:45", 45),
        ("90:00", 5400),
        ("1:02:03", 3723),
        ("90s", 90),
        ("33m20s", 2000),
        ("1h", 3600),
        ("1h30m", 5400),
        ("1h0m1s", 3601),
        (" 20M ", 1200),
        ("24h", 86_400),
    ],
)
def test_a_length_is_read_in_every_documented_form(text: str, length_s: int) -> None:
    assert parse_length(text) == length_s * RATE_HZ


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a length"),
        ("five", "is not a length"),
        ("-5", "is not a length"),
        ("5 m", "is not a length"),
        ("30m1h", "is not a length"),
        ("1e3", "is not a length"),
        ("nan", "is not a length"),
        ("7:5", "is not a length"),
        ("7:60", "is not a length"),
        ("1:60:00", "is not a length"),
        ("٥", "is not a length"),
        ("0", "must be above zero"),
        ("0h0m0s", "must be above zero"),
        ("0:00", "must be above zero"),
        ("24:00:01", "longer than a day"),
        ("86401s", "longer than a day"),
        ("9" * 5000, "is not a length"),
    ],
)
def test_anything_else_is_refused_and_the_message_lists_the_forms(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_length(text)


def test_a_length_is_exact_to_the_sample_and_at_least_one_sample() -> None:
    assert parse_length("33m20.5s") == 2_000 * RATE_HZ + 12_000
    assert parse_length("0.000000001s") == 1


@pytest.mark.parametrize("text", ["", "6", "s", "6 s", "-6s", "6s1m", "1:30", "6ms"])
def test_a_duration_needs_units_in_order_and_no_space(text: str) -> None:
    assert duration(text) is None


@given(st.integers(0, 10_000_000))
def test_frames_convert_to_samples_and_seconds_and_back(count: int) -> None:
    assert frames_for(count * FRAME) == count
    assert frames_for(count * FRAME + 1) == count + 1
    assert frames(Fraction(count * FRAME_MS, 1000)) == count == frames(seconds(count))


@given(st.integers(1, 24 * 3600))
def test_lengths_in_file_names_and_clock_readings_parse_back_to_the_same_length(length_s: int) -> None:
    samples = length_s * RATE_HZ
    assert parse_length(file_length(samples)) == parse_length(clock(samples)) == samples


@pytest.mark.parametrize(
    ("samples", "reading", "with_millis"),
    [(0, "0:00", "0:00.000"), (RATE_HZ - 1, "0:00", "0:00.999"), (3599 * RATE_HZ + 24, "59:59", "59:59.001")],
)
def test_a_clock_rounds_down(samples: int, reading: str, with_millis: str) -> None:
    assert (clock(samples), clock(samples, millis=True)) == (reading, with_millis)

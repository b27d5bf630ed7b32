"""Range, If-Range and the other conditions in every form, against a plain model."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audioguide.web.ranges import Selection, Validator, select

VALIDATOR = Validator('"abc"', datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC))
DATE, LATER, EARLIER = (f"Wed, 25 Nov 2026 {hour}:00:00 GMT" for hour in (12, 13, 11))
SIZE = 1000


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes=0-", Selection(206, 0, 1000)),
        ("bytes=0-0", Selection(206, 0, 1)),
        ("bytes=0-1", Selection(206, 0, 2)),
        ("bytes=999-", Selection(206, 999, 1)),
        ("bytes=500-5000", Selection(206, 500, 500)),
        ("bytes=-1", Selection(206, 999, 1)),
        ("bytes=-5000", Selection(206, 0, 1000)),
        ("Bytes=1-2", Selection(206, 1, 2)),
        ("bytes=1000-", Selection(416, 0, 0)),
        ("bytes=999999999999999999-", Selection(416, 0, 0)),
        ("bytes=-0", Selection(416, 0, 0)),
    ],
)
def test_one_range_is_answered_with_just_these_bytes(value: str, expected: Selection) -> None:
    assert select({"range": value}, SIZE, VALIDATOR) == expected


NO_RANGES = "bytes= bytes=- bytes=a-b bytes=5-2 bytes=1-2,4-5 bytes=0-,0-,0- items=0-1 bytes=1_0-20 bytes=+1-2 0-1"
ODD = "bytes bytes=--5 bytes=0x1- bytes=1-2-3 bytes=²- bytes=1.0-2 bytes=-"
MANY = "bytes=" + ",".join(f"{at}-{at}" for at in range(2000))


@pytest.mark.parametrize("value", ["", *NO_RANGES.split(), *ODD.split(), f"bytes={'9' * 500}-", MANY])
def test_anything_else_is_answered_with_the_whole_resource(value: str) -> None:
    assert select({"range": value}, SIZE, VALIDATOR) == Selection(200, 0, SIZE)


@pytest.mark.parametrize(
    ("condition", "status"),
    [('"abc"', 206), ('"old"', 200), ('W/"abc"', 200), (DATE, 206), (EARLIER, 200), (LATER, 200), ("yesterday", 200)],
)
def test_a_range_of_another_state_is_answered_with_the_whole_resource(condition: str, status: int) -> None:
    assert select({"range": "bytes=5-", "if-range": condition}, SIZE, VALIDATOR).status == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if-none-match": '"abc"'}, 304),
        ({"if-none-match": 'W/"abc"'}, 304),
        ({"if-none-match": '"x", "abc"'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"x"'}, 200),
        ({"if-none-match": '"x"', "if-modified-since": LATER}, 200),
        ({"if-modified-since": DATE}, 304),
        ({"if-modified-since": LATER}, 304),
        ({"if-modified-since": EARLIER}, 200),
        ({"if-modified-since": "Wed, 99 Nov 99999 12:00:00 GMT"}, 200),
        ({"if-none-match": '"abc"', "range": "bytes=1-"}, 304),
    ],
)
def test_a_state_that_the_client_has_is_not_sent_again(headers: dict[str, str], status: int) -> None:
    assert select(headers, SIZE, VALIDATOR).status == status


@given(st.text(max_size=40), st.text(max_size=30), st.integers(0, 2000))
def test_any_header_selects_bytes_within_the_resource(value: str, condition: str, size: int) -> None:
    for head in (value, f"bytes={value}"):
        answer = select({"range": head, "if-range": condition, "if-modified-since": condition}, size, VALIDATOR)
        assert answer.status in (200, 206, 304, 416)
        assert 0 <= answer.start <= answer.start + answer.length <= size


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(1, 1500))
def test_a_range_is_a_slice(first: int, last: int, size: int) -> None:
    data = bytes(index % 251 for index in range(size))
    answer = select({"range": f"bytes={first}-{last}"}, size, VALIDATOR)
    sent = data[answer.start : answer.start + answer.length]
    assert sent == (data if last < first else data[first : last + 1])

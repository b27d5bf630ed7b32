"""The search for the nearest length that builds."""

from collections.abc import Callable

import pytest

from audioguide.core.clock import RATE_HZ
from audioguide.core.errors import LengthError, ScriptError
from audioguide.core.model import Source
from audioguide.session.length_search import first_length

Wording = Callable[[int], tuple[float, float]]
"""Minute -> the seconds that the wording of that minute can fill, from and to."""


def search(wording: Wording, start_s: float, step: int, tries: int = 8) -> tuple[float | None, list[float]]:
    """Return the second found, and the seconds tried."""
    tried: list[float] = []

    def attempt(samples: int) -> None:
        tried.append(samples / RATE_HZ)
        low, high = (round(edge * RATE_HZ) for edge in wording(samples // (60 * RATE_HZ)))
        if not low <= samples <= high:
            raise LengthError(samples, low, high)

    length = first_length(round(start_s * RATE_HZ), step, attempt, tries)
    return None if length is None else length / RATE_HZ, tried


@pytest.mark.parametrize(("start_s", "step"), [(1, 1), (100, 1), (100, -1), (400, -1)])
def test_a_length_that_builds_is_found_at_once_or_at_the_edge_ahead(start_s: int, step: int) -> None:
    edge = min(max(start_s, 30), 300)
    assert search(lambda minute: (29.5, 300.5), start_s, step)[0] == edge


def test_where_the_range_has_no_whole_second_a_millisecond_is_found() -> None:
    assert search(lambda minute: (17.0004, 17.024), 5, 1)[0] == 17.001
    assert search(lambda minute: (17.0004, 17.0244), 60, -1)[0] == 17.024


def test_past_the_edge_the_wordings_of_further_minutes_are_tried() -> None:
    """Minutes 3 to 5 have a wording that fills 10 to 20 minutes, the others take their own length."""
    hole: Wording = lambda minute: (600, 1200) if 3 <= minute < 6 else (0, 9999)  # noqa: E731
    assert search(hole, 350, -1) == (179, [350, 299, 239, 179])
    assert search(hole, 200, 1) == (600, [200, 600])
    short: Wording = lambda minute: (10, 20) if 3 <= minute < 6 else (0, 9999)  # noqa: E731
    assert search(short, 200, 1) == (360, [200, 240, 300, 360])


def test_the_search_stops_at_zero_and_after_so_many_tries() -> None:
    too_long: Wording = lambda minute: (9000, 9999)  # noqa: E731
    assert search(too_long, 150, -1) == (None, [150, 119, 59])
    assert search(too_long, 1500, -1, tries=3)[0] is None
    assert search(lambda minute: (1, 2), 0, -1) == (None, [])


def test_other_errors_pass_through() -> None:
    def attempt(samples: int) -> None:
        raise ScriptError(Source("a", 1), "wrong")

    with pytest.raises(ScriptError):
        first_length(RATE_HZ, 1, attempt, 8)

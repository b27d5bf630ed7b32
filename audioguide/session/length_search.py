"""PURE. Search for the nearest session length that builds, upwards or downwards from a given one.

The wording depends on the length, so each length tried may fail with a different range of possible lengths.
"""

from collections.abc import Callable

from audioguide.core.clock import RATE_HZ
from audioguide.core.errors import LengthError

_MILLISECOND = RATE_HZ // 1000
_MINUTE = 60 * RATE_HZ


def first_length(start: int, step: int, attempt: Callable[[int], object], tries: int) -> int | None:
    """Return the first length found that builds, in samples, or None if none of the tries does.

    After a failed try the next one is the edge of the range that its wording can fill, if that lies ahead. Otherwise it
    is where the wording of another minute begins: at the next whole minute upwards, or a second before one downwards.

    Args:
        start: the first length to try, in samples.
        step: 1 to search upwards, -1 to search downwards.
        attempt: called with a length; raises LengthError if it does not build. Other errors pass through.
        tries: how many lengths to try.
    """
    length = start
    for _ in range(tries):
        if length <= 0:
            break
        try:
            attempt(length)
        except LengthError as error:
            length = _next(length, error, step)
        else:
            return length
    return None


def shortest_in(low: int, high: int) -> int:
    """Return the shortest whole second from low to high, or the first millisecond if there is no whole second.

    >>> shortest_in(24_001, 72_000) / 24_000, shortest_in(24_001, 24_576) / 24_000
    (2.0, 1.001)
    """
    second = _up(low, RATE_HZ)
    return second if second <= high else _up(low, _MILLISECOND)


def longest_in(low: int, high: int) -> int:
    """Return the longest whole second from low to high, or the last millisecond if there is no whole second.

    >>> longest_in(24_001, 72_500) / 24_000, longest_in(24_001, 24_576) / 24_000
    (3.0, 1.024)
    """
    second = _down(high, RATE_HZ)
    return second if second >= low else _down(high, _MILLISECOND)


def _next(length: int, error: LengthError, step: int) -> int:
    find_edge = shortest_in if step > 0 else longest_in
    edge = find_edge(error.shortest, error.longest)
    if (edge - length) * step > 0:
        return edge
    minute = _down(length, _MINUTE)
    return minute + _MINUTE if step > 0 else minute - RATE_HZ


def _up(samples: int, unit: int) -> int:
    return -(-samples // unit) * unit


def _down(samples: int, unit: int) -> int:
    return samples // unit * unit

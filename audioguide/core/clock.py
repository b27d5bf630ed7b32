"""PURE. Time in three units: seconds as people write them, samples, and MP3 frames.

Sessions have a rate of 24 kHz; an MP3 frame (MPEG-2 Layer III) has 576 samples, which is exactly 24 ms. Positions are
whole frames, and lengths of whole sessions are whole samples; floats are used only for input and output.
"""

import re
from fractions import Fraction

from audioguide.core.errors import InputError

RATE_HZ = 24_000
FRAME = 576
"""Samples per frame (ISO/IEC 13818-3, Layer III at the lower sampling rates)."""
FRAME_MS = 24
LEAD, TAIL = 1, 2
"""Frames of room tone in a piece before and after its sound, taken from the silences around it. They are needed because
the next piece's encoder starts 1105 samples early and overwrites the end of the previous piece."""
TICK = 3
"""Frames (72 ms) of a tick, the sound that marks a silence shortened by a rehearsal."""
LONGEST_SESSION_H = 24

_NUMBER = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)"
_UNITS = re.compile(f"(?:{_NUMBER}h)?(?:{_NUMBER}m)?(?:{_NUMBER}s)?")
_CLOCK = re.compile("(?:([0-9]{1,9}):(?=[0-5][0-9]:))?([0-9]{1,9}):([0-5][0-9](?:\\.[0-9]{1,9})?)")
_MINUTES = re.compile(_NUMBER)
_LENGTH_FORMS = "5, 20m, 7:30, 90s, 33m20s, 1h or 1h30m"


def duration(text: str) -> Fraction | None:
    """Return the seconds in a text with units, or None if it is not a duration.

    >>> duration("1m30s"), duration("0.5s"), duration("6"), duration("")
    (Fraction(90, 1), Fraction(1, 2), None, None)
    """
    match = _UNITS.fullmatch(text)
    if not match or not text:
        return None
    hours, minutes, seconds = (Fraction(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def parse_length(text: str) -> int:
    """Return a session length, written as text, in samples.

    Args:
        text: minutes (``5``, ``7.5``), a clock (``7:30``, ``1:02:03``) or units (``20m``, ``1h30m``, ``90s``).

    Raises:
        InputError: text is not a length, is zero, or is longer than a day.

    >>> parse_length("5") // RATE_HZ, parse_length("7:30") // RATE_HZ, parse_length("1h30m") // RATE_HZ
    (300, 450, 5400)
    """
    seconds = _seconds(text.strip().lower())
    if seconds is None:
        raise InputError(f"{text[:40]!r} is not a length; write it like {_LENGTH_FORMS}")
    return _samples(seconds, text)


def minutes_length(minutes: float | Fraction) -> int:
    """Return a session length, in minutes, as samples.

    Raises:
        InputError: minutes is not a number above zero, or is longer than a day.

    >>> minutes_length(7.5) // RATE_HZ
    450
    """
    try:
        return _samples(Fraction(minutes) * 60, str(minutes))
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{minutes!r} is not a length; pass minutes, or text like {_LENGTH_FORMS}") from error


def _samples(seconds: Fraction, shown: str) -> int:
    if seconds <= 0:
        raise InputError(f"a session's length must be above zero, not {shown}; write it like {_LENGTH_FORMS}")
    if seconds > LONGEST_SESSION_H * 3600:
        raise InputError(f"{shown} is longer than a day; a session can be up to {LONGEST_SESSION_H}h")
    return max(1, round(seconds * RATE_HZ))


def _seconds(text: str) -> Fraction | None:
    if _MINUTES.fullmatch(text):
        return Fraction(text) * 60
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (Fraction(part or 0) for part in clock.groups())
        return hours * 3600 + minutes * 60 + seconds
    return duration(text)


def frames(seconds: float | Fraction) -> int:
    """Return seconds as frames, rounded to the nearest.

    >>> frames(6), frames(0.024)
    (250, 1)
    """
    return round(Fraction(seconds) * RATE_HZ / FRAME)


def frames_for(samples: int) -> int:
    """Return the number of frames needed for this many samples.

    >>> frames_for(576), frames_for(577)
    (1, 2)
    """
    return -(-samples // FRAME)


def seconds(frame_count: int) -> float:
    """Return frames as seconds, for messages and JSON.

    >>> seconds(250)
    6.0
    """
    return frame_count * FRAME_MS / 1000


def clock(samples: int, *, millis: bool = False) -> str:
    """Return samples as ``M:SS`` or ``H:MM:SS``, rounded down.

    >>> clock(300 * 24_000), clock(3 * 3600 * 24_000), clock(36_000, millis=True)
    ('5:00', '3:00:00', '0:01.500')
    """
    ms = samples * 1000 // RATE_HZ
    hours, rest = divmod(ms, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    head = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    tail = f"{rest // 1000:02}.{rest % 1000:03}" if millis else f"{rest // 1000:02}"
    return f"{head}:{tail}"


def file_length(samples: int) -> str:
    """Return samples as minutes and seconds for a file name, with no character that a file system refuses.

    >>> file_length(1200 * 24_000), file_length(450 * 24_000), file_length(45 * 24_000)
    ('20m', '7m30s', '45s')
    """
    whole_s, rest = divmod(samples, RATE_HZ)
    minutes, secs = divmod(whole_s, 60)
    millis = f".{rest * 1000 // RATE_HZ:03}" if rest else ""
    tail = f"{secs}{millis}s" if secs or millis else ""
    return (f"{minutes}m" if minutes else "") + tail

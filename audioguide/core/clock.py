"""Time in three grains: seconds as people write them, samples, and MP3 frames.

A session runs at 24 kHz; an MP3 frame (MPEG-2 Layer III) holds 576 samples, which is exactly 24 ms. Positions are
whole frames, lengths of whole sessions are whole samples; floats appear only where a person reads or writes.
"""

import re
from fractions import Fraction

from audioguide.core.errors import InputError

RATE_HZ = 24_000
FRAME = 576
"""Samples in a frame (ISO/IEC 13818-3, Layer III at the lower sampling rates)."""
FRAME_MS = 24
LEAD, TAIL = 1, 2
"""Frames of room tone that a piece carries in front of its sound and behind it. They are taken from the silences around
it: the next piece's encoder starts 1105 samples early, and covers the end of the piece before."""
TICK = 3
"""Frames (72 ms) that a tick sounds: it marks a silence that a rehearsal has cut."""
LONGEST_SESSION_H = 24

_NUMBER = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)"
_UNITS = re.compile(f"(?:{_NUMBER}h)?(?:{_NUMBER}m)?(?:{_NUMBER}s)?")
_CLOCK = re.compile("(?:([0-9]{1,9}):(?=[0-5][0-9]:))?([0-9]{1,9}):([0-5][0-9](?:\\.[0-9]{1,9})?)")
_MINUTES = re.compile(_NUMBER)
_LENGTH_FORMS = "5, 20m, 7:30, 90s, 33m20s, 1h or 1h30m"


def duration(text: str) -> Fraction | None:
    """Return the seconds in text written with units, or None where it is no such thing.

    >>> duration("1m30s"), duration("0.5s"), duration("6"), duration("")
    (Fraction(90, 1), Fraction(1, 2), None, None)
    """
    found = _UNITS.fullmatch(text)
    if not found or not text:
        return None
    hours, minutes, seconds = (Fraction(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def parse_length(text: str) -> int:
    """Return the samples of a session length as people write it.

    Args:
        text: minutes (``5``, ``7.5``), a clock (``7:30``, ``1:02:03``) or units (``20m``, ``1h30m``, ``90s``).

    Raises:
        InputError: text is no length, is not above zero, or is longer than a day.

    >>> parse_length("5") // RATE_HZ, parse_length("7:30") // RATE_HZ, parse_length("1h30m") // RATE_HZ
    (300, 450, 5400)
    """
    seconds = _seconds(text.strip().lower())
    if seconds is None:
        raise InputError(f"{text[:40]!r} is not a length; write it like {_LENGTH_FORMS}")
    return _samples(seconds, text)


def minutes_length(minutes: float | Fraction) -> int:
    """Return the samples of a session of so many minutes.

    Raises:
        InputError: minutes is no number, is not above zero, or is longer than a day.

    >>> minutes_length(7.5) // RATE_HZ
    450
    """
    try:
        return _samples(Fraction(minutes) * 60, str(minutes))
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{minutes!r} is not a length; give minutes, or text like {_LENGTH_FORMS}") from error


def _samples(seconds: Fraction, shown: str) -> int:
    if seconds <= 0:
        raise InputError(f"a session of {shown} has no time in it; write a length like {_LENGTH_FORMS}")
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
    """Return the whole frames nearest to seconds.

    >>> frames(6), frames(0.024)
    (250, 1)
    """
    return round(Fraction(seconds) * RATE_HZ / FRAME)


def frames_for(samples: int) -> int:
    """Return the fewest frames that hold samples.

    >>> frames_for(576), frames_for(577)
    (1, 2)
    """
    return -(-samples // FRAME)


def seconds(frame_count: int) -> float:
    """Return frames as seconds, for people and for JSON.

    >>> seconds(250)
    6.0
    """
    return frame_count * FRAME_MS / 1000


def clock(samples: int, *, millis: bool = False) -> str:
    """Return samples as a clock reading, rounded down.

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
    """Return samples as a piece of a file name: minutes and seconds, nothing that a file system minds.

    >>> file_length(1200 * 24_000), file_length(450 * 24_000), file_length(45 * 24_000)
    ('20m', '7m30s', '45s')
    """
    whole, part = divmod(samples, RATE_HZ)
    minutes, secs = divmod(whole, 60)
    millis = f".{part * 1000 // RATE_HZ:03}" if part else ""
    tail = f"{secs}{millis}s" if secs or millis else ""
    return (f"{minutes}m" if minutes else "") + tail

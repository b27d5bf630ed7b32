"""What a listener asks for, checked, and the file name that says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from audioguide import practice, voices
from audioguide.clock import RATE_HZ, file_length
from audioguide.errors import InputError, did_you_mean
from audioguide.practice import GUIDANCE

ENDINGS = ("wake", "sleep")
_MOST_NAME_BYTES = 180
ORDINARY_LENGTH = 20 * 60 * RATE_HZ
"""What `minutes` is for a single step whose length is left open. Samples."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a listener asked for."""

    samples: int | None
    """The session's length; None only with `only`, for the step's natural length."""
    practice: str = practice.DEFAULT
    voice: str = voices.DEFAULT
    grounding: bool | None = None
    """None: as the practice has it for this length."""
    ending: str = ENDINGS[0]
    guidance: str = GUIDANCE[0]
    pace_wpm: float | None = None
    """None: the voice's own."""
    bell: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)
    only: str | None = None
    """One step, by name."""

    def __post_init__(self) -> None:
        """Refuse words that are no choice, and a missing length.

        Raises:
            InputError: one of them.
        """
        _choice("--ending", self.ending, ENDINGS)
        _choice("--guidance", self.guidance, GUIDANCE)
        if self.samples is None and self.only is None:
            raise InputError("a length is missing; write it like 20 (minutes), 7:30 or 90s")


def _choice(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InputError(f"{option} {value!r} is not known{did_you_mean(value, known)} (there is {', '.join(known)})")


def default_out(request: Request) -> Path:
    """Return ``output/<practice>-<length>.mp3`` with everything in the name that differs from the defaults."""
    name = practice.find_practice(request.practice).name
    parts = [name, file_length(request.samples)] if request.samples else [name]
    parts += [request.only] if request.only else []
    parts += [Path(request.voice).stem] if request.voice != voices.DEFAULT else []
    parts += [f"{request.pace_wpm:g}wpm"] if request.pace_wpm else []
    parts += [word for word in (request.guidance,) if word != GUIDANCE[0]]
    parts += [word for word in (request.ending,) if word != ENDINGS[0]]
    if request.grounding is not None:
        parts.append("grounding" if request.grounding else "no-grounding")
    parts += [] if request.bell else ["no-bell"]
    parts += [_plain(f"{key}-{value}") for key, value in sorted(request.settings.items())]
    stem = "-".join(parts).encode()[:_MOST_NAME_BYTES].decode(errors="ignore")
    return Path("output") / f"{stem}.mp3"


def _plain(text: str) -> str:
    """Return text as a piece of a file name that every system takes.

    >>> _plain("name-Zoë B.")
    'name-Zoë-B'
    """
    return "-".join("".join(sign if sign.isalnum() else " " for sign in text).split())

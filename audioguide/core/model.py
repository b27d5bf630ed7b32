"""The frozen nouns that travel between the rooms."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Source:
    """Where something was written."""

    file: str
    """As a person would find it: the practice's folder as given, then the file's name."""
    line: int
    """Counted from 1."""

    def __str__(self) -> str:
        """Return ``file:line``."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of rendered text that remembers where each part of it came from."""

    text: str
    marks: tuple[tuple[int, Source], ...]
    """(column, source) in column order; a part belongs to the mark nearest before it."""

    def source(self, column: int = 0) -> Source:
        """Return where the character at column was written."""
        best = self.marks[0][1]
        for start, source in self.marks:
            if start > column:
                break
            best = source
        return best


@dataclass(frozen=True, slots=True)
class Manner:
    """How a step is spoken beside the voice's own way."""

    pace: float = 1.0
    """Times the voice's pace."""
    level_db: float = 0.0


ORDINARY = Manner()


@dataclass(frozen=True, slots=True)
class Phrase:
    """What is spoken in one breath."""

    text: str
    source: Source
    manner: Manner = ORDINARY


@dataclass(frozen=True, slots=True)
class Bell:
    """A soft bell of so many strokes."""

    strokes: int
    source: Source


@dataclass(frozen=True, slots=True)
class Tick:
    """Where a rehearsal has cut a long silence: a soft tick. Never written in a script."""


class Written(Enum):
    """How a pause came to stand in a script."""

    MARK = "mark"
    LINE = "line end"
    PARAGRAPH = "blank line"


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence that knows how far it may shrink and stretch; all lengths in frames."""

    shortest: int
    natural: int
    longest: int
    weight: int
    """The share of what is left; above zero for a rest, whose bound is the practice's longest silence."""
    source: Source
    written: Written = Written.MARK
    """A line end and a blank line give way to a mark."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """Where a chapter begins."""

    title: str
    source: Source


Cue = Phrase | Bell | Pause | Chapter
Sounding = Phrase | Bell | Tick


@dataclass(frozen=True, slots=True)
class Clip:
    """Speech, trimmed, as it stands in the store; its PCM is read only when a piece must be made."""

    key: str
    samples: int
    """At 24 kHz."""
    digest: str
    """SHA-256 of the PCM."""
    gain_db: float
    """What brings the voice that speaks it to the session's loudness."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A phrase, a bell or a tick in its place."""

    start: int
    """Frames from the beginning of the session."""
    length: int
    """Frames."""
    cue: Sounding
    announced: bool = False
    """Whether so long a silence lies before a phrase that it must be announced."""

    @property
    def end(self) -> int:
        """The first frame after it."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Placed:
    """A chapter in its place."""

    start: int
    """Frames."""
    title: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """A session, laid out to the frame."""

    sounds: tuple[Sound, ...]
    chapters: tuple[Placed, ...]
    total: int
    """Samples of the whole session."""
    frames: int
    """Frames that hold total; the last one may reach beyond it."""
    closing: int
    """Frames of the fade at its end."""

    def gaps(self) -> Iterator[tuple[int, int]]:
        """Yield the silences as (start, length) in frames, before, between and after the sounds."""
        at = 0
        for sound in self.sounds:
            yield at, sound.start - at
            at = sound.end
        yield at, self.frames - at

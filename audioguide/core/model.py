"""PURE. Immutable data types that the other packages pass to each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Source:
    """A line in a file that a person wrote."""

    file: str
    """Path as shown to the user: the practice's folder as given, then the file's name."""
    line: int
    """Counted from 1."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of rendered text, with the source of each part."""

    text: str
    marks: tuple[tuple[int, Source], ...]
    """(column, source) in column order; each source applies up to the next mark."""

    def source(self, column: int = 0) -> Source:
        """Return the source of the character at column."""
        best = self.marks[0][1]
        for start, source in self.marks:
            if start > column:
                break
            best = source
        return best


@dataclass(frozen=True, slots=True)
class Manner:
    """How a step's delivery differs from the voice's default."""

    pace: float = 1.0
    """Factor of the voice's pace."""
    level_db: float = 0.0


ORDINARY = Manner()


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text that the engine speaks in one go."""

    text: str
    source: Source
    manner: Manner = ORDINARY


@dataclass(frozen=True, slots=True)
class Bell:
    """A soft bell."""

    strokes: int
    source: Source


@dataclass(frozen=True, slots=True)
class Tick:
    """A soft tick where a rehearsal has shortened a long silence. Scripts cannot contain one."""


class Written(Enum):
    """How a pause was written in a script."""

    MARK = "mark"
    LINE = "line end"
    PARAGRAPH = "blank line"


@dataclass(frozen=True, slots=True)
class Pause:
    """A silence with limits to how far it may shrink and stretch. Lengths are frames."""

    shortest: int
    natural: int
    longest: int
    weight: int
    """Share of the remaining time; above zero only for a rest, which is limited by the practice's longest silence."""
    source: Source
    written: Written = Written.MARK
    """A mark replaces an adjoining line end or blank line."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """The beginning of a chapter."""

    title: str
    source: Source


Cue = Phrase | Bell | Pause | Chapter
Sounding = Phrase | Bell | Tick


@dataclass(frozen=True, slots=True)
class Clip:
    """Trimmed speech in the store. Its PCM is read only when a piece must be made."""

    key: str
    samples: int
    """At 24 kHz."""
    digest: str
    """SHA-256 of the PCM."""
    gain_db: float
    """Brings the voice to the session's loudness."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A phrase, a bell or a tick at its position in the session."""

    start: int
    """Frames from the beginning of the session."""
    length: int
    """Frames."""
    cue: Sounding
    announced: bool = False
    """Whether the silence before the phrase is so long that a swell of room tone announces it."""

    @property
    def end(self) -> int:
        """The first frame after the sound."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Placed:
    """A chapter at its position in the session."""

    start: int
    """Frames."""
    title: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """A session with an exact position for every sound."""

    sounds: tuple[Sound, ...]
    chapters: tuple[Placed, ...]
    total: int
    """Samples of the whole session."""
    frames: int
    """Frames needed for total; the last one may extend beyond it."""
    closing: int
    """Frames of the fade-out at the end."""

    def gaps(self) -> Iterator[tuple[int, int]]:
        """Yield the silences before, between and after the sounds as (start, length) in frames."""
        at = 0
        for sound in self.sounds:
            yield at, sound.start - at
            at = sound.end
        yield at, self.frames - at

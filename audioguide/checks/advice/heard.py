"""PURE. A session as a listener hears it: phrases with their times and paragraphs, and the silences in between."""

from collections.abc import Iterable
from dataclasses import dataclass

from audioguide.core.model import Bell, Chapter, Cue, Pause, Phrase, Source, Timeline, Written


@dataclass(frozen=True, slots=True)
class Advice:
    """A place that a rule advises to change."""

    rule: str
    where: Source
    words: str
    """What was found."""


@dataclass(frozen=True, slots=True)
class HeardPhrase:
    """A phrase, with its place in the session."""

    phrase: Phrase
    start: int
    """Frames from the beginning of the session."""
    silence: int
    """Frames between the end of the previous phrase, or the beginning, and this one; a bell may sound in between."""
    marked: bool
    """Whether that silence was written as a pause, not just as a line end."""
    paragraph: int
    """Number within the session; a pause, an empty line, a bell and a chapter end a paragraph."""
    chapter: int


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence after a sound."""

    length: int
    """Frames."""
    phrases_before: int


@dataclass(frozen=True, slots=True)
class HeardSession:
    """A session as a listener hears it."""

    phrases: tuple[HeardPhrase, ...]
    silences: tuple[Silence, ...]
    wakes: bool
    """Whether it ends by bringing the listener back, not in sleep."""

    def paragraphs(self) -> list[tuple[Phrase, ...]]:
        """Return the phrases of each paragraph."""
        grouped: dict[int, list[Phrase]] = {}
        for one in self.phrases:
            grouped.setdefault(one.paragraph, []).append(one.phrase)
        return [tuple(phrases) for phrases in grouped.values()]


def hear(cues: Iterable[Cue], timeline: Timeline, *, wakes: bool) -> HeardSession:
    """Return a session as a listener hears it.

    Args:
        cues: of the session.
        timeline: of these cues.
        wakes: whether it ends by bringing the listener back, not in sleep.
    """
    phrases: list[HeardPhrase] = []
    silences: list[Silence] = []
    gaps = list(timeline.gaps())
    paragraph = chapter = sounds = spoken_until = 0
    marked = False
    for cue in cues:
        match cue:
            case Phrase():
                sound = timeline.sounds[sounds]
                phrases.append(HeardPhrase(cue, sound.start, sound.start - spoken_until, marked, paragraph, chapter))
                spoken_until = sound.end
            case Chapter():
                chapter += 1
            case Pause(written=written):
                marked = marked or written is Written.MARK
        paragraph += _ends_paragraph(cue)
        if isinstance(cue, Phrase | Bell):
            sounds += 1
            marked = False
            silences.append(Silence(gaps[sounds][1], len(phrases)))
    return HeardSession(tuple(phrases), tuple(silences), wakes)


def _ends_paragraph(cue: Cue) -> bool:
    return isinstance(cue, Chapter | Bell) or (isinstance(cue, Pause) and cue.written is not Written.LINE)

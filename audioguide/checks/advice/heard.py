"""PURE. A laid-out session as it is heard: what is said, when, in which paragraph, and the silences in between."""

from collections.abc import Iterable
from dataclasses import dataclass

from audioguide.core.model import Bell, Chapter, Cue, Pause, Phrase, Source, Timeline, Written


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that could be said better."""

    rule: str
    where: Source
    words: str
    """What was found."""


@dataclass(frozen=True, slots=True)
class HeardPhrase:
    """A phrase in its place."""

    phrase: Phrase
    start: int
    """Frames from the beginning of the session."""
    silence: int
    """Frames before it since the last phrase, or since the beginning; a bell may sound in them."""
    marked: bool
    """Whether that silence was written as a pause, rather than as the end of a line."""
    paragraph: int
    """Counted over the session; a pause, an empty line and a chapter end one."""
    chapter: int


@dataclass(frozen=True, slots=True)
class Silence:
    """What lies between two sounds, or behind the last."""

    length: int
    """Frames."""
    before: int
    """How many phrases were said before it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A session as it is heard."""

    said: tuple[HeardPhrase, ...]
    silences: tuple[Silence, ...]
    wakes: bool
    """Whether it ends by bringing the listener back."""

    def paragraphs(self) -> list[tuple[Phrase, ...]]:
        """Return what is said, in paragraphs."""
        grouped: dict[int, list[Phrase]] = {}
        for said in self.said:
            grouped.setdefault(said.paragraph, []).append(said.phrase)
        return [tuple(phrases) for phrases in grouped.values()]


def hear(cues: Iterable[Cue], timeline: Timeline, *, wakes: bool) -> Heard:
    """Return a session as it is heard.

    Args:
        cues: what it is made of.
        timeline: the same, laid out.
        wakes: whether it ends by bringing the listener back.
    """
    said: list[HeardPhrase] = []
    silences: list[Silence] = []
    gaps = list(timeline.gaps())
    paragraph = chapter = sounds = spoken_until = 0
    marked = False
    for cue in cues:
        match cue:
            case Phrase():
                sound = timeline.sounds[sounds]
                said.append(HeardPhrase(cue, sound.start, sound.start - spoken_until, marked, paragraph, chapter))
                spoken_until = sound.end
            case Chapter():
                chapter += 1
            case Pause(written=written):
                marked = marked or written is Written.MARK
        paragraph += _ends_paragraph(cue)
        if isinstance(cue, Phrase | Bell):
            sounds += 1
            marked = False
            silences.append(Silence(gaps[sounds][1], len(said)))
    return Heard(tuple(said), tuple(silences), wakes)


def _ends_paragraph(cue: Cue) -> bool:
    return isinstance(cue, Chapter | Bell) or (isinstance(cue, Pause) and cue.written is not Written.LINE)

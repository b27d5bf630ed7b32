"""Fits the wording of a request into a length; reports the possible lengths where it does not fit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from audioguide.audio.sound import bell_frames
from audioguide.core.clock import LONGEST_SESSION_H, RATE_HZ, clock, frames_for
from audioguide.core.errors import InputError, LengthError, ScriptError, ScriptErrors
from audioguide.core.model import Bell, Clip, Cue, Phrase, Timeline
from audioguide.core.request import Request
from audioguide.practice.model import Practice
from audioguide.practice.render import Renderer
from audioguide.practice.rendering import read_cues
from audioguide.session.length_search import first_length, shortest_in
from audioguide.speech.reader import Reader
from audioguide.speech.voices import RECORDED, Voice
from audioguide.timeline.plan import CLOSING, SLEEP_CLOSING, lay_out, natural_length
from audioguide.timeline.spoken_lengths import check_announced_lengths

_TRIES = 8
"""How many lengths to try on each side of the asked one."""

Progress = Callable[[int, int], None]
"""Called with (phrases spoken so far, phrases to speak)."""


class ClipSet:
    """The clips of a session; keeps them for further tries at other lengths."""

    def __init__(self, reader: Reader, progress: Progress | None) -> None:
        """Speak through reader, and report to progress."""
        self.clips: dict[Phrase, Clip] = {}
        self.spoken = 0
        """Number of phrases that were not in the store."""
        self._reader = reader
        self._progress = progress or (lambda done, of: None)

    def lengths(self, cues: Sequence[Cue]) -> list[int]:
        """Return the frames of each sound among the cues; speaks the phrases that are not in the store."""
        self._speak([cue for cue in cues if isinstance(cue, Phrase) and cue not in self.clips])
        return [self._frames(cue) for cue in cues if isinstance(cue, Phrase | Bell)]

    def _speak(self, phrases: list[Phrase]) -> None:
        missing = self._reader.missing(phrases)
        if missing:
            self._progress(0, len(missing))
        for done, _ in enumerate(self._reader.speak(missing), 1):
            self.spoken += 1
            self._progress(done, len(missing))
        self.clips |= {phrase: self._reader.clip(phrase) for phrase in phrases}

    def _frames(self, cue: Phrase | Bell) -> int:
        return bell_frames(cue.strokes) if isinstance(cue, Bell) else frames_for(self.clips[cue].samples)


@dataclass(frozen=True, slots=True)
class Fitter:
    """Fits the wording of a request into a length."""

    request: Request
    practice: Practice
    voice: Voice
    clip_set: ClipSet
    renderer: Renderer
    """Of the practice."""

    def fit(self) -> Timeline:
        """Return the timeline of the asked length, or of the natural length if the request has none.

        Raises:
            LengthError: the wording cannot fill exactly that length; the message names the possible lengths.
            ScriptError: a script is wrong, or announces a silence of another length than the planned one.
        """
        if self.request.samples is not None:
            return self._at(self.request.samples)
        cues = self._cues(self.request, self.request.wording_samples)
        lengths = self.clip_set.lengths(cues)
        cap, closing = self.practice.longest_silence, _closing(self.request, self.practice)
        natural = natural_length(cues, lengths, longest_silence=cap, closing=closing)
        if natural > LONGEST_SESSION_H * 3600 * RATE_HZ:
            words = f"takes {clock(natural)} at its natural length, but a session can be up to {LONGEST_SESSION_H}h"
            raise InputError(f"{self.request.only} {words}; name a length")
        return self._timeline(cues, natural)

    def _at(self, samples: int) -> Timeline:
        try:
            return self._try(samples)
        except LengthError as error:
            raise self._explained(error) from error

    def _try(self, samples: int) -> Timeline:
        return self._timeline(self._cues(self.request, samples), samples)

    def _timeline(self, cues: list[Cue], samples: int) -> Timeline:
        timeline = timeline_for(self.request, self.practice, cues, self.clip_set.lengths(cues), samples)
        check_announced_lengths(cues, timeline)
        return timeline

    def _cues(self, request: Request, samples: int) -> list[Cue]:
        return read_cues(request, self.practice, samples, self.renderer)

    def _explained(self, error: LengthError) -> LengthError:
        """Return the error with a message that names the possible lengths and says what would help."""
        asked, low, high = error.asked, error.shortest, error.longest
        shortest = shortest_in(low, high)
        exact = shortest % RATE_HZ != 0
        words = (
            f"{clock(asked)} is not possible: with voice {self.voice.name}, this wording takes "
            f"{clock(shortest, millis=exact)} to {clock(high, millis=exact)}"
        )
        nearest = [length for length in (self._nearest(asked, -1), self._nearest(asked, 1)) if length]
        if nearest:
            best = min(nearest, key=lambda length: abs(length - asked))
            words += f"; the nearest length that builds is {clock(best, millis=best % RATE_HZ != 0)}"
        return LengthError(asked, low, high, f"{words}; {self._what_helps(asked < low)}")

    def _nearest(self, asked: int, step: int) -> int | None:
        """Return the nearest length that builds, below (-1) or above (1) the asked one; None if there is none near."""
        second = asked // RATE_HZ if step < 0 else -(-asked // RATE_HZ)
        try:
            return first_length(second * RATE_HZ, step, self._try, _TRIES)
        except (ScriptError, ScriptErrors, InputError):
            return None

    def _what_helps(self, too_short: bool) -> str:
        if self.request.only:
            return "leave the length out, and the step takes its natural one"
        if not too_short:
            return "for longer, add words and [rest] marks to the scripts, or raise longest_silence in practice.toml"
        request = self.request
        ways = {"--no-grounding": replace(request, grounding=False)}
        if request.guidance == "full":
            ways["--guidance brief"] = replace(request, guidance="brief")
        samples = request.wording_samples
        now = self._cues(request, samples)
        helpful = [way for way, other in ways.items() if self._cues(other, samples) != now]
        helpful += [] if self.voice.engine == RECORDED else ["a faster --pace"]
        tried = f"try {', '.join(helpful)}, or " if helpful else ""
        return f"for shorter, {tried}leave words out of the scripts"


def timeline_for(
    request: Request, practice: Practice, cues: Sequence[Cue], lengths: Sequence[int], samples: int
) -> Timeline:
    """Return the timeline of a session of exactly so many samples, with the practice's longest silence and its fade.

    Args:
        request: decides the fade at the end.
        practice: whose cues these are.
        cues: of the session, in order.
        lengths: frames of each sound among the cues, measured or estimated.
        samples: length of the session.

    Raises:
        LengthError: the pauses do not allow that length.
        ScriptError: a silence cannot be shrunk to the practice's longest one.
    """
    closing = _closing(request, practice)
    return lay_out(cues, lengths, samples, longest_silence=practice.longest_silence, closing=closing)


def _closing(request: Request, practice: Practice) -> int:
    """Return the frames of the fade at the end: long if it ends in sleep, but at most half the longest silence."""
    return min(SLEEP_CLOSING, practice.longest_silence // 2) if request.ending == "sleep" else CLOSING

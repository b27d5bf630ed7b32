"""A request at some length -> its timeline; and where there is none, which lengths there are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from audioguide.audio.sound import bell_frames
from audioguide.core.clock import LONGEST_SESSION_H, RATE_HZ, clock, frames_for
from audioguide.core.errors import InputError, LengthError, ScriptError, ScriptErrors
from audioguide.core.model import Bell, Clip, Cue, Phrase, Timeline
from audioguide.core.request import ORDINARY_LENGTH, Request
from audioguide.practice.definition import Practice
from audioguide.practice.render import Renderer
from audioguide.practice.rendering import read_cues
from audioguide.speech.reader import Reader
from audioguide.speech.voices import RECORDED, Voice
from audioguide.timeline.plan import CLOSING, SLEEP_CLOSING, lay_out, natural_length
from audioguide.timeline.spoken_lengths import check_promises

_MS = RATE_HZ // 1000
_TRIES = 8
"""How many lengths are tried on each side of the asked one to find one that builds."""

Progress = Callable[[int, int], None]
"""Called with (phrases spoken now, phrases to speak)."""


class ClipSet:
    """Speaks cues and remembers the clips, for another try at another length too."""

    def __init__(self, reader: Reader, progress: Progress | None) -> None:
        """Let reader speak, and tell progress how far it is."""
        self.clips: dict[Phrase, Clip] = {}
        self.spoken = 0
        """Phrases that were not in the store."""
        self._reader = reader
        self._progress = progress or (lambda done, of: None)

    def lengths(self, cues: Sequence[Cue]) -> list[int]:
        """Return the frames of each sound among the cues; speaks what the store does not hold."""
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
    studio: ClipSet
    renderer: Renderer
    """Of the practice."""

    def fit(self) -> Timeline:
        """Return the timeline of the asked length, or of the natural one where none is asked.

        Raises:
            LengthError: the wording cannot fill exactly that length; says which it can.
            ScriptError: a script is wrong, or promises a silence that does not come.
        """
        if self.request.samples is not None:
            return self._at(self.request.samples)
        cues = self._cues(self.request, ORDINARY_LENGTH)
        lengths = self.studio.lengths(cues)
        cap, closing = self.practice.longest_silence, _closing(self.request, self.practice)
        natural = natural_length(cues, lengths, longest_silence=cap, closing=closing)
        if natural > LONGEST_SESSION_H * 3600 * RATE_HZ:
            words = f"takes {clock(natural)} by itself, but a session can be up to {LONGEST_SESSION_H}h; name a length"
            raise InputError(f"{self.request.only} {words}")
        return self._lay_out(cues, natural)

    def _at(self, samples: int) -> Timeline:
        try:
            return self._try(samples)
        except LengthError as error:
            raise self._told(error) from error

    def _try(self, samples: int) -> Timeline:
        return self._lay_out(self._cues(self.request, samples), samples)

    def _lay_out(self, cues: list[Cue], samples: int) -> Timeline:
        timeline = timeline_for(self.request, self.practice, cues, self.studio.lengths(cues), samples)
        check_promises(cues, timeline)
        return timeline

    def _cues(self, request: Request, samples: int) -> list[Cue]:
        return read_cues(request, self.practice, samples, self.renderer)

    def _told(self, error: LengthError) -> LengthError:
        """Return the error with the lengths that there are, and with what would help."""
        asked, low, high = error.asked, error.shortest, error.longest
        from_, to = _edge(low, high, up=True), high
        exact = from_ % RATE_HZ != 0
        words = (
            f"{clock(asked)} asked; with voice {self.voice.name} this wording can be "
            f"{clock(from_, millis=exact)} to {clock(to, millis=exact)}"
        )
        nearest = [length for length in (self._nearest(asked, -1), self._nearest(asked, 1)) if length]
        if nearest:
            best = min(nearest, key=lambda length: abs(length - asked))
            words += f"; the nearest length that builds is {clock(best, millis=best % RATE_HZ != 0)}"
        return LengthError(asked, low, high, f"{words}; {self._what_helps(asked < low)}")

    def _nearest(self, asked: int, step: int) -> int | None:
        """Return the first length that builds below (-1) or above (1) the asked one, with its own wording."""
        length = _down(asked) if step < 0 else _up(asked)
        for _ in range(_TRIES):
            try:
                self._try(length)
            except LengthError as error:
                length = _next(length, error, step)
            except (ScriptError, ScriptErrors, InputError):
                return None
            else:
                return length
            if length <= 0:
                return None
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
        samples = request.samples or ORDINARY_LENGTH
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


def _next(length: int, error: LengthError, step: int) -> int:
    """Return the next length to try: the edge that lies ahead, else where the next minute's wording may begin."""
    ahead = (
        _edge(error.longest, error.shortest, up=False) if step < 0 else _edge(error.shortest, error.longest, up=True)
    )
    if (ahead - length) * step > 0:
        return ahead
    minute = 60 * RATE_HZ
    return length // minute * minute - RATE_HZ if step < 0 else (length // minute + 1) * minute


def _edge(edge: int, other: int, *, up: bool) -> int:
    """Return the whole second at an edge of a range, or the millisecond there where the range holds no whole second."""
    second = _up(edge) if up else _down(edge)
    if min(edge, other) <= second <= max(edge, other):
        return second
    return -(-edge // _MS) * _MS if up else edge // _MS * _MS


def _up(samples: int) -> int:
    return -(-samples // RATE_HZ) * RATE_HZ


def _down(samples: int) -> int:
    return samples // RATE_HZ * RATE_HZ

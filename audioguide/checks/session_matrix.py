"""The sessions of a practice that are looked at when its wording is checked: rendered and laid out, none spoken."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product

from audioguide.checks.estimate import estimated_lengths
from audioguide.core.clock import RATE_HZ, clock
from audioguide.core.defaults import ENDINGS, GUIDANCE
from audioguide.core.errors import LengthError, ScriptError, ScriptErrors
from audioguide.core.model import Cue, Phrase, Source, Timeline
from audioguide.core.request import Request
from audioguide.practice.definition import Practice
from audioguide.practice.render import Renderer
from audioguide.practice.rendering import join_cues, read_steps
from audioguide.session.fit import timeline_for
from audioguide.session.length_search import first_length

MINUTES = (5, 20, 60)
"""What is looked at beside the shortest and the longest."""
LONGEST = 2 * 3600 * RATE_HZ
"""No longer session is looked at. Samples."""
_TRIES = 12
"""How many lengths are tried to find where a wording begins or ends to fit."""
_DOUBT = 0.1
"""How far an estimate may be off: a length that misses by less may well build."""
_STUCK_S = 1
"""Seconds of CPU time: a script that fails after more than this ran until it was stopped. No correct script does."""
_MINUTE = 60 * RATE_HZ


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one session."""

    request: Request
    cues: tuple[Cue, ...] = ()
    timeline: Timeline | None = None
    reached: frozenset[Source] = frozenset()
    """The lines of the scripts that put something out."""
    error: ScriptError | ScriptErrors | None = None
    misses: LengthError | None = None
    """Set where the wording does not fit its length."""

    def __str__(self) -> str:
        """Return which session it is: its length, and what differs from the defaults."""
        asked = self.request
        words = [clock(asked.samples or 0)]
        words += [word for word in (asked.guidance, asked.ending) if word not in (GUIDANCE[0], ENDINGS[0])]
        words += [
            {None: "", True: "grounding", False: "no grounding"}[asked.grounding],
            "" if asked.bell else "no bell",
        ]
        return ", ".join(word for word in words if word)


@dataclass(slots=True)
class SessionMatrix:
    """Looks at the sessions of a practice, and remembers what came of each."""

    practice: Practice
    base: Request
    """What they have in common."""
    reached: set[Source] = field(default_factory=set)
    """The lines of the scripts that any of them put out."""
    failed: bool = False
    """Whether one could not be read."""
    holes: list[Result] = field(default_factory=list)
    """Sessions within a telling's range that do not build."""
    sessions: int = 0
    """How many were looked at."""
    _renderer: Renderer = field(init=False)
    _stuck: ScriptError | ScriptErrors | None = None
    """Why a script ran until it was stopped: it would do so in every session."""
    _known: dict[tuple[object, ...], Result] = field(default_factory=dict)
    _ends: dict[tuple[object, ...], tuple[int, int]] = field(default_factory=dict)
    """The shortest and the longest of each telling."""
    _heard: set[Phrase] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Keep one renderer, which keeps the templates."""
        self._renderer = Renderer(self.practice.layers)

    @property
    def shortest(self) -> int | None:
        """The shortest session of any telling, in samples; None where none could be laid out."""
        return min((low for low, _ in self._ends.values()), default=None)

    @property
    def longest(self) -> int | None:
        """The longest session of any telling, in samples; None where none could be laid out."""
        return max((high for _, high in self._ends.values()), default=None)

    def variants(self) -> list[Request]:
        """Return each ending and guidance, with the interlude and without."""
        grounding = (True, False) if self.practice.grounding else (None,)
        return [
            replace(self.base, ending=ending, guidance=guidance, grounding=grounded)
            for ending, guidance, grounded in product(ENDINGS, GUIDANCE, grounding)
        ]

    def results(self) -> Iterator[Result]:
        """Yield every session: each telling at its shortest, at 5, 20 and 60 minutes and at its longest.

        Without bells each is looked at once, at 20 minutes or what is nearest to that.
        """
        for telling in self.variants():
            low, high = self._end(telling, RATE_HZ, 1), self._end(telling, LONGEST, -1)
            if low and high:
                self._ends[_variant_key(telling)] = low, high
            lengths = sorted({*_within(low, high), *filter(None, (low, high))})
            yield from self._looked_at([replace(telling, samples=samples) for samples in lengths])
            if not telling.grounding:
                middle = min(max(20 * _MINUTE, low or 0), high or LONGEST)
                yield from self._looked_at([replace(telling, samples=middle, bell=False)])

    def news(self, samples: int, with_grounding: bool) -> Iterator[Result]:
        """Yield the sessions of a length that say what none before them said, or that cannot be read.

        Args:
            samples: their length.
            with_grounding: those with the interlude, or those without it.
        """
        for telling in self.variants():
            low, high = self._ends.get(_variant_key(telling), (LONGEST, 0))
            if bool(telling.grounding) == with_grounding and low <= samples <= high:
                request = replace(telling, samples=samples)
                if self._is_new(self._read(request)):
                    yield from self._looked_at([request])

    def _is_new(self, outcome: Result) -> bool:
        return bool(outcome.error) or not (_said(outcome) <= self._heard and outcome.reached <= self.reached)

    def _at(self, request: Request) -> Result:
        """Return what comes of a session."""
        key = (request.samples, *_variant_key(request))
        if key not in self._known:
            self._known[key] = self._try(request)
        return self._known[key]

    def _looked_at(self, requests: list[Request]) -> Iterator[Result]:
        for request in requests:
            outcome = self._at(request)
            if outcome.misses:
                self.holes += [outcome] if _misses_by_far(outcome.misses) else []
                continue
            self.sessions += 1
            self.reached |= outcome.reached
            self._heard |= _said(outcome)
            self.failed = self.failed or outcome.error is not None
            yield outcome

    def _end(self, telling: Request, start: int, step: int) -> int | None:
        """Return the first length that builds from start on: upwards the shortest (1), downwards the longest (-1)."""

        def attempt(samples: int) -> None:
            outcome = self._at(replace(telling, samples=samples))
            if outcome.timeline is None:  # after a script error, go on with the wording of another minute
                raise outcome.misses or LengthError(samples, samples, samples)

        return first_length(start, step, attempt, _TRIES)

    def _try(self, request: Request) -> Result:
        assert request.samples is not None
        read = self._read(request)
        if read.error:
            return read
        lengths = estimated_lengths(read.cues)
        try:
            timeline = timeline_for(request, self.practice, read.cues, lengths, request.samples)
            return replace(read, timeline=timeline)
        except LengthError as error:
            return replace(read, misses=error)
        except ScriptError as error:
            return replace(read, error=error)

    def _read(self, request: Request) -> Result:
        assert request.samples is not None
        if self._stuck:
            return Result(request, error=self._stuck)
        start = time.thread_time()
        try:
            steps = read_steps(request, self.practice, request.samples, self._renderer)
            cues = join_cues(steps, self.practice)
        except (ScriptError, ScriptErrors) as error:
            self._stuck = error if time.thread_time() - start > _STUCK_S else None
            return Result(request, error=error)
        reached = frozenset(source for part in steps for line in part.lines for _, source in line.marks)
        return Result(request, tuple(cues), reached=reached)


def _variant_key(request: Request) -> tuple[object, ...]:
    return request.ending, request.guidance, request.grounding, request.bell


def _said(outcome: Result) -> set[Phrase]:
    return {cue for cue in outcome.cues if isinstance(cue, Phrase)}


def _within(low: int | None, high: int | None) -> list[int]:
    """Return the lengths to look at between two ends, or all of them where the ends are not known."""
    lengths = [minutes * _MINUTE for minutes in MINUTES]
    return [length for length in lengths if (low or 0) <= length <= (high or length)]


def _misses_by_far(misses: LengthError) -> bool:
    return not misses.shortest * (1 - _DOUBT) <= misses.asked <= misses.longest * (1 + _DOUBT)

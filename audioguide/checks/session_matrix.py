"""The sessions that check renders to judge the wording of a practice. Nothing is spoken, so timelines are estimates."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product

from audioguide.checks.estimate import estimated_lengths
from audioguide.core.clock import RATE_HZ, clock
from audioguide.core.defaults import ENDINGS, GUIDANCE
from audioguide.core.errors import LengthError, ScriptError, ScriptErrors
from audioguide.core.model import Cue, Phrase, Source, Timeline
from audioguide.core.request import Request
from audioguide.practice.budget import cpu_s
from audioguide.practice.model import Practice
from audioguide.practice.render import Renderer
from audioguide.practice.rendering import join_cues, read_steps
from audioguide.session.fit import timeline_for
from audioguide.session.length_search import first_length

MINUTES = (5, 20, 60)
"""Lengths to render, besides the shortest and the longest."""
LONGEST = 2 * 3600 * RATE_HZ
"""The longest session to render. Samples."""
_TRIES = 12
"""How many lengths to try in the search for the shortest and the longest session."""
_TOLERANCE = 0.1
"""How far an estimate may be off: a session that misses its length by less may well build."""
_STUCK_S = 1
"""Seconds of CPU time: a script that fails after more than this ran until it was stopped. No correct script does."""
_MINUTE = 60 * RATE_HZ


@dataclass(frozen=True, slots=True)
class Result:
    """A session as rendered, or the reason why there is none."""

    request: Request
    cues: tuple[Cue, ...] = ()
    timeline: Timeline | None = None
    """With estimated lengths of phrases."""
    reached: frozenset[Source] = frozenset()
    """The script lines that put something out."""
    error: ScriptError | ScriptErrors | None = None
    length_error: LengthError | None = None
    """Set if the wording does not fit the length."""

    def __str__(self) -> str:
        """Return the length of the session and the options that differ from the defaults."""
        request = self.request
        words = [clock(request.samples or 0)]
        words += [word for word in (request.guidance, request.ending) if word not in (GUIDANCE[0], ENDINGS[0])]
        words += [
            {None: "", True: "grounding", False: "no grounding"}[request.grounding],
            "" if request.bell else "no bell",
        ]
        return ", ".join(word for word in words if word)


@dataclass(slots=True)
class SessionMatrix:
    """Renders the sessions of a practice, by variant and length, and keeps the results."""

    practice: Practice
    base: Request
    """What all sessions have in common."""
    reached: set[Source] = field(default_factory=set)
    """The script lines that put something out in any session."""
    failed: bool = False
    """Whether a session has a script error."""
    unbuildable: list[Result] = field(default_factory=list)
    """Sessions between the shortest and the longest of their variant that do not build."""
    sessions: int = 0
    """How many were rendered and have a timeline or a script error."""
    _renderer: Renderer = field(init=False)
    _stuck: ScriptError | ScriptErrors | None = None
    """The error of a script that ran until it was stopped: it would do so in every session."""
    _results: dict[tuple[object, ...], Result] = field(default_factory=dict)
    _ranges: dict[tuple[object, ...], tuple[int, int]] = field(default_factory=dict)
    """The shortest and the longest session of each variant, in samples."""
    _phrases: set[Phrase] = field(default_factory=set)
    """Phrases of all sessions so far."""

    def __post_init__(self) -> None:
        """Create the one renderer, which keeps the templates."""
        self._renderer = Renderer(self.practice.layers)

    @property
    def shortest(self) -> int | None:
        """The shortest session of any variant, in samples; None if no session builds."""
        return min((low for low, _ in self._ranges.values()), default=None)

    @property
    def longest(self) -> int | None:
        """The longest session of any variant, in samples; None if no session builds."""
        return max((high for _, high in self._ranges.values()), default=None)

    def variants(self) -> list[Request]:
        """Return a request for each ending and guidance, with the grounding and without."""
        grounding = (True, False) if self.practice.grounding else (None,)
        return [
            replace(self.base, ending=ending, guidance=guidance, grounding=grounded)
            for ending, guidance, grounded in product(ENDINGS, GUIDANCE, grounding)
        ]

    def results(self) -> Iterator[Result]:
        """Yield the sessions of each variant: the shortest, those of 5, 20 and 60 minutes, and the longest.

        Variants without the grounding are also rendered without bells, once, as close to 20 minutes as possible.
        """
        for variant in self.variants():
            low, high = self._end(variant, RATE_HZ, 1), self._end(variant, LONGEST, -1)
            if low and high:
                self._ranges[_variant_key(variant)] = low, high
            lengths = sorted({*_minutes_within(low, high), *filter(None, (low, high))})
            yield from self._counted([replace(variant, samples=samples) for samples in lengths])
            if not variant.grounding:
                middle = min(max(20 * _MINUTE, low or 0), high or LONGEST)
                yield from self._counted([replace(variant, samples=middle, bell=False)])

    def new_results(self, samples: int, with_grounding: bool) -> Iterator[Result]:
        """Yield the sessions of one length that have a phrase or reach a line that no earlier one had, or that fail.

        Args:
            samples: their length.
            with_grounding: whether to render the variants with the grounding, or those without it.
        """
        for variant in self.variants():
            low, high = self._ranges.get(_variant_key(variant), (LONGEST, 0))
            if bool(variant.grounding) == with_grounding and low <= samples <= high:
                request = replace(variant, samples=samples)
                if self._is_new(self._rendered(request)):
                    yield from self._counted([request])

    def _is_new(self, result: Result) -> bool:
        return bool(result.error) or not (_phrases(result) <= self._phrases and result.reached <= self.reached)

    def _counted(self, requests: list[Request]) -> Iterator[Result]:
        for request in requests:
            result = self._result(request)
            if result.length_error:
                self.unbuildable += [result] if _misses_by_far(result.length_error) else []
                continue
            self.sessions += 1
            self.reached |= result.reached
            self._phrases |= _phrases(result)
            self.failed = self.failed or result.error is not None
            yield result

    def _end(self, variant: Request, start: int, step: int) -> int | None:
        """Return the first length that builds from start on: upwards the shortest (1), downwards the longest (-1)."""

        def attempt(samples: int) -> None:
            result = self._result(replace(variant, samples=samples))
            if result.timeline is None:  # after a script error, go on with the wording of another minute
                raise result.length_error or LengthError(samples, samples, samples)

        return first_length(start, step, attempt, _TRIES)

    def _result(self, request: Request) -> Result:
        key = (request.samples, *_variant_key(request))
        if key not in self._results:
            self._results[key] = self._placed(self._rendered(request))
        return self._results[key]

    def _rendered(self, request: Request) -> Result:
        assert request.samples is not None
        if self._stuck:
            return Result(request, error=self._stuck)
        start = cpu_s()
        try:
            steps = read_steps(request, self.practice, request.samples, self._renderer)
            cues = join_cues(steps, self.practice)
        except (ScriptError, ScriptErrors) as error:
            self._stuck = error if cpu_s() - start > _STUCK_S else None
            return Result(request, error=error)
        reached = frozenset(source for step in steps for line in step.lines for _, source in line.marks)
        return Result(request, tuple(cues), reached=reached)

    def _placed(self, result: Result) -> Result:
        """Return a rendered session with its timeline."""
        request, cues = result.request, result.cues
        assert request.samples is not None
        if result.error:
            return result
        try:
            timeline = timeline_for(request, self.practice, cues, estimated_lengths(cues), request.samples)
        except LengthError as error:
            return replace(result, length_error=error)
        except ScriptError as error:
            return replace(result, error=error)
        return replace(result, timeline=timeline)


def _variant_key(request: Request) -> tuple[object, ...]:
    return request.ending, request.guidance, request.grounding, request.bell


def _phrases(result: Result) -> set[Phrase]:
    return {cue for cue in result.cues if isinstance(cue, Phrase)}


def _minutes_within(low: int | None, high: int | None) -> list[int]:
    """Return those of MINUTES between two lengths, in samples; an unknown end is no limit."""
    lengths = [minutes * _MINUTE for minutes in MINUTES]
    return [length for length in lengths if (low or 0) <= length <= (high or length)]


def _misses_by_far(error: LengthError) -> bool:
    return not error.shortest * (1 - _TOLERANCE) <= error.asked <= error.longest * (1 + _TOLERANCE)

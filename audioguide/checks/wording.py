"""What is wrong with a practice's wording, and what could be better, over many lengths, endings and kinds of guidance.

Nothing is spoken: how long a phrase lasts is estimated from its words, so that all of it takes a second or two.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from audioguide.audio.id3 import MOST_CHAPTERS
from audioguide.checks.advice import RULES, advise, hear, words_of
from audioguide.checks.session_matrix import Result, SessionMatrix
from audioguide.checks.unreachable import Unreached
from audioguide.core.clock import clock
from audioguide.core.errors import ScriptError, ScriptErrors, did_you_mean
from audioguide.core.model import Phrase, Source
from audioguide.core.request import Request
from audioguide.practice.definition import Practice, find_practice
from audioguide.speech.normalise import unreadable
from audioguide.storage.toml import read_toml
from audioguide.timeline.spoken_lengths import check_promises

SCHEMA = 1
"""Raised when the JSON changes."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or could be better."""

    where: Source
    kind: str
    """A rule's name for advice; for errors script, promise, unreadable, chapters, length, unreached or unused."""
    words: str
    reason: str = ""
    """Why, for advice; empty for an error."""
    session: str = ""
    """The first session it was found in; empty where it is in all of them, or in none."""

    @property
    def is_advice(self) -> bool:
        """Whether it is no error."""
        return bool(self.reason)

    def __str__(self) -> str:
        """Return ``file:line: kind: words``."""
        session = f" [{self.session}]" if self.session else ""
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.where}: {self.kind}: {self.words}{reason}{session}"

    def as_json(self) -> dict[str, object]:
        """Return it for machines."""
        facts: dict[str, object] = {"file": self.where.file, "line": self.where.line, "kind": self.kind}
        facts |= {"words": self.words, "session": self.session or None}
        return facts | ({"reason": self.reason} if self.is_advice else {})


@dataclass(frozen=True, slots=True)
class WordingReport:
    """All that was found, errors first."""

    practice: str
    language: str
    findings: tuple[Finding, ...]
    sessions: int = 0
    """How many were laid out."""
    shortest: int | None = None
    """Samples, as estimated; None where nothing could be laid out."""
    longest: int | None = None
    """Samples, as estimated; no longer than rounds.LONGEST."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What is wrong."""
        return tuple(finding for finding in self.findings if not finding.is_advice)

    @property
    def advice(self) -> tuple[Finding, ...]:
        """What could be better."""
        return tuple(finding for finding in self.findings if finding.is_advice)

    @property
    def knows_words(self) -> bool:
        """Whether there are rules for the words of this language."""
        return bool(words_of(self.language).rules)

    def as_json(self) -> dict[str, object]:
        """Return it for machines."""
        return {
            "schema": SCHEMA,
            "practice": self.practice,
            "language": self.language,
            "sessions": self.sessions,
            "shortest_samples": self.shortest,
            "longest_samples": self.longest,
            "errors": [finding.as_json() for finding in self.errors],
            "advice": [finding.as_json() for finding in self.advice],
        }


def check(name: str, settings: Mapping[str, str] | None = None) -> WordingReport:
    """Return what there is to say about a practice.

    Args:
        name: on the shelf, or a folder.
        settings: variables for its scripts, as with ``--set``.

    Raises:
        InputError: there is no such practice, or it does not use a setting.
    """
    try:
        practice = find_practice(name)
    except (ScriptError, ScriptErrors) as error:
        return WordingReport(name, "", tuple(_sorted(_as_findings("script", error))))
    rounds = SessionMatrix(practice, Request(1, practice=name, settings=dict(settings or {})))
    unreached = Unreached(practice, rounds)
    found = _Collected()
    for outcome in chain(rounds.results(), unreached.further()):
        found.add(_findings(outcome, practice), str(outcome))
    findings = [*found.findings(), *_off_errors(practice)]
    if not rounds.failed:
        findings += [Finding(where, kind, words) for where, kind, words in unreached.findings()]
        findings += [_unbuildable(practice, outcome) for outcome in rounds.holes]
    return WordingReport(
        practice.name, practice.language, tuple(_sorted(findings)), rounds.sessions, rounds.shortest, rounds.longest
    )


@dataclass(slots=True)
class _Collected:
    """Findings of many sessions, each once, and in how many sessions it was."""

    first: dict[tuple[Source, str, str], tuple[Finding, str]] = field(default_factory=dict)
    count: dict[tuple[Source, str, str], int] = field(default_factory=dict)
    sessions: int = 0

    def add(self, findings: Iterable[Finding], session: str) -> None:
        """Keep what one session has."""
        self.sessions += 1
        for key, finding in {(one.where, one.kind, one.words): one for one in findings}.items():
            self.first.setdefault(key, (finding, session))
            self.count[key] = self.count.get(key, 0) + 1

    def findings(self) -> Iterator[Finding]:
        """Yield all of them; what is not in every session names the first that has it."""
        for key, (finding, session) in self.first.items():
            yield finding if self.count[key] == self.sessions else replace(finding, session=session)


def _findings(outcome: Result, practice: Practice) -> Iterator[Finding]:
    """Yield what one session has: first what build would refuse, then advice."""
    if outcome.error:
        yield from _as_findings("script", outcome.error)
    yield from _unreadable(outcome, practice.language)
    if outcome.timeline is None:
        return
    if len(outcome.timeline.chapters) > MOST_CHAPTERS:
        words = f"{len(outcome.timeline.chapters)} chapters, but an MP3 holds {MOST_CHAPTERS}; leave some # titles out"
        yield Finding(Source(f"{practice.shown}/practice.toml", 1), "chapters", words)
    try:
        check_promises(outcome.cues, outcome.timeline)
    except ScriptError as error:
        yield from _as_findings("promise", error)
    heard = hear(outcome.cues, outcome.timeline, wakes=outcome.request.ending == "wake")
    for one in advise(heard, practice.language):
        if one.rule not in practice.check_off:
            rule = RULES[one.rule]
            yield Finding(one.where, one.rule, f"{one.words}; {rule.instead}", rule.reason)


def _as_findings(kind: str, error: ScriptError | ScriptErrors) -> list[Finding]:
    errors = error.errors if isinstance(error, ScriptErrors) else (error,)
    return [Finding(one.source, kind, one.message) for one in errors]


def _unreadable(outcome: Result, language: str) -> Iterator[Finding]:
    for cue in outcome.cues:
        if isinstance(cue, Phrase) and (sign := unreadable(cue.text, language)):
            words = f"a voice that speaks {language!r} cannot read {sign!r} (U+{ord(sign):04X}); write it as words"
            yield Finding(cue.source, "unreadable", words)


def _off_errors(practice: Practice) -> list[Finding]:
    """Return an error for each name under [check] off that is no rule; the line is known where it is the own file's."""
    unknown = [name for name in practice.check_off if name not in RULES]
    table = read_toml(practice.folder / "practice.toml", f"{practice.shown}/practice.toml") if unknown else None
    found: list[Finding] = []
    for name in unknown:
        assert table is not None
        words = f"[check] off: there is no advice {name!r}{did_you_mean(name, RULES)} (there is {', '.join(RULES)})"
        found += _as_findings("script", table.error_at_value(name, words))
    return found


def _unbuildable(practice: Practice, outcome: Result) -> Finding:
    assert outcome.misses is not None
    low, high = clock(outcome.misses.shortest), clock(outcome.misses.longest)
    words = f"{outcome} cannot be built: this wording can be about {low} to {high}"
    where = Source(f"{practice.shown}/practice.toml", 1)
    return Finding(where, "length", f"{words}; add or widen pauses, or let the words follow minutes more evenly")


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda one: (one.is_advice, one.where.file, one.where.line, one.kind, one.words))

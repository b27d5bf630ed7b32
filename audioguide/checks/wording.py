"""Errors in the wording of a practice and advice on it, over many lengths, endings and kinds of guidance.

Nothing is spoken: the length of a phrase is estimated from its words, so the whole check takes a second or two.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from audioguide.audio.id3 import MOST_CHAPTERS
from audioguide.checks.advice import RULES, advise, hear, words_of
from audioguide.checks.session_matrix import Result, SessionMatrix
from audioguide.checks.unreachable import UnreachableParts
from audioguide.core.characters import code_point
from audioguide.core.clock import clock
from audioguide.core.errors import ScriptError, ScriptErrors, did_you_mean
from audioguide.core.model import Phrase, Source
from audioguide.core.request import Request
from audioguide.practice.definition import find_practice
from audioguide.practice.model import Practice
from audioguide.speech.normalise import unreadable
from audioguide.storage.toml import read_toml
from audioguide.timeline.spoken_lengths import check_announced_lengths

SCHEMA = 1
"""Raised when the JSON changes."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One error, or one piece of advice."""

    where: Source
    kind: str
    """For advice the name of the rule; else script, promise, unreadable, chapters, length, unreached or unused."""
    words: str
    reason: str = ""
    """Why the advice is given; empty for an error."""
    session: str = ""
    """The first session that has it; empty if all sessions have it, or none."""

    @property
    def is_advice(self) -> bool:
        """Whether this is advice rather than an error."""
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
    """All findings on a practice, errors first."""

    practice: str
    language: str
    findings: tuple[Finding, ...]
    sessions: int = 0
    """How many were rendered."""
    shortest: int | None = None
    """Samples, as estimated; None if no session builds."""
    longest: int | None = None
    """Samples, as estimated; at most session_matrix.LONGEST."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that are errors."""
        return tuple(finding for finding in self.findings if not finding.is_advice)

    @property
    def advice(self) -> tuple[Finding, ...]:
        """The findings that are advice."""
        return tuple(finding for finding in self.findings if finding.is_advice)

    @property
    def knows_words(self) -> bool:
        """Whether there are word rules for the language."""
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
    """Return all findings on a practice.

    Args:
        name: of a built-in practice, or a folder.
        settings: variables for its scripts, as with ``--set``.

    Raises:
        InputError: there is no such practice, or none of its scripts uses a setting.
    """
    try:
        practice = find_practice(name)
    except (ScriptError, ScriptErrors) as error:
        return WordingReport(name, "", tuple(_sorted(_as_findings("script", error))))
    matrix = SessionMatrix(practice, Request(1, practice=name, settings=dict(settings or {})))
    unreachable = UnreachableParts(practice, matrix)
    collected = _CollectedFindings()
    for result in chain(matrix.results(), unreachable.further_results()):
        collected.add(_findings(result, practice), str(result))
    findings = [*collected.findings(), *_off_errors(practice)]
    if not matrix.failed:
        findings += [Finding(where, kind, words) for where, kind, words in unreachable.findings()]
        findings += [_unbuildable(practice, result) for result in matrix.unbuildable]
    return WordingReport(
        practice.name, practice.language, tuple(_sorted(findings)), matrix.sessions, matrix.shortest, matrix.longest
    )


@dataclass(slots=True)
class _CollectedFindings:
    """The findings of many sessions, each kept once, with the number of sessions that have it."""

    first: dict[tuple[Source, str, str], tuple[Finding, str]] = field(default_factory=dict)
    count: dict[tuple[Source, str, str], int] = field(default_factory=dict)
    sessions: int = 0

    def add(self, findings: Iterable[Finding], session: str) -> None:
        """Add the findings of one session."""
        self.sessions += 1
        for key, finding in {(one.where, one.kind, one.words): one for one in findings}.items():
            self.first.setdefault(key, (finding, session))
            self.count[key] = self.count.get(key, 0) + 1

    def findings(self) -> Iterator[Finding]:
        """Yield each finding; one that some sessions do not have names the first session that has it."""
        for key, (finding, session) in self.first.items():
            yield finding if self.count[key] == self.sessions else replace(finding, session=session)


def _findings(result: Result, practice: Practice) -> Iterator[Finding]:
    """Yield the findings on one session: first the errors, which build refuses too, then advice."""
    if result.error:
        yield from _as_findings("script", result.error)
    yield from _unreadable(result, practice.language)
    if result.timeline is None:
        return
    if (count := len(result.timeline.chapters)) > MOST_CHAPTERS:
        words = f"{count} chapters, but an MP3 can have at most {MOST_CHAPTERS}; remove some # titles"
        yield Finding(Source(f"{practice.shown}/practice.toml", 1), "chapters", words)
    try:
        check_announced_lengths(result.cues, result.timeline)
    except ScriptError as error:
        yield from _as_findings("promise", error)
    heard = hear(result.cues, result.timeline, wakes=result.request.ending == "wake")
    for one in advise(heard, practice.language):
        if one.rule not in practice.check_off:
            rule = RULES[one.rule]
            yield Finding(one.where, one.rule, f"{one.words}; {rule.instead}", rule.reason)


def _as_findings(kind: str, error: ScriptError | ScriptErrors) -> list[Finding]:
    errors = error.errors if isinstance(error, ScriptErrors) else (error,)
    return [Finding(one.source, kind, one.message) for one in errors]


def _unreadable(result: Result, language: str) -> Iterator[Finding]:
    for cue in result.cues:
        if isinstance(cue, Phrase) and (sign := unreadable(cue.text, language)):
            words = f"a voice that speaks {language!r} cannot read {sign!r} ({code_point(sign)}); write it as words"
            yield Finding(cue.source, "unreadable", words)


def _off_errors(practice: Practice) -> list[Finding]:
    """Return an error for each name under [check] off that is not a rule.

    Its line is known if the name is in the practice's own file, rather than in that of a practice it extends.
    """
    unknown = [name for name in practice.check_off if name not in RULES]
    if not unknown:
        return []
    table = read_toml(practice.folder / "practice.toml", f"{practice.shown}/practice.toml")
    findings: list[Finding] = []
    for name in unknown:
        words = f"[check] off: there is no rule {name!r}{did_you_mean(name, RULES)} (choose from {', '.join(RULES)})"
        findings += _as_findings("script", table.error_at_value(name, words))
    return findings


def _unbuildable(practice: Practice, result: Result) -> Finding:
    assert result.length_error is not None
    low, high = clock(result.length_error.shortest), clock(result.length_error.longest)
    words = f"{result} cannot be built: its wording takes about {low} to {high}"
    advice = "add or widen pauses, or let the amount of text grow with minutes in smaller steps"
    return Finding(Source(f"{practice.shown}/practice.toml", 1), "length", f"{words}; {advice}")


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda one: (one.is_advice, one.where.file, one.where.line, one.kind, one.words))

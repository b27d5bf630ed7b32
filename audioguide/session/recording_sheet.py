"""The recording sheet: all phrases that sessions of a practice can speak, with the ids of their recordings."""

import csv
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from io import StringIO
from itertools import groupby, product
from operator import itemgetter

from audioguide.core.clock import RATE_HZ, file_length
from audioguide.core.errors import AudioguideError, ScriptError, ScriptErrors
from audioguide.core.model import Phrase, Source
from audioguide.core.request import OPTIONS, Request
from audioguide.practice.model import Practice
from audioguide.practice.render import Renderer
from audioguide.practice.rendering import read_phrases
from audioguide.speech.calibration import count_words
from audioguide.speech.recordings import phrase_id

LENGTHS = tuple(minutes * 60 * RATE_HZ for minutes in (5, 10, 15, 20, 30, 45, 60))
"""Default session lengths of a sheet. Samples."""
COLUMNS = ("id", "step", "where", "text", "lengths", "recorded")
BOM = "\ufeff"
"""At the start of a file, makes Excel read it as UTF-8."""

_CHOICES = {field: row.variants for field, row in OPTIONS.items() if row.variants}
"""The listener's choices, in each case beginning with the one that includes most phrases."""
_FORMULA = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One phrase to record."""

    id: str
    step: str
    where: Source
    text: str
    lengths: tuple[int, ...]
    """Lengths of the sessions that contain the phrase, in samples, in ascending order."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """All phrases to record."""

    rows: tuple[SheetRow, ...]
    left_out: tuple[AudioguideError, ...]
    """The errors of sessions that could not be rendered."""

    @property
    def words(self) -> int:
        """Total number of words."""
        return sum(count_words(row.text) for row in self.rows)


def requests(
    base: Request, practice: Practice, lengths: Iterable[int], pinned: Mapping[str, object]
) -> Iterator[Request]:
    """Yield requests for all sessions of these lengths, beginning with the longest with most phrases.

    Args:
        base: options that all of them have.
        practice: the practice of base.
        lengths: in samples.
        pinned: fields of Request with a fixed value; the other choices are all combined.

    Raises:
        InputError: a combination is not valid.
    """
    choices = _CHOICES if practice.grounding else {**_CHOICES, "grounding": (None,)}
    choices = {**choices, **{key: (value,) for key, value in pinned.items()}}
    for samples in sorted(set(lengths), reverse=True):
        for chosen in product(*choices.values()):
            options = dict(zip(choices, chosen, strict=True))
            yield replace(base, samples=samples, **options)  # type: ignore[arg-type]  # the names are its fields


def read_sheet(practice: Practice, sessions: Iterable[Request]) -> Sheet:
    """Return the sheet for sessions of a practice; the errors of those that cannot be rendered are in left_out.

    Raises:
        InputError: an option does not apply to the practice.
        ScriptError: no session can be rendered.
    """
    renderer = Renderer(practice.layers)
    spoken: list[tuple[int, list[tuple[str, Phrase]]]] = []
    errors: list[AudioguideError] = []
    for request in sessions:
        assert request.samples is not None
        try:
            spoken.append((request.samples, read_phrases(request, practice, request.samples, renderer)))
        except (ScriptError, ScriptErrors) as error:
            errors.append(error)
    rows = rows_of(spoken)
    if errors and not rows:
        raise errors[0]
    return Sheet(tuple(rows), tuple(errors))


def rows_of(sessions: Iterable[tuple[int, list[tuple[str, Phrase]]]]) -> list[SheetRow]:
    """Return one row per phrase, grouped by step, in the order of the first session that contains it.

    Args:
        sessions: for each session, its length in samples and its phrases as (step, phrase).
    """
    rows: dict[str, SheetRow] = {}
    steps: list[str] = []
    of_step: dict[str, list[str]] = {}
    for samples, spoken in sessions:
        named = [(step, phrase_id(phrase.text), phrase) for step, phrase in spoken]
        for step, id_, phrase in named:
            row = rows.setdefault(id_, SheetRow(id_, step, phrase.source, phrase.text, ()))
            rows[id_] = replace(row, lengths=tuple(sorted({*row.lengths, samples})))
        _merge(steps, [step for step, _ in groupby(step for step, _, _ in named)], 0)
        for step, group in groupby(named, itemgetter(0)):
            ids = of_step.setdefault(step, [])
            _merge(ids, [id_ for _, id_, _ in group if rows[id_].step == step], len(ids))
    return [rows[id_] for step in steps for id_ in of_step[step]]


def _merge(order: list[str], names: Iterable[str], at: int) -> None:
    """Insert new names into order, each after its predecessor in names; at is the index for a first one that is new."""
    for name in names:
        if name in order:
            at = order.index(name)
        else:
            order.insert(at, name)
        at += 1


def as_csv(rows: Iterable[SheetRow], recorded: Container[str] | None = None) -> str:
    """Return rows as CSV with a header line.

    Args:
        rows: the phrases to record.
        recorded: ids that are recorded already; None leaves the column empty.
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        state = "" if recorded is None else "yes" if row.id in recorded else "no"
        lengths = " ".join(_length(samples) for samples in row.lengths)
        writer.writerow(map(escape_formula, (row.id, row.step, str(row.where), row.text, lengths, state)))
    return text.getvalue()


def _length(samples: int) -> str:
    minutes, rest = divmod(samples, 60 * RATE_HZ)
    return file_length(samples) if rest else str(minutes)


def escape_formula(cell: str) -> str:
    """Return a cell as one line that no spreadsheet interprets as a formula (OWASP, CSV injection).

    >>> escape_formula("=1+1"), escape_formula("One and one.")
    ("'=1+1", 'One and one.')
    """
    line = " ".join(cell.split())
    return f"'{line}" if line.startswith(_FORMULA) else line

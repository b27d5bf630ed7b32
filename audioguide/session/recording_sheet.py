"""The recording sheet: every phrase that a session of a practice may speak, once, with the id of its recording."""

import csv
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from io import StringIO
from itertools import groupby, product
from operator import itemgetter

from audioguide.core.clock import RATE_HZ, file_length
from audioguide.core.defaults import ENDINGS, GUIDANCE
from audioguide.core.errors import AudioguideError, ScriptError, ScriptErrors
from audioguide.core.model import Phrase, Source
from audioguide.core.request import Request
from audioguide.practice.model import Practice
from audioguide.practice.render import Renderer
from audioguide.practice.rendering import read_phrases
from audioguide.speech.recordings import phrase_id

LENGTHS = tuple(minutes * 60 * RATE_HZ for minutes in (5, 10, 15, 20, 30, 45, 60))
"""The sessions of a sheet that names none. Samples."""
COLUMNS = ("id", "step", "where", "text", "lengths", "recorded")
BOM = "\ufeff"
"""In front of a file, so that Excel reads it as UTF-8."""

_OPEN: dict[str, tuple[object, ...]] = {
    "guidance": GUIDANCE,
    "ending": ENDINGS,
    "grounding": (True, False),
    "bell": (True, False),
}
"""What a listener may choose, the fullest first."""
_FORMULA = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One phrase to read."""

    id: str
    step: str
    where: Source
    text: str
    lengths: tuple[int, ...]
    """The sessions it is spoken in, in samples, the shortest first."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What there is to read."""

    rows: tuple[SheetRow, ...]
    left_out: tuple[AudioguideError, ...]
    """Why some sessions could not be read, one for each of them."""

    @property
    def words(self) -> int:
        """All words on it."""
        return sum(len(row.text.split()) for row in self.rows)


def requests(
    base: Request, practice: Practice, lengths: Iterable[int], pinned: Mapping[str, object]
) -> Iterator[Request]:
    """Yield every session of these lengths, the longest and fullest first.

    Args:
        base: what they have in common.
        practice: whose they are.
        lengths: in samples.
        pinned: options of a Request that are not open, by name.

    Raises:
        InputError: one of them cannot be asked for.
    """
    choices = _OPEN if practice.grounding else {**_OPEN, "grounding": (None,)}
    choices = {**choices, **{key: (value,) for key, value in pinned.items()}}
    for samples in sorted(set(lengths), reverse=True):
        for chosen in product(*choices.values()):
            options = dict(zip(choices, chosen, strict=True))
            yield replace(base, samples=samples, **options)  # type: ignore[arg-type]  # the names are its fields


def read_sheet(practice: Practice, asked: Iterable[Request]) -> Sheet:
    """Return the sheet of these sessions; ones that cannot be rendered are left out, and told.

    Raises:
        InputError: an option asks for what the practice does not have.
        ScriptError: none of them can be rendered.
    """
    renderer = Renderer(practice.layers)
    sessions: list[tuple[int, list[tuple[str, Phrase]]]] = []
    errors: list[AudioguideError] = []
    for request in asked:
        assert request.samples is not None
        try:
            sessions.append((request.samples, read_phrases(request, practice, request.samples, renderer)))
        except (ScriptError, ScriptErrors) as error:
            errors.append(error)
    rows = rows_of(sessions)
    if errors and not rows:
        raise errors[0]
    return Sheet(tuple(rows), tuple(errors))


def rows_of(sessions: Iterable[tuple[int, list[tuple[str, Phrase]]]]) -> list[SheetRow]:
    """Return every phrase once, step by step, in the order of the first session that has it.

    Args:
        sessions: each its length in samples, and its phrases with the names of their steps.
    """
    rows: dict[str, SheetRow] = {}
    steps: list[str] = []
    of_step: dict[str, list[str]] = {}
    for samples, spoken in sessions:
        named = [(step, phrase_id(phrase.text), phrase) for step, phrase in spoken]
        for step, id_, phrase in named:
            row = rows.setdefault(id_, SheetRow(id_, step, phrase.source, phrase.text, ()))
            rows[id_] = replace(row, lengths=tuple(sorted({*row.lengths, samples})))
        _weave(steps, [step for step, _ in groupby(step for step, _, _ in named)], 0)
        for step, group in groupby(named, itemgetter(0)):
            ids = of_step.setdefault(step, [])
            _weave(ids, [id_ for _, id_, _ in group if rows[id_].step == step], len(ids))
    return [rows[id_] for step in steps for id_ in of_step[step]]


def _weave(order: list[str], names: Iterable[str], at: int) -> None:
    """Put names that are new into an order, each behind the one before it; at is where the first of them would go."""
    for name in names:
        if name in order:
            at = order.index(name)
        else:
            order.insert(at, name)
        at += 1


def as_csv(rows: Iterable[SheetRow], recorded: Container[str] | None = None) -> str:
    """Return rows as CSV with a head.

    Args:
        rows: what to read.
        recorded: the ids of what is recorded already; None where nobody records.
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        state = "" if recorded is None else "yes" if row.id in recorded else "no"
        lengths = " ".join(_length(samples) for samples in row.lengths)
        writer.writerow(map(harmless, (row.id, row.step, str(row.where), row.text, lengths, state)))
    return text.getvalue()


def _length(samples: int) -> str:
    minutes, rest = divmod(samples, 60 * RATE_HZ)
    return file_length(samples) if rest else str(minutes)


def harmless(cell: str) -> str:
    """Return a cell on one line that no spreadsheet takes for a formula (OWASP, CSV injection).

    >>> harmless("=1+1"), harmless("One and one.")
    ("'=1+1", 'One and one.')
    """
    line = " ".join(cell.split())
    return f"'{line}" if line.startswith(_FORMULA) else line

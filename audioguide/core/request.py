"""A session as a listener asks for it. The fields of `Request` are the table of options, a row each.

To add an option, add its row here and use the field where it matters. The command line, lists of sessions, default
file names, titles and manifests take it from the row.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

from audioguide.core.characters import PRIVATE, private_use_message
from audioguide.core.clock import RATE_HZ, file_length, parse_length
from audioguide.core.defaults import ENDINGS, GUIDANCE, PRACTICE, VOICE
from audioguide.core.errors import InputError
from audioguide.core.lexicon import Lexicon, LexiconEntry
from audioguide.core.model import Source
from audioguide.core.options import Option, number_cell, option, row_of, text_cell, yes_no_cell
from audioguide.core.script_names import FUNCTIONS, JINJA_GLOBALS, VARIABLES

_MOST_NAME_BYTES = 180
_ORDINARY_LENGTH = 20 * 60 * RATE_HZ
"""Samples."""
SAY_PREFIX = "say_"
"""A column ``say_name`` of a list says how the value of the column ``name`` is pronounced."""


def read_settings(pairs: Iterable[str]) -> dict[str, str]:
    """Return the variables of ``--set KEY=VALUE`` options.

    Raises:
        InputError: a pair has no ``=`` or no value, or its key is not a name, is reserved or is given twice.
    """
    settings: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise InputError(f"--set {pair}: write it as KEY=VALUE")
        if not value.strip():
            raise InputError(f"--set {pair}: the value is missing; leave --set out")
        if key in settings:
            raise InputError(f"--set {pair}: {key} is set twice")
        settings[key] = value
    return check_settings(settings)


def check_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """Return settings if a script can use each of them.

    Raises:
        InputError: a key is not a name or is reserved, or a value contains a character that cannot be spoken.
    """
    for key, value in settings.items():
        if not key.isidentifier():
            raise InputError(f"--set {key}={value}: {key!r} is not a name; use letters, digits and underscores")
        if key in (*VARIABLES, *FUNCTIONS, *JINJA_GLOBALS):
            is_option = key != "length" and key in [row.name for row in OPTIONS.values()]
            instead = f"use --{key}" if is_option else "choose another name"
            raise InputError(f"--set {key}={value}: {key} is reserved; {instead}")
        if found := PRIVATE.search(value):
            raise InputError(f"--set {key}: {private_use_message(found[0])}")
    return dict(settings)


def read_said(pairs: Iterable[str]) -> dict[str, str]:
    """Return the words of ``--say WORD=SAID`` options, each with how it is pronounced.

    Raises:
        InputError: a pair has no ``=``, or one side is missing, or its word is given twice.
    """
    words: dict[str, str] = {}
    for pair in pairs:
        word, _, said = (part.strip() for part in pair.partition("="))
        if word in words:
            raise InputError(f"--say {pair}: {word} is given twice")
        words |= check_said({word: said})
    return words


def check_said(words: Mapping[str, str]) -> dict[str, str]:
    """Return words and how each is pronounced, stripped.

    Raises:
        InputError: a word or its pronunciation is empty.
    """
    for word, said in words.items():
        if not word.strip() or not said.strip():
            raise InputError(f"--say {word}={said}: write it as WORD=SAID, such as --say Siobhan=shi-VAWN")
    return {word.strip(): said.strip() for word, said in words.items()}


def _length_cell(cell: str, column: str) -> int:
    return parse_length(cell)


def _for_name(settings: Mapping[str, str]) -> str:
    name = " ".join(settings.get("name", "").split())
    return f"for {name}" if name else ""


@dataclass(frozen=True, slots=True)
class Request:
    """What a listener asked for: the table of options, one field each.

    The order of the fields is that of the parts in a default file name.
    """

    samples: int | None = option(
        None,
        name="length",
        metavar="LENGTH",
        help="How long: 5 (minutes), 20m, 7:30, 90s, 33m20s, 1h30m.",
        parse_cell=_length_cell,
        file_name=lambda samples: [file_length(samples)] if samples else [],
        manifest_key="length_samples",
        stored_as=int,
    )
    """The session's length; None only with `only`, for the step's natural length."""
    _: KW_ONLY
    practice: str = option(
        PRACTICE,
        name="practice",
        metavar="NAME|DIR",
        help="Which practice: a name, or your own folder.",
        parse_cell=text_cell,
        manifest_value=None,
    )
    only: str | None = option(
        None,
        name="only",
        metavar="STEP",
        help="Only this step; LENGTH may be left out.",
        parse_cell=text_cell,
        file_name=lambda step: [f"only-{step}"] if step else [],
    )
    """One step, by name."""
    voice: str = option(
        VOICE,
        name="voice",
        metavar="NAME",
        help="Who speaks; `audioguide voices` lists them.",
        parse_cell=text_cell,
        file_name=lambda voice: [Path(voice).stem] if voice != VOICE else [],
        title=lambda voice: f"voice {Path(voice).stem}" if voice != VOICE else "",
        title_rank=2,
        manifest_value=None,
    )
    pace_wpm: float | None = option(
        None,
        name="pace",
        metavar="WPM",
        help="Words a minute while speaking.  [default: the voice's own]",
        parse_cell=number_cell,
        file_name=lambda wpm: [f"{wpm:g}wpm"] if wpm else [],
        title=lambda wpm: f"at {wpm:g} words a minute" if wpm else "",
        title_rank=2,
        stored_as=(int, float),
    )
    """None: the voice's own."""
    guidance: str = option(
        GUIDANCE[0],
        name="guidance",
        metavar="|".join(GUIDANCE),
        help="How much is said: everything, a short form, or only bells.",
        choices=GUIDANCE,
        parse_cell=text_cell,
        file_name=lambda guidance: [guidance] if guidance != GUIDANCE[0] else [],
        title=lambda guidance: guidance if guidance != GUIDANCE[0] else "",
        variants=GUIDANCE,
    )
    ending: str = option(
        ENDINGS[0],
        name="ending",
        metavar="|".join(ENDINGS),
        help="How it ends: a bell brings you back, or it fades so that you can sleep.",
        choices=ENDINGS,
        parse_cell=text_cell,
        file_name=lambda ending: [ending] if ending != ENDINGS[0] else [],
        title=lambda ending: "into sleep" if ending == "sleep" else "",
        variants=ENDINGS,
    )
    grounding: bool | None = option(
        None,
        name="grounding",
        help="Include the grounding interlude.  [default: the practice decides by length]",
        parse_cell=yes_no_cell,
        file_name=lambda grounding: {None: [], True: ["grounding"], False: ["no-grounding"]}[grounding],
        title=lambda grounding: {None: "", True: "with grounding", False: "without grounding"}[grounding],
        variants=(True, False),
        stored_as=bool,
    )
    """None: the practice decides by length."""
    bell: bool = option(
        True,
        name="bell",
        help="Ring soft bells.",
        parse_cell=yes_no_cell,
        file_name=lambda bell: [] if bell else ["no-bell"],
        title=lambda bell: "" if bell else "without bells",
        title_rank=3,
        variants=(True, False),
        stored_as=bool,
    )
    settings: Mapping[str, str] = option(
        {},
        name="set",
        metavar="KEY=VALUE",
        help="A variable for the scripts, such as name=Ada. Repeatable.",
        collect=read_settings,
        file_name=lambda settings: [f"{key}-{value}" for key, value in sorted(settings.items())],
        title=_for_name,
        title_rank=0,
        manifest_value=dict,
        stored_as=dict,
    )
    said: Mapping[str, str] = option(
        {},
        name="say",
        metavar="WORD=SAID",
        help="How a word is pronounced in this session. Repeatable.",
        collect=read_said,
        file_name=lambda said: [f"{word}-as-{sound}" for word, sound in sorted(said.items())],
        manifest_value=dict,
        stored_as=dict,
    )
    """How words of this one session are pronounced, such as a name; as in a lexicon."""
    from_step: str | None = option(None, file_name=lambda step: [f"from-{step}"] if step else [], manifest_key="from")
    """The step with which a rehearsal begins, by name; the wording is still that of the whole length."""
    rehearsal: bool = option(False, file_name=lambda rehearsal: ["rehearsal"] if rehearsal else [])
    """Whether long silences are cut, for proof-listening."""
    with_closing: int | None = option(None, manifest_value=lambda samples: samples is not None)
    """The length in samples of the session whose closing follows the grounding in one file, for the phone page."""

    def __post_init__(self) -> None:
        """Refuse values that are not among the choices, and a missing length.

        Raises:
            InputError: for the first of these.
        """
        for field in fields(self):
            row_of(field).check(getattr(self, field.name))
        if self.only and self.from_step:
            raise InputError("use either --only (one step) or --from (that step and all after it)")
        if self.samples is None and self.only is None:
            raise InputError("a length is missing; write it like 20 (minutes), 7:30 or 90s")

    @property
    def wording_samples(self) -> int:
        """The length that the scripts are rendered for: twenty minutes for a single step without a length."""
        return self.samples or _ORDINARY_LENGTH

    def options(self) -> dict[str, object]:
        """Return the options as a session's manifest stores them; without practice and voice, and without paths."""
        rows = [(field, row_of(field)) for field in fields(self)]
        return {
            row.manifest_key or field.name: row.manifest_value(getattr(self, field.name))
            for field, row in rows
            if row.manifest_value
        }

    def lexicon(self) -> Lexicon:
        """Return how words of this session are pronounced; it wins over the practice's lexicon and the voice's."""
        return tuple(LexiconEntry(word, said, "", Source("--say", 1)) for word, said in self.said.items())


OPTIONS: dict[str, Option] = {field.name: row for field in fields(Request) if (row := row_of(field)).name}
"""The options that a user can set, by the name of their field, in the order of the table."""


def restored_options(stored: Mapping[str, object]) -> dict[str, Any]:
    """Return the fields of a request from what `Request.options` stored in a manifest.

    The manifest may come from anyone: a value that is not of the stored type is left out.

    Raises:
        InputError: a variable for the scripts has a name that cannot be set.
    """
    fields: dict[str, Any] = {}
    for name, row in OPTIONS.items():
        value = stored.get(row.manifest_key or name)
        if row.manifest_value and isinstance(value, row.stored_as):
            fields[name] = {str(key): str(word) for key, word in value.items()} if isinstance(value, dict) else value
    check_settings(fields.get("settings", {}))
    return fields


def default_out(request: Request) -> Path:
    """Return ``output/<practice>-<length>.mp3``, with everything in the name that differs from the defaults.

    Where a part had to be made plain or the name cut, six digits of a digest keep similar names apart.
    """
    words = [Path(request.practice).resolve().name]
    for field in fields(request):
        if part := row_of(field).file_name:
            words += part(getattr(request, field.name))
    whole = "-".join(words)
    stem = "-".join(map(_plain, words)).encode(errors="replace")[:_MOST_NAME_BYTES].decode(errors="ignore")
    apart = "" if stem == whole else f"-{sha256(whole.encode(errors='replace')).hexdigest()[:6]}"
    return Path("output") / f"{stem}{apart}.mp3"


def differences(request: Request) -> list[str]:
    """Return what differs from the defaults besides the length, as a session's title says it.

    >>> differences(Request(1, voice="my/mia.toml", guidance="bells", ending="sleep", settings={"name": "Ada"}))
    ['for Ada', 'bells', 'into sleep', 'voice mia']
    """
    rows = sorted(fields(request), key=lambda field: row_of(field).title_rank)
    words = [title(getattr(request, field.name)) for field in rows if (title := row_of(field).title)]
    return [word.encode(errors="replace").decode() for word in words if word]  # a file's name may be no Unicode


def _plain(text: str) -> str:
    """Return text as a part of a file name that is valid on every system.

    >>> _plain("name-Zoë B."), _plain("7.500s"), _plain("a/../b")
    ('name-Zoë-B', '7.500s', 'a-b')
    """
    return "-".join(re.findall(r"\w+(?:\.\w+)*", text))

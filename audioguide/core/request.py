"""What a listener asks for, checked, and the file name that says so."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from audioguide.core.characters import PRIVATE
from audioguide.core.clock import RATE_HZ, file_length
from audioguide.core.defaults import ENDINGS, GUIDANCE, PRACTICE, VOICE
from audioguide.core.errors import InputError, did_you_mean
from audioguide.core.lexicon import Lexicon, LexiconEntry
from audioguide.core.model import Source
from audioguide.core.script_names import FUNCTIONS, JINJA_GLOBALS, VARIABLES

_MOST_NAME_BYTES = 180
ORDINARY_LENGTH = 20 * 60 * RATE_HZ
"""What `minutes` is for a single step whose length is left open. Samples."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a listener asked for."""

    samples: int | None
    """The session's length; None only with `only`, for the step's natural length."""
    practice: str = PRACTICE
    voice: str = VOICE
    grounding: bool | None = None
    """None: as the practice has it for this length."""
    ending: str = ENDINGS[0]
    guidance: str = GUIDANCE[0]
    pace_wpm: float | None = None
    """None: the voice's own."""
    bell: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)
    """How words of this one session are said, such as a name; as in a lexicon."""
    only: str | None = None
    """One step, by name."""
    with_closing: int | None = None
    """The length in samples of a session whose closing stands behind the grounding by itself, for the phone page."""
    rehearsal: bool = False
    """Whether long silences are cut, for proof-listening."""
    from_step: str | None = None
    """The step with which a rehearsal begins, by name; the wording is still that of the whole length."""

    def __post_init__(self) -> None:
        """Refuse words that are no choice, and a missing length.

        Raises:
            InputError: one of them.
        """
        _choice("--ending", self.ending, ENDINGS)
        _choice("--guidance", self.guidance, GUIDANCE)
        if self.only and self.from_step:
            raise InputError("--only is one step, --from is that step and all behind it; choose one of them")
        if self.samples is None and self.only is None:
            raise InputError("a length is missing; write it like 20 (minutes), 7:30 or 90s")

    def options(self) -> dict[str, object]:
        """Return what was asked for beside practice and voice, as a session's manifest tells it: without a path."""
        return {
            "length_samples": self.samples,
            "grounding": self.grounding,
            "ending": self.ending,
            "guidance": self.guidance,
            "pace_wpm": self.pace_wpm,
            "bell": self.bell,
            "settings": dict(self.settings),
            "said": dict(self.said),
            "only": self.only,
            "with_closing": self.with_closing is not None,
            "rehearsal": self.rehearsal,
            "from": self.from_step,
        }

    def lexicon(self) -> Lexicon:
        """Return how words of this session are said; it wins over the practice's and the voice's."""
        return tuple(LexiconEntry(word, said, "", Source("--say", 1)) for word, said in self.said.items())


def _choice(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InputError(f"{option} {value!r} is not known{did_you_mean(value, known)} (there is {', '.join(known)})")


def default_out(request: Request) -> Path:
    """Return ``output/<practice>-<length>.mp3`` with everything in the name that differs from the defaults.

    Where a word had to be made plain or the name cut, a few figures of a digest keep it apart from its like.
    """
    words = [Path(request.practice).resolve().name, file_length(request.samples) if request.samples else ""]
    words += [
        f"only-{request.only}" if request.only else "",
        Path(request.voice).stem if request.voice != VOICE else "",
    ]
    words += [f"{request.pace_wpm:g}wpm" if request.pace_wpm else ""]
    words += [word for word in (request.guidance, request.ending) if word not in (GUIDANCE[0], ENDINGS[0])]
    words += [
        {None: "", True: "grounding", False: "no-grounding"}[request.grounding],
        "" if request.bell else "no-bell",
    ]
    words += [f"{key}-{value}" for key, value in sorted(request.settings.items())]
    words += [f"{word}-as-{said}" for word, said in sorted(request.said.items())]
    words += [f"from-{request.from_step}" if request.from_step else "", "rehearsal" if request.rehearsal else ""]
    whole = "-".join(word for word in words if word)
    plain = "-".join(_plain(word) for word in words if word)
    stem = plain.encode(errors="replace")[:_MOST_NAME_BYTES].decode(errors="ignore")
    apart = "" if stem == whole else f"-{sha256(whole.encode(errors='replace')).hexdigest()[:6]}"
    return Path("output") / f"{stem}{apart}.mp3"


def differences(request: Request) -> list[str]:
    """Return what differs from the defaults beside the length, as a session's title tells people.

    >>> differences(Request(1, voice="my/mia.toml", guidance="bells", ending="sleep", settings={"name": "Ada"}))
    ['for Ada', 'bells', 'into sleep', 'voice mia']
    """
    name = " ".join(request.settings.get("name", "").split())
    words = [f"for {name}" if name else "", request.guidance if request.guidance != GUIDANCE[0] else ""]
    words += ["into sleep" if request.ending == "sleep" else ""]
    words += [{None: "", True: "with grounding", False: "without grounding"}[request.grounding]]
    words += [f"voice {Path(request.voice).stem}" if request.voice != VOICE else ""]
    words += [f"at {request.pace_wpm:g} words a minute" if request.pace_wpm else ""]
    words += ["" if request.bell else "without bells"]
    return [word.encode(errors="replace").decode() for word in words if word]  # a file's name may be no Unicode


def _plain(text: str) -> str:
    """Return text as a piece of a file name that every system takes.

    >>> _plain("name-Zoë B."), _plain("7.500s"), _plain("a/../b")
    ('name-Zoë-B', '7.500s', 'a-b')
    """
    return "-".join(re.findall(r"\w+(?:\.\w+)*", text))


def read_settings(pairs: Iterable[str]) -> dict[str, str]:
    """Return the variables of ``--set KEY=VALUE`` options.

    Raises:
        InputError: a pair has no ``=`` or no value, its key is no name, is reserved or stands twice.
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


def read_said(pairs: Iterable[str]) -> dict[str, str]:
    """Return the words of ``--say WORD=SAID`` options, and how each is said.

    Raises:
        InputError: a pair has no ``=``, says nothing, or its word stands twice.
    """
    words: dict[str, str] = {}
    for pair in pairs:
        word, _, said = (part.strip() for part in pair.partition("="))
        if word in words:
            raise InputError(f"--say {pair}: {word} stands twice")
        words |= check_said({word: said})
    return words


def check_said(words: Mapping[str, str]) -> dict[str, str]:
    """Return words and how each is said, if there is something of both.

    Raises:
        InputError: a word or how it is said is missing.
    """
    for word, said in words.items():
        if not word.strip() or not said.strip():
            raise InputError(f"--say {word}={said}: write it as WORD=SAID, such as --say Siobhan=shi-VAWN")
    return {word.strip(): said.strip() for word, said in words.items()}


def check_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """Return settings if a script can use each of them.

    Raises:
        InputError: a key is no name or is reserved, or a value holds what cannot be spoken.
    """
    for key, value in settings.items():
        if not key.isidentifier():
            raise InputError(f"--set {key}={value}: {key!r} is not a name; use letters, figures and underlines")
        if key in (*VARIABLES, *FUNCTIONS, *JINJA_GLOBALS):
            raise InputError(f"--set {key}={value}: {key} is reserved{_option_for(key)}")
        if found := PRIVATE.search(value):
            raise InputError(f"--set {key}: the character U+{ord(found[0]):04X} cannot be spoken; delete it")
    return dict(settings)


def _option_for(key: str) -> str:
    return f"; use --{key}" if key in ("grounding", "ending", "guidance", "voice", "bell") else "; choose another name"

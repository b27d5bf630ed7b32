"""What a speech engine is, and the table where one is found by name.

An engine from another package joins through the entry-point group ``audioguide.engines``: its name there is what a
voice file says under ``engine``, and the object is a class that is called without arguments.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, entry_points, version
from itertools import pairwise
from typing import Protocol, Self, cast

from audioguide.core.errors import EngineError, did_you_mean
from audioguide.speech.voices import RECORDED, Voice

GROUP = "audioguide.engines"


@dataclass(frozen=True, slots=True)
class Recording:
    """What an engine spoke, just as it came out of it."""

    pcm: bytes
    """Mono, signed 16-bit little-endian samples."""
    rate_hz: int


class Engine(Protocol):
    """Speaks phrases. A build may have several instances, each of them used by one thread at a time.

    An instance is not bound to a thread, a voice or a build: it stays loaded, and serves whatever sessions its process
    builds next. It is closed when there are none left. Where speak() hangs, or Ctrl-C was pressed, close() comes from
    another thread while speak() still runs: it must not wait for it, and speak() may then end in any error.
    """

    slowest_wpm: float
    fastest_wpm: float
    """The paces it can reach, in true words a minute over a script."""
    calibrated: bool
    """Whether voice.pace_wpm is met as true words a minute; else what it gives is measured on lines, and corrected."""
    reads_phonemes: bool
    """Whether ``[word](/phonemes/)`` in a text is said by these phonemes."""

    def probe(self) -> str:
        """Return why it cannot work here, with what to do about it; an empty text if it can."""

    def fingerprint(self, voice: Voice) -> str:
        """Return what changes its sound beside text, voice and pace: package, model, versions.

        Raises:
            EngineError: it cannot work here.
        """

    def speak(self, text: str, voice: Voice) -> Recording:
        """Return the spoken text; silence around it is trimmed elsewhere.

        Args:
            text: plain words, the lexicon applied.
            voice: whose pace_wpm, language and options count.

        Raises:
            PhraseError: these words cannot be spoken, however often it is asked.
            EngineError: it failed this time.
        """

    def close(self) -> None:
        """Let go of what it holds, such as a model or a child process; perhaps from another thread than speak()'s."""


_BUILT_IN = {
    "natural": "audioguide.speech.engines.hibari:Natural",
    "system": "audioguide.speech.engines.system:System",
    "piper": "audioguide.speech.engines.piper:Piper",
    "fake": "audioguide.speech.engines.fake:Fake",
}


def engine_names() -> list[str]:
    """Return the names a voice file may say under ``engine``."""
    return sorted({*_BUILT_IN, *(point.name for point in entry_points(group=GROUP))})


def find_engine(name: str, asked_by: str) -> Engine:
    """Return the engine of that name.

    Args:
        name: what a voice file says under ``engine``.
        asked_by: that file, for the error.

    Raises:
        EngineError: there is none, or its package cannot be loaded.
    """
    try:
        return _load(name, asked_by)()
    except (ImportError, AttributeError, OSError) as error:
        raise EngineError(f"{asked_by}: engine {name!r} cannot be loaded here: {error}") from error


def _load(name: str, asked_by: str) -> Callable[[], Engine]:
    if name in _BUILT_IN:
        module, _, member = _BUILT_IN[name].partition(":")
        return cast("Callable[[], Engine]", getattr(import_module(module), member))
    for point in entry_points(group=GROUP, name=name):
        return cast("Callable[[], Engine]", point.load())
    names = [*engine_names(), RECORDED]
    near = did_you_mean(name, names)
    raise EngineError(f"{asked_by}: there is no engine {name!r}{near} (there is {', '.join(names)})")


def at_pace(table: tuple[tuple[float, float], ...], pace_wpm: float) -> float:
    """Return an engine's own setting for a pace, read off a table of (setting, true words a minute), both rising.

    >>> at_pace(((0.5, 100.0), (0.6, 120.0)), 110.0)
    0.55
    """
    spans = list(pairwise(table))
    (low, low_wpm), (high, high_wpm) = next((span for span in spans if pace_wpm <= span[1][1]), spans[-1])
    return round(low + (high - low) * (pace_wpm - low_wpm) / (high_wpm - low_wpm), 4)


def package_version(package: str, to_install: str = "") -> str:
    """Return the version of an installed package.

    Args:
        package: its name.
        to_install: what pip must install to get it; the package itself if empty.

    Raises:
        EngineError: it is not installed; the message says how to install it.
    """
    try:
        return version(package)
    except PackageNotFoundError as error:
        raise EngineError(f"{package} is not installed; `pip install {to_install or package}`") from error


class Engines:
    """The engines of one process: each is lent to one thread at a time, and stays loaded for what comes next.

    A context that closes them.
    """

    def __init__(self) -> None:
        """Load none yet."""
        self._all: list[Engine] = []
        self._idle: dict[str, list[Engine]] = {}
        self.proved: set[int] = set()
        """Which have shown that they work here, by id."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *reason: object) -> None:
        """Close them all, also those that are lent."""
        for engine in self._all:
            engine.close()

    def lend(self, name: str, asked_by: str) -> Engine:
        """Return an engine of that name that nobody else has; arguments and errors as for find_engine."""
        try:
            return self._idle.setdefault(name, []).pop()
        except IndexError:
            engine = find_engine(name, asked_by)
            self._all.append(engine)
            return engine

    def give_back(self, name: str, engine: Engine) -> None:
        """Take an engine that was lent."""
        self._idle[name].append(engine)

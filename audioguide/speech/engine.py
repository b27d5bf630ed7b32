"""The interface of a speech engine, and the table of engines by name.

Another package adds an engine through the entry-point group ``audioguide.engines``: the entry point's name is what a
voice file has under ``engine``, and its object is a class that is called without arguments.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    """Speech as an engine returned it."""

    pcm: bytes
    """Mono, signed 16-bit little-endian samples."""
    rate_hz: int


class Engine(Protocol):
    """Speaks phrases. A build may use several instances, each in one thread at a time.

    An instance is not tied to a thread, a voice or a build: it stays loaded for later sessions of the same process, and
    is closed after the last one. If speak() hangs, or on Ctrl-C, another thread calls close() while speak() still
    runs: close() must not wait for speak(), and speak() may then raise any error.
    """

    slowest_wpm: float
    fastest_wpm: float
    """The range of paces it can speak at, in true words a minute over a script."""
    calibrated: bool
    """Whether its true pace is voice.pace_wpm. If not, its pace is measured on the calibration lines and corrected."""
    reads_phonemes: bool
    """Whether it speaks ``[word](/phonemes/)`` in a text with these phonemes."""

    def probe(self) -> str:
        """Return why it cannot work on this computer, and what to do about it; an empty string if it can."""

    def fingerprint(self, voice: Voice) -> str:
        """Return what its sound depends on besides text, voice and pace: package, model, versions.

        Raises:
            EngineError: it cannot work on this computer, or not with this voice's options.
        """

    def speak(self, text: str, voice: Voice) -> Recording:
        """Return the spoken text; the caller trims the silence around it.

        Args:
            text: plain words, with the lexicon applied.
            voice: its pace_wpm, language and options are used.

        Raises:
            PhraseError: these words can never be spoken; there is no second attempt.
            EngineError: it failed; the caller tries again.
        """

    def close(self) -> None:
        """Release its resources, such as a child process; may be called while speak() runs in another thread."""


_BUILT_IN = {
    "natural": "audioguide.speech.engines.hibari:Hibari",
    "system": "audioguide.speech.engines.system:System",
    "piper": "audioguide.speech.engines.piper:Piper",
    "fake": "audioguide.speech.engines.fake:Fake",
}


def engine_names() -> list[str]:
    """Return the names that a voice file may have under ``engine``, sorted."""
    return sorted({*_BUILT_IN, *(point.name for point in entry_points(group=GROUP))})


def find_engine(name: str, asked_by: str) -> Engine:
    """Return a new engine by its name.

    Args:
        name: what a voice file has under ``engine``.
        asked_by: that file, for errors.

    Raises:
        EngineError: there is no such engine, or its package cannot be loaded.
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
    raise EngineError(
        f"{asked_by}: there is no engine {name!r}{did_you_mean(name, names)} (choose from {', '.join(names)})"
    )


def at_pace(table: tuple[tuple[float, float], ...], pace_wpm: float) -> float:
    """Return an engine's setting for a pace, interpolated in a table of (setting, true words a minute), both rising.

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
    """A pool of engines: each is used by one thread at a time, and stays loaded for the next session.

    A context manager that closes them all, including those in use.
    """

    def __init__(self) -> None:
        self._all: list[Engine] = []
        self._idle: dict[str, list[Engine]] = {}
        self._known_to_work: set[int] = set()
        """Engines whose probe() has passed, by id."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        for engine in self._all:
            engine.close()

    @contextmanager
    def borrowed(self, name: str, asked_by: str) -> Iterator[Engine]:
        """Yield an engine that no other thread uses meanwhile; arguments and errors as for find_engine."""
        idle = self._idle.setdefault(name, [])
        try:
            engine = idle.pop()
        except IndexError:
            engine = find_engine(name, asked_by)
            self._all.append(engine)
        try:
            yield engine
        finally:
            idle.append(engine)

    def probe(self, engine: Engine) -> str:
        """Return why an engine cannot work on this computer, or an empty string; each is probed until it works."""
        if id(engine) not in self._known_to_work and (reason := engine.probe()):
            return reason
        self._known_to_work.add(id(engine))
        return ""

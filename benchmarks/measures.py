"""The measures: for each ratio the two commands, the preparation of each run, and the target."""

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from process import CAN_MEASURE_MEMORY, CAN_PIN, Cost, run
from rivals import FLOOR

HERE = Path(__file__).parent
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
_LINE = "There is {} anything that you have to do for a while, and nothing at all to get right.\n"
"""The last line of the changed practice's first step; each run has another word in the gap."""
_WORDS = (
    *("hardly", "rarely", "seldom", "scarcely", "barely", "never", "surely", "simply", "truly", "really", "maybe"),
    *("perhaps", "possibly", "probably", "certainly", "usually", "mostly", "nearly", "almost", "often", "just", "only"),
)
_FIRST_NAMES = (
    *("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hal", "Ivy", "Jo", "Kim", "Lou", "May", "Ned", "Oda"),
)
_LAST_NAMES = (
    *("Abel", "Brown", "Carr", "Dale", "Egan", "Ford", "Gray", "Hall", "Ives", "Kent", "Lane", "Moss", "Nash", "Reed"),
)


@dataclass(frozen=True, slots=True)
class Subject:
    """The sessions to build: practice, voice and lengths in minutes."""

    voice: str = "calm"
    practice: str = "psoas-release"
    first_step: str = "arrive"
    short: int = 5
    third: int = 20
    hour: int = 60
    double: int = 120
    clients: int = 200


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Side:
    """One of two commands that are compared."""

    command: Sequence[str]
    before: Callable[[], None] = _nothing
    """Prepares each run; not timed."""
    cores: int = 2
    extra: dict[str, str] = field(default_factory=dict)
    """Environment variables."""
    stands_for: int = 1
    """Factor of the cost, if running the command as often as meant would take too long."""

    def cost(self) -> Cost:
        self.before()
        return run(self.command, self.cores, self.extra)


@dataclass(frozen=True, slots=True)
class Measure:
    name: str
    title: str
    ours: Side
    theirs: Side
    target: float | None
    """Upper limit of the ratio ours / theirs; None: shown for comparison only."""
    value: Callable[[Cost], float] = lambda cost: cost.seconds
    unit: str = "s"
    times: int = 1
    """Factor of the number of runs, for short ones."""
    skip_reason: str = ""
    """Why it cannot be measured on this system."""


class Setup:
    """A folder with everything that runs need: built sessions, a changed practice, the rivals' material."""

    def __init__(self, folder: Path, subject: Subject) -> None:
        self._folder, self._subject = folder, subject
        self._program = program()
        self._warm, self._cold, self._changed = folder / "warm", folder / "cold", folder / "changed"
        self._script = self._changed / f"{subject.first_step}.md.j2"
        self._finished = str(folder / "finished.mp3")
        self._mp3, self._material = str(folder / "session.mp3"), str(folder / "material")
        self._words = (f"{word}{' or ' + more if more else ''}" for more in ("", *_WORDS) for word in _WORDS)

    def prepare(self) -> None:
        """Build the sessions whose cache warm runs use, and write the rivals' material."""
        subject = self._subject
        for minutes in (subject.short, subject.double, subject.hour):
            run(self._build(minutes, self._warm))
        shutil.copy(self._mp3, self._finished)
        run([*self._program, "customize", str(self._changed), "--practice", subject.practice])
        self._wording = self._script.read_text(encoding="utf-8")
        self._change_a_word()
        run(self._build_changed())
        arguments = (str(subject.hour), subject.voice, subject.practice, str(self._warm), self._material)
        run([sys.executable, str(HERE / "material.py"), *arguments])

    def measures(self) -> list[Measure]:
        hour, third, short, double = (getattr(self._subject, name) for name in ("hour", "third", "short", "double"))
        warm = Side(self._build(hour, self._warm))
        changed = Side(self._build_changed(), self._change_a_word)
        pieces = Side(self._build(hour, self._cold), self._remove_pieces)
        by_hand, stream, zeros = self._rival("by-hand"), self._rival("stream"), self._rival("zeros")
        floor = Side([sys.executable, "-c", FLOOR, self._finished, self._out("floor")])
        cannot_pin = "" if CAN_PIN else "needs a system that can bind a process to one core"
        cannot_measure = "" if CAN_MEASURE_MEMORY else "needs a system that reports the peak memory of a process"
        return [
            Measure("warm", "nothing changed, rebuild / (a)", warm, by_hand, 1 / 30),
            Measure("line", "one line changed, rebuild / (b), the new line already spoken", changed, stream, 1 / 15),
            Measure("line-zeros", "the same / (b) with digital silence", changed, zeros, None),
            Measure("floor", "nothing changed, rebuild / (c)", warm, floor, 8, times=4),
            Measure("pieces", "all pieces new, clips already spoken / (b), both cores", pieces, stream, 0.5),
            Measure("pieces-zeros", "the same / (b) with digital silence", pieces, zeros, None),
            Measure("cold", f"cold build, {hour} min / {third} min", self._new(hour), self._new(third), 3.2),
            Measure(
                "memory",
                f"peak memory, warm rebuild: {double} min / {short} min",
                Side(self._build(double, self._warm)),
                Side(self._build(short, self._warm)),
                1.2,
                lambda cost: cost.peak_mb,
                "MB",
                skip_reason=cannot_measure,
            ),
            Measure(
                "version",
                "`audioguide --version` / `python -c pass`",
                Side([*self._program, "--version"]),
                Side([sys.executable, "-c", "pass"]),
                7,
                times=4,
            ),
            Measure(
                "engine",
                "cold build end to end, two cores / the engine alone: same lines, one thread, nothing written",
                self._new(hour),
                self._rival("engine", _ONE_THREAD),
                1.0,
            ),
            Measure(
                "speech",
                "speech synthesis, two cores / one",
                self._speak(2),
                self._speak(1),
                0.65,
                skip_reason=cannot_pin,
            ),
            Measure(
                "batch",
                f"{self._subject.clients} personal sessions of {third} min in one batch / as many separate cold builds",
                Side([*self._program, "batch", str(self._clients()), "--cache", str(self._cold)], self._remove_all),
                replace(self._new(third), stands_for=self._subject.clients),
                1 / 20,
            ),
        ]

    def _clients(self) -> Path:
        """Write a list of sessions for clients with different names, which two lines contain, and return its path."""
        subject, path = self._subject, self._folder / "clients.csv"
        names = [f"{first} {last}" for last in _LAST_NAMES for first in _FIRST_NAMES][: subject.clients]
        options = f"{subject.third},{subject.practice},{subject.voice}"
        rows = [f"{name},{options},{self._folder}/clients/{name}.mp3\n" for name in names]
        path.write_text("name,length,practice,voice,out\n" + "".join(rows), encoding="utf-8")
        return path

    def _build(self, minutes: int, cache: Path, practice: str = "") -> list[str]:
        return [*self._command("build", minutes, cache, practice), "--out", self._mp3]

    def _build_changed(self) -> list[str]:
        return self._build(self._subject.hour, self._warm, str(self._changed))

    def _command(self, name: str, minutes: int, cache: Path, practice: str = "") -> list[str]:
        subject = self._subject
        options = ("--voice", subject.voice, "--practice", practice or subject.practice, "--cache", str(cache))
        return [*self._program, name, str(minutes), *options]

    def _new(self, minutes: int) -> Side:
        """Return a build with an empty cache."""
        return Side(self._build(minutes, self._cold), self._empty_cache)

    def _speak(self, cores: int) -> Side:
        """Return the speech synthesis of a session alone: `plan` speaks, but writes no MP3."""
        return Side(self._command("plan", self._subject.hour, self._cold), self._empty_cache, cores)

    def _rival(self, name: str, extra: dict[str, str] | None = None) -> Side:
        command = [sys.executable, str(HERE / "rivals.py"), name, self._material, self._out(name)]
        return Side(command, extra=extra or {})

    def _out(self, name: str) -> str:
        return str(self._folder / f"{name}.mp3")

    def _empty_cache(self) -> None:
        shutil.rmtree(self._cold, ignore_errors=True)

    def _remove_all(self) -> None:
        self._empty_cache()
        shutil.rmtree(self._folder / "clients", ignore_errors=True)

    def _remove_pieces(self) -> None:
        self._empty_cache()
        shutil.copytree(self._warm, self._cold)
        shutil.rmtree(self._cold / "pieces")

    def _change_a_word(self) -> None:
        """Change a word in the changed practice, and speak its line."""
        line = _LINE.format(next(self._words))
        self._script.write_text(f"{self._wording}\n{line}", encoding="utf-8")
        run(self._command("plan", self._subject.hour, self._warm, str(self._changed)))


def program() -> list[str]:
    """Return the command `audioguide` of this Python environment."""
    name = "audioguide.exe" if os.name == "nt" else "audioguide"
    program = Path(sys.executable).parent / name
    if not program.exists():
        sys.exit("install audioguide into this Python environment: pip install -e '.[test]'")
    return [str(program)]

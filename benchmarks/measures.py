"""What is measured: for each ratio the two commands, what happens before each run, and what is to be reached."""

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from process import CAN_PIN, CAN_WEIGH, Cost, run
from rivals import FLOOR

HERE = Path(__file__).parent
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
_LINE = "There is {} anything that you have to do for a while, and nothing at all to get right.\n"
"""Stands at the end of the changed practice's first step; in its gap another word at each run."""
_WORDS = (
    *("hardly", "rarely", "seldom", "scarcely", "barely", "never", "surely", "simply", "truly", "really", "maybe"),
    *("perhaps", "possibly", "probably", "certainly", "usually", "mostly", "nearly", "almost", "often", "just", "only"),
)


@dataclass(frozen=True, slots=True)
class Subject:
    """The sessions that are built: their practice, voice and minutes."""

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
    """Untimed, before each run."""
    cores: int = 2
    extra: dict[str, str] = field(default_factory=dict)
    """For its environment."""
    stands_for: int = 1
    """How many such runs it is one of, where all of them would take too long."""

    def cost(self) -> Cost:
        self.before()
        return run(self.command, self.cores, self.extra)


@dataclass(frozen=True, slots=True)
class Measure:
    name: str
    title: str
    ours: Side
    theirs: Side
    at_most: float | None
    """What the ratio ours / theirs is to reach; None: it is told for comparison only."""
    of: Callable[[Cost], float] = lambda cost: cost.seconds
    unit: str = "s"
    times: int = 1
    """How many times as often as the others it is run, being short."""
    why_not: str = ""
    """Why it cannot be measured on this system."""


class Bench:
    """A folder with all that is compared, laid out once: built sessions, a changed practice, the rivals' sound."""

    def __init__(self, folder: Path, subject: Subject) -> None:
        self._folder, self._subject = folder, subject
        self._program = program()
        self._warm, self._cold, self._changed = folder / "warm", folder / "cold", folder / "changed"
        self._script = self._changed / f"{subject.first_step}.md.j2"
        self._finished = str(folder / "finished.mp3")
        self._mp3, self._material = str(folder / "session.mp3"), str(folder / "material")
        self._words = (f"{word}{' or ' + more if more else ''}" for more in ("", *_WORDS) for word in _WORDS)

    def lay_out(self) -> None:
        """Build what warm runs find ready."""
        about = self._subject
        for minutes in (about.short, about.double, about.hour):
            run(self._build(minutes, self._warm))
        shutil.copy(self._mp3, self._finished)
        run([*self._program, "customize", str(self._changed), "--practice", about.practice])
        self._wording = self._script.read_text(encoding="utf-8")
        self._change_a_word()
        run(self._build_changed())
        where = (str(about.hour), about.voice, about.practice, str(self._warm), self._material)
        run([sys.executable, str(HERE / "material.py"), *where])

    def measures(self) -> list[Measure]:
        hour, third, short, double = (getattr(self._subject, name) for name in ("hour", "third", "short", "double"))
        warm = Side(self._build(hour, self._warm))
        changed = Side(self._build_changed(), self._change_a_word)
        pieces = Side(self._build(hour, self._cold), self._forget_pieces)
        by_hand, stream, zeros = self._rival("by-hand"), self._rival("stream"), self._rival("zeros")
        floor = Side([sys.executable, "-c", FLOOR, self._finished, self._out("floor")])
        pin = "" if CAN_PIN else "needs a system that holds a process to one core"
        weigh = "" if CAN_WEIGH else "needs a system that tells the memory of a process"
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
                why_not=weigh,
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
            Measure("speech", "speech synthesis, two cores / one", self._speak(2), self._speak(1), 0.65, why_not=pin),
            Measure(
                "batch",
                f"{self._subject.clients} personal sessions of {third} min in one batch / as many separate cold builds",
                Side([*self._program, "batch", str(self._clients()), "--cache", str(self._cold)], self._forget_all),
                replace(self._new(third), stands_for=self._subject.clients),
                1 / 20,
            ),
        ]

    def _clients(self) -> Path:
        """Return a list in which every client has a name of their own, which is spoken in two lines."""
        about, path = self._subject, self._folder / "clients.csv"
        first = (
            "Ada",
            "Ben",
            "Cleo",
            "Dan",
            "Eve",
            "Finn",
            "Gus",
            "Hal",
            "Ivy",
            "Jo",
            "Kim",
            "Lou",
            "May",
            "Ned",
            "Oda",
        )
        last = (
            "Abel",
            "Brown",
            "Carr",
            "Dale",
            "Egan",
            "Ford",
            "Gray",
            "Hall",
            "Ives",
            "Kent",
            "Lane",
            "Moss",
            "Nash",
            "Reed",
        )
        names = [f"{one} {two}" for two in last for one in first][: about.clients]
        rows = [
            f"{name},{about.third},{about.practice},{about.voice},{self._folder}/clients/{name}.mp3\n" for name in names
        ]
        path.write_text("name,length,practice,voice,out\n" + "".join(rows), encoding="utf-8")
        return path

    def _build(self, minutes: int, cache: Path, practice: str = "") -> list[str]:
        return [*self._command("build", minutes, cache, practice), "--out", self._mp3]

    def _build_changed(self) -> list[str]:
        return self._build(self._subject.hour, self._warm, str(self._changed))

    def _command(self, name: str, minutes: int, cache: Path, practice: str = "") -> list[str]:
        about = self._subject
        what = ("--voice", about.voice, "--practice", practice or about.practice, "--cache", str(cache))
        return [*self._program, name, str(minutes), *what]

    def _new(self, minutes: int) -> Side:
        return Side(self._build(minutes, self._cold), self._forget)

    def _speak(self, cores: int) -> Side:
        """Return the speaking of a session by itself: `plan` speaks, and writes no MP3."""
        return Side(self._command("plan", self._subject.hour, self._cold), self._forget, cores)

    def _rival(self, which: str, extra: dict[str, str] | None = None) -> Side:
        command = [sys.executable, str(HERE / "rivals.py"), which, self._material, self._out(which)]
        return Side(command, extra=extra or {})

    def _out(self, name: str) -> str:
        return str(self._folder / f"{name}.mp3")

    def _forget(self) -> None:
        shutil.rmtree(self._cold, ignore_errors=True)

    def _forget_all(self) -> None:
        self._forget()
        shutil.rmtree(self._folder / "clients", ignore_errors=True)

    def _forget_pieces(self) -> None:
        self._forget()
        shutil.copytree(self._warm, self._cold)
        shutil.rmtree(self._cold / "pieces")

    def _change_a_word(self) -> None:
        """Write another word into the changed practice, and have its line spoken."""
        line = _LINE.format(next(self._words))
        self._script.write_text(f"{self._wording}\n{line}", encoding="utf-8")
        run(self._command("plan", self._subject.hour, self._warm, str(self._changed)))


def program() -> list[str]:
    """Return the command that a user types, of the environment that runs this."""
    name = "audioguide.exe" if os.name == "nt" else "audioguide"
    program = Path(sys.executable).parent / name
    if not program.exists():
        sys.exit("install audioguide into the environment that runs this: pip install -e '.[test]'")
    return [str(program)]

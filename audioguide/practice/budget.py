"""How much the scripts of one session may use: time, loop iterations, text, and values made while rendering.

A script may come from anyone, and a single step of it that takes a gigabyte or an hour cannot be interrupted. Policy
refuses such steps before they run; the budget adds up the small ones.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from jinja2.exceptions import SecurityError

from audioguide.core.errors import BusyError

MOST_CPU_S = 3
"""Processor time for compiling and rendering the scripts of one session; the built-in practice takes 0.05 s."""
MOST_WALL_S = 60
"""Elapsed time for the same. Only an overloaded or suspended computer reaches it: see BusyError."""
MOST_RUNS = 20_000
"""Iterations of loops, and calls of macros, blocks and includes."""
MOST_TEXT, MOST_LINES = 1_000_000, 20_000
"""Characters and lines of rendered text; a day of speech has fewer characters."""
MOST_VALUES = 4_000_000
"""Characters and items of all intermediate values; if all of them are kept, they take some 200 MB."""
MOST_TOKENS = 40_000
"""Tokens inside the tags of all files; Jinja takes about 50 microseconds to compile each."""
_CHECK_S = 0.01
"""The shortest interval between two readings of the processor clock."""

cpu_s: Callable[[], float] = getattr(time, "thread_time", time.process_time)
"""Processor time of the current thread, or of the whole process on systems that do not report it per thread."""


class Budget:
    """Counts what the scripts of one session use, and raises an error when it is too much.

    Time counts only inside ``running()``, each time from the clock of the thread that enters it, so that one budget may
    be used by several threads in turn.
    """

    def __init__(self, cpu_s: Callable[[], float] = cpu_s, wall_s: Callable[[], float] = time.monotonic) -> None:
        self._cpu_s, self._wall_s = cpu_s, wall_s
        self._cpu_left, self._wall_left = float(MOST_CPU_S), float(MOST_WALL_S)
        self._cpu_until = self._wall_until = self._next_check = float("inf")
        self._runs = self._values = self._tokens = self._text = self._lines = 0
        self._exceeded: tuple[type[SecurityError | BusyError], str] | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time that the block takes."""
        self._cpu_until = self._cpu_s() + self._cpu_left
        self._next_check = self._wall_s()
        self._wall_until = self._next_check + self._wall_left
        try:
            yield
        finally:
            self._cpu_left = self._cpu_until - self._cpu_s()
            self._wall_left = self._wall_until - self._wall_s()
            self._cpu_until = self._wall_until = self._next_check = float("inf")

    def add_run(self, size: int) -> None:
        """Count one iteration of a loop, or one call of a macro, block or file, whose own text has that size.

        Raises:
            SecurityError: the scripts have used too much (every method here raises this).
            BusyError: the computer was too busy to render them in time (every method here raises this, too).
        """
        self._runs += 1
        self._limit(self._runs, MOST_RUNS, f"loops, macros and includes that run more than {MOST_RUNS} times")
        self.add_value(size)

    def add_value(self, size: int) -> None:
        """Count an intermediate value of that size."""
        self._values += size
        self._limit(self._values, MOST_VALUES, f"values of more than {MOST_VALUES} characters and items in all")

    def add_tokens(self, tokens: int) -> None:
        """Count the tokens inside the tags of one file."""
        self._tokens += tokens
        self._limit(self._tokens, MOST_TOKENS, f"more than {MOST_TOKENS} words and symbols inside tags")

    def add_text(self, text: str) -> None:
        """Count rendered text."""
        self._text += len(text)
        self._lines += text.count("\n")
        self._limit(self._text, MOST_TEXT, f"more than {MOST_TEXT} characters of text")
        self._limit(self._lines, MOST_LINES, f"more than {MOST_LINES} lines of text")

    def check(self) -> None:
        """Raise an error if time has run out, or if any limit was exceeded earlier.

        The second matters because Jinja discards errors from expressions that it evaluates while compiling.
        """
        if not self._exceeded and self._wall_s() >= self._next_check:
            self._check_clocks()
        if self._exceeded:
            kind, words = self._exceeded
            raise kind(words)

    def _check_clocks(self) -> None:
        now, cpu_left = self._wall_s(), self._cpu_until - self._cpu_s()
        # A thread cannot use more processor time than elapses. Reading that clock is a system call, so it is rare.
        self._next_check = now + max(cpu_left, _CHECK_S)
        if cpu_left < 0:
            self._exceeded = SecurityError, f"rendering for more than {MOST_CPU_S} seconds of processor time"
        elif now > self._wall_until:
            words = f"this computer was too busy: rendering took more than {MOST_WALL_S} seconds"
            self._exceeded = BusyError, f"{words}; try again when it is less busy"

    def _limit(self, used: int, most: int, words: str) -> None:
        if used > most and not self._exceeded:
            self._exceeded = SecurityError, words
        self.check()

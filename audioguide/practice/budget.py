"""Counts what the scripts of one session take."""

import time

from jinja2.exceptions import SecurityError

MOST_TURNS, MOST_SECONDS = 20_000, 3
"""What one session's scripts may take: turns of loops, macros, blocks and includes; and seconds."""
MOST_TEXT, MOST_LINES = 1_000_000, 20_000
"""What they may say together: a day of speech has fewer characters."""
MOST_MADE = 4_000_000
"""Characters and items that they may make on the way; kept all at once, these take some 200 MB."""
MOST_CODE_IN_ALL = 40_000
"""Signs and words inside the tags of all files; Jinja takes about 50 microseconds for each."""


class Budget:
    """Counts what the scripts of one session take."""

    def __init__(self) -> None:
        """Begin at nothing, now."""
        self._turns = self._made = self._code = self._text = self._lines = 0
        self._over = ""
        self._until = time.monotonic() + MOST_SECONDS

    def turn(self, size: int) -> None:
        """Count a turn of a loop, or a call of a macro, a block or a file, whose own words are of that size.

        Raises:
            SecurityError: as every method here, where it is too much.
        """
        self._turns += 1
        self._bound(self._turns, MOST_TURNS, f"loops, macros and includes that turn more than {MOST_TURNS} times")
        self.make(size)

    def make(self, size: int) -> None:
        """Count a value of that size."""
        self._made += size
        self._bound(self._made, MOST_MADE, f"text and lists of more than {MOST_MADE} characters and items on the way")

    def look(self) -> None:
        """Look at the clock, and at whether there was too much of anything before."""
        self._bound(0, 0, "")

    def _bound(self, value: float, most: float, words: str) -> None:
        if value > most:
            self._over = self._over or words
        elif time.monotonic() > self._until:
            self._over = self._over or f"rendering for more than {MOST_SECONDS} seconds"
        if self._over:
            raise SecurityError(self._over)

    def read(self, code: int) -> None:
        """Count a template whose tags have so many signs and words."""
        self._code += code
        self._bound(self._code, MOST_CODE_IN_ALL, f"more than {MOST_CODE_IN_ALL} signs and words inside of tags")

    def say(self, text: str) -> None:
        """Count rendered text."""
        self._text += len(text)
        self._lines += text.count("\n")
        self._bound(self._text, MOST_TEXT, f"more than {MOST_TEXT} characters of text")
        self._bound(self._lines, MOST_LINES, f"more than {MOST_LINES} lines of text")

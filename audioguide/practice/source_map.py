"""How the place where a text was written survives rendering.

An extension puts a private-use character before every line of template text and before every ``{{``. Each character
stands for one (file, line); after rendering they are read off and taken out. They stay out of ``{% set %}``,
``{% filter %}`` and ``{% call %}`` bodies, whose text a template can measure, and filters do not see them.

Two limits: a macro's text carries them, so ``macro() == "text"`` is never true; and ``{% raw %}`` alone on a line
leaves an empty line, for Jinja hides raw tags from extensions.
"""

import re
from collections.abc import Callable, Iterator
from enum import Enum
from functools import wraps
from typing import Any

from jinja2 import TemplateSyntaxError
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from audioguide.core.characters import PRIVATE

FIRST, LAST = 0xF0000, 0xFFFFD
PLACE = re.compile(f"[{chr(FIRST)}-{chr(LAST)}]")
_MEASURED_BODIES = ("filter", "call")


class Starts(Enum):
    """What begins at a place."""

    PART = "a part of a line"
    LINE = "a line"
    EMPTY_LINE = "a line that was left empty"


def _start_of(line: bool) -> Starts:
    return Starts.LINE if line else Starts.PART


class Places(Extension):
    """Puts a character for its place in front of every template line and of every ``{{``."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Yield a template's tokens, with the characters put in."""
        script = stream.name or ""
        bodies: list[str] = []
        ended_at, glued = 0, False
        tokens = list(stream)
        for index, token in enumerate(tokens):
            if token.type == "block_begin":
                _track_bodies(bodies, tokens[index + 1 :])
            starts = token.lineno > ended_at and not glued
            if token.type == "data" and not bodies:
                yield Token(token.lineno, "data", self._mark_lines(script, token, starts))
            else:
                if token.type == "variable_begin" and not bodies:
                    yield Token(token.lineno, "data", self._place(script, token.lineno, _start_of(starts)))
                elif token.type == "string" and PRIVATE.search(token.value):
                    raise TemplateSyntaxError("a private-use character cannot be spoken", token.lineno, script)
                yield token
            ended_at = token.lineno + (token.value.count("\n") if token.type == "data" else 0)
            glued = token.type in ("block_end", "variable_end") and token.value.startswith("-")

    def _mark_lines(self, script: str, token: Token, starts_line: bool) -> str:
        lines = token.value.split("\n")
        marked = []
        for nth, line in enumerate(lines):
            starts = _start_of(starts_line or nth > 0)
            if starts is Starts.LINE and not line.strip() and nth < len(lines) - 1:
                starts = Starts.EMPTY_LINE
            marked.append(self._place(script, token.lineno + nth, starts) + line)
        return "\n".join(marked)

    def _place(self, script: str, line: int, starts: Starts) -> str:
        remember: Any = self.environment
        return str(remember.remember_place(script, line, starts))


def _track_bodies(bodies: list[str], ahead: list[Token]) -> None:
    """Keep the stack of open bodies whose text a template can measure."""
    word = ahead[0].value if ahead else ""
    if bodies and word == f"end{bodies[-1]}":
        bodies.pop()
    elif word in _MEASURED_BODIES:
        bodies.append(word)
    elif word == "set":
        inside = [token.type for token in ahead[: _block_length(ahead)]]
        target = inside[: inside.index("pipe")] if "pipe" in inside else inside
        if "assign" not in target:
            bodies.append("set")


def _block_length(ahead: list[Token]) -> int:
    return next((index for index, token in enumerate(ahead) if token.type == "block_end"), len(ahead))


def placeless(filter_: Callable[..., object]) -> Callable[..., object]:
    """Return a filter that does not see places: a macro's text carries them."""

    @wraps(filter_)
    def without_places(*arguments: object, **options: object) -> object:
        return filter_(*(PLACE.sub("", value) if isinstance(value, str) else value for value in arguments), **options)

    return without_places

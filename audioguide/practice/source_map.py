"""Keeps track of which template line each part of the rendered text comes from.

A Jinja extension inserts a private-use character, a marker, before every line of template text and before every ``{{``.
Each marker stands for one (file, line); after rendering they are read and removed. None is inserted in the bodies of
``{% set %}``, ``{% filter %}`` and ``{% call %}``, whose text a template can measure, and filters do not see them.

Two limits: the text of a macro contains markers, so ``macro() == "text"`` is never true; and ``{% raw %}`` alone on a
line leaves an empty line, because Jinja hides raw tags from extensions.
"""

import re
from collections.abc import Callable, Iterator
from enum import Enum
from functools import wraps
from typing import Any

from jinja2 import TemplateSyntaxError
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from audioguide.core.characters import PRIVATE, private_use_message

FIRST, LAST = 0xF0000, 0xFFFFD
"""The code points of markers."""
MARKER = re.compile(f"[{chr(FIRST)}-{chr(LAST)}]")
_MEASURED_BODIES = ("filter", "call")


class Starts(Enum):
    """What begins at a marker."""

    PART = "a part of a line"
    LINE = "a line"
    EMPTY_LINE = "a line that is empty in the template"


class SourceMarkers(Extension):
    """Inserts the markers; the environment's ``new_marker(script, line, starts)`` returns each."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Yield a template's tokens, with the markers inserted."""
        script = stream.name or ""
        bodies: list[str] = []
        last_line, joined = 0, False
        tokens = list(stream)
        for index, token in enumerate(tokens):
            if token.type == "block_begin":
                _track_bodies(bodies, tokens[index + 1 :])
            starts_line = token.lineno > last_line and not joined
            if token.type == "data" and not bodies:
                yield Token(token.lineno, "data", self._mark_lines(script, token, starts_line))
            else:
                if token.type == "variable_begin" and not bodies:
                    starts = Starts.LINE if starts_line else Starts.PART
                    yield Token(token.lineno, "data", self._marker(script, token.lineno, starts))
                elif token.type == "string" and (private := PRIVATE.search(token.value)):
                    raise TemplateSyntaxError(private_use_message(private[0]), token.lineno, script)
                yield token
            last_line = token.lineno + (token.value.count("\n") if token.type == "data" else 0)
            joined = token.type in ("block_end", "variable_end") and token.value.startswith("-")

    def _mark_lines(self, script: str, token: Token, starts_line: bool) -> str:
        lines = token.value.split("\n")
        marked = []
        for nth, line in enumerate(lines):
            starts = Starts.LINE if starts_line or nth > 0 else Starts.PART
            if starts is Starts.LINE and not line.strip() and nth < len(lines) - 1:
                starts = Starts.EMPTY_LINE
            marked.append(self._marker(script, token.lineno + nth, starts) + line)
        return "\n".join(marked)

    def _marker(self, script: str, line: int, starts: Starts) -> str:
        environment: Any = self.environment
        return str(environment.new_marker(script, line, starts))


def _track_bodies(bodies: list[str], ahead: list[Token]) -> None:
    """Update the stack of open bodies whose text a template can measure; ahead begins with the tag's name."""
    name = ahead[0].value if ahead else ""
    if bodies and name == f"end{bodies[-1]}":
        bodies.pop()
    elif name in _MEASURED_BODIES:
        bodies.append(name)
    elif name == "set":
        inside = [token.type for token in ahead[: _tag_length(ahead)]]
        target = inside[: inside.index("pipe")] if "pipe" in inside else inside
        if "assign" not in target:
            bodies.append("set")


def _tag_length(ahead: list[Token]) -> int:
    return next((index for index, token in enumerate(ahead) if token.type == "block_end"), len(ahead))


def without_markers(filter_: Callable[..., object]) -> Callable[..., object]:
    """Return a filter that does not see markers, which the text of a macro contains."""

    @wraps(filter_)
    def run(*arguments: object, **options: object) -> object:
        return filter_(*(MARKER.sub("", value) if isinstance(value, str) else value for value in arguments), **options)

    return run

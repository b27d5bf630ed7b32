"""Turns Jinja's errors into messages for people who write scripts."""

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

from jinja2 import Environment, TemplateError, TemplateNotFound, TemplateSyntaxError
from jinja2.exceptions import SecurityError, UndefinedError

from audioguide.core.errors import did_you_mean
from audioguide.core.script_names import FUNCTIONS, JINJA_GLOBALS

_TAGS_WITH_END = ("if", "for", "macro", "call", "filter", "block", "set", "raw", "autoescape", "with")
_SYNTAX = (
    (r"Missing end of comment tag", "a comment {# is never closed; end it with #}"),
    (
        r"Encountered unknown tag 'end(\w+)'",
        r"{% end\1 %} without a {% \1 %} before it; leave it out, or write both",
    ),
    (r"expected token '.*', got '='", "a single =; write == to compare"),
    (r"unexpected char '[‘’“”„]'", "curly quotes inside a tag; use straight ones, ' or \""),
)


def syntax_words(error: TemplateSyntaxError, open_tag: tuple[str, int] | None) -> str:
    """Return the message for a syntax error; open_tag is the (name, line) of a tag that is never closed, if any."""
    message = str(error.message)
    if message.startswith("Unexpected end of template") and open_tag:
        name, line = open_tag
        return f"the {{% {name} %}} of line {line} is never closed; write {{% end{name} %}}"
    for pattern, words in _SYNTAX:
        if match := re.search(pattern, message):
            return match.expand(words)
    return _sentence(message)


def open_tag(environment: Environment, source: str) -> tuple[str, int] | None:
    """Return the (name, line) of the last tag that is never closed."""
    opened: list[tuple[str, int]] = []
    tokens = [token for token in environment.lex(source) if token[1] != "whitespace"]
    for (_, kind, _), (line, _, word) in pairwise(tokens):
        if kind != "block_begin":
            continue
        if word.startswith("end") and opened and opened[-1][0] == word.removeprefix("end"):
            opened.pop()
        elif word in _TAGS_WITH_END and word != "set":
            opened.append((word, line))
    return opened[-1] if opened else None


def run_time_words(error: Exception, variables: Mapping[str, object]) -> str:
    """Return the message for an error that a template raised while it ran, in one line."""
    words = _sentence(str(error))
    match error:
        case UndefinedError():
            name = re.match(r"'(\w+)' is undefined", words)
            return _undefined_words(name[1], variables) if name else words
        case TemplateNotFound():
            return error.message or f"no file {error.name!r}"
        case SecurityError():
            return f"not allowed in a script: {words}"
        case RecursionError():
            return "a template that includes or calls itself endlessly, or brackets and tags nested too deeply"
        case TemplateError():
            return words
        case MemoryError() | SyntaxError():
            return "brackets and tags nested too deeply"
        case TypeError() if "not supported between" in words and "'str'" in words:
            return "a number is compared with text; write the number without quotes"
    return f"{words or type(error).__name__} ({type(error).__name__})"


def _undefined_words(name: str, variables: Iterable[str]) -> str:
    known = [*variables, *FUNCTIONS]
    if name in (*known, *JINJA_GLOBALS):
        return f"{name!r} is not available in an imported file; write {{% import ... with context %}}"
    return f"{name!r} is not defined{did_you_mean(name, known)} (or set it with --set {name}=...)"


def _sentence(words: str) -> str:
    return words.rstrip(".").replace("\n", " ")

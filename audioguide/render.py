"""Jinja, sandboxed: template -> lines of text that remember where each part came from.

How a place survives rendering: an extension puts one private-use character in front of every line of template text and
of every ``{{``. Each character stands for one (file, line); after rendering they are read off and taken out. They stay
out of ``{% set %}``, ``{% filter %}`` and ``{% call %}`` bodies, whose text a template can measure, and filters do not
see them. Two limits: a macro's text carries them, so ``macro() == "text"`` is never true; and ``{% raw %}`` alone on a
line leaves an empty line, for Jinja hides raw tags from extensions.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import cached_property, wraps
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    Environment,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    meta,
    nodes,
)
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from audioguide.errors import ScriptError, did_you_mean
from audioguide.language import FUNCTIONS, JINJA_GLOBALS, PRIVATE
from audioguide.model import Line, Source
from audioguide.shelf import is_file

MOST_TURNS, MOST_SECONDS, MOST_TEXT, MOST_SIZE = 20_000, 3, 1_000_000, 100_000
"""What one script may take: turns of all loops, seconds, characters of text, and operands of a product."""
_TICK = "audioguide_tick"

_FIRST, _LAST = 0xF0000, 0xFFFFD
_PLACE = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]")
_MEASURED_BODIES = ("filter", "call")


class Renderer:
    """Renders the scripts of one practice's folder."""

    def __init__(self, folder: Path, shown: str) -> None:
        """Read scripts from folder; shown is how the folder is called in errors."""
        self._folder = folder
        self._shown = shown
        self._loader = _FolderLoader(folder, shown)
        self._places: list[tuple[Source, _Starts]] = []
        self._turns, self._until = 0, 0.0

    @cached_property
    def _environment(self) -> Environment:
        environment = _Sandbox(
            loader=self._loader,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,
            extensions=[_Places],
        )
        environment.globals.pop("lipsum")
        environment.filters.pop("random")  # a session must come out the same twice
        environment.filters = {name: _placeless(filter_) for name, filter_ in environment.filters.items()}
        environment.globals |= {"pause": pause, "rest": rest, "bell": bell, _TICK: self._tick}
        environment.extend(remember_place=self._remember)
        return environment

    def render(self, script: str, variables: Mapping[str, object]) -> list[Line]:
        """Return the lines of one script.

        Args:
            script: the file's name in the practice's folder.
            variables: what the script may use, beside FUNCTIONS.

        Raises:
            ScriptError: at the file and line that is wrong.
        """
        try:
            text = self._run(script, variables)
        except ScriptError:
            raise
        except TemplateSyntaxError as error:
            raise self._syntax_error(error, script) from error
        except Exception as error:  # a template may raise anything; every kind becomes one line
            raise ScriptError(self._where(error, script), _run_time_words(error, variables)) from error
        return list(self._lines(text, script))

    def _run(self, script: str, variables: Mapping[str, object]) -> str:
        self._turns, self._until = 0, time.monotonic() + MOST_SECONDS
        size, parts = 0, []
        for part in self._environment.get_template(script).generate(variables):
            size += len(part)
            if size > MOST_TEXT:
                raise SecurityError(f"more than {MOST_TEXT} characters of text")
            parts.append(part)
        return "".join(parts)

    def _tick(self) -> str:
        """Count a turn of a loop or a call of a macro; stands in every one of them and prints nothing."""
        self._turns += 1
        if self._turns > MOST_TURNS or time.monotonic() > self._until:
            raise SecurityError(f"loops that turn more than {MOST_TURNS} times, or for {MOST_SECONDS} seconds")
        return ""

    def used_names(self, scripts: Iterable[str]) -> set[str]:
        """Return the variables that these scripts, or anything they include from the folder, ask for.

        Raises:
            ScriptError: a template cannot be read.
        """
        found: set[str] = set()
        seen: set[str] = set()
        waiting = list(scripts)
        while waiting:
            script = waiting.pop()
            if script not in seen:
                seen.add(script)
                tree = self._tree(script)
                found |= meta.find_undeclared_variables(tree) - {_TICK}
                named = meta.find_referenced_templates(tree)
                waiting += [name for name in named if name and self._loader.path_of(name)]
        return found

    def _tree(self, script: str) -> nodes.Template:
        try:
            source, _, _ = self._loader.get_source(self._environment, script)
            return self._environment.parse(source, script)
        except TemplateSyntaxError as error:
            raise self._syntax_error(error, script) from error
        except (TemplateNotFound, RecursionError) as error:
            raise ScriptError(Source(self._shown_name(script), 1), _run_time_words(error, {})) from error

    def _syntax_error(self, error: TemplateSyntaxError, script: str) -> ScriptError:
        return ScriptError(Source(self._shown_name(error.name or script), error.lineno), _sentence(str(error.message)))

    def _shown_name(self, script: str) -> str:
        return f"{self._shown}/{script}"

    def _where(self, error: BaseException, script: str) -> Source:
        """Return the innermost template line of a run-time error; Jinja's own line numbers are right."""
        shown = Source(self._shown_name(script), 1)
        trace = error.__traceback__
        while trace:
            if "__jinja_exception__" in trace.tb_frame.f_globals:  # a frame that Jinja rewrote to the template's line
                shown = Source(trace.tb_frame.f_code.co_filename, trace.tb_lineno)
            trace = trace.tb_next
        return shown

    def _remember(self, script: str, line: int, starts: "_Starts") -> str:
        """Return the character that stands for a place."""
        source = Source(self._shown_name(script), line)
        if len(self._places) > _LAST - _FIRST:
            raise ScriptError(source, "the practice has too many lines to keep track of; shorten it")
        self._places.append((source, starts))
        return chr(_FIRST + len(self._places) - 1)

    def _lines(self, text: str, script: str) -> Iterator[Line]:
        """Yield rendered lines; a template line that a tag glued to the one before stands on its own again.

        An empty line is one that was left empty in a template; where only tags stood, nothing is left.
        """
        last = Source(self._shown_name(script), 1)
        raw_lines = text.replace("\r\n", "\n").split("\n")
        for number, raw in enumerate(raw_lines, 1):
            words: list[str] = []
            marks = [(0, last)]
            column = at = 0
            empty_line = not raw and number < len(raw_lines)
            for found in _PLACE.finditer(raw):
                words.append(raw[at : found.start()])
                column += found.start() - at
                at = found.end()
                source, starts = self._place_of(found[0], last)
                if starts is not _Starts.PART and "".join(words).strip():
                    yield Line("".join(words), tuple(marks))
                    words, marks, column = [], [], 0
                empty_line = empty_line or starts is _Starts.EMPTY_LINE
                last = source
                marks.append((column, source))
            words.append(raw[at:])
            whole = "".join(words)
            if whole.strip() or empty_line:
                yield Line(whole, tuple(marks))

    def _place_of(self, sign: str, last: Source) -> tuple[Source, "_Starts"]:
        index = ord(sign) - _FIRST
        if index >= len(self._places):
            raise ScriptError(last, f"a private-use character (U+{ord(sign):04X}) cannot be spoken; delete it")
        return self._places[index]


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, with a turn of every loop and macro counted, and large results refused before they are made."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for found in tree.find_all((nodes.For, nodes.Macro, nodes.CallBlock)):
            body: Any = found
            call = nodes.Call(nodes.Name(_TICK, "load"), [], [], None, None)
            body.body.insert(0, nodes.Output([call]).set_lineno(body.lineno))
        return tree

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Return what an operator gives, unless that could be large."""
        sizes = [_size(left), _size(right)]
        if operator == "%" and isinstance(left, str):
            raise SecurityError("% on text; use {{ }} in place")
        if operator == "**" or (operator == "*" and max(sizes) > MOST_SIZE):
            raise SecurityError(f"the operator {operator} on something so large")
        return super().call_binop(context, operator, left, right)


def _size(value: object) -> float:
    """Return how large a product with value may get: a text's or a list's length, or a number itself."""
    if isinstance(value, str | list | tuple):
        return len(value)
    return abs(value) if isinstance(value, int | float) else 0


class _FolderLoader(BaseLoader):
    """Reads UTF-8 scripts of one folder, and of nowhere else."""

    def __init__(self, folder: Path, shown: str) -> None:
        self._folder = folder
        self._shown = shown

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, None]:
        shown = f"{self._shown}/{template}"
        path = self.path_of(template)
        if path is None:
            raise TemplateNotFound(template, f"no file {template!r} in {self._shown}{self._suggestion(template)}")
        return _decode(path.read_bytes(), shown), shown, None

    def path_of(self, template: str) -> Path | None:
        """Return the file of a template, or None where there is none inside the folder."""
        path = self._folder / template
        try:
            inside = path.resolve().is_relative_to(self._folder.resolve())
        except (OSError, RuntimeError, ValueError):  # links in a circle, names that no file can have
            return None
        return path if inside and is_file(path) else None

    def _suggestion(self, template: str) -> str:
        return did_you_mean(template, sorted(path.name for path in self._folder.glob("*.j2")))


def _decode(data: bytes, shown: str) -> str:
    """Return a script's text.

    Raises:
        ScriptError: data is not UTF-8, or holds characters that stand for places.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = Source(shown, data[: error.start].count(b"\n") + 1)
        raise ScriptError(where, "not UTF-8 text; save the file as UTF-8 in your editor") from error
    if found := PRIVATE.search(text):
        where = Source(shown, text.count("\n", 0, found.start()) + 1)
        raise ScriptError(where, f"a private-use character (U+{ord(found[0]):04X}) cannot be spoken; delete it")
    return text


class _Starts(Enum):
    """What begins at a place."""

    PART = "a part of a line"
    LINE = "a line"
    EMPTY_LINE = "a line that was left empty"


def _start_of(line: bool) -> _Starts:
    return _Starts.LINE if line else _Starts.PART


class _Places(Extension):
    """Puts a character for its place in front of every template line and of every ``{{``."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
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
            if starts is _Starts.LINE and not line.strip() and nth < len(lines) - 1:
                starts = _Starts.EMPTY_LINE
            marked.append(self._place(script, token.lineno + nth, starts) + line)
        return "\n".join(marked)

    def _place(self, script: str, line: int, starts: _Starts) -> str:
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


def pause(length: str) -> str:
    """Return the mark of a pause, for ``{{ pause("6s") }}``."""
    return f"[pause {length}]"


def rest(weight: int = 1) -> str:
    """Return the mark of a rest, for ``{{ rest(3) }}``."""
    return f"[rest {weight}]"


def bell(strokes: int = 1) -> str:
    """Return the mark of a bell, for ``{{ bell() }}``."""
    return f"[bell {strokes}]"


def _placeless(filter_: Callable[..., object]) -> Callable[..., object]:
    """Return a filter that does not see places: a macro's text carries them."""

    @wraps(filter_)
    def without_places(*arguments: object, **options: object) -> object:
        return filter_(*(_PLACE.sub("", value) if isinstance(value, str) else value for value in arguments), **options)

    return without_places


def _sentence(words: str) -> str:
    return words.rstrip(".").replace("\n", " ")


def _run_time_words(error: Exception, variables: Mapping[str, object]) -> str:
    """Return what a template did wrong while it ran, in one line."""
    words = _sentence(str(error))
    match error:
        case UndefinedError():
            found = re.match(r"'(\w+)' is undefined", words)
            return _undefined_words(found[1], variables) if found else words
        case TemplateNotFound():
            return error.message or f"no file {error.name!r}"
        case SecurityError():
            return f"not allowed in a script: {words}"
        case RecursionError():
            return "a template that includes or calls itself without end"
        case TemplateError():
            return words
    return f"{words or type(error).__name__} ({type(error).__name__})"


def _undefined_words(name: str, variables: Mapping[str, object]) -> str:
    known = [*variables, *FUNCTIONS, *JINJA_GLOBALS]
    if name in known:
        return f"{name!r} does not reach an imported file; write {{% import ... with context %}}"
    return f"{name!r} is not defined{did_you_mean(name, known)} (or give it with --set {name}=...)"

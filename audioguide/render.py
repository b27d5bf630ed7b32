"""Jinja, sandboxed: template -> lines of text that remember where each part came from."""

import time
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from jinja2 import (
    Environment,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
    meta,
    nodes,
)
from jinja2.exceptions import SecurityError

from audioguide.errors import ScriptError
from audioguide.mistakes import open_tag, run_time_words, syntax_words
from audioguide.model import Line, Source
from audioguide.places import FIRST, LAST, PLACE, Places, Starts, placeless
from audioguide.sandbox import MOST_SECONDS, MOST_TEXT, MOST_TURNS, TICK, FolderLoader, Sandbox


class Renderer:
    """Renders the scripts of one practice's folder."""

    def __init__(self, folder: Path, shown: str) -> None:
        """Read scripts from folder; shown is how the folder is called in errors."""
        self._folder = folder
        self._shown = shown
        self._loader = FolderLoader(folder, shown)
        self._places: list[tuple[Source, Starts]] = []
        self._turns, self._until = 0, 0.0

    @cached_property
    def _environment(self) -> Environment:
        environment = Sandbox(
            loader=self._loader,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,
            extensions=[Places],
        )
        environment.globals.pop("lipsum")
        environment.filters.pop("random")  # a session must come out the same twice
        environment.filters = {name: placeless(filter_) for name, filter_ in environment.filters.items()}
        environment.globals |= {"pause": pause, "rest": rest, "bell": bell, TICK: self._tick}
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
            raise ScriptError(self._where(error, script), run_time_words(error, variables)) from error
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
                found |= meta.find_undeclared_variables(tree) - {TICK}
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
            raise ScriptError(Source(self._shown_name(script), 1), run_time_words(error, {})) from error

    def _syntax_error(self, error: TemplateSyntaxError, script: str) -> ScriptError:
        name = error.name or script
        shown = (
            name if name.startswith(f"{self._shown}/") else self._shown_name(name)
        )  # the lexer knows the latter only
        try:
            unclosed = open_tag(self._environment, error.source or "")
        except TemplateSyntaxError:
            unclosed = None
        return ScriptError(Source(shown, error.lineno), syntax_words(error, unclosed))

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

    def _remember(self, script: str, line: int, starts: Starts) -> str:
        """Return the character that stands for a place."""
        source = Source(self._shown_name(script), line)
        if len(self._places) > LAST - FIRST:
            raise ScriptError(source, "the practice has too many lines to keep track of; shorten it")
        self._places.append((source, starts))
        return chr(FIRST + len(self._places) - 1)

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
            for found in PLACE.finditer(raw):
                words.append(raw[at : found.start()])
                column += found.start() - at
                at = found.end()
                source, starts = self._place_of(found[0], last)
                if starts is not Starts.PART and "".join(words).strip():
                    yield Line("".join(words), tuple(marks))
                    words, marks, column = [], [], 0
                empty_line = empty_line or starts is Starts.EMPTY_LINE
                last = source
                marks.append((column, source))
            words.append(raw[at:])
            whole = "".join(words)
            if whole.strip() or empty_line:
                yield Line(whole, tuple(marks))

    def _place_of(self, sign: str, last: Source) -> tuple[Source, Starts]:
        index = ord(sign) - FIRST
        if index >= len(self._places):
            raise ScriptError(last, f"a private-use character (U+{ord(sign):04X}) cannot be spoken; delete it")
        return self._places[index]


def pause(length: str) -> str:
    """Return the mark of a pause, for ``{{ pause("6s") }}``."""
    return f"[pause {length}]"


def rest(weight: int = 1) -> str:
    """Return the mark of a rest, for ``{{ rest(3) }}``."""
    return f"[rest {weight}]"


def bell(strokes: int = 1) -> str:
    """Return the mark of a bell, for ``{{ bell() }}``."""
    return f"[bell {strokes}]"

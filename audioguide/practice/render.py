"""Renders the scripts of a practice with Jinja, into lines that know which template line each part comes from."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property

from jinja2 import StrictUndefined, TemplateNotFound, TemplateSyntaxError, meta

from audioguide.core.characters import private_use_message
from audioguide.core.errors import AudioguideError, ScriptError
from audioguide.core.model import Line, Source
from audioguide.practice.budget import Budget
from audioguide.practice.sandbox import FolderLoader, Sandbox
from audioguide.practice.source_map import FIRST, LAST, MARKER, SourceMarkers, Starts, without_markers
from audioguide.practice.template_errors import open_tag, run_time_words, syntax_words
from audioguide.storage.shelf import Layer


class Renderer:
    """Renders the scripts in a practice's folders, and keeps the compiled templates."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._loader = FolderLoader(layers)
        self._sources: list[tuple[Source, Starts]] = []
        """What each marker stands for, in the order of their code points."""
        self._session: Mapping[str, object] = {}
        """The variables of the session that the current budget belongs to."""

    @cached_property
    def _environment(self) -> Sandbox:
        environment = Sandbox(
            loader=self._loader,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,
            extensions=[SourceMarkers],
        )
        environment.filters = {name: without_markers(filter_) for name, filter_ in environment.filters.items()}
        environment.globals |= {"pause": pause, "rest": rest, "bell": bell}
        environment.extend(new_marker=self._new_marker)
        return environment

    def render(self, script: str, variables: Mapping[str, object]) -> list[Line]:
        """Return the lines of one script.

        Args:
            script: the file's name in the practice's folder.
            variables: what the script may use in addition to FUNCTIONS. All steps of one session pass the same object,
                because they share one budget.

        Raises:
            ScriptError: the script is wrong, at its file and line.
            BusyError: the computer is too busy to render it in time.
        """
        if variables is not self._session:
            self._session, self._environment.budget = variables, Budget()
        budget = self._environment.budget
        parts = []
        with self._explaining_errors(script, variables), budget.running():
            budget.check()
            for part in self._environment.get_template(script).generate(variables):
                budget.add_text(part)
                parts.append(part)
        return list(self._lines("".join(parts), script))

    def plain_lines(self, script: str) -> list[Line]:
        """Return the lines of a script that contain no tags; they can be checked even if the script does not render."""
        try:
            source, shown, _ = self._loader.get_source(self._environment, script)
            tokens = list(self._environment.lex(source))
        except (TemplateSyntaxError, TemplateNotFound, ScriptError):
            return []
        data = {number for number, kind, _ in tokens if kind == "data"}
        tags = {number for number, kind, _ in tokens if kind != "data"}
        for number, kind, text in tokens:
            if kind == "data":
                data |= set(range(number, number + text.count("\n")))
        numbered = enumerate(source.splitlines(), 1)
        return [Line(text, ((0, Source(shown, number)),)) for number, text in numbered if number in data - tags]

    def used_names(self, scripts: Iterable[str]) -> set[str]:
        """Return the variables that these scripts use, including those in files that they include or import.

        Raises:
            ScriptError: a template cannot be read.
            BusyError: the computer is too busy to read them in time.
        """
        self._session, self._environment.budget = {}, Budget()
        names: set[str] = set()
        seen: set[str] = set()
        pending = list(scripts)
        while pending:
            script = pending.pop()
            if script not in seen:
                seen.add(script)
                variables, templates = self._references(script)
                names |= variables
                pending += [name for name in templates if name and self._loader.path_of(name)]
        return names

    def _references(self, script: str) -> tuple[set[str], list[str | None]]:
        """Return the variables and the templates that a script refers to; None for a template named at run time."""
        with self._explaining_errors(script, {}), self._environment.budget.running():
            source, _, _ = self._loader.get_source(self._environment, script)
            tree = self._environment.parse(source, script)
            return meta.find_undeclared_variables(tree), list(meta.find_referenced_templates(tree))

    @contextmanager
    def _explaining_errors(self, script: str, variables: Mapping[str, object]) -> Iterator[None]:
        """Turn any error of a template into a ScriptError at its file and line."""
        try:
            yield
        except AudioguideError:
            raise
        except TemplateSyntaxError as error:
            raise self._syntax_error(error, script) from error
        except Exception as error:  # a template may raise anything
            raise ScriptError(self._source_of(error, script), run_time_words(error, variables)) from error

    def _syntax_error(self, error: TemplateSyntaxError, script: str) -> ScriptError:
        name = error.name or script
        shown = name if self._loader.is_shown(name) else self._loader.shown(name)  # the lexer passes the latter only
        try:
            unclosed = open_tag(self._environment, error.source or "")
        except TemplateSyntaxError:
            unclosed = None
        return ScriptError(Source(shown, error.lineno), syntax_words(error, unclosed))

    def _source_of(self, error: BaseException, script: str) -> Source:
        """Return the innermost template line of a run-time error; Jinja's own line numbers are right.

        For endless recursion, return the line that occurs most often.
        """
        sources = [Source(self._loader.shown(script), 1)]
        trace = error.__traceback__
        while trace:
            if "__jinja_exception__" in trace.tb_frame.f_globals:  # a frame that Jinja rewrote to the template's line
                sources.append(Source(trace.tb_frame.f_code.co_filename, trace.tb_lineno))
            trace = trace.tb_next
        return Counter(sources).most_common(1)[0][0] if isinstance(error, RecursionError) else sources[-1]

    def _new_marker(self, script: str, line: int, starts: Starts) -> str:
        """Return the marker of a template line."""
        source = Source(self._loader.shown(script), line)
        if len(self._sources) > LAST - FIRST:
            raise ScriptError(source, "the practice has too many lines to keep track of; shorten it")
        self._sources.append((source, starts))
        return chr(FIRST + len(self._sources) - 1)

    def _lines(self, text: str, script: str) -> Iterator[Line]:
        """Yield rendered lines without markers.

        A template line that a tag joined to the line before becomes a line again. Empty lines are yielded only if they
        are empty in the template, not if their tags printed nothing.
        """
        last = Source(self._loader.shown(script), 1)
        raw_lines = text.replace("\r\n", "\n").split("\n")
        for number, raw in enumerate(raw_lines, 1):
            parts: list[str] = []
            marks = [(0, last)]
            column, at, blank = 0, 0, True
            empty_line = not raw and number < len(raw_lines)
            for marker in MARKER.finditer(raw):
                parts.append(raw[at : marker.start()])
                column += marker.start() - at
                at = marker.end()
                blank = blank and not parts[-1].strip()
                source, starts = self._read_marker(marker[0], last)
                if starts is not Starts.PART and not blank:
                    yield Line("".join(parts), tuple(marks))
                    parts, marks, column, blank = [], [], 0, True
                empty_line = empty_line or starts is Starts.EMPTY_LINE
                last = source
                marks.append((column, source))
            parts.append(raw[at:])
            line = "".join(parts)
            if line.strip() or empty_line:
                yield Line(line, tuple(marks))

    def _read_marker(self, marker: str, last: Source) -> tuple[Source, Starts]:
        index = ord(marker) - FIRST
        if index >= len(self._sources):
            raise ScriptError(last, private_use_message(marker))
        return self._sources[index]


def pause(length: str) -> str:
    """Return a pause mark, for ``{{ pause("6s") }}``."""
    return f"[pause {length}]"


def rest(weight: int = 1) -> str:
    """Return a rest mark, for ``{{ rest(3) }}``."""
    return f"[rest {weight}]"


def bell(strokes: int = 1) -> str:
    """Return a bell mark, for ``{{ bell() }}``."""
    return f"[bell {strokes}]"

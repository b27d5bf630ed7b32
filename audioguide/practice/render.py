"""Jinja, sandboxed: template -> lines of text that remember where each part came from."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from jinja2 import StrictUndefined, TemplateNotFound, TemplateSyntaxError, meta

from audioguide.core.errors import AudioguideError, ScriptError
from audioguide.core.model import Line, Source
from audioguide.practice.budget import Budget
from audioguide.practice.sandbox import FolderLoader, Sandbox
from audioguide.practice.source_map import FIRST, LAST, PLACE, Places, Starts, placeless
from audioguide.practice.template_errors import open_tag, run_time_words, syntax_words
from audioguide.storage.shelf import Layer


class Renderer:
    """Renders the scripts of one practice's folder."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        """Read scripts from the first of the layers that has them."""
        self._loader = FolderLoader(layers)
        self._places: list[tuple[Source, Starts]] = []
        self._session: Mapping[str, object] = {}

    @cached_property
    def _environment(self) -> Sandbox:
        environment = Sandbox(
            loader=self._loader,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,
            extensions=[Places],
        )
        environment.filters = {name: placeless(filter_) for name, filter_ in environment.filters.items()}
        environment.globals |= {"pause": pause, "rest": rest, "bell": bell}
        environment.extend(remember_place=self._remember)
        return environment

    def render(self, script: str, variables: Mapping[str, object]) -> list[Line]:
        """Return the lines of one script.

        Args:
            script: the file's name in the practice's folder.
            variables: what the script may use, beside FUNCTIONS.

        Raises:
            ScriptError: at the file and line that is wrong.
            BusyError: the computer is too busy to render it in time.
        """
        try:
            text = self._run(script, variables)
        except AudioguideError:
            raise
        except TemplateSyntaxError as error:
            raise self._syntax_error(error, script) from error
        except Exception as error:  # a template may raise anything; every kind becomes one line
            raise ScriptError(self._where(error, script), run_time_words(error, variables)) from error
        return list(self._lines(text, script))

    def plain_lines(self, script: str) -> list[Line]:
        """Return the lines of a script in which no tag stands, for what can be said of one that does not render."""
        shown = self._shown_name(script)
        try:
            source, _, _ = self._loader.get_source(self._environment, script)
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

    def _run(self, script: str, variables: Mapping[str, object]) -> str:
        if variables is not self._session:  # the steps of one session are rendered with the same, and share a budget
            self._session, self._environment.budget = variables, Budget()
        budget = self._environment.budget
        parts = []
        with budget.running():
            budget.check()
            for part in self._environment.get_template(script).generate(variables):
                budget.add_text(part)
                parts.append(part)
        return "".join(parts)

    def used_names(self, scripts: Iterable[str]) -> set[str]:
        """Return the variables that these scripts, or anything they include from the folder, ask for.

        Raises:
            ScriptError: a template cannot be read.
            BusyError: the computer is too busy to read them in time.
        """
        self._session, self._environment.budget = {}, Budget()
        found: set[str] = set()
        seen: set[str] = set()
        waiting = list(scripts)
        while waiting:
            script = waiting.pop()
            if script not in seen:
                seen.add(script)
                names, named = self._asked(script)
                found |= names
                waiting += [name for name in named if name and self._loader.path_of(name)]
        return found

    def _asked(self, script: str) -> tuple[set[str], list[str | None]]:
        """Return the variables and the files that a script asks for."""
        try:
            source, _, _ = self._loader.get_source(self._environment, script)
            with self._environment.budget.running():
                tree = self._environment.parse(source, script)
            return meta.find_undeclared_variables(tree), list(meta.find_referenced_templates(tree))
        except AudioguideError:
            raise
        except TemplateSyntaxError as error:
            raise self._syntax_error(error, script) from error
        except Exception as error:  # brackets or figures without end
            raise ScriptError(Source(self._shown_name(script), 1), run_time_words(error, {})) from error

    def _syntax_error(self, error: TemplateSyntaxError, script: str) -> ScriptError:
        name = error.name or script
        shown = name if self._loader.is_shown(name) else self._shown_name(name)  # the lexer knows the latter only
        try:
            unclosed = open_tag(self._environment, error.source or "")
        except TemplateSyntaxError:
            unclosed = None
        return ScriptError(Source(shown, error.lineno), syntax_words(error, unclosed))

    def _shown_name(self, script: str) -> str:
        return self._loader.shown(script)

    def _where(self, error: BaseException, script: str) -> Source:
        """Return the innermost template line of a run-time error; Jinja's own line numbers are right.

        Of what calls itself without end, it is the line that does so most often.
        """
        places = [Source(self._shown_name(script), 1)]
        trace = error.__traceback__
        while trace:
            if "__jinja_exception__" in trace.tb_frame.f_globals:  # a frame that Jinja rewrote to the template's line
                places.append(Source(trace.tb_frame.f_code.co_filename, trace.tb_lineno))
            trace = trace.tb_next
        return Counter(places).most_common(1)[0][0] if isinstance(error, RecursionError) else places[-1]

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
            column, at, blank = 0, 0, True
            empty_line = not raw and number < len(raw_lines)
            for found in PLACE.finditer(raw):
                words.append(raw[at : found.start()])
                column += found.start() - at
                at = found.end()
                blank = blank and not words[-1].strip()
                source, starts = self._place_of(found[0], last)
                if starts is not Starts.PART and not blank:
                    yield Line("".join(words), tuple(marks))
                    words, marks, column, blank = [], [], 0, True
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

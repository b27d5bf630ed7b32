"""Jinja, sandboxed and bounded: reads scripts of one folder, and refuses what would take too long or too much."""

from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, TemplateNotFound, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from audioguide.errors import ScriptError, did_you_mean
from audioguide.language import PRIVATE
from audioguide.model import Source
from audioguide.shelf import is_file

MOST_TURNS, MOST_SECONDS, MOST_TEXT, MOST_SIZE = 20_000, 3, 1_000_000, 100_000
"""What one script may take: turns of all loops, seconds, characters of text, and operands of a product."""
TICK = "audioguide_tick"
"""The name under which every loop and macro calls for a turn to be counted; what it calls prints nothing."""


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, with a turn of every loop and macro counted, and large results refused before they are made."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for found in tree.find_all((nodes.For, nodes.Macro, nodes.CallBlock)):
            body: Any = found
            call = nodes.Call(nodes.Name(TICK, "load"), [], [], None, None)
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


class FolderLoader(BaseLoader):
    """Reads UTF-8 scripts of one folder, and of nowhere else."""

    def __init__(self, folder: Path, shown: str) -> None:
        """Read from folder, which errors call shown."""
        self._folder = folder
        self._shown = shown

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, None]:
        """Return a template's text, and how errors call its file.

        Raises:
            TemplateNotFound: there is no such file inside the folder.
            ScriptError: it is not UTF-8, or holds characters that cannot be spoken.
        """
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
    if data.startswith((b"PK\x03\x04", b"{\\rtf")):
        raise ScriptError(Source(shown, 1), "a Word document, not plain text; save it as plain text (UTF-8)")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = Source(shown, data[: error.start].count(b"\n") + 1)
        raise ScriptError(where, "not UTF-8 text; save the file as UTF-8 in your editor") from error
    if found := PRIVATE.search(text):
        where = Source(shown, text.count("\n", 0, found.start()) + 1)
        raise ScriptError(where, f"a private-use character (U+{ord(found[0]):04X}) cannot be spoken; delete it")
    return text

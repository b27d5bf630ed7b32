"""Jinja, sandboxed and bounded: reads scripts of a practice's folders, and refuses what takes too long or too much."""

from collections.abc import Callable, Sequence
from functools import partial, wraps
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, TemplateNotFound, Undefined, nodes, pass_context
from jinja2.environment import TemplateModule
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Joiner, Namespace

from audioguide.core.characters import PRIVATE
from audioguide.core.errors import ScriptError, did_you_mean
from audioguide.core.model import Source
from audioguide.core.script_names import JINJA_GLOBALS
from audioguide.practice.budget import Budget
from audioguide.practice.instrument import Counted, Guarding
from audioguide.practice.policy import (
    ATTRIBUTES,
    CHECKS,
    FILTERS,
    MOST_SIZE,
    TESTS,
    TEXT_CHECKS,
    Format,
    Notes,
    as_text,
    check_operator,
    names_in,
    numbers,
    require_plain,
    settled,
)
from audioguide.storage.atomic import read_at_most
from audioguide.storage.shelf import Layer, is_file

MOST_BYTES = 300_000
"""The size of one script: some five hours of speech."""


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, with every turn counted, every value measured, and nothing but what the guard's tables allow."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self, **options: Any) -> None:
        """Begin with what the guard allows, and with a budget of its own."""
        super().__init__(**options)
        self.budget = Budget()
        self.finalize = self._printed
        self.globals = {name: self.globals[name] for name in JINJA_GLOBALS}
        self.globals |= {"range": numbers, "namespace": Notes}
        self.filters = {name: self._checked(name) for name in names_in(FILTERS)}
        self.tests = {name: self.tests[name] for name in names_in(TESTS)}
        self.add_extension(Counted)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree: nodes.Template = Guarding(self.filters, self.tests, name).visit(super()._parse(source, name, filename))
        tree.set_environment(self)
        self.budget.check()
        return tree

    def turn(self, size: int) -> None:
        """Count a turn; Guarding calls it at the beginning of every loop, macro, block and file."""
        self.budget.turn(size)

    def keep(self, value: object) -> object:
        """Return a list or a slice that a template has made; Guarding calls it for each."""
        return settled(value, self.budget)

    def concat_values(self, *values: object) -> object:
        """Return what ``~`` gives; Guarding calls it for each."""
        texts: list[str] = []
        for value in values:
            texts.append(as_text(value))
            if sum(map(len, texts)) > MOST_SIZE:
                raise SecurityError("~ of something so large")
        return self.keep("".join(texts))

    @pass_context
    def _printed(self, context: Context, value: object) -> object:
        """Return what ``{{ }}`` prints; taking the context keeps Jinja from doing it once and for all."""
        text = as_text(value)
        self.budget.make(len(text))
        return text

    def _checked(self, name: str) -> Callable[..., object]:
        """Return a filter that looks at what it is given, and whose result is measured."""
        filter_, check = self.filters[name], CHECKS.get(name)
        own = 1 if hasattr(filter_, "jinja_pass_arg") else 0

        @wraps(filter_)
        def run(*arguments: Any, **options: Any) -> object:
            given = arguments[own:]
            require_plain(given[0])
            if check:
                check(*given, **options)
            return self.keep(filter_(*arguments, **options))

        return run

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Return what an operator gives, unless that could be large."""
        check_operator(operator, left, right)
        return self.keep(super().call_binop(context, operator, left, right))

    def call(self, context: Context, called: Any, /, *arguments: Any, **options: Any) -> Any:
        """Return what a call gives, unless it could be large."""
        if getattr(called, "__self__", None) is self:
            return context.call(called, *arguments, **options)
        owner = getattr(called, "__self__", None)
        if isinstance(owner, str) and (check := TEXT_CHECKS.get(called.__name__)):
            check(owner, *arguments)
        return self.keep(super().call(context, called, *arguments, **options))

    def is_safe_callable(self, obj: Any) -> bool:
        """Return whether something may be called: what the guard allows, or a macro."""
        return (
            isinstance(obj, Macro | BlockReference | LoopContext | Joiner | Undefined)
            or any(obj is known for known in self.globals.values())
            or self._is_method(obj)
            or not callable(obj)
        )

    def _is_method(self, obj: Any) -> bool:
        if isinstance(obj, partial):  # only wrap_str_format makes one
            return True
        owner = getattr(obj, "__self__", None)
        return owner is self or any(isinstance(owner, kind) and obj.__name__ in names for kind, names in ATTRIBUTES)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Return whether a script may ask for it."""
        if attr.startswith("_"):
            return False
        return isinstance(obj, Namespace | TemplateModule) or attr in _attributes(obj)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """Return what tells, once it is used, that a script may not ask for it."""
        names = sorted(_attributes(obj))
        there = f"; there is {', '.join(names)}" if names else ""
        words = f".{attribute} of {_KINDS.get(type(obj), 'this')}{did_you_mean(attribute, names) or there}"
        return self.undefined(words, name=attribute, obj=obj, exc=SecurityError)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Return a bounded ``str.format`` in place of Python's own."""
        owner = getattr(value, "__self__", None)
        if isinstance(owner, str) and value.__name__ == "format":
            return partial(self.format_text, owner)
        return None

    def format_text(self, text: str, *values: object, **named: object) -> str:
        """Return what ``text.format(...)`` gives."""
        return Format(self).vformat(text, values, named)


def _attributes(obj: object) -> frozenset[str]:
    return next((names for kind, names in ATTRIBUTES if isinstance(obj, kind)), frozenset())


_KINDS: dict[type, str] = {str: "text", list: "a list", tuple: "a list", dict: "a mapping", int: "a number"}


class FolderLoader(BaseLoader):
    """Reads UTF-8 scripts of a practice's folders, the first that has a file, and of nowhere else."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        """Read from the folders of layers."""
        self._layers = layers
        self._shown: dict[str, str] = {}
        """Asked for with every line of a template."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, None]:
        """Return a template's text, and how errors call its file.

        Raises:
            TemplateNotFound: there is no such file inside the folders.
            ScriptError: it is not UTF-8, or holds characters that cannot be spoken.
        """
        path, shown = self.path_of(template), self.shown(template)
        if path is None:
            words = f"no file {template!r} in {self._layers[0].shown}{self._suggestion(template)}"
            raise TemplateNotFound(template, words)
        return _decode(_read(path, shown), shown), shown, None

    def path_of(self, template: str) -> Path | None:
        """Return the file of a template, or None where there is none inside the folders."""
        return next((layer.folder / template for layer in self._layers if _holds(layer.folder, template)), None)

    def shown(self, template: str) -> str:
        """Return how errors call a template: by the folder where it stands, or would have to."""
        if template not in self._shown:
            layer = next((layer for layer in self._layers if _holds(layer.folder, template)), self._layers[0])
            self._shown[template] = f"{layer.shown}/{template}"
        return self._shown[template]

    def is_shown(self, name: str) -> bool:
        """Return whether a name is already what errors call a template."""
        return any(name.startswith(f"{layer.shown}/") for layer in self._layers)

    def _suggestion(self, template: str) -> str:
        return did_you_mean(
            template, sorted({path.name for layer in self._layers for path in layer.folder.glob("*.j2")})
        )


def _holds(folder: Path, template: str) -> bool:
    """Return whether a folder itself has such a file; a link that leads out of it counts for none."""
    try:
        inside = (folder / template).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # links in a circle, names that no file can have
        return False
    return inside and is_file(folder / template)


def _read(path: Path, shown: str) -> bytes:
    try:
        data = read_at_most(path, MOST_BYTES)
    except OSError as error:
        raise ScriptError(Source(shown, 1), f"cannot be read: {error.strerror}") from error
    if data is None:
        raise ScriptError(Source(shown, 1), f"more than {MOST_BYTES // 1000} kB; make several scripts of it")
    return data


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

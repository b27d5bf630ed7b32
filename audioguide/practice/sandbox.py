"""A Jinja environment that reads scripts from a practice's folders only, and bounds what they may use."""

from collections.abc import Callable, Sequence
from functools import partial, wraps
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, TemplateNotFound, Undefined, nodes, pass_context
from jinja2.environment import TemplateModule
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Joiner

from audioguide.core.characters import PRIVATE, private_use_message
from audioguide.core.errors import ScriptError, did_you_mean
from audioguide.core.model import Source
from audioguide.core.script_names import JINJA_GLOBALS
from audioguide.practice.budget import Budget
from audioguide.practice.instrument import Instrumenter, TokenCounter
from audioguide.practice.policy import (
    ATTRIBUTES,
    CHECKS,
    FILTERS,
    MOST_SIZE,
    TESTS,
    TEXT_CHECKS,
    BoundedFormatter,
    Namespace,
    as_text,
    bounded_range,
    check_operator,
    count_value,
    names_in,
    require_plain,
    too_large,
)
from audioguide.storage.atomic import read_at_most
from audioguide.storage.shelf import Layer, find_layer, shown_path

MOST_BYTES = 300_000
"""The largest script: some five hours of speech."""


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, limited to what the tables in policy.py allow; counts every run of a loop and every value.

    Instrumenter puts calls of ``count_run``, ``count_value`` and ``concatenate`` into every template.
    """

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.budget = Budget()
        self.finalize = self._print
        self.globals = {name: self.globals[name] for name in JINJA_GLOBALS}
        self.globals |= {"range": bounded_range, "namespace": Namespace}
        self.filters = {name: self._checked_filter(name) for name in names_in(FILTERS)}
        self.tests = {name: self.tests[name] for name in names_in(TESTS)}
        self.add_extension(TokenCounter)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree: nodes.Template = super()._parse(source, name, filename)
        Instrumenter(self.filters, self.tests, name).visit(tree)
        tree.set_environment(self)
        self.budget.check()
        return tree

    def count_run(self, size: int) -> None:
        """Count one run of the body of a loop, macro, block or file; size is the length of its own text."""
        self.budget.add_run(size)

    def count_value(self, value: object) -> object:
        """Return a value that a template made, after counting it."""
        return count_value(value, self.budget)

    def concatenate(self, *values: object) -> object:
        """Return the result of ``~``."""
        texts: list[str] = []
        for value in values:
            texts.append(as_text(value))
            if sum(map(len, texts)) > MOST_SIZE:
                raise too_large("the operator ~")
        return self.count_value("".join(texts))

    @pass_context
    def _print(self, context: Context, value: object) -> object:
        """Return the text of ``{{ value }}``; because it takes the context, Jinja does not call it while compiling."""
        text = as_text(value)
        self.budget.add_value(len(text))
        return text

    def _checked_filter(self, name: str) -> Callable[..., object]:
        """Return a filter that checks its arguments and counts its result."""
        filter_, check = self.filters[name], CHECKS.get(name)
        skipped = 1 if hasattr(filter_, "jinja_pass_arg") else 0  # the context or the environment comes first

        @wraps(filter_)
        def run(*arguments: Any, **options: Any) -> object:
            values = arguments[skipped:]
            require_plain(values[0])
            if check:
                check(*values, **options)
            return self.count_value(filter_(*arguments, **options))

        return run

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Return the result of an operator, unless it could be too large."""
        check_operator(operator, left, right)
        return self.count_value(super().call_binop(context, operator, left, right))

    def call(self, context: Context, called: Any, /, *arguments: Any, **options: Any) -> Any:
        """Return the result of a call, unless it could be too large."""
        owner = getattr(called, "__self__", None)
        if owner is self:  # one of the calls that Instrumenter inserts
            return context.call(called, *arguments, **options)
        if isinstance(owner, str) and (check := TEXT_CHECKS.get(called.__name__)):
            check(owner, *arguments)
        return self.count_value(super().call(context, called, *arguments, **options))

    def is_safe_callable(self, obj: Any) -> bool:
        """Return whether a script may call it: a macro, a function of ours, or a method that policy.py allows."""
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
        """Return whether a script may read that attribute."""
        if attr.startswith("_"):
            return False
        return isinstance(obj, Namespace | TemplateModule) or attr in _attributes(obj)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """Return a value that raises an error when it is used: a script may not read that attribute."""
        names = sorted(_attributes(obj))
        known = f"; choose from {', '.join(names)}" if names else ""
        words = f".{attribute} of {_KINDS.get(type(obj), 'this')}{did_you_mean(attribute, names) or known}"
        return self.undefined(words, name=attribute, obj=obj, exc=SecurityError)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Return a bounded ``str.format`` instead of Python's; None for any other function."""
        owner = getattr(value, "__self__", None)
        if isinstance(owner, str) and value.__name__ == "format":
            return partial(self.format_text, owner)
        return None

    def format_text(self, text: str, *values: object, **named: object) -> str:
        """Return the result of ``text.format(...)``."""
        return BoundedFormatter(self).vformat(text, values, named)


def _attributes(obj: object) -> frozenset[str]:
    return next((names for kind, names in ATTRIBUTES if isinstance(obj, kind)), frozenset())


_KINDS: dict[type, str] = {str: "text", list: "a list", tuple: "a list", dict: "a mapping", int: "a number"}


class FolderLoader(BaseLoader):
    """Reads UTF-8 scripts from a practice's folders and nowhere else; the first folder that has a file supplies it."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = layers
        self._shown: dict[str, str] = {}
        """Cached, because it is needed for every line of a template."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, None]:
        """Return a template's text, and its name in error messages.

        Raises:
            TemplateNotFound: there is no such file in the folders.
            ScriptError: it is not UTF-8, or contains characters that cannot be spoken.
        """
        path, shown = self.path_of(template), self.shown(template)
        if path is None:
            words = f"no file {template!r} in {self._layers[0].shown}{self._suggestion(template)}"
            raise TemplateNotFound(template, words)
        return _decode(_read(path, shown), shown), shown, None

    def path_of(self, template: str) -> Path | None:
        """Return the path of a template; None if it is not in the folders."""
        layer = find_layer(self._layers, template)
        return layer.folder / template if layer else None

    def shown(self, template: str) -> str:
        """Return the name of a template in error messages: with the folder that contains it, or else the first."""
        if template not in self._shown:
            self._shown[template] = shown_path(self._layers, template)
        return self._shown[template]

    def is_shown(self, name: str) -> bool:
        """Return whether a name is one that ``shown`` returns."""
        return any(name.startswith(f"{layer.shown}/") for layer in self._layers)

    def _suggestion(self, template: str) -> str:
        return did_you_mean(
            template, sorted({path.name for layer in self._layers for path in layer.folder.glob("*.j2")})
        )


def _read(path: Path, shown: str) -> bytes:
    try:
        data = read_at_most(path, MOST_BYTES)
    except OSError as error:
        raise ScriptError(Source(shown, 1), f"cannot be read: {error.strerror}") from error
    if data is None:
        raise ScriptError(
            Source(shown, 1), f"the file is larger than {MOST_BYTES // 1000} kB; split it into several scripts"
        )
    return data


def _decode(data: bytes, shown: str) -> str:
    """Return a script's text.

    Raises:
        ScriptError: it is not UTF-8, or contains private-use characters, which mark sources during rendering.
    """
    if data.startswith((b"PK\x03\x04", b"{\\rtf")):
        raise ScriptError(Source(shown, 1), "a Word document, not plain text; save it as plain text (UTF-8)")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = Source(shown, data[: error.start].count(b"\n") + 1)
        raise ScriptError(where, "not UTF-8 text; save the file as UTF-8 in your editor") from error
    if private := PRIVATE.search(text):
        where = Source(shown, text.count("\n", 0, private.start()) + 1)
        raise ScriptError(where, private_use_message(private[0]))
    return text

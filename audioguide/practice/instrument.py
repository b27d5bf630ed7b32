"""A template's tree -> the same, which asks the guard at every turn and for every value that the tree itself makes.

Calls, filters and operators go through the sandbox anyway. What does not is ``~``, lists, tuples and mappings written
out, and slices; these become calls of the sandbox. It is called as an attribute of the environment, which no name that
a script sets can hide.
"""

from collections.abc import Container, Iterator
from typing import Any

from jinja2 import TemplateSyntaxError, nodes
from jinja2.ext import Extension
from jinja2.filters import FILTERS
from jinja2.lexer import Token, TokenStream
from jinja2.tests import TESTS
from jinja2.visitor import NodeTransformer

from audioguide.core.errors import did_you_mean
from audioguide.practice.policy import MOST_CODE

_TURNING = (nodes.Template, nodes.For, nodes.Macro, nodes.CallBlock, nodes.Block)
"""What may run again and again, and has a body."""

_REFUSED = {*FILTERS, *TESTS}
"""No misspellings, but what Jinja has and scripts have not."""


class Counted(Extension):
    """Counts what stands inside of tags: Jinja takes its time for each word of it."""

    priority = 1

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Yield the tokens as they are.

        Raises:
            TemplateSyntaxError: a file has too many.
        """
        budget = self.environment.budget  # type: ignore[attr-defined]  # a Sandbox
        code = 0
        for token in stream:
            code += token.type != "data"
            if code > MOST_CODE:
                words = f"more than {MOST_CODE} signs and words inside of tags; make several files of it"
                raise TemplateSyntaxError(words, token.lineno, stream.name)
            yield token
        budget.read(code)


class Guarding(NodeTransformer):
    """Puts the calls in, and refuses what is not on the guard's tables."""

    def __init__(self, filters: Container[str], tests: Container[str], name: str | None) -> None:
        """Allow these filters and tests; name is the template's."""
        self._allowed: dict[type, tuple[str, Any]] = {nodes.Filter: ("filter", filters), nodes.Test: ("test", tests)}
        self._name = name

    def visit(self, node: nodes.Node, *_: Any, **__: Any) -> Any:
        """Return a node, or what takes its place."""
        self._refuse(node)
        size = _own_words(node) if isinstance(node, _TURNING) else 0
        named = node.template if isinstance(node, nodes.Include) else None
        self.generic_visit(node)
        if isinstance(node, _TURNING):
            node.body.insert(0, nodes.ExprStmt(_call("turn", [nodes.Const(size)])).set_lineno(node.lineno))
        elif isinstance(node, nodes.Include) and isinstance(named, nodes.List | nodes.Tuple):
            node.template = named  # files that are written out are looked up as such
        elif isinstance(node, nodes.Concat):
            return _call("concat_values", node.nodes).set_lineno(node.lineno)
        elif _makes(node):
            return _call("keep", [node]).set_lineno(node.lineno)
        return node

    def _refuse(self, node: nodes.Node) -> None:
        if isinstance(node, nodes.ScopedEvalContextModifier):
            raise TemplateSyntaxError(
                "the tag autoescape has no use in a script; leave it out", node.lineno, self._name
            )
        if isinstance(node, nodes.Filter | nodes.Test):
            kind, allowed = self._allowed[type(node)]
            if node.name not in allowed:
                near = "" if node.name in _REFUSED else did_you_mean(node.name, allowed)
                there = near or f" in a script; there is {', '.join(sorted(allowed))}"
                raise TemplateSyntaxError(f"No {kind} named {node.name!r}{there}", node.lineno, self._name)


def _makes(node: nodes.Node) -> bool:
    """Return whether a node makes a list, a tuple, a mapping or a slice."""
    if isinstance(node, nodes.Getitem):
        return isinstance(node.arg, nodes.Slice)
    return isinstance(node, nodes.List | nodes.Dict) or (isinstance(node, nodes.Tuple) and node.ctx == "load")


def _call(name: str, arguments: list[Any]) -> nodes.Call:
    return nodes.Call(nodes.EnvironmentAttribute(name), arguments, [], None, None)


def _own_words(node: nodes.Node) -> int:
    """Return how many characters are written out in a body: each turn puts them out again."""
    found = node.find_all((nodes.TemplateData, nodes.Const))
    texts = (text.data if isinstance(text, nodes.TemplateData) else text.value for text in found)  # type: ignore[attr-defined]
    return sum(len(text) for text in texts if isinstance(text, str))

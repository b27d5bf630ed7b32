"""Rewrites a template's syntax tree: it calls the sandbox for each run of a loop and each value that the tree makes.

Jinja's sandbox intercepts calls, filters and operators already. It does not intercept ``~``, literals of lists, tuples
and mappings, and slices; these become calls here. Each is a call of an attribute of the environment, so that no name
that a script sets can hide it.
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
from audioguide.practice.policy import MOST_FILE_TOKENS

_REPEATABLE = (nodes.Template, nodes.For, nodes.Macro, nodes.CallBlock, nodes.Block)
"""The nodes with a body that can run more than once."""

_JINJA_NAMES = {*FILTERS, *TESTS}
"""Not misspelt if a script uses one, even if policy.py does not allow it."""


class TokenCounter(Extension):
    """Counts the tokens inside tags, because compiling takes time for each."""

    priority = 1

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Yield the tokens unchanged.

        Raises:
            TemplateSyntaxError: the file has too many.
        """
        budget = self.environment.budget  # type: ignore[attr-defined]  # a Sandbox
        count = 0
        for token in stream:
            count += token.type != "data"
            if count > MOST_FILE_TOKENS:
                words = f"more than {MOST_FILE_TOKENS} words and symbols inside tags; split it into several files"
                raise TemplateSyntaxError(words, token.lineno, stream.name)
            yield token
        budget.add_tokens(count)


class Instrumenter(NodeTransformer):
    """Inserts the calls, and refuses filters and tests that are not allowed."""

    def __init__(self, filters: Container[str], tests: Container[str], template: str | None) -> None:
        self._allowed: dict[type, tuple[str, Any]] = {nodes.Filter: ("filter", filters), nodes.Test: ("test", tests)}
        self._template = template

    def visit(self, node: nodes.Node, *_: Any, **__: Any) -> Any:
        """Return the node, or its replacement."""
        self._refuse_unknown(node)
        size = _own_text(node) if isinstance(node, _REPEATABLE) else 0
        included = node.template if isinstance(node, nodes.Include) else None
        self.generic_visit(node)
        if isinstance(node, _REPEATABLE):
            node.body.insert(0, nodes.ExprStmt(_call("count_run", [nodes.Const(size)])).set_lineno(node.lineno))
        elif isinstance(node, nodes.Include) and isinstance(included, nodes.List | nodes.Tuple):
            node.template = included  # used_names() finds the files of a literal list, but not those of a call
        elif isinstance(node, nodes.Concat):
            return _call("concatenate", node.nodes).set_lineno(node.lineno)
        elif _makes_value(node):
            return _call("count_value", [node]).set_lineno(node.lineno)
        return node

    def _refuse_unknown(self, node: nodes.Node) -> None:
        if isinstance(node, nodes.ScopedEvalContextModifier):
            words = "the tag autoescape has no use in a script; leave it out"
            raise TemplateSyntaxError(words, node.lineno, self._template)
        if isinstance(node, nodes.Filter | nodes.Test):
            kind, allowed = self._allowed[type(node)]
            if node.name not in allowed:
                near = "" if node.name in _JINJA_NAMES else did_you_mean(node.name, allowed)
                advice = near or f" in a script; choose from {', '.join(sorted(allowed))}"
                raise TemplateSyntaxError(f"No {kind} named {node.name!r}{advice}", node.lineno, self._template)


def _makes_value(node: nodes.Node) -> bool:
    """Return whether a node makes a list, tuple, mapping or slice."""
    if isinstance(node, nodes.Getitem):
        return isinstance(node.arg, nodes.Slice)
    return isinstance(node, nodes.List | nodes.Dict) or (isinstance(node, nodes.Tuple) and node.ctx == "load")


def _call(name: str, arguments: list[Any]) -> nodes.Call:
    return nodes.Call(nodes.EnvironmentAttribute(name), arguments, [], None, None)


def _own_text(node: nodes.Node) -> int:
    """Return how many characters of text a body contains; each run prints them again."""
    literals = node.find_all((nodes.TemplateData, nodes.Const))
    texts = (text.data if isinstance(text, nodes.TemplateData) else text.value for text in literals)  # type: ignore[attr-defined]
    return sum(len(text) for text in texts if isinstance(text, str))

"""What a template says of itself: its branches, the names it sets and uses, and the lengths at which it may change."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache
from textwrap import shorten
from typing import TypeVar

from jinja2 import Environment, meta, nodes

from audioguide.core.errors import did_you_mean
from audioguide.core.model import Source
from audioguide.core.script_names import FUNCTIONS, VARIABLES

_MOST_MINUTES = 24 * 60
_OPEN = "voice"
"""The one variable whose values nobody can try out."""
_Node = TypeVar("_Node", bound=nodes.Node)


@dataclass(frozen=True, slots=True)
class Branch:
    """The body of an if, an elif, an else or a for; or of a whole file."""

    where: Source
    """The tag."""
    tag: str
    """As it is written."""
    lines: frozenset[int]
    """Lines of the file that put something out whenever this branch is taken."""
    inside: "tuple[Branch, ...]"
    hint: str = ""
    """What may be wrong with its condition."""

    def unreached(self, seen: Set[Source]) -> "Iterator[Branch]":
        """Yield the outermost branches of which no line was seen."""
        if self.lines and not any(Source(self.where.file, line) in seen for line in self.lines):
            yield self
            return
        for branch in self.inside:
            yield from branch.unreached(seen)


@dataclass(frozen=True, slots=True)
class Template:
    """What a template says of itself."""

    whole: Branch
    sets: tuple[tuple[str, int], ...]
    """Names that it sets, with their lines."""
    uses: frozenset[str]
    """Names that it reads, also of what it imports."""
    includes: frozenset[str]
    """Files that it includes, imports or extends."""
    guesses: bool
    """Whether it includes a file whose name is not written out."""
    minutes: frozenset[int]
    """Lengths at which its wording may change."""


def read_template(text: str, shown: str, choices: Mapping[str, tuple[str, ...]]) -> Template:
    """Return what a template says of itself.

    Args:
        text: of the file.
        shown: how the file is called in errors.
        choices: what some variables can be, such as ending.

    Raises:
        TemplateSyntaxError: it is no template.
    """
    tree = _environment().parse(text)
    loaded = [name for name in tree.find_all(nodes.Name) if name.ctx == "load"]
    uses = {name.name for name in loaded}
    uses |= {found.attr for found in tree.find_all(nodes.Getattr)}
    uses |= {
        name if isinstance(name, str) else name[0] for found in tree.find_all(nodes.FromImport) for name in found.names
    }
    named = list(meta.find_referenced_templates(tree))
    open_names = frozenset(meta.find_undeclared_variables(tree) - {*VARIABLES, *FUNCTIONS}) | {_OPEN}
    reader = _BranchReader(text.splitlines(), shown, open_names, choices)
    whole = Branch(Source(shown, 1), "", reader.lines(tree.body), tuple(reader.branches(tree.body)))
    includes = frozenset(name for name in named if name)
    return Template(whole, tuple(_sets(tree)), frozenset(uses), includes, None in named, frozenset(_minutes(tree)))


@cache
def _environment() -> Environment:
    """Return Jinja with the whitespace rules of scripts; nothing is rendered in it."""
    return Environment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)  # it only parses


@dataclass(frozen=True, slots=True)
class _BranchReader:
    source: list[str]
    shown: str
    open_names: frozenset[str]
    choices: Mapping[str, tuple[str, ...]]

    def lines(self, body: list[nodes.Node]) -> frozenset[int]:
        """Return the lines on which a body itself puts something out, leaving out what may not be taken."""
        found: set[int] = set()
        for node in body:
            if isinstance(node, nodes.Output):
                found |= {line for part in node.nodes for line in _put_out(part)}
            elif isinstance(node, nodes.With | nodes.Block | nodes.Scope):
                found |= self.lines(node.body)
        return frozenset(found)

    def branches(self, body: list[nodes.Node]) -> Iterator[Branch]:
        """Yield the branches of a body; macros and bodies whose text may be measured are left out."""
        for node in body:
            if isinstance(node, nodes.If):
                yield from self._ifs(node)
            elif isinstance(node, nodes.For):
                yield from self._for(node)
            elif isinstance(node, nodes.With | nodes.Block | nodes.Scope):
                yield from self.branches(node.body)

    def _ifs(self, node: nodes.If) -> Iterator[Branch]:
        """Yield the bodies of an if; from a condition on that nobody can try out, they are only looked into."""
        untold = False
        for part in (node, *node.elif_):
            untold = untold or self._is_open(part.test)
            yield self._branch(part.lineno, part.body, self._hint(part.test), untold)
        if node.else_:
            yield self._branch(_first_line(node.else_), node.else_, "", untold, "{% else %}")

    def _for(self, node: nodes.For) -> Iterator[Branch]:
        untold = self._is_open(node.iter)
        yield self._branch(node.lineno, node.body, "", untold)
        if node.else_:
            yield self._branch(_first_line(node.else_), node.else_, "", untold, "{% else %}")

    def _branch(self, line: int, body: list[nodes.Node], hint: str, untold: bool, tag: str = "") -> Branch:
        written = shorten(self.source[line - 1].strip(), 60, placeholder=" …") if line <= len(self.source) else ""
        lines = frozenset[int]() if untold else self.lines(body)
        inside = () if untold else tuple(self.branches(body))
        return Branch(Source(self.shown, line), tag or written, lines, inside, hint)

    def _is_open(self, test: nodes.Node) -> bool:
        return any(name.name in self.open_names for name in _all(test, nodes.Name))

    def _hint(self, test: nodes.Node) -> str:
        """Return what may be wrong with a condition: a word that its variable never is."""
        for compared in _all(test, nodes.Compare):
            name = compared.expr.name if isinstance(compared.expr, nodes.Name) else ""
            for operand in compared.ops:
                value = operand.expr.value if isinstance(operand.expr, nodes.Const) else None
                if name in self.choices and isinstance(value, str) and value not in self.choices[name]:
                    known = self.choices[name]
                    return f"; {name} is never {value!r}{did_you_mean(value, known)} (there is {', '.join(known)})"
        return ""


def _put_out(part: nodes.Expr) -> Iterator[int]:
    if not isinstance(part, nodes.TemplateData):
        yield part.lineno
        return
    for nth, line in enumerate(part.data.split("\n")):
        if line.strip():
            yield part.lineno + nth


def _first_line(body: list[nodes.Node]) -> int:
    """Return the first line of a body that is not empty."""
    first = body[0]
    if isinstance(first, nodes.Output):
        return min((line for part in first.nodes for line in _put_out(part)), default=first.lineno)
    return first.lineno


def _sets(tree: nodes.Template) -> Iterator[tuple[str, int]]:
    """Yield what a set or a macro names; a loop's own name may well go unused."""
    targets = [node.target for node in tree.find_all(nodes.Assign)]
    targets += [node.target for node in tree.find_all(nodes.AssignBlock)]
    for target in targets:
        yield from ((name.name, name.lineno) for name in _all(target, nodes.Name))
    for macro in tree.find_all(nodes.Macro):
        yield macro.name, macro.lineno


def _minutes(tree: nodes.Template) -> Iterator[int]:
    """Yield the numbers that minutes are compared with, and those by which something is divided, once and twice."""
    for compared in tree.find_all(nodes.Compare):
        parts = [compared.expr, *(operand.expr for operand in compared.ops)]
        if any(name.name == "minutes" for part in parts for name in _all(part, nodes.Name)):
            yield from (number for part in parts for number in _number(part))
    divisors = [operation.right for operation in tree.find_all(nodes.FloorDiv)]
    divisors += [operation.right for operation in tree.find_all(nodes.Div)]
    yield from (times * number for divisor in divisors for number in _number(divisor) for times in (1, 2))


def _number(part: nodes.Expr) -> list[int]:
    """Return the number that is written out, if it is one of minutes."""
    value = part.value if isinstance(part, nodes.Const) else None
    return [int(value)] if isinstance(value, int | float) and 1 <= value < _MOST_MINUTES else []


def _all(node: nodes.Node, kind: type[_Node]) -> list[_Node]:
    """Return a node itself, if it is of a kind, and all of that kind in it."""
    return [*([node] if isinstance(node, kind) else []), *node.find_all(kind)]

"""What the source of a template says: its branches, the names it sets and uses, the lengths at which it may change."""

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
_ANY_VALUE = "voice"
"""The one built-in variable whose values cannot all be tried."""
_ELSE = "{% else %}"
_Node = TypeVar("_Node", bound=nodes.Node)


@dataclass(frozen=True, slots=True)
class Branch:
    """The body of an if, elif, else or for, or of a whole file."""

    where: Source
    """The line of the tag."""
    tag: str
    """As written in the file; empty for a whole file."""
    lines: frozenset[int]
    """Lines of the file that put something out whenever this branch is taken."""
    inside: "tuple[Branch, ...]"
    hint: str = ""
    """What may be wrong with its condition."""

    def unreached(self, reached: Set[Source]) -> "Iterator[Branch]":
        """Yield the outermost branches, this one included, of which no line was reached."""
        if self.lines and not any(Source(self.where.file, line) in reached for line in self.lines):
            yield self
            return
        for branch in self.inside:
            yield from branch.unreached(reached)


@dataclass(frozen=True, slots=True)
class Template:
    """The facts about one template."""

    body: Branch
    sets: tuple[tuple[str, int], ...]
    """Names that it sets, with their lines."""
    uses: frozenset[str]
    """Names that it reads, including those it imports."""
    includes: frozenset[str]
    """Files that it includes, imports or extends."""
    has_computed_include: bool
    """Whether it includes a file whose name is computed."""
    minutes: frozenset[int]
    """Lengths at which its wording may change."""


def analyze(text: str, shown: str, choices: Mapping[str, tuple[str, ...]]) -> Template:
    """Return the facts about a template.

    Args:
        text: of the file.
        shown: name of the file in messages.
        choices: the possible values of some variables, such as ending.

    Raises:
        TemplateSyntaxError: the text is not a valid template.
    """
    tree = _environment().parse(text)
    uses = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "load"}
    uses |= {attribute.attr for attribute in tree.find_all(nodes.Getattr)}
    imported = (name for statement in tree.find_all(nodes.FromImport) for name in statement.names)
    uses |= {name if isinstance(name, str) else name[0] for name in imported}
    files = set(meta.find_referenced_templates(tree))
    untestable = frozenset(meta.find_undeclared_variables(tree) - {*VARIABLES, *FUNCTIONS}) | {_ANY_VALUE}
    reader = _BranchReader(text.splitlines(), shown, untestable, choices)
    return Template(
        body=Branch(Source(shown, 1), "", reader.lines(tree.body), tuple(reader.branches(tree.body))),
        sets=tuple(_sets(tree)),
        uses=frozenset(uses),
        includes=frozenset(name for name in files if name),
        has_computed_include=None in files,
        minutes=frozenset(_minutes(tree)),
    )


@cache
def _environment() -> Environment:
    """Return an environment with the whitespace rules of scripts; it parses templates and never renders them."""
    return Environment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)


@dataclass(frozen=True, slots=True)
class _BranchReader:
    source: list[str]
    shown: str
    untestable: frozenset[str]
    """Variables whose values cannot all be tried."""
    choices: Mapping[str, tuple[str, ...]]

    def lines(self, body: list[nodes.Node]) -> frozenset[int]:
        """Return the lines on which a body itself puts something out, without its conditional parts."""
        numbers: set[int] = set()
        for node in body:
            if isinstance(node, nodes.Output):
                numbers |= {line for part in node.nodes for line in _output_lines(part)}
            elif isinstance(node, nodes.With | nodes.Block | nodes.Scope):
                numbers |= self.lines(node.body)
        return frozenset(numbers)

    def branches(self, body: list[nodes.Node]) -> Iterator[Branch]:
        """Yield the branches of a body, without those in macros and in bodies whose text is filtered or assigned."""
        for node in body:
            if isinstance(node, nodes.If):
                yield from self._if(node)
            elif isinstance(node, nodes.For):
                yield from self._for(node)
            elif isinstance(node, nodes.With | nodes.Block | nodes.Scope):
                yield from self.branches(node.body)

    def _if(self, node: nodes.If) -> Iterator[Branch]:
        """Yield the bodies of an if; those from the first untestable condition on have no lines."""
        untestable = False
        for part in (node, *node.elif_):
            untestable = untestable or self._is_untestable(part.test)
            yield self._branch(part.lineno, part.body, self._hint(part.test), untestable)
        if node.else_:
            yield self._branch(_first_line(node.else_), node.else_, "", untestable, _ELSE)

    def _for(self, node: nodes.For) -> Iterator[Branch]:
        untestable = self._is_untestable(node.iter)
        yield self._branch(node.lineno, node.body, "", untestable)
        if node.else_:
            yield self._branch(_first_line(node.else_), node.else_, "", untestable, _ELSE)

    def _branch(self, line: int, body: list[nodes.Node], hint: str, untestable: bool, tag: str = "") -> Branch:
        written = shorten(self.source[line - 1].strip(), 60, placeholder=" …") if line <= len(self.source) else ""
        lines = frozenset[int]() if untestable else self.lines(body)
        inside = () if untestable else tuple(self.branches(body))
        return Branch(Source(self.shown, line), tag or written, lines, inside, hint)

    def _is_untestable(self, test: nodes.Node) -> bool:
        return any(name.name in self.untestable for name in _all(test, nodes.Name))

    def _hint(self, test: nodes.Node) -> str:
        """Return what may be wrong with a condition: it compares a variable with a value that it never has."""
        for comparison in _all(test, nodes.Compare):
            name = comparison.expr.name if isinstance(comparison.expr, nodes.Name) else ""
            for operand in comparison.ops:
                value = operand.expr.value if isinstance(operand.expr, nodes.Const) else None
                if name in self.choices and isinstance(value, str) and value not in self.choices[name]:
                    known = self.choices[name]
                    return f"; {name} is never {value!r}{did_you_mean(value, known)} (choose from {', '.join(known)})"
        return ""


def _output_lines(part: nodes.Expr) -> Iterator[int]:
    if not isinstance(part, nodes.TemplateData):
        yield part.lineno
        return
    for index, line in enumerate(part.data.split("\n")):
        if line.strip():
            yield part.lineno + index


def _first_line(body: list[nodes.Node]) -> int:
    """Return the first line of a body that is not empty."""
    first = body[0]
    if isinstance(first, nodes.Output):
        return min((line for part in first.nodes for line in _output_lines(part)), default=first.lineno)
    return first.lineno


def _sets(tree: nodes.Template) -> Iterator[tuple[str, int]]:
    """Yield the names of variables and macros that a template sets; the name of a loop may well go unused."""
    targets = [node.target for node in tree.find_all(nodes.Assign)]
    targets += [node.target for node in tree.find_all(nodes.AssignBlock)]
    for target in targets:
        yield from ((name.name, name.lineno) for name in _all(target, nodes.Name))
    for macro in tree.find_all(nodes.Macro):
        yield macro.name, macro.lineno


def _minutes(tree: nodes.Template) -> Iterator[int]:
    """Yield the numbers that minutes are compared with, and each divisor, once and doubled."""
    for comparison in tree.find_all(nodes.Compare):
        parts = [comparison.expr, *(operand.expr for operand in comparison.ops)]
        if any(name.name == "minutes" for part in parts for name in _all(part, nodes.Name)):
            yield from (number for part in parts for number in _number(part))
    divisors = [operation.right for operation in tree.find_all(nodes.FloorDiv)]
    divisors += [operation.right for operation in tree.find_all(nodes.Div)]
    yield from (times * number for divisor in divisors for number in _number(divisor) for times in (1, 2))


def _number(part: nodes.Expr) -> list[int]:
    """Return the value of a literal number that can be a length in minutes; empty for anything else."""
    value = part.value if isinstance(part, nodes.Const) else None
    return [int(value)] if isinstance(value, int | float) and 1 <= value < _MOST_MINUTES else []


def _all(node: nodes.Node, kind: type[_Node]) -> list[_Node]:
    """Return all nodes of a kind in a node, which may be one of them."""
    return [*([node] if isinstance(node, kind) else []), *node.find_all(kind)]

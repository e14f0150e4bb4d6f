"""What JavaScript's grammar file lets through and the language refuses before running."""

# ruff: noqa: TID251 - run by an isolated interpreter that knows no package `fieldcraft`
from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from .syntax import Node, syntax_error

FUNCTIONS = frozenset(
    {
        "function_declaration",
        "generator_function_declaration",
        "function_expression",
        "generator_function",
        "arrow_function",
        "method_definition",
    }
)
_LOOPS = frozenset({"for_statement", "for_in_statement", "while_statement", "do_statement"})
_LOGICAL = frozenset({"||", "&&"})


class _Around(NamedTuple):
    """What a node stands in, up to the function that it is part of."""

    waits: bool = True
    loop: bool = False
    switch: bool = False

    def inside(self, node: Node) -> _Around:
        """The same for the node's children."""
        if node.type in FUNCTIONS:
            return _Around(waits=node.has("async"))
        if node.type in _LOOPS:
            return self._replace(loop=True)
        return self._replace(switch=True) if node.type == "switch_statement" else self


def check(root: Node, source: str) -> None:
    """Raise the first error of this kind.

    Raises:
        Unreadable: with its line.
    """
    waiting = [(root, root, _Around())]
    while waiting:
        node, parent, around = waiting.pop()
        problem = _problem(node, parent, around)
        if problem:
            raise syntax_error(node, problem, source)
        if node.children:
            inside = around.inside(node)
            waiting += [(child, node, inside) for child in reversed(node.children)]


def _problem(node: Node, parent: Node, around: _Around) -> str:  # noqa: PLR0911 - one return a rule
    match node.type:
        case "await_expression" if not around.waits:
            return "await is only valid in an async function"
        case "for_in_statement" if not around.waits and node.has("await"):
            return "`for await` is only valid in an async function"
        case "identifier" if around.waits and node.text == "await":
            return "await has nothing to wait for"
        case "variable_declarator":
            return _valueless(node, parent)
        case "break_statement" if not (around.loop or around.switch or "label" in node.fields):
            return "`break` stands in no loop"
        case "continue_statement" if not (around.loop or "label" in node.fields):
            return "`continue` stands in no loop"
        case "object" if any(a.type == b.type == "," for a, b in pairwise(node.children)):
            return "unexpected `,`"
        case "binary_expression" if _operator(node) == "??":
            sides = [node.fields.get(side) for side in ("left", "right")]
            if any(side is not None and _operator(side) in _LOGICAL for side in sides):
                return "`??` beside `||` or `&&` needs parentheses"
        case "jsx_element" | "jsx_self_closing_element":
            return "JSX is no JavaScript"
    return ""


def _valueless(declarator: Node, statement: Node) -> str:
    name = declarator.fields.get("name")
    if name is None or "value" in declarator.fields:
        return ""
    keyword = statement.fields.get("kind")
    if name.type == "identifier" and (keyword is None or keyword.text != "const"):
        return ""
    return f"`{name.text[:120]}` is declared without a value"


def _operator(node: Node) -> str:
    operator = node.fields.get("operator") if node.type == "binary_expression" else None
    return operator.text if operator is not None else ""

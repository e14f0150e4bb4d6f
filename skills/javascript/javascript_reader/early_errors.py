"""What JavaScript's grammar file lets through and the language refuses before running."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from fieldcraft.skills.javascript.syntax import line_of, source_line, text_of, walk
from fieldcraft.skills.program import ProgramError

if TYPE_CHECKING:
    from tree_sitter import Node

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


def syntax_error(node: Node, problem: str, source: str) -> ProgramError:
    """The error to raise for what is wrong at a node."""
    line = line_of(node)
    return ProgramError(f"SyntaxError at line {line}: {problem}: `{source_line(source, line)}`")


def check(root: Node, source: str) -> None:
    """Raise the first error of this kind.

    Raises:
        ProgramError: with its line.
    """
    for node in walk(root):
        problem = _problem(node)
        if problem:
            raise syntax_error(node, problem, source)


def _problem(node: Node) -> str:  # noqa: PLR0911 - one return a rule
    match node.type:
        case "await_expression" if not _in_async(node):
            return "await is only valid in an async function"
        case "for_in_statement" if _has(node, "await") and not _in_async(node):
            return "`for await` is only valid in an async function"
        case "identifier" if text_of(node) == "await" and _in_async(node):
            return "await has nothing to wait for"
        case "variable_declarator":
            return _valueless(node)
        case "break_statement" | "continue_statement" if node.child_by_field_name("label") is None:
            return _stranded(node)
        case "object" if any(a.type == b.type == "," for a, b in pairwise(node.children)):
            return "unexpected `,`"
        case "binary_expression" if _operator(node) == "??":
            sides = [node.child_by_field_name(side) for side in ("left", "right")]
            if any(side is not None and _operator(side) in _LOGICAL for side in sides):
                return "`??` beside `||` or `&&` needs parentheses"
        case "jsx_element" | "jsx_self_closing_element":
            return "JSX is no JavaScript"
    return ""


def _valueless(declarator: Node) -> str:
    name = declarator.child_by_field_name("name")
    statement = declarator.parent
    if name is None or statement is None or declarator.child_by_field_name("value") is not None:
        return ""
    keyword = statement.child_by_field_name("kind")
    if name.type == "identifier" and (keyword is None or text_of(keyword) != "const"):
        return ""
    return f"`{text_of(name)}` is declared without a value"


def _stranded(jump: Node) -> str:
    """A `break` or `continue` with nothing around it to leave or to go on with."""
    homes = _LOOPS | {"switch_statement"} if jump.type == "break_statement" else _LOOPS
    around = jump.parent
    while around is not None and around.type not in FUNCTIONS:
        if around.type in homes:
            return ""
        around = around.parent
    return f"`{jump.type.split('_')[0]}` stands in no loop"


def _in_async(node: Node) -> bool:
    around = node.parent
    while around is not None and around.type not in FUNCTIONS:
        around = around.parent
    return around is None or _has(around, "async")


def _has(node: Node, keyword: str) -> bool:
    return any(child.type == keyword for child in node.children)


def _operator(node: Node) -> str:
    operator = node.child_by_field_name("operator") if node.type == "binary_expression" else None
    return text_of(operator) if operator is not None else ""

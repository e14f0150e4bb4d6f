"""JavaScript read into a syntax tree, or refused with the line that is wrong. Nothing is run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from fieldcraft.skills.program import MissingParser, ProgramError

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_PAIRS = {"{": "}", "(": ")", "[": "]", "${": "}"}
_CLOSERS = frozenset(_PAIRS.values())
_SHOWN = 60


def parse(source: str) -> Node:
    """The tree of a whole program.

    Raises:
        ProgramError: a syntax error, with its line.
        MissingParser: the parser is not installed.
    """
    try:
        data = source.encode()
    except UnicodeEncodeError:
        raise ProgramError("the source holds a lone surrogate, which is no character") from None
    root = _parser().parse(data).root_node
    if root.has_error:
        line, problem = _problem(root)
        text = source_line(source, line)
        raise ProgramError(f"SyntaxError at line {line}: {problem}" + (f": `{text}`" if text else ""))
    return root


def text_of(node: Node) -> str:
    """The source text of a node."""
    return (node.text or b"").decode()


def line_of(node: Node) -> int:
    """The line that a node begins in, from 1."""
    return node.start_point.row + 1


def source_line(source: str, line: int) -> str:
    """A line of the source, trimmed and cut; empty where there is no such line."""
    lines = source.split("\n")
    return lines[line - 1].strip()[:120] if 0 < line <= len(lines) else ""


@cache
def _parser() -> Parser:
    try:
        import tree_sitter_javascript
        from tree_sitter import Language, Parser
    except ImportError:
        raise MissingParser(
            "JavaScript cannot be read here: install the extra, `pip install 'fieldcraft[minecraft]'`"
        ) from None
    return Parser(Language(tree_sitter_javascript.language()))


def _problem(root: Node) -> tuple[int, str]:
    """Line and words of what is wrong: brackets first, since they mislead the parser most."""
    unmatched = _unmatched_bracket(root)
    if unmatched is not None:
        return unmatched
    for node in walk(root):
        if node.is_missing:
            return line_of(node), f"`{node.type}` is missing"
        if node.is_error:
            leaf = _first_unexpected(node)
            return line_of(leaf), f"unexpected `{text_of(leaf).split(chr(10))[0][:_SHOWN]}`"
    return line_of(root), "it cannot be read"


def _unmatched_bracket(root: Node) -> tuple[int, str] | None:
    opened: list[Node] = []
    for leaf in walk(root):
        if leaf.child_count or leaf.is_missing:
            continue
        if leaf.type in _PAIRS:
            opened.append(leaf)
        elif leaf.type in _CLOSERS:
            if not opened:
                return line_of(leaf), f"`{leaf.type}` closes nothing"
            begin = opened.pop()
            if _PAIRS[begin.type] != leaf.type:
                return line_of(leaf), f"`{leaf.type}` where `{begin.type}` of line {line_of(begin)} is open"
    if opened:
        return line_of(opened[-1]), f"`{opened[-1].type}` is never closed"
    return None


def _first_unexpected(error: Node) -> Node:
    """The place inside an error that its author should look at."""
    inner = next((child for child in error.children if child.is_error), None)
    if inner is not None:
        return _first_unexpected(inner)
    return error.children[-1] if error.children else error


def walk(root: Node) -> Iterator[Node]:
    """Every node, parents first, in the order of the text."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(node.children)

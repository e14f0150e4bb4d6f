"""JavaScript read into a syntax tree, or refused with the line that is wrong. Nothing is run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Parser, TreeCursor

_PAIRS = {"{": "}", "(": ")", "[": "]", "${": "}"}
_CLOSERS = frozenset(_PAIRS.values())
_SHOWN = 60


class Unreadable(Exception):
    """The source is no JavaScript; the message tells its author what to change, with the line."""


class Node:
    """A node of a syntax tree. `start` and `end` are offsets in bytes, `line` counts from 1.

    The parser's own nodes look for their parent and their siblings from the root each time.
    """

    __slots__ = ("_source", "children", "end", "error", "fields", "line", "missing", "named", "start", "type")

    def __init__(self, cursor: TreeCursor, source: bytes) -> None:
        node = cursor.node
        assert node is not None
        self._source = source
        self.type = node.type
        self.named, self.missing, self.error = node.is_named, node.is_missing, node.is_error
        self.start, self.end = node.start_byte, node.end_byte
        self.line = node.start_point.row + 1
        self.children: list[Node] = []
        self.fields: dict[str, Node] = {}

    @property
    def named_children(self) -> list[Node]:
        """The children that are more than punctuation and keywords."""
        return [child for child in self.children if child.named]

    @property
    def text(self) -> str:
        """The source text of the node."""
        return self._source[self.start : self.end].decode("utf-8", "replace")

    def has(self, keyword: str) -> bool:
        """Whether a child is of this type."""
        return any(child.type == keyword for child in self.children)


def parse(source: str) -> Node:
    """The tree of a whole program.

    Raises:
        Unreadable: a syntax error, with its line.
    """
    data = source.encode()
    tree = _parser().parse(data)
    root = _converted(tree.walk(), data)
    if tree.root_node.has_error:
        line, problem = _problem(root)
        text = source_line(source, line)
        raise Unreadable(f"SyntaxError at line {line}: {problem}" + (f": `{text}`" if text else ""))
    return root


def syntax_error(node: Node, problem: str, source: str) -> Unreadable:
    """The error to raise for what is wrong at a node."""
    return Unreadable(f"SyntaxError at line {node.line}: {problem}: `{source_line(source, node.line)}`")


def source_line(source: str, line: int) -> str:
    """A line of the source, trimmed and cut; empty where there is no such line."""
    lines = source.split("\n")
    return lines[line - 1].strip()[:120] if 0 < line <= len(lines) else ""


def walk(root: Node) -> Iterator[Node]:
    """Every node, parents first, in the order of the text."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(node.children)


@cache
def _parser() -> Parser:
    import tree_sitter_javascript
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_javascript.language()))


def _converted(cursor: TreeCursor, source: bytes) -> Node:
    root = Node(cursor, source)
    above = [root]
    further = cursor.goto_first_child()
    while above:
        if further:
            node, parent = Node(cursor, source), above[-1]
            parent.children.append(node)
            if (name := cursor.field_name) is not None:
                parent.fields.setdefault(name, node)
            above.append(node)
            further = cursor.goto_first_child()
        else:
            above.pop()
            further = bool(above) and cursor.goto_next_sibling()
            if not further:
                cursor.goto_parent()
    return root


def _problem(root: Node) -> tuple[int, str]:
    """Line and words of what is wrong: brackets first, since they mislead the parser most."""
    unmatched = _unmatched_bracket(root)
    if unmatched is not None:
        return unmatched
    for node in walk(root):
        if node.missing:
            return node.line, f"`{node.type}` is missing"
        if node.error:
            leaf = _first_unexpected(node)
            return leaf.line, f"unexpected `{leaf.text.split(chr(10))[0][:_SHOWN]}`"
    return root.line, "it cannot be read"


def _unmatched_bracket(root: Node) -> tuple[int, str] | None:
    opened: list[Node] = []
    for leaf in walk(root):
        if leaf.children or leaf.missing:
            continue
        if leaf.type in _PAIRS:
            opened.append(leaf)
        elif leaf.type in _CLOSERS:
            if not opened:
                return leaf.line, f"`{leaf.type}` closes nothing"
            begin = opened.pop()
            if _PAIRS[begin.type] != leaf.type:
                return leaf.line, f"`{leaf.type}` where `{begin.type}` of line {begin.line} is open"
    if opened:
        return opened[-1].line, f"`{opened[-1].type}` is never closed"
    return None


def _first_unexpected(error: Node) -> Node:
    """The place inside an error that its author should look at."""
    inner: Node | None = error
    while inner is not None:
        error = inner
        inner = next((child for child in error.children if child.error), None)
    return error.children[-1] if error.children else error

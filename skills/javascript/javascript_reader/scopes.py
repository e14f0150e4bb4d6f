"""Which names JavaScript code defines and which it expects to be given, by ECMAScript's scoping rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fieldcraft.skills.javascript.early_errors import FUNCTIONS, syntax_error
from fieldcraft.skills.javascript.syntax import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_DECLARED_FUNCTIONS = frozenset({"function_declaration", "generator_function_declaration"})
_BLOCKS = frozenset(
    {"statement_block", "switch_body", "for_statement", "for_in_statement", "catch_clause", "class_body"}
)
_NAMES = frozenset({"identifier", "shorthand_property_identifier_pattern"})
_ONCE = frozenset({"let", "const", "class"})


@dataclass
class _Scope:
    """Names bound in one scope, with how. `function` tells where `var` climbs to."""

    parent: _Scope | None = None
    function: bool = False
    names: dict[str, str] = field(default_factory=dict)

    def holder(self) -> _Scope:
        """The function's scope that this one is in."""
        return self if self.function or self.parent is None else self.parent.holder()

    def binds(self, name: str) -> bool:
        """Whether the name is bound here or further out."""
        return name in self.names or (self.parent is not None and self.parent.binds(name))


@dataclass(frozen=True)
class NamesUsed:
    """`defined` at top level, and `free`: read, but defined nowhere in the code."""

    defined: frozenset[str]
    free: frozenset[str]


def names_in(node: Node, source: str) -> NamesUsed:
    """The names of a program, or of one function of it.

    Raises:
        ProgramError: a name is declared twice where it may not be.
    """
    reader = _Reader(source)
    top = _Scope(function=True)
    reader.visit(node, top)
    free = {name for name, scope in reader.reads if not scope.binds(name)}
    return NamesUsed(frozenset(top.names), frozenset(free - reader.assigned))


class _Reader:
    """Walks a tree once; afterwards `reads` holds each name read with its scope."""

    def __init__(self, source: str) -> None:
        self.reads: list[tuple[str, _Scope]] = []
        self.assigned: set[str] = set()
        self._source = source

    def visit(self, node: Node, scope: _Scope) -> None:
        kind = node.type
        if kind in FUNCTIONS:
            self._function(node, scope)
        elif kind in _BLOCKS:
            self._block(node, _Scope(parent=scope))
        elif kind in {"lexical_declaration", "variable_declaration"}:
            self._declaration(node, scope)
        elif kind in {"class_declaration", "class"}:
            self._class(node, scope)
        elif kind in {"identifier", "shorthand_property_identifier"}:
            self._read(node, scope)
        elif kind == "assignment_expression":
            self._assignment(node, scope)
        elif kind == "import_clause":
            self._import(node, scope)
        else:
            self._children(node, scope)

    def _children(self, node: Node, scope: _Scope) -> None:
        for child in node.named_children:
            self.visit(child, scope)

    def _read(self, node: Node, scope: _Scope) -> None:
        name = text_of(node)
        if name != "arguments":
            self.reads.append((name, scope))

    def _function(self, node: Node, scope: _Scope) -> None:
        name = node.child_by_field_name("name")
        inner = _Scope(parent=scope, function=True)
        if node.type in _DECLARED_FUNCTIONS and name is not None:
            self._declare(name, scope, "function")
        elif node.type == "method_definition" and name is not None:
            self.visit(name, scope)
        elif name is not None:
            inner = self._inside_own_name(name, inner)
        parameter = node.child_by_field_name("parameter") or node.child_by_field_name("parameters")
        if parameter is not None:
            patterns = parameter.named_children if parameter.type == "formal_parameters" else [parameter]
            for pattern in patterns:
                self._bind(pattern, inner, "parameter")
        body = node.child_by_field_name("body")
        if body is not None and body.type == "statement_block":
            self._children(body, inner)
        elif body is not None:
            self.visit(body, inner)

    def _inside_own_name(self, name: Node, inner: _Scope) -> _Scope:
        """A function expression's own name stands in a scope around it, where anything may shadow it."""
        around = _Scope(parent=inner.parent, names={text_of(name): "function"})
        inner.parent = around
        return inner

    def _block(self, node: Node, scope: _Scope) -> None:
        if node.type == "catch_clause":
            parameter = node.child_by_field_name("parameter")
            if parameter is not None:
                self._bind(parameter, scope, "parameter")
            body = node.child_by_field_name("body")
            if body is not None:
                self.visit(body, scope)
        elif node.type == "for_in_statement":
            self._loop_over(node, scope)
        else:
            self._children(node, scope)

    def _loop_over(self, node: Node, scope: _Scope) -> None:
        kind, left = node.child_by_field_name("kind"), node.child_by_field_name("left")
        if kind is not None and left is not None:
            self._bind(left, scope, text_of(kind))
        elif left is not None:
            self._assign(left, scope)
        for field_name in ("right", "body"):
            part = node.child_by_field_name(field_name)
            if part is not None:
                self.visit(part, scope)

    def _declaration(self, node: Node, scope: _Scope) -> None:
        keyword = node.child_by_field_name("kind")
        kind = text_of(keyword) if keyword is not None else "var"
        for declarator in node.named_children:
            name = declarator.child_by_field_name("name")
            value = declarator.child_by_field_name("value")
            if name is not None:
                self._bind(name, scope, kind)
            if value is not None:
                self.visit(value, scope)

    def _class(self, node: Node, scope: _Scope) -> None:
        name = node.child_by_field_name("name")
        inner = _Scope(parent=scope)
        if name is not None:
            if node.type == "class_declaration":
                self._declare(name, scope, "class")
            else:
                inner.names[text_of(name)] = "class"
        for child in node.named_children:
            if child != name:
                self.visit(child, inner)

    def _assignment(self, node: Node, scope: _Scope) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None:
            self._assign(left, scope)
        if right is not None:
            self.visit(right, scope)

    def _assign(self, target: Node, scope: _Scope) -> None:
        """A name that is only assigned to becomes a global of the program."""
        for leaf, is_name in _targets(target):
            if is_name:
                if not scope.binds(text_of(leaf)):
                    self.assigned.add(text_of(leaf))
            else:
                self.visit(leaf, scope)

    def _import(self, clause: Node, scope: _Scope) -> None:
        for child in clause.named_children:
            specifiers = child.named_children if child.type == "named_imports" else [child]
            for specifier in specifiers:
                names = [specifier, *specifier.named_children]
                self._declare(names[-1], scope, "const")

    def _bind(self, pattern: Node, scope: _Scope, kind: str) -> None:
        for leaf, is_name in _targets(pattern):
            if is_name:
                self._declare(leaf, scope, kind)
            else:
                self.visit(leaf, scope)

    def _declare(self, node: Node, scope: _Scope, kind: str) -> None:
        name = text_of(node)
        target = scope.holder() if kind == "var" else scope
        known = target.names.get(name)
        if known is not None and (kind in _ONCE or known in _ONCE):
            raise syntax_error(node, f"`{name}` is declared twice", self._source)
        target.names[name] = kind
        if kind == "function":
            scope.holder().names.setdefault(name, kind)


def _targets(pattern: Node) -> Iterator[tuple[Node, bool]]:
    """The names that a pattern binds, and, marked so, the expressions inside it (defaults, computed keys)."""
    match pattern.type:
        case "assignment_pattern" | "object_assignment_pattern":
            left, right = pattern.child_by_field_name("left"), pattern.child_by_field_name("right")
            if left is not None:
                yield from _targets(left)
            if right is not None:
                yield right, False
        case "array_pattern" | "object_pattern" | "rest_pattern":
            for child in pattern.named_children:
                yield from _targets(child)
        case "pair_pattern":
            key, value = pattern.child_by_field_name("key"), pattern.child_by_field_name("value")
            if key is not None and key.type == "computed_property_name":
                yield key, False
            if value is not None:
                yield from _targets(value)
        case "comment":
            return
        case _:
            yield pattern, pattern.type in _NAMES

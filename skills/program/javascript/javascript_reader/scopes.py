"""Which names JavaScript code defines and which it expects to be given, by ECMAScript's scoping rules."""

# ruff: noqa: TID251 - run by an isolated interpreter that knows no package `fieldcraft`
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .early_errors import FUNCTIONS
from .syntax import Node, syntax_error

_DECLARED_FUNCTIONS = frozenset({"function_declaration", "generator_function_declaration"})
_BLOCKS = frozenset(
    {"statement_block", "switch_body", "for_statement", "for_in_statement", "catch_clause", "class_body"}
)
_NAMES = frozenset({"identifier", "shorthand_property_identifier_pattern"})
_ONCE = frozenset({"let", "const", "class"})


@dataclass
class _Scope:
    """Names bound in one scope, with how, and those used in it. `function` is where `var` climbs to."""

    parent: _Scope | None = None
    function: bool = False
    names: dict[str, str] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    assigned: set[str] = field(default_factory=set)
    holder: _Scope = field(init=False)
    """The function's scope that this one is in."""

    def __post_init__(self) -> None:
        self.holder = self if self.function or self.parent is None else self.parent.holder


@dataclass(frozen=True)
class NamesUsed:
    """`defined` at top level, and `free`: read, but defined nowhere in the code."""

    defined: frozenset[str]
    free: frozenset[str]


def names_in(node: Node, source: str) -> NamesUsed:
    """The names of a program, or of one function of it.

    Raises:
        Unreadable: a name is declared twice where it may not be.
    """
    reader = _Reader(source)
    top = reader.scope(function=True)
    reader.visit(node, top)
    for scope in reversed(reader.scopes):
        scope.read.difference_update(scope.names)
        scope.assigned.difference_update(scope.names)
        if scope.parent is not None:
            scope.parent.read = _union(scope.parent.read, scope.read)
            scope.parent.assigned = _union(scope.parent.assigned, scope.assigned)
    return NamesUsed(frozenset(top.names), frozenset(top.read - top.assigned))


def _union(first: set[str], second: set[str]) -> set[str]:
    """Both together, at the cost of the smaller one: scopes may be nested thousands deep."""
    smaller, larger = sorted((first, second), key=len)
    larger |= smaller
    return larger


class _Reader:
    """Walks a tree once; afterwards `scopes` holds every scope, outer ones first, with its names."""

    def __init__(self, source: str) -> None:
        self.scopes: list[_Scope] = []
        self._source = source

    def scope(
        self, parent: _Scope | None = None, *, function: bool = False, names: dict[str, str] | None = None
    ) -> _Scope:
        """A new scope inside another."""
        self.scopes.append(_Scope(parent, function, names or {}))
        return self.scopes[-1]

    def visit(self, node: Node, scope: _Scope) -> None:
        kind = node.type
        if kind in FUNCTIONS:
            self._function(node, scope)
        elif kind in _BLOCKS:
            self._block(node, self.scope(scope))
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
        if node.text != "arguments":
            scope.read.add(node.text)

    def _function(self, node: Node, scope: _Scope) -> None:
        name = node.fields.get("name")
        around = scope
        if node.type in _DECLARED_FUNCTIONS and name is not None:
            self._declare(name, scope, "function")
        elif node.type == "method_definition" and name is not None:
            self.visit(name, scope)
        elif name is not None:
            around = self._own_name(name, scope)
        inner = self.scope(around, function=True)
        parameter = node.fields.get("parameter") or node.fields.get("parameters")
        if parameter is not None:
            patterns = parameter.named_children if parameter.type == "formal_parameters" else [parameter]
            for pattern in patterns:
                self._bind(pattern, inner, "parameter")
        body = node.fields.get("body")
        if body is not None and body.type == "statement_block":
            self._children(body, inner)
        elif body is not None:
            self.visit(body, inner)

    def _own_name(self, name: Node, scope: _Scope) -> _Scope:
        """A function expression's own name stands in a scope around it, where anything may shadow it."""
        return self.scope(scope, names={name.text: "function"})

    def _block(self, node: Node, scope: _Scope) -> None:
        if node.type == "catch_clause":
            parameter = node.fields.get("parameter")
            if parameter is not None:
                self._bind(parameter, scope, "parameter")
            body = node.fields.get("body")
            if body is not None:
                self.visit(body, scope)
        elif node.type == "for_in_statement":
            self._loop_over(node, scope)
        else:
            self._children(node, scope)

    def _loop_over(self, node: Node, scope: _Scope) -> None:
        kind, left = node.fields.get("kind"), node.fields.get("left")
        if kind is not None and left is not None:
            self._bind(left, scope, kind.text)
        elif left is not None:
            self._assign(left, scope)
        for field_name in ("right", "body"):
            part = node.fields.get(field_name)
            if part is not None:
                self.visit(part, scope)

    def _declaration(self, node: Node, scope: _Scope) -> None:
        keyword = node.fields.get("kind")
        kind = keyword.text if keyword is not None else "var"
        for declarator in node.named_children:
            name = declarator.fields.get("name")
            value = declarator.fields.get("value")
            if name is not None:
                self._bind(name, scope, kind)
            if value is not None:
                self.visit(value, scope)

    def _class(self, node: Node, scope: _Scope) -> None:
        name = node.fields.get("name")
        inner = self.scope(scope)
        if name is not None:
            if node.type == "class_declaration":
                self._declare(name, scope, "class")
            else:
                inner.names[name.text] = "class"
        for child in node.named_children:
            if child is not name:
                self.visit(child, inner)

    def _assignment(self, node: Node, scope: _Scope) -> None:
        left, right = node.fields.get("left"), node.fields.get("right")
        if left is not None:
            self._assign(left, scope)
        if right is not None:
            self.visit(right, scope)

    def _assign(self, target: Node, scope: _Scope) -> None:
        """A name that is only assigned to becomes a global of the program."""
        for leaf, is_name in _targets(target):
            if is_name:
                scope.assigned.add(leaf.text)
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
        name = node.text
        target = scope.holder if kind == "var" else scope
        known = target.names.get(name)
        if known is not None and (kind in _ONCE or known in _ONCE):
            raise syntax_error(node, f"`{name}` is declared twice", self._source)
        target.names[name] = kind
        if kind == "function":
            scope.holder.names.setdefault(name, kind)


def _targets(pattern: Node) -> Iterator[tuple[Node, bool]]:
    """The names that a pattern binds, and, marked so, the expressions inside it (defaults, computed keys)."""
    match pattern.type:
        case "assignment_pattern" | "object_assignment_pattern":
            left, right = pattern.fields.get("left"), pattern.fields.get("right")
            if left is not None:
                yield from _targets(left)
            if right is not None:
                yield right, False
        case "array_pattern" | "object_pattern" | "rest_pattern":
            for child in pattern.named_children:
                yield from _targets(child)
        case "pair_pattern":
            key, value = pattern.fields.get("key"), pattern.fields.get("value")
            if key is not None and key.type == "computed_property_name":
                yield key, False
            if value is not None:
                yield from _targets(value)
        case "comment":
            return
        case _:
            yield pattern, pattern.type in _NAMES

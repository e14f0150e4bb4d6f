"""A long program in fewer words: its entry in full, its other functions by their calls and first lines."""

from __future__ import annotations

import ast

from fieldcraft.common.text import cut_text
from fieldcraft.skills.program.program import Program
from fieldcraft.skills.program.source import read_python


def outline(program: Program, limit: int) -> str:
    """The source, where it is longer than `limit` characters without the bodies of what its entry uses.

    The longest bodies go first, and only as many as have to. What is still longer is cut at its end. Programs
    in JavaScript are only cut.
    """
    source = program.source
    if len(source) <= limit:
        return source
    if program.language == "python":
        source = _without_bodies(source, program.entry, limit)
    return cut_text(source, limit, mark="\n... (cut here)")


def _without_bodies(source: str, entry: str, limit: int) -> str:
    lines = source.splitlines()
    functions = [
        node
        for node in read_python(source).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name != entry
    ]
    size = len(source)
    for node in sorted(functions, key=_length, reverse=True):
        if size <= limit:
            break
        first, last = _body(node), node.end_lineno or node.lineno
        if first > last:
            continue
        size -= sum(len(line) + 1 for line in lines[first - 1 : last])
        lines[first - 1 : last] = ["    ...", *[""] * (last - first)]
    return "\n".join(line for line, before in zip(lines, [" ", *lines], strict=False) if line or before)


def _length(node: ast.FunctionDef | ast.ClassDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno


def _body(node: ast.FunctionDef | ast.ClassDef) -> int:
    """The first line of its body after its docstring."""
    first = node.body[0]
    described = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return (first.end_lineno or first.lineno) + 1 if described else first.lineno

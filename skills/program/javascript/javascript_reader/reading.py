"""A source taken apart: its functions, the names each needs, and what does not belong there; as JSON data."""

# ruff: noqa: TID251 - run by an isolated interpreter that knows no package `fieldcraft`
from __future__ import annotations

import json
from typing import Any

from .early_errors import check
from .scopes import names_in
from .syntax import Node, Unreadable, parse

_FUNCTION_VALUES = frozenset({"arrow_function", "function_expression", "generator_function"})
_DECLARATIONS = frozenset({"lexical_declaration", "variable_declaration", "class_declaration"})
_SILENT = frozenset({"comment", "empty_statement", "hash_bang_line"})


def read(source: bytes) -> bytes:
    """What `script.Script` holds but for the source, or `unreadable` with why, as JSON."""
    try:
        found: dict[str, Any] = _script(source.decode())
    except Unreadable as problem:
        found = {"unreadable": str(problem)}
    except RecursionError:
        found = {"unreadable": "the source cannot be read: it is nested too deep"}
    return json.dumps(found).encode()


def _script(source: str) -> dict[str, Any]:
    root = parse(source)
    check(root, source)
    functions: dict[str, Any] = {}
    stray = []
    comments: list[Node] = []
    for node in root.named_children:
        found = _function(node, comments, source)
        if node.type == "comment":
            comments.append(node)
        else:
            comments = []
        if found is not None:
            functions.pop(found["name"], None)
            functions[found["name"]] = found
        elif not _belongs(node):
            text = node.text.split("\n")[0][:120]
            stray.append({"line": node.line, "text": text, "start": node.start, "end": node.end})
    names = names_in(root, source)
    return {
        "functions": functions,
        "names": {"defined": sorted(names.defined), "free": sorted(names.free)},
        "stray": stray,
    }


def _belongs(node: Node) -> bool:
    """Whether a statement may stand at top level: what defines, and a directive such as "use strict"."""
    if node.type == "expression_statement":
        return [child.type for child in node.named_children] == ["string"]
    return node.type in _DECLARATIONS or node.type in _SILENT


def _function(node: Node, comments: list[Node], source: str) -> dict[str, Any] | None:
    """The function that a statement defines, if that is what it does; `comments` stand before it."""
    definition, name = node, node.fields.get("name")
    if node.type in {"lexical_declaration", "variable_declaration"}:
        declarators = [child for child in node.named_children if child.type == "variable_declarator"]
        value = declarators[0].fields.get("value") if len(declarators) == 1 else None
        if value is None or value.type not in _FUNCTION_VALUES:
            return None
        definition, name = value, declarators[0].fields.get("name")
    elif node.type not in {"function_declaration", "generator_function_declaration"}:
        return None
    if name is None or name.type != "identifier":
        return None
    parameters = _parameters(definition)
    return {
        "name": name.text,
        "line": node.line,
        "text": node.text,
        "asynchronous": definition.has("async"),
        "parameters": parameters[1:],
        "takes_bot": bool(parameters) and parameters[0]["name"] == "bot",
        "docstring": _docstring(comments, definition),
        "free": sorted(names_in(node, source).free),
        "sole_call": _sole_call(definition),
    }


def _parameters(definition: Node) -> list[dict[str, str]]:
    single = definition.fields.get("parameter")
    many = definition.fields.get("parameters")
    patterns = [single] if single is not None else many.named_children if many is not None else []
    return [_parameter(pattern) for pattern in patterns if pattern.type != "comment"]


def _parameter(pattern: Node) -> dict[str, str]:
    left, right = pattern.fields.get("left"), pattern.fields.get("right")
    if pattern.type == "assignment_pattern" and left is not None and right is not None:
        return {"name": left.text, "default": right.text}
    return {"name": pattern.text, "default": "undefined"}


def _sole_call(definition: Node) -> str:
    body = definition.fields.get("body")
    steps = [child for child in body.named_children if child.type != "comment"] if body is not None else []
    step = steps[0] if len(steps) == 1 else None
    while step is not None and step.type in {"expression_statement", "return_statement", "await_expression"}:
        step = next(iter(step.named_children), None)
    called = step.fields.get("function") if step is not None and step.type == "call_expression" else None
    return called.text if called is not None and called.type == "identifier" else ""


def _docstring(before: list[Node], definition: Node) -> str:
    """The comments before a function, or else those that its body begins with."""
    if before:
        return "\n".join(_comment_text(comment) for comment in before).strip()
    body = definition.fields.get("body")
    first = []
    for child in body.named_children if body is not None else ():
        if child.type != "comment":
            break
        first.append(_comment_text(child))
    return "\n".join(first).strip()


def _comment_text(comment: Node) -> str:
    text = comment.text
    if text.startswith("//"):
        return text[2:].strip()
    lines = text.removeprefix("/*").removesuffix("*/").split("\n")
    return "\n".join(line.strip().lstrip("*").strip() for line in lines).strip()

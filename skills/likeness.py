"""When two programs are the same program: code compared apart from names, docstrings and comments."""

from __future__ import annotations

import ast
import hashlib
import re
from difflib import SequenceMatcher
from typing import Any

from fieldcraft.skills.skill import Skill

NEAR = 0.95
"""Two programs for one goal whose normalised code is at least this similar (0 to 1) are one skill."""

_JAVASCRIPT_NOISE = re.compile(
    r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|//[^\n]*|/\*.*?\*/|\s+""", re.DOTALL
)


def likeness(skill: Skill) -> str:
    """SHA-256 (hex) of the normalised code and of what its calls are bound to.

    Equal for programs that differ in nothing but own names, docstrings, comments and layout.
    """
    bound = ",".join(f"{entry}={digest}" for entry, digest in sorted(skill.dependencies.items()))
    return hashlib.sha256(f"{skill.language}\n{bound}\n{normalised(skill)}".encode()).hexdigest()


def near(first: Skill, second: Skill) -> bool:
    """Whether two skills have near-identical code and the same bindings."""
    if first.language != second.language or first.dependencies != second.dependencies:
        return False
    left, right = (re.findall(r"\w+|[^\w\s]", normalised(skill)) for skill in (first, second))
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    return matcher.quick_ratio() >= NEAR and _constants(left) == _constants(right) and matcher.ratio() >= NEAR


def normalised(skill: Skill) -> str:
    """The code without what does not change its meaning. JavaScript keeps its names."""
    if skill.language == "python":
        try:
            tree = ast.parse(skill.source)
            return ast.unparse(_Renamer(_own_names(tree)).visit(tree))
        except (SyntaxError, ValueError, RecursionError):
            return skill.source
    return _JAVASCRIPT_NOISE.sub(lambda match: match.group(1) or " ", skill.source).strip()


def _constants(tokens: list[str]) -> list[str]:
    """The numbers among the tokens: three logs and five logs are different programs."""
    return [token for token in tokens if token.isdigit()]


def _own_names(tree: ast.Module) -> dict[str, str]:
    """New names, by order of appearance, for every name the program itself binds."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                pass
            case ast.arg(arg=name) if name != "bot":
                pass
            case ast.Name(id=name, ctx=ast.Store()):
                pass
            case ast.ExceptHandler(name=str(name)):
                pass
            case _:
                continue
        names.setdefault(name, f"name{len(names)}")
    return names


class _Renamer(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def visit(self, node: ast.AST) -> Any:
        for field in ("name", "arg", "id"):
            value = getattr(node, field, None)
            if isinstance(value, str) and not isinstance(node, ast.keyword | ast.alias):
                setattr(node, field, self._names.get(value, value))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in self._names:
            for keyword in node.keywords:
                keyword.arg = self._names.get(keyword.arg or "", keyword.arg)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef):
            node.body = [statement for statement in node.body if not _is_text(statement)] or [ast.Pass()]
        return self.generic_visit(node)


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )

"""Compare programs by their code, without names, docstrings and comments."""

from __future__ import annotations

import ast
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from fieldcraft.skills.library.skill import Skill
from fieldcraft.skills.program.source import Language, ProgramError, read_python

NEAR = 0.95
"""Two programs for one goal whose normalised code is at least this similar (0 to 1) are one skill.

The similarity of `m` and `n` tokens with a longest common subsequence of `l` is `2 * l / (m + n)`.
"""

_MOST_EDITS = 250
"""The most tokens that may differ, regardless of the programs' length."""
_CHARACTERS = 400_000
"""The most characters of source that are compared for one program, over all candidates."""
_STEPS = 1_000_000
"""The most token comparisons for one program, over all candidates: well under a second."""
_REMEMBERED = 256

_NOISE = re.compile(r"""["'`]|//[^\n]*|/\*|\s+""")
_INSIDE = {
    mark: re.compile(rf"(?:\\.|[^{mark}\\{end}])*+", re.DOTALL)
    for mark, end in (('"', r"\n"), ("'", r"\n"), ("`", ""))
}


def likeness(skill: Skill) -> str:
    """SHA-256 (hex) of the normalised code and of what its calls are bound to.

    Equal for programs that differ only in their own names, docstrings, comments and layout.
    """
    bound = ",".join(f"{entry}={digest}" for entry, digest in sorted(skill.dependencies.items()))
    text = f"{skill.language}\n{bound}\n{normalised(skill)}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def near(first: Skill, second: Skill) -> bool:
    """Whether two skills have near-identical code and the same bindings."""
    return first_near(first, [second]) is not None


def first_near(skill: Skill, rivals: Iterable[Skill]) -> Skill | None:
    """The first similar rival, among those that can be compared in a short time."""
    characters, steps = len(skill.source), _STEPS
    for rival in rivals:
        if rival.language != skill.language or rival.dependencies != skill.dependencies:
            continue
        characters += len(rival.source)
        if characters > _CHARACTERS:
            return None
        left, right = _tokens(skill), _tokens(rival)
        most = min(int((1 - NEAR) * (len(left) + len(right)) + 1e-9), _MOST_EDITS)
        if _apart(left, right) > most or _numbers(left) != _numbers(right):
            continue
        close, steps = _within(left, right, most, steps)
        if close:
            return rival
    return None


def normalised(skill: Skill) -> str:
    """The code without parts that do not change its meaning. JavaScript keeps its names."""
    return _normalised(skill.source, skill.language)


@lru_cache(_REMEMBERED)
def _normalised(source: str, language: Language) -> str:
    if language == "python":
        try:
            tree = read_python(source)
            return ast.unparse(_Renamer(_own_names(tree)).visit(tree))
        except (ProgramError, ValueError, RecursionError, MemoryError):
            return source
    return "".join(_without_noise(source)).strip()


def _without_noise(source: str) -> Iterator[str]:
    """JavaScript with a blank for each comment and each run of white space outside quotes.

    A mark that is never closed opens nothing, and nor do those of its kind inside what it would have opened:
    that is remembered in `idle`, or else each would be looked at to the end.
    """
    place = 0
    idle: dict[str, int] = {}
    while (found := _NOISE.search(source, place)) is not None:
        yield source[place : found.start()]
        mark, place = found[0], found.end()
        if mark not in _INSIDE and mark != "/*":
            yield " "
        elif found.start() < idle.get(mark, 0):
            yield mark
        elif mark == "/*":
            end = source.find("*/", place)
            yield " " if end >= 0 else mark
            place, idle[mark] = (end + 2, 0) if end >= 0 else (place, len(source))
        else:
            inside = _INSIDE[mark].match(source, place)
            end = inside.end() if inside else place
            closed = source.startswith(mark, end)
            yield source[found.start() : end + 1] if closed else mark
            place, idle[mark] = (end + 1, 0) if closed else (place, end)
    yield source[place:]


def _tokens(skill: Skill) -> list[str]:
    return re.findall(r"\w+|[^\w\s]", normalised(skill))


def _numbers(tokens: list[str]) -> list[str]:
    """The numbers among the tokens: three logs and five logs are different programs."""
    return [token for token in tokens if token.isdigit()]


def _apart(left: Sequence[str], right: Sequence[str]) -> int:
    """A lower bound of the tokens that must be inserted or removed, ignoring their order."""
    first, second = Counter(left), Counter(right)
    return (first - second).total() + (second - first).total()


def _within(left: list[str], right: list[str], most: int, steps: int) -> tuple[bool, int]:
    """Whether at most `most` insertions and removals turn one list into the other, and the remaining steps.

    The greedy algorithm of Myers (1986): the furthest place on each diagonal after one more edit. False if
    the steps run out.
    """
    furthest = {1: 0}
    for edits in range(most + 1):
        for diagonal in range(-edits, edits + 1, 2):
            lower, upper = furthest.get(diagonal + 1, -1), furthest.get(diagonal - 1, -1)
            down = diagonal == -edits or (diagonal != edits and upper < lower)
            begin = place = lower if down else upper + 1
            while (
                place < len(left) and place - diagonal < len(right) and left[place] == right[place - diagonal]
            ):
                place += 1
            furthest[diagonal] = place
            if place >= len(left) and place - diagonal >= len(right):
                return True, steps
            steps -= place - begin + 1
        if steps <= 0:
            return False, 0
    return False, steps


def _own_names(tree: ast.Module) -> dict[str, str]:
    """Replace every name that the program binds by one in order of appearance."""
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

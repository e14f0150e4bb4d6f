"""How the code hangs together: import cycles, sizes, types and docstrings of the package. Prints JSON.

python benchmarks/structure.py                  the figures (about 5 seconds)
python benchmarks/structure.py --longest 20     and the longest functions by name
`--quick` is accepted as everywhere; there is nothing to shorten.
"""

from __future__ import annotations

import argparse
import ast
import json
import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grimp

import fieldcraft

HOME = Path(fieldcraft.__file__).parent
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """A module of the package, read."""

    module: str
    lines: int
    tree: ast.Module

    @property
    def inside_functions(self) -> frozenset[int]:
        """The lines that run only when a function is called."""
        return frozenset(
            line
            for function in functions(self.tree)
            for line in range(function.body[0].lineno, (function.end_lineno or 0) + 1)
        )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="accepted, and changes nothing")
    parser.add_argument("--longest", type=int, default=0, metavar="N", help="name the N longest functions")
    asked = parser.parse_args()
    read = sources()
    figures = measure(read)
    if asked.longest:
        figures["longest_functions"] = longest(read, asked.longest)
    print(json.dumps(figures, indent=2))


def measure(read: list[Source]) -> dict[str, Any]:
    """All figures of these modules."""
    lengths = sorted(length(function) for source in read for function in functions(source.tree))
    every = [function for source in read for function in functions(source.tree)]
    public = [function for source in read for function in public_functions(source.tree)]
    return {
        "files": len(read),
        "file_lines": {
            "median": round(statistics.median(source.lines for source in read)),
            "largest": max(source.lines for source in read),
        },
        "import_cycles": import_cycles(read),
        "modules_at_one_level": dict(list(modules_at_one_level(read).items())[:8]),
        "functions": len(lengths),
        "function_lines": {
            "median": statistics.median(lengths),
            "p99": lengths[math.ceil(0.99 * len(lengths)) - 1],
            "longest": lengths[-1],
        },
        "fully_typed_percent": percent(every, is_typed),
        "public_with_docstring_percent": percent(public, lambda function: bool(ast.get_docstring(function))),
    }


def sources() -> list[Source]:
    """Every module of the installed package."""
    found = []
    for path in _python_files(HOME):
        text = path.read_text(encoding="utf-8")
        names = path.relative_to(HOME).with_suffix("").parts
        parts = names[:-1] if names[-1] == "__init__" else names
        found.append(Source(".".join(("fieldcraft", *parts)), len(text.splitlines()), ast.parse(text)))
    return found


def _python_files(folder: Path) -> Iterator[Path]:
    """The files of a package and of the packages in it, which may be symbolic links."""
    for path in sorted(folder.iterdir()):
        if path.suffix == ".py":
            yield path
        elif path.is_dir() and (path / "__init__.py").exists():
            yield from _python_files(path)


def import_cycles(read: list[Source]) -> dict[str, list[list[str]]]:
    """Modules that import each other: as modules are loaded, when functions run too, and for types too."""
    at_run_time = grimp.build_graph("fieldcraft", exclude_type_checking_imports=True, cache_dir=None)
    for_types_too = grimp.build_graph("fieldcraft", cache_dir=None)
    top_level = grimp.build_graph("fieldcraft", exclude_type_checking_imports=True, cache_dir=None)
    for source in read:
        for imported in at_run_time.find_modules_directly_imported_by(source.module):
            details = at_run_time.get_import_details(importer=source.module, imported=imported)
            if all(detail["line_number"] in source.inside_functions for detail in details):
                top_level.remove_import(importer=source.module, imported=imported)
    return {
        "top_level": cycles(top_level),
        "all_at_run_time": cycles(at_run_time),
        "type_checking_too": cycles(for_types_too),
    }


def cycles(graph: grimp.ImportGraph) -> list[list[str]]:
    """The groups of modules that all import each other, directly or by way of others."""
    upstream = {module: graph.find_upstream_modules(module) for module in graph.modules}
    found: list[list[str]] = []
    grouped: set[str] = set()
    for module in sorted(upstream):
        group = {other for other in upstream[module] if module in upstream[other]} | {module}
        if len(group) > 1 and module not in grouped:
            found.append(sorted(group))
            grouped |= group
    return found


def modules_at_one_level(read: list[Source]) -> dict[str, int]:
    """Modules directly in each package, subpackages not counted; the fullest first."""
    packages = {source.module.rpartition(".")[0] for source in read} - {""}
    counts = dict.fromkeys(packages, 0)
    for source in read:
        if source.module not in packages and "." in source.module:
            counts[source.module.rpartition(".")[0]] += 1
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function and method, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def public_functions(tree: ast.Module | ast.ClassDef) -> Iterator[Function]:
    """The functions of a module and the methods of its classes whose names have no underscore in front."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node)
        elif isinstance(node, Function) and not node.name.startswith("_"):
            yield node


def length(function: Function) -> int:
    """Lines from `def` to the end of the body."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def is_typed(function: Function) -> bool:
    """Whether every parameter, `self` and `cls` aside, and the result are annotated."""
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return function.returns is not None and all(
        argument is None or argument.annotation is not None or argument.arg in {"self", "cls"}
        for argument in every
    )


def percent(every: list[Function], holds: Any) -> float:
    """How many of all functions a condition holds for."""
    return round(100 * sum(1 for function in every if holds(function)) / max(1, len(every)), 1)


def longest(read: list[Source], most: int) -> dict[str, int]:
    """The longest functions, by module and name."""
    every = {
        f"{source.module}:{function.name}": length(function)
        for source in read
        for function in functions(source.tree)
    }
    return dict(sorted(every.items(), key=lambda pair: -pair[1])[:most])


if __name__ == "__main__":
    main()

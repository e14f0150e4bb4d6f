"""Which tools there are: added in Python, announced by packages, or named as `module:function`."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fieldcraft.tools.errors import BrokenTool, DuplicateTool, ToolError, UnknownTool
from fieldcraft.tools.naming import unknown_tool

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

GROUP = "fieldcraft.tools"
_BUILTIN = {
    "answer": "fieldcraft.tools.builtin.asking:answer",
    "calculator": "fieldcraft.tools.builtin.calculator:calculator",
    "calendar": "fieldcraft.tools.builtin.calendar:calendar",
    "find_skills": "fieldcraft.tools.builtin.skills:find_skills",
    "last_seen": "fieldcraft.tools.builtin.world:last_seen",
    "reference": "fieldcraft.tools.builtin.world:reference",
    "search": "fieldcraft.tools.builtin.search:search",
    "translate": "fieldcraft.tools.builtin.asking:translate",
}
_PYTHON_NAMES = {
    "array": "list",
    "boolean": "bool",
    "integer": "int",
    "null": "None",
    "number": "float",
    "object": "dict",
    "string": "str",
}


@dataclass(frozen=True)
class ToolProblem:
    """A tool that could not be had, and why; the others work."""

    name: str
    message: str


def available() -> dict[str, EntryPoint]:
    """Every announced tool by name, sorted: the built-in ones and those of installed packages."""
    found = {name: EntryPoint(name, value, GROUP) for name, value in _BUILTIN.items()}
    for point in entry_points(group=GROUP):
        found.setdefault(point.name, point)
    return dict(sorted(found.items()))


class ToolRegistry:
    """Tools by name.

    A tool is a LangChain `BaseTool`, or a typed Python function with a docstring, which becomes one when
    it is first used.

    Attributes:
        problems: what `load` could not load.
    """

    def __init__(self, tools: Iterable[BaseTool | Callable[..., Any]] = ()) -> None:
        self._tools: dict[str, BaseTool | Callable[..., Any]] = {}
        self.problems: list[ToolProblem] = []
        for tool in tools:
            self.add(tool)

    @classmethod
    def load(cls, wanted: Sequence[str]) -> ToolRegistry:
        """The tools of these names; none for none.

        Args:
            wanted: names or patterns (`search_*`, `*`) of announced tools, and `module:function`.

        Raises:
            UnknownTool: nobody announces such a tool. One that is there but broken is on `problems`.
        """
        announced = available()
        targets: dict[str, str] = {}
        for name in wanted:
            if ":" in name:
                targets[name] = name
                continue
            matching = [known for known in announced if fnmatchcase(known, name)]
            if not matching:
                raise UnknownTool(unknown_tool(name, announced) + " Your own: 'module:function'.")
            targets.update((known, announced[known].value) for known in matching)
        registry = cls()
        for name, target in targets.items():
            try:
                registry.add(_import(target), name=None if ":" in name else name)
            except ToolError as error:
                registry.problems.append(ToolProblem(name, str(error)))
        return registry

    def add(self, tool: BaseTool | Callable[..., Any], *, name: str | None = None) -> str:
        """Register a tool under `name`, by default its own, and return that name.

        Raises:
            BrokenTool: it is neither a LangChain tool nor a named function with a docstring.
            DuplicateTool: the name is taken; the earlier tool stays.
        """
        own = getattr(tool, "name", None) or getattr(tool, "__name__", None)
        if not (callable(tool) or hasattr(tool, "invoke")) or not isinstance(own, str):
            raise BrokenTool(f"{tool!r:.200} is neither a function nor a LangChain tool")
        if not hasattr(tool, "invoke") and not (tool.__doc__ or "").strip():
            raise BrokenTool(f"function {own!r} has no docstring; a model needs one to know what it does")
        name = name or own
        if not name.isidentifier():
            raise BrokenTool(
                f"tool {name!r} cannot be called as tools.<name>(); give it a name of a-z, 0-9, _"
            )
        if name in self._tools:
            raise DuplicateTool(f"there is a tool {name!r} already; the first one stays, rename the other")
        self._tools[name] = tool
        return name

    def names(self) -> tuple[str, ...]:
        """Every name, sorted."""
        return tuple(sorted(self._tools))

    def get(self, name: str) -> BaseTool:
        """The tool of this name.

        Raises:
            UnknownTool: there is none.
            BrokenTool: LangChain can make no tool of the function, mostly for its annotations.
        """
        if name not in self._tools:
            raise UnknownTool(unknown_tool(name, self._tools))
        tool = self._tools[name]
        from langchain_core.tools import BaseTool

        if not isinstance(tool, BaseTool):
            try:
                tool = _structured(tool, name)
            except Exception as error:
                raise BrokenTool(f"function {name!r} cannot be made a tool: {error}") from error
            self._tools[name] = tool
        return tool

    def select(self, patterns: Iterable[str]) -> ToolRegistry:
        """A registry of the tools whose name matches one of `patterns` (`*` and `?` as in file names)."""
        wanted = tuple(patterns)
        chosen = ToolRegistry()
        for name in self.names():
            if any(fnmatchcase(name, pattern) for pattern in wanted):
                chosen.add(self._tools[name], name=name)
        return chosen

    def specs(self) -> tuple[str, ...]:
        """One line a tool, as a model reads it: `calculator(expression: str): Work out ...`."""
        return tuple(_spec(name, self.get(name)) for name in self.names())

    def reference(self) -> str:
        """All `specs` as a list for a prompt; empty without tools."""
        return "\n".join(f"- {spec}" for spec in self.specs())

    def __contains__(self, name: str) -> bool:
        return name in self._tools

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self._tools)


def _structured(function: Callable[..., Any], name: str) -> BaseTool:
    """A LangChain tool of a plain function, synchronous or not."""
    from langchain_core.tools import StructuredTool

    if inspect.iscoroutinefunction(function):
        return StructuredTool.from_function(coroutine=function, name=name)
    return StructuredTool.from_function(function, name=name)


def _import(target: str) -> Any:
    module_name, _, attribute = target.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        return getattr(importlib.import_module(module_name), attribute)
    except AttributeError as error:
        raise BrokenTool(f"module {module_name!r} has no {attribute!r}") from error
    except Exception as error:
        raise BrokenTool(f"importing {module_name!r} failed: {type(error).__name__}: {error}") from error


def _spec(name: str, tool: BaseTool) -> str:
    arguments = ", ".join(_argument(key, schema) for key, schema in tool.args.items())
    return f"{name}({arguments}): {' '.join(tool.description.split())}"


def _argument(name: str, schema: dict[str, Any]) -> str:
    default = f" = {schema['default']!r}" if "default" in schema else ""
    return f"{name}: {_type_name(schema)}{default}"


def _type_name(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(map(repr, schema["enum"]))
    if "anyOf" in schema:
        return " | ".join(map(_type_name, schema["anyOf"]))
    kind = schema.get("type", "any")
    if kind == "array" and "items" in schema:
        return f"list[{_type_name(schema['items'])}]"
    return _PYTHON_NAMES.get(kind, "any") if isinstance(kind, str) else "any"

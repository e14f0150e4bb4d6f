"""The registry of tools by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, cast

from fieldcraft.common.moved import renamed
from fieldcraft.tools.calls.naming import unknown_tool
from fieldcraft.tools.errors import BrokenTool, DuplicateTool, UnknownTool
from fieldcraft.tools.langchain.adapting import adapted, refusal

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from fieldcraft.tools.sources.settings import ToolSources

PYTHON = "Python"
"""The origin of a tool that was added in Python."""


@dataclass(frozen=True)
class ToolProblem:
    """A tool, or a source of tools, that is not available, with the reason; the others work.

    `misnamed`: there is no tool of that name, as opposed to a broken one.
    """

    name: str
    message: str
    misnamed: bool = False


class ToolRegistry:
    """Tools by name.

    A tool is a LangChain `BaseTool`, or a typed Python function with a docstring, which is converted on
    first use.

    Attributes:
        problems: tools and sources that are not available; it grows when a tool turns out to be broken.
        instructions: origin of tools -> what their source says about their use; data, not to be trusted.
    """

    def __init__(self, tools: Iterable[BaseTool | Callable[..., Any]] = ()) -> None:
        self._tools: dict[str, BaseTool | Callable[..., Any]] = {}
        self._origins: dict[str, str] = {}
        self._held = ExitStack()
        self._sources: list[Callable[[ToolRegistry], list[str]]] = []
        self.problems: list[ToolProblem] = []
        self.instructions: dict[str, str] = {}
        for tool in tools:
            self.add(tool)

    @classmethod
    def load(cls, wanted: Sequence[str], sources: ToolSources | None = None) -> ToolRegistry:
        """Load tools by name, as `fieldcraft.tools.load_tools` does; deprecated since 0.2."""
        load_tools = renamed("ToolRegistry.load", "fieldcraft.tools:load_tools")
        return cast(ToolRegistry, load_tools(wanted, sources))

    def add(
        self, tool: BaseTool | Callable[..., Any], *, name: str | None = None, origin: str = PYTHON
    ) -> str:
        """Register a tool under `name`, by default its own, and return that name.

        Raises:
            BrokenTool: it is neither a LangChain tool nor a named function with a docstring, or it has an
                argument injected that nobody here can give it.
            DuplicateTool: the name is taken; the earlier tool is kept.
        """
        if why := refusal(tool):
            raise BrokenTool(why)
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
            raise DuplicateTool(
                f"there is a tool {name!r} already ({self._origins[name]}); the first one is kept, "
                "rename the other or give its source a prefix"
            )
        self._tools[name] = adapted(tool)
        self._origins[name] = origin
        return name

    def remove(self, name: str) -> None:
        """Take a tool away.

        Raises:
            UnknownTool: there is none of this name.
        """
        self._known(name)
        del self._tools[name], self._origins[name]

    def follow(self, source: Callable[[ToolRegistry], list[str]]) -> None:
        """Let `refresh` call `source`, which adds and removes tools, and tells what it changed."""
        self._sources.append(source)

    def refresh(self) -> list[str]:
        """Add and remove the tools of sources that changed since the last look; a line for each change.

        A registry that was selected, prefixed or wrapped before keeps its tools; calls of those that are
        gone fail.
        """
        return [line for source in self._sources for line in source(self)]

    def names(self) -> tuple[str, ...]:
        """Every name, sorted."""
        return tuple(sorted(self._tools))

    def origin(self, name: str) -> str:
        """The origin of the tool: `Python`, `built in`, a package, `module:function`, or its source."""
        self._known(name)
        return self._origins[name]

    def get(self, name: str) -> BaseTool:
        """The tool of this name.

        Raises:
            UnknownTool: there is none.
            BrokenTool: LangChain cannot convert the function, usually because of its annotations.
        """
        tool = self._known(name)
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
        return self._derived({name: name for name in self.names() if _matches(name, wanted)})

    def without(self, patterns: Iterable[str]) -> ToolRegistry:
        """A registry of the tools whose name matches none of `patterns`."""
        unwanted = tuple(patterns)
        return self._derived({name: name for name in self.names() if not _matches(name, unwanted)})

    def prefixed(self, prefix: str) -> ToolRegistry:
        """A registry of the same tools with `prefix` before each name.

        Raises:
            BrokenTool: a name with the prefix cannot be called by a program.
        """
        return self._derived({name: prefix + name for name in self.names()})

    def wrapped(self, wrap: Callable[[BaseTool], BaseTool | Callable[..., Any]]) -> ToolRegistry:
        """A registry of the tools that `wrap` returns for each tool, under the same names.

        Raises:
            BrokenTool: a tool cannot be used, or `wrap` does not return a tool.
        """
        made = self._derived({})
        for name in self.names():
            made.add(wrap(self.get(name)), name=name, origin=self._origins[name])
        made.instructions = dict(self.instructions)
        return made

    def specs(self) -> tuple[str, ...]:
        """One line for each tool, as a model sees it: `calculator(expression: str): Work out ...`.

        A tool that turns out to be broken is moved from the registry to `problems`.
        """
        from fieldcraft.tools.calls.describing import spec

        lines = []
        for name in self.names():
            try:
                lines.append(spec(name, self.get(name)))
            except Exception as error:
                del self._tools[name], self._origins[name]
                self.problems.append(ToolProblem(name, str(error)))
        return tuple(lines)

    def reference(self) -> str:
        """All `specs` as a list for a prompt; empty without tools."""
        return "\n".join(f"- {line}" for line in self.specs())

    def hold(self, close: Callable[[], None]) -> None:
        """Call `close` when the registry is closed, to end servers and connections that the tools use."""
        self._held.callback(close)

    def close(self) -> None:
        """End servers and connections of the tools' sources. Safe to call twice; tools fail afterwards.

        A registry that was selected, prefixed or wrapped shares them with the original.
        """
        self._held.close()

    def __enter__(self) -> ToolRegistry:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __contains__(self, name: str) -> bool:
        return name in self._tools

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self._tools)

    def _known(self, name: str) -> BaseTool | Callable[..., Any]:
        if name not in self._tools:
            raise UnknownTool(unknown_tool(name, self._tools))
        return self._tools[name]

    def _derived(self, names: dict[str, str]) -> ToolRegistry:
        made = ToolRegistry()
        made._held = self._held
        for name, new in names.items():
            made.add(self._tools[name], name=new, origin=self._origins[name])
        origins = set(made._origins.values())
        made.instructions = {key: text for key, text in self.instructions.items() if key in origins}
        return made


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _structured(function: Callable[..., Any], name: str) -> BaseTool:
    """Convert a plain function, synchronous or not, to a LangChain tool."""
    from langchain_core.tools import StructuredTool

    if inspect.iscoroutinefunction(function):
        return StructuredTool.from_function(coroutine=function, name=name)
    return StructuredTool.from_function(function, name=name)

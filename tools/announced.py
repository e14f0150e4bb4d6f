"""Tools that packages announce by entry point, built-in ones included, and tools named `module:function`."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

from fieldcraft.common import plugins
from fieldcraft.tools.errors import BrokenTool, NoSuchName

GROUP = "fieldcraft.tools"
BUILT_IN = {
    "answer": "fieldcraft.tools.builtin.asking:answer",
    "calculator": "fieldcraft.tools.builtin.calculator:calculator",
    "calendar": "fieldcraft.tools.builtin.calendar:calendar",
    "find_skills": "fieldcraft.tools.builtin.skills:find_skills",
    "last_seen": "fieldcraft.tools.builtin.world:last_seen",
    "reference": "fieldcraft.tools.builtin.world:reference",
    "search": "fieldcraft.tools.builtin.search:search",
    "translate": "fieldcraft.tools.builtin.asking:translate",
}


KIND = plugins.Kind(noun="tool", group=GROUP, built_in=BUILT_IN, unknown=NoSuchName, broken=BrokenTool)


def available() -> dict[str, EntryPoint]:
    """Every announced tool by name, sorted: the built-in ones and those of installed packages."""
    return plugins.available(KIND)


def origin_of(point: EntryPoint) -> str:
    """The provider of the tool: `built in`, or the package's name."""
    if BUILT_IN.get(point.name) == point.value:
        return "built in"
    return point.dist.name if point.dist is not None else point.value


def imported(target: str) -> Any:
    """Import the object that `module:name` names; modules in the working directory are found too.

    Raises:
        NoSuchName: the text has another form, there is no such module, or the module has no such name.
        BrokenTool: the import failed.
    """
    try:
        return plugins.imported(target)
    except plugins.UnknownPart as error:
        raise NoSuchName(str(error)) from error
    except plugins.BrokenPart as error:
        raise BrokenTool(str(error)) from error

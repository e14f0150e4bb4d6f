"""Tools that packages announce by entry point, built-in ones included, and tools named `module:function`."""

from __future__ import annotations

import importlib
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from fieldcraft.common.suggest import nearest
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


def available() -> dict[str, EntryPoint]:
    """Every announced tool by name, sorted: the built-in ones and those of installed packages."""
    found = {name: EntryPoint(name, value, GROUP) for name, value in BUILT_IN.items()}
    for point in entry_points(group=GROUP):
        found.setdefault(point.name, point)
    return dict(sorted(found.items()))


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
    module_name, _, attribute = target.partition(":")
    if not (module_name and attribute):
        raise NoSuchName(f"{target!r} names no function; write it as module:function")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        found = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        absent = isinstance(error, ModuleNotFoundError) and f"{module_name}.".startswith(f"{error.name}.")
        kind = NoSuchName if absent else BrokenTool
        raise kind(f"importing {module_name!r} failed: {type(error).__name__}: {error}") from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise NoSuchName(f"module {module_name!r} has no {attribute!r}{nearest(part, dir(found))}")
        found = getattr(found, part)
    return found

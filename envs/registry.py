"""Finding worlds by name: entry points of the group `fieldcraft.envs`, or `module:Class`."""

from __future__ import annotations

import importlib
import inspect
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from fieldcraft.common.errors import ForeignFault, InputError
from fieldcraft.common.suggest import nearest
from fieldcraft.envs.environment import Environment

GROUP = "fieldcraft.envs"
_BUILTIN = {
    "gridworld-v1": "fieldcraft.envs.gridworld:GridWorld",
    "minecraft-v1": "fieldcraft.envs.minecraft:MinecraftWorld",
}


class UnknownEnvironment(InputError, LookupError):
    """No world of this name; the message lists the nearest names and how to register one."""


class BrokenEnvironment(ForeignFault, RuntimeError):
    """A world was found but could not be loaded; the message says why."""


def available() -> dict[str, EntryPoint]:
    """Every registered world by id, sorted: the built-in ones and those that installed packages announce."""
    found = {name: EntryPoint(name, value, GROUP) for name, value in _BUILTIN.items()}
    for point in entry_points(group=GROUP):
        found.setdefault(point.name, point)
    return dict(sorted(found.items()))


def make(name: str, **arguments: Any) -> Environment:
    """Make the world `name`, an id such as `gridworld-v1` or `package.module:Class`.

    Args:
        name: the id or import path.
        arguments: passed to the class.

    Raises:
        UnknownEnvironment: no such id, module or class.
        BrokenEnvironment: it exists, but importing or making it failed, or it is no `Environment`.
    """
    cls = load(name)
    try:
        return cls(**arguments)
    except Exception as error:
        raise BrokenEnvironment(
            f"environment {name!r} could not be made: {type(error).__name__}: {error}"
        ) from error


def load(name: str) -> type[Environment]:
    """The class of the world `name`, without making one. Raises as `make` does."""
    registered = available()
    if name in registered:
        target = registered[name].value
    elif ":" in name:
        target = name
    else:
        hint = nearest(name, registered)
        raise UnknownEnvironment(
            f"no environment {name!r}{hint or '.'} Known: {', '.join(registered)}. "
            "Your own world: `module:Class`, or an entry point of the group 'fieldcraft.envs'."
        )
    cls = _import(name, target)
    if not (isinstance(cls, type) and issubclass(cls, Environment)):
        raise BrokenEnvironment(f"environment {name!r}: {target} is not a subclass of fieldcraft.Environment")
    if inspect.isabstract(cls):
        missing = ", ".join(sorted(cls.__abstractmethods__))
        raise BrokenEnvironment(f"environment {name!r}: {target} does not define {missing}")
    return cls


def _import(name: str, target: str) -> Any:
    module_name, _, attribute = target.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise UnknownEnvironment(f"environment {name!r}: no module {error.name!r} can be imported") from error
    except Exception as error:
        raise BrokenEnvironment(
            f"environment {name!r}: importing {module_name} failed: {type(error).__name__}: {error}"
        ) from error
    try:
        return getattr(module, attribute)
    except AttributeError as error:
        hint = nearest(attribute, vars(module))
        raise UnknownEnvironment(f"environment {name!r}: {module_name} has no {attribute!r}{hint}") from error

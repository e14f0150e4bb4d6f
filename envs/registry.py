"""Finding worlds by name: entry points of the group `fieldcraft.envs`, or `module:Class`."""

from __future__ import annotations

import inspect
import logging
from importlib.metadata import EntryPoint
from typing import Any

from fieldcraft.common import plugins
from fieldcraft.common.errors import ForeignFault, InputError
from fieldcraft.envs.environment import Environment
from fieldcraft.envs.faults import told, without_exit

GROUP = "fieldcraft.envs"

logger = logging.getLogger(__name__)


class UnknownEnvironment(InputError, LookupError):
    """No world of this name; the message lists the nearest names and how to register one."""


class BrokenEnvironment(ForeignFault, RuntimeError):
    """A world was found but could not be loaded; the message says why."""


KIND = plugins.Kind(
    noun="environment",
    group=GROUP,
    built_in={
        "gridworld-v1": "fieldcraft.envs.gridworld:GridWorld",
        "minecraft-v1": "fieldcraft.envs.minecraft:MinecraftWorld",
    },
    unknown=UnknownEnvironment,
    broken=BrokenEnvironment,
)


def available() -> dict[str, EntryPoint]:
    """Every registered world by id, sorted: the built-in ones and those that installed packages announce."""
    return plugins.available(KIND)


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
        made: Environment = without_exit("its class", cls, **arguments)
        return made
    except Exception as error:
        logger.info("environment %s could not be made", name, exc_info=error)
        raise BrokenEnvironment(f"environment {name!r} could not be made: {told(error)}") from error


def load(name: str) -> type[Environment]:
    """The class of the world `name`, without making one. Raises as `make` does."""
    cls = plugins.load(KIND, name)
    if not (isinstance(cls, type) and issubclass(cls, Environment)):
        raise BrokenEnvironment(f"environment {name!r} is not a subclass of fieldcraft.Environment")
    if inspect.isabstract(cls):
        missing = ", ".join(sorted(cls.__abstractmethods__))
        raise BrokenEnvironment(f"environment {name!r} does not define {missing}")
    return cls

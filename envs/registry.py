"""Finding worlds by name: entry points of the group `fieldcraft.envs`, `module:Class`, or `gym:ENV_ID`."""

from __future__ import annotations

import inspect
import logging
from importlib.metadata import EntryPoint
from typing import Any

from fieldcraft.common import plugins
from fieldcraft.envs.environment import Environment
from fieldcraft.envs.faults import told, without_exit
from fieldcraft.envs.gym import finding
from fieldcraft.envs.missing import BrokenEnvironment, UnknownEnvironment

GROUP = "fieldcraft.envs"

__all__ = ["BrokenEnvironment", "UnknownEnvironment", "available", "load", "make"]

logger = logging.getLogger(__name__)


KIND = plugins.Kind(
    noun="environment",
    group=GROUP,
    built_in={
        "crafter-v1": "fieldcraft.envs.crafter:CrafterWorld",
        "gridworld-v1": "fieldcraft.envs.gridworld:GridWorld",
        "minecraft-v1": "fieldcraft.envs.minecraft:MinecraftWorld",
        "minigrid-v1": "fieldcraft.envs.minigrid:MiniGridWorld",
        "minihack-v1": "fieldcraft.envs.minihack:MiniHackWorld",
        "miniwob-v1": "fieldcraft.envs.miniwob:MiniWobWorld",
        "plancraft-v1": "fieldcraft.envs.plancraft:PlancraftWorld",
        "scienceworld-v1": "fieldcraft.envs.scienceworld:ScienceWorld",
        "textworld-v1": "fieldcraft.envs.textworld:TextWorld",
    },
    ways=", and gym:ENV_ID for each environment of Gymnasium",
    unknown=UnknownEnvironment,
    broken=BrokenEnvironment,
)


def available() -> dict[str, EntryPoint]:
    """Every registered world by id, sorted: the built-in ones and those that installed packages announce."""
    return plugins.available(KIND)


def make(name: str, **arguments: Any) -> Environment:
    """Make the world `name`, an id such as `gridworld-v1`, `package.module:Class` or `gym:ENV_ID`.

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
    except (UnknownEnvironment, BrokenEnvironment):
        raise
    except Exception as error:
        logger.info("environment %s could not be made", name, exc_info=error)
        raise BrokenEnvironment(f"environment {name!r} could not be made: {told(error)}") from error


def load(name: str) -> type[Environment]:
    """The class of the world `name`, without making one. Raises as `make` does."""
    if name.startswith(finding.PREFIX):
        return finding.world_class(name)
    cls = plugins.load(KIND, name)
    if not (isinstance(cls, type) and issubclass(cls, Environment)):
        raise BrokenEnvironment(f"environment {name!r} is not a subclass of fieldcraft.Environment")
    if inspect.isabstract(cls):
        missing = ", ".join(sorted(cls.__abstractmethods__))
        raise BrokenEnvironment(f"environment {name!r} does not define {missing}")
    return cls

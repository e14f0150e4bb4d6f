"""Finding an environment of Gymnasium by `gym:ENV_ID`, `gym:package:ENV_ID` or `gym:module:Class`."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fieldcraft.common.errors import MissingRequirement
from fieldcraft.common.suggest import nearest
from fieldcraft.common.system import installed
from fieldcraft.envs.faults import told
from fieldcraft.envs.missing import BrokenEnvironment, UnknownEnvironment

if TYPE_CHECKING:
    from fieldcraft.envs.gym.source import Source
    from fieldcraft.envs.gym.world import GymWorld

PREFIX = "gym:"

_PACKAGES = {
    "ALE/": ("ale_py", "ale-py"),
    "BabyAI-": ("minigrid", "minigrid"),
    "MiniGrid-": ("minigrid", "minigrid"),
    "MiniHack-": ("minihack", "minihack"),
    "MiniWorld-": ("miniworld", "miniworld"),
    "NetHack": ("nle", "nle"),
    "miniwob/": ("miniwob", "miniwob"),
    "Fetch": ("gymnasium_robotics", "gymnasium-robotics"),
    "AntMaze": ("gymnasium_robotics", "gymnasium-robotics"),
    "HandManipulate": ("gymnasium_robotics", "gymnasium-robotics"),
    "PointMaze": ("gymnasium_robotics", "gymnasium-robotics"),
    "highway-": ("highway_env", "highway-env"),
    "FlappyBird-": ("flappy_bird_gymnasium", "flappy-bird-gymnasium"),
    "PyFlyt/": ("PyFlyt", "PyFlyt"),
    "Craftax": ("craftax", "craftax"),
}
"""The module that registers the ids with a beginning, and the package that has it."""


class NeedsGymnasium(BrokenEnvironment, MissingRequirement):
    """Gymnasium is not installed; the message names the extra."""


def require_gymnasium(name: str) -> None:
    """Refuse what needs Gymnasium where it is not installed.

    Raises:
        NeedsGymnasium: it is not.
    """
    if not installed("gymnasium"):
        raise NeedsGymnasium(f"{name} needs the extra 'gym': pip install 'fieldcraft[gym]'")


def world_class(name: str) -> type[GymWorld]:
    """The world of `gym:...`, as a class that makes it without arguments.

    Args:
        name: with the prefix.

    Raises:
        UnknownEnvironment: there is no such environment, module or class.
        BrokenEnvironment: Gymnasium or what the environment imports is missing or fails.
    """
    require_gymnasium(name)
    from fieldcraft.envs.gym.world import GymWorld

    return type("GymWorldByName", (GymWorld,), {"source": _source(name), "world_name": name})


def _source(name: str) -> Source:
    from fieldcraft.envs.gym.source import Source

    given = name.removeprefix(PREFIX)
    module, colon, wanted = given.rpartition(":")
    if colon:
        found = getattr(_imported(module, name), wanted, None)
        if not _registered(wanted) and callable(found):
            return Source(name=wanted, make=lambda options: found(**options))
    elif not _registered(wanted):
        _import_package_of(wanted, name)
    known = _exact(wanted, name)
    return Source(name=known, make=lambda options: _make(known, options))


def _make(known: str, options: Mapping[str, Any]) -> Any:
    """The environment, with pictures where its class has them and nothing else was asked for."""
    import gymnasium

    wanted = dict(options)
    with _quiet():
        if "render_mode" not in wanted and "rgb_array" in _render_modes(known):
            wanted["render_mode"] = "rgb_array"
        return gymnasium.make(known, disable_env_checker=True, **wanted)


def _render_modes(known: str) -> tuple[str, ...]:
    from gymnasium.envs.registration import load_env_creator, registry

    entry = registry[known].entry_point
    creator = load_env_creator(entry) if isinstance(entry, str) else entry
    metadata = getattr(creator, "metadata", None)
    return tuple(metadata.get("render_modes", ())) if isinstance(metadata, Mapping) else ()


def _registered(wanted: str) -> bool:
    from gymnasium.envs.registration import registry

    return wanted in registry


def _exact(wanted: str, name: str) -> str:
    """The id as it is registered; without a version, that of the latest.

    Raises:
        UnknownEnvironment: none is.
    """
    from gymnasium.envs.registration import registry

    if wanted in registry:
        return wanted
    versions = sorted(
        (spec.version, known)
        for known, spec in registry.items()
        if known.rpartition("-v")[0] == wanted and spec.version is not None
    )
    if versions:
        return str(versions[-1][1])
    raise UnknownEnvironment(
        f"Gymnasium knows no environment {wanted!r} ({name}){nearest(wanted, registry) or ';'} "
        "name the package that has it: gym:PACKAGE:ENV_ID, or a class: gym:MODULE:CLASS"
    )


def _import_package_of(wanted: str, name: str) -> None:
    """Import the package that registers ids with this beginning, where it is known.

    Raises:
        BrokenEnvironment: it is not installed, or its import fails.
    """
    for beginning, (module, package) in _PACKAGES.items():
        if wanted.startswith(beginning):
            if not installed(module):
                raise BrokenEnvironment(f"{name} needs the package {package}: pip install {package}")
            _imported(module, name)
            return


def _imported(module: str, name: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        with _quiet():
            found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if f"{module}.".startswith(f"{error.name}."):
            raise UnknownEnvironment(
                f"{name}: no module {error.name!r} can be imported; install the package that has it"
            ) from error
        raise BrokenEnvironment(
            f"{name}: {module} needs {error.name!r}, which is not installed: pip install {error.name}"
        ) from error
    except (Exception, SystemExit) as error:
        raise BrokenEnvironment(f"{name}: importing {module} failed: {told(error)}") from error
    return found


@contextmanager
def _quiet() -> Iterator[None]:
    """Warnings of other packages at their import and making are for their authors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield

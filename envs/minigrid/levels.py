"""The levels of MiniGrid and BabyAI by id, and making the environment of one."""

from __future__ import annotations

from typing import Any

from fieldcraft.common.errors import MissingRequirement
from fieldcraft.common.system import installed
from fieldcraft.envs.faults import told
from fieldcraft.envs.gym.levels import Level, Levels, quiet
from fieldcraft.envs.missing import BrokenEnvironment

DEFAULT_ID = "BabyAI-GoToLocal-v0"
LEVELS = Levels(
    package="minigrid",
    families=("BabyAI-", "MiniGrid-"),
    default=DEFAULT_ID,
    named="BabyAI's begin with BabyAI-",
)


class NeedsMiniGrid(BrokenEnvironment, MissingRequirement):
    """MiniGrid is not installed; the message names the extra."""


def require_minigrid() -> None:
    """Refuse this world where its package is not installed.

    Raises:
        NeedsMiniGrid: it is not.
    """
    if not installed("minigrid", "gymnasium"):
        raise NeedsMiniGrid("minigrid-v1 needs the extra 'minigrid': pip install 'fieldcraft[minigrid]'")


def made(level: Level) -> Any:
    """The environment of a level, which draws pictures.

    Raises:
        ValueError: it cannot be made; the message says why.
    """
    with quiet():
        import gymnasium
        import minigrid  # noqa: F401 - registers the levels
    arguments = {} if level.max_steps is None else {"max_steps": level.max_steps}
    with quiet():
        try:
            return gymnasium.make(
                level.id, render_mode="rgb_array", disable_env_checker=True, **arguments
            ).unwrapped
        except Exception as error:
            raise ValueError(f"{level.id} cannot be made: {told(error)}") from error


def begun(level: Level, seed: int) -> tuple[Any, Any]:
    """The environment of a level in its first moment, and what it shows.

    Raises:
        ValueError: it cannot be made or reset; the message says why.
    """
    environment = made(level)
    try:
        with quiet():
            seen, _ = environment.reset(seed=seed)
    except Exception as error:
        raise ValueError(f"{level.id} cannot be reset: {told(error)}; choose another id") from error
    return environment, seen

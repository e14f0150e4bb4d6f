"""The levels of MiniHack and NetHack by id, and making the environment of one."""

from __future__ import annotations

import shutil
from typing import Any

from fieldcraft.common.errors import MissingRequirement
from fieldcraft.common.system import installed
from fieldcraft.envs.faults import told
from fieldcraft.envs.gym.draws import GlobalDraws
from fieldcraft.envs.gym.levels import Level, Levels, quiet
from fieldcraft.envs.missing import BrokenEnvironment

DEFAULT_ID = "MiniHack-KeyRoom-S5-v0"
LEVELS = Levels(
    package="minihack",
    families=("MiniHack-", "NetHack"),
    default=DEFAULT_ID,
    named="MiniHack's begin with MiniHack-",
)
INSTALL = "pip install 'fieldcraft[minihack]'"
TOOLS = ("bison", "flex", "cmake")
BUILD = f"apt-get install -y build-essential bison flex libbz2-dev cmake, then {INSTALL}"
"""What building NLE takes where no wheel of it fits the machine."""
_KEYS = (
    *("glyphs", "chars", "colors", "specials", "blstats", "message"),
    *("inv_glyphs", "inv_strs", "inv_letters", "inv_oclasses"),
    *("screen_descriptions", "tty_chars", "tty_colors", "tty_cursor"),
)


class NeedsMiniHack(BrokenEnvironment, MissingRequirement):
    """MiniHack or NLE is not installed; the message names the extra, and what building it takes."""


def require_minihack() -> None:
    """Refuse this world where its packages are not installed.

    Raises:
        NeedsMiniHack: they are not; where build tools are missing too, the command has them.
    """
    if not installed("minihack", "nle", "gymnasium"):
        without = [tool for tool in TOOLS if shutil.which(tool) is None]
        build = f"; where it has to be built: {BUILD}" if without else ""
        raise NeedsMiniHack(f"minihack-v1 needs the extra 'minihack': {INSTALL}{build}")


def begun(level: Level, seed: int) -> Any:
    """The environment of a level in its first moment.

    Both of NetHack's random states are seeded, those of Python too, and the moon and the hour by the seed.

    Raises:
        ValueError: it cannot be made or reset; the message says why.
    """
    try:
        with quiet():
            return GlobalDraws().begin(seed, lambda: _begun(level, seed))
    except Exception as error:
        raise ValueError(f"{level.id} cannot be made: {told(error)}; choose another id") from error


def _begun(level: Level, seed: int) -> Any:
    import gymnasium
    import minihack  # noqa: F401 - registers the levels

    environment = gymnasium.make(
        level.id, observation_keys=_KEYS, fix_moon_phase=True, disable_env_checker=True
    ).unwrapped
    if level.max_steps is not None:
        environment._max_episode_steps = level.max_steps
    if (rooms := getattr(environment, "minigrid_env", None)) is not None:
        rooms.reset(seed=seed)
    game = environment.nethack
    type(game).set_initial_seeds(game, seed, seed, False)  # NetHackChallenge hides that of its game
    environment.reset()
    return environment

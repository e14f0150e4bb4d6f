"""The levels of MiniHack and NetHack by id, and making the environment of one."""

from __future__ import annotations

import contextlib
import io
import shutil
import warnings
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any, NamedTuple

from fieldcraft.common.errors import MissingRequirement
from fieldcraft.common.suggest import nearest
from fieldcraft.envs.faults import told
from fieldcraft.envs.gym.draws import GlobalDraws
from fieldcraft.envs.missing import BrokenEnvironment

DEFAULT_ID = "MiniHack-KeyRoom-S5-v0"
MOST_STEPS = 100_000
INSTALL = "pip install 'fieldcraft[minihack]'"
TOOLS = ("bison", "flex", "cmake")
BUILD = f"apt-get install -y build-essential bison flex libbz2-dev cmake, then {INSTALL}"
"""What building NLE takes where no wheel of it fits the machine."""
_FAMILIES = ("MiniHack-", "NetHack")
_OPTIONS = ("id", "max_steps")
_KEYS = (
    *("glyphs", "chars", "colors", "specials", "blstats", "message"),
    *("inv_glyphs", "inv_strs", "inv_letters", "inv_oclasses"),
    *("screen_descriptions", "tty_chars", "tty_colors", "tty_cursor"),
)


class NeedsMiniHack(BrokenEnvironment, MissingRequirement):
    """MiniHack or NLE is not installed; the message names the extra, and what building it takes."""


class Level(NamedTuple):
    """A level by its id, and after how many steps its episodes end; `None` for the level's own limit."""

    id: str
    max_steps: int | None = None


def require_minihack() -> None:
    """Refuse this world where its packages are not installed.

    Raises:
        NeedsMiniHack: they are not; where build tools are missing too, the command has them.
    """
    if any(find_spec(module) is None for module in ("minihack", "nle", "gymnasium")):
        without = [tool for tool in TOOLS if shutil.which(tool) is None]
        build = f"; where it has to be built: {BUILD}" if without else ""
        raise NeedsMiniHack(f"minihack-v1 needs the extra 'minihack': {INSTALL}{build}")


def level_of(options: Mapping[str, Any]) -> Level:
    """The level that the options of a reset name.

    Raises:
        ValueError: an option or a level is unknown or of the wrong type; the message has the nearest names.
    """
    for name in options:
        if name not in _OPTIONS:
            raise ValueError(f"unknown option {name!r}{nearest(name, _OPTIONS)} (there are id and max_steps)")
    return Level(_known_id(options.get("id", DEFAULT_ID)), _limit(options.get("max_steps")))


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


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep back what the packages print and warn of."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def level_ids() -> tuple[str, ...]:
    """The ids of all levels, sorted."""
    with quiet():
        import minihack  # noqa: F401 - registers them
        from gymnasium.envs.registration import registry
    return tuple(sorted(known for known in registry if known.startswith(_FAMILIES)))


def _known_id(wanted: Any) -> str:
    ids = level_ids()
    if isinstance(wanted, str):
        if wanted in ids:
            return wanted
        if versions := [known for known in ids if known.rpartition("-v")[0] == wanted]:
            return versions[-1]
    hint = nearest(str(wanted)[:100], ids) or f"; MiniHack's begin with MiniHack-, as {DEFAULT_ID}"
    raise ValueError(f"option id: there is no level {wanted!r:.100}{hint}")


def _limit(wanted: Any) -> int | None:
    if wanted is None:
        return None
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 1 <= wanted <= MOST_STEPS:
        raise ValueError(f"option max_steps: give a whole number from 1 to {MOST_STEPS} (got {wanted!r:.60})")
    return wanted

"""The levels of MiniGrid and BabyAI by id, and making the environment of one."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any, NamedTuple

from fieldcraft.common.errors import MissingRequirement
from fieldcraft.common.suggest import nearest
from fieldcraft.envs.faults import told
from fieldcraft.envs.missing import BrokenEnvironment

DEFAULT_ID = "BabyAI-GoToLocal-v0"
MOST_STEPS = 100_000
_FAMILIES = ("BabyAI-", "MiniGrid-")
_OPTIONS = ("id", "max_steps")


class NeedsMiniGrid(BrokenEnvironment, MissingRequirement):
    """MiniGrid is not installed; the message names the extra."""


class Level(NamedTuple):
    """A level by its id, and after how many steps its episodes end; `None` for the level's own limit."""

    id: str
    max_steps: int | None = None


def require_minigrid() -> None:
    """Refuse this world where its package is not installed.

    Raises:
        NeedsMiniGrid: it is not.
    """
    if find_spec("minigrid") is None or find_spec("gymnasium") is None:
        raise NeedsMiniGrid("minigrid-v1 needs the extra 'minigrid': pip install 'fieldcraft[minigrid]'")


def level_of(options: Mapping[str, Any]) -> Level:
    """The level that the options of a reset name.

    Raises:
        ValueError: an option or a level is unknown or of the wrong type; the message has the nearest names.
    """
    for name in options:
        if name not in _OPTIONS:
            raise ValueError(f"unknown option {name!r}{nearest(name, _OPTIONS)} (there are id and max_steps)")
    return Level(_known_id(options.get("id", DEFAULT_ID)), _limit(options.get("max_steps")))


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


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep back what the package prints and warns of, such as each draw that it rejects."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def level_ids() -> tuple[str, ...]:
    """The ids of all levels, sorted."""
    with quiet():
        import minigrid  # noqa: F401 - registers them
        from gymnasium.envs.registration import registry
    return tuple(sorted(known for known in registry if known.startswith(_FAMILIES)))


def _known_id(wanted: Any) -> str:
    ids = level_ids()
    if isinstance(wanted, str):
        if wanted in ids:
            return wanted
        if versions := [known for known in ids if known.rpartition("-v")[0] == wanted]:
            return versions[-1]
    hint = nearest(str(wanted)[:100], ids) or f"; BabyAI's begin with BabyAI-, as {DEFAULT_ID}"
    raise ValueError(f"option id: MiniGrid has no level {wanted!r:.100}{hint}")


def _limit(wanted: Any) -> int | None:
    if wanted is None:
        return None
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 1 <= wanted <= MOST_STEPS:
        raise ValueError(f"option max_steps: give a whole number from 1 to {MOST_STEPS} (got {wanted!r:.60})")
    return wanted

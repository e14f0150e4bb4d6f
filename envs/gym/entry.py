"""What users call: worlds of environments of Gymnasium, and the other way round."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fieldcraft.envs.gym.finding import require_gymnasium

if TYPE_CHECKING:
    from fieldcraft.envs.environment import Environment


def from_gymnasium(
    environment: Any,
    *,
    name: str,
    actions: Sequence[str] | None = None,
    describe: Callable[[Any], str | Mapping[str, str]] | None = None,
    about: str = "",
    achieved: Callable[[Mapping[str, Any]], Iterable[str]] | None = None,
    get_state: Callable[[Any], Any] | None = None,
    set_state: Callable[[Any, Any], None] | None = None,
    reset_options: Mapping[str, Any] | None = None,
    episode_steps: int = 10_000,
    repeatable: bool = True,
) -> Environment:
    """A world made of an environment of Gymnasium.

    Args:
        environment: the environment, or a function that makes one of the options of a reset, as keywords.
        name: of the world: `my-maze-v0`.
        actions: names of the discrete actions, in their order; by default what the environment says of them.
        describe: makes text of an observation: one, or several by name. By default numbers and small grids
            are written out and large arrays summed up.
        about: what the agent reads of the environment; by default its documentation.
        achieved: names of what an `info` says was achieved; by default a dict of counts in
            `info["achievements"]`.
        get_state: the state of the environment as JSON data. By default a snapshot is the seed and the
            actions of the episode, which are played again.
        set_state: gives the environment a state that `get_state` returned.
        reset_options: the `options` of each `environment.reset`.
        episode_steps: after which an episode is truncated, where the environment has no limit of its own.
        repeatable: whether the same seed and actions lead to the same again; if not, there are no snapshots.

    Raises:
        NeedsGymnasium: Gymnasium is not installed.
        ValueError: an argument cannot be used; the message names it.
    """
    require_gymnasium(name)
    from fieldcraft.envs.gym.source import Source
    from fieldcraft.envs.gym.world import GymWorld

    if (get_state is None) != (set_state is None):
        raise ValueError("give both get_state and set_state, or none of them")
    if episode_steps < 1:
        raise ValueError(f"episode_steps must be at least 1 (got {episode_steps})")
    made = hasattr(environment, "step") and not isinstance(environment, type)
    if not made and not callable(environment):
        raise ValueError(
            f"give an environment or a function that makes one, not a {type(environment).__name__}"
        )
    source = Source(
        name=name,
        make=lambda options: environment if made else environment(**options),
        about=about,
        actions=actions,
        describe=describe,
        achieved=achieved,
        get_state=get_state,
        set_state=set_state,
        reset_options=reset_options,
        episode_steps=episode_steps,
        repeatable=repeatable,
        takes_options=not made,
    )
    return GymWorld(source) if made else type("GymWorldOfUser", (GymWorld,), {"source": source})()


def to_gymnasium(environment: Environment, **settings: Any) -> Any:
    """An environment of Gymnasium made of a world; see `fieldcraft.envs.gym.outward.WorldEnv`.

    Args:
        environment: the world.
        settings: of `WorldEnv`: calls, goal, reward, steps, options, render_mode.

    Raises:
        NeedsGymnasium: Gymnasium is not installed.
        ValueError: a setting cannot be used; the message names it.
    """
    require_gymnasium(environment.spec.id)
    from fieldcraft.envs.gym.outward import WorldEnv

    return WorldEnv(environment, **settings)

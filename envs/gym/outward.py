"""A world as an environment of Gymnasium, for learners and tools that speak its interface."""

from __future__ import annotations

import inspect
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces
from PIL import Image

from fieldcraft.common.text import cut_text, visible_line
from fieldcraft.envs.environment import Environment
from fieldcraft.envs.episodes import EpisodeEnd, EpisodeEnded
from fieldcraft.envs.faults import told
from fieldcraft.envs.types import Goal, PrimitiveError, Progress

Call = tuple[str, Mapping[str, Any]]
"""A primitive and its arguments by name."""

TEXT_LENGTH, CALLS = 8_192, 4_096
"""Characters of an observation's text, and the most calls of a table."""
_CHARACTERS = frozenset(map(chr, range(32, 127))) | {"\n"}
_MOST_COUNT = 2**31 - 1


class WorldEnv(gymnasium.Env):  # type: ignore[misc]
    """A world as an environment of Gymnasium.

    An action is the number of a call in the table `calls`. An observation is a dict of `text`, `tick` and,
    where the world names its items, `inventory` with the count of each. The reward of a step is the number of
    items and milestones that were reached for the first time, and one for the goal.

    Args:
        world: which is closed with this environment.
        calls: the table, each a primitive and its arguments by name; by default every primitive with each
            name that the world tells, and with its defaults.
        goal: an episode is terminated where it is met.
        reward: of a step, from the progress before and after it.
        steps: after which an episode is truncated; `None` for never.
        options: of the world's resets; those of a reset go before them.
        render_mode: `rgb_array` or none.

    Raises:
        ValueError: there are no calls, or too many, or one names no primitive.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["rgb_array"], "render_fps": 4}

    def __init__(
        self,
        world: Environment,
        *,
        calls: Sequence[Call] | None = None,
        goal: Goal | None = None,
        reward: Callable[[Progress, Progress], float] | None = None,
        steps: int | None = 1_000,
        options: Mapping[str, Any] | None = None,
        render_mode: str | None = None,
    ) -> None:
        if render_mode is not None and not (render_mode == "rgb_array" and world.spec.can_render):
            raise ValueError(f"{world.spec.id} does not render {render_mode!r}")
        self.world = world
        self.calls = tuple(table_of(world) if calls is None else calls)
        _check_table(world, self.calls)
        self.render_mode = render_mode
        self.action_space = spaces.Discrete(len(self.calls))
        self.observation_space = spaces.Dict(_parts(world))
        self._goal = goal
        self._reward = reward or newly_reached
        self._steps = steps
        self._options = dict(options or {})
        self._taken = 0
        self._before = Progress()
        self._since = Progress()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Begin an episode; without a seed, with one that the generator of this environment draws."""
        super().reset(seed=seed)
        chosen = int(self.np_random.integers(_MOST_COUNT)) if seed is None else seed
        self.world.reset(seed=chosen, options={**self._options, **(options or {})})
        self.world.pursue(self._goal)
        self._taken = 0
        self._before = self._since = self.world.progress()
        return self._observed(), {}

    def step(self, action: Any) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Make a call; what the world refuses or fails at is in the info, by `error`."""
        name, arguments = self.calls[int(action)]
        info: dict[str, Any] = {"call": name}
        end: EpisodeEnd | None = None
        try:
            info["result"] = self.world.call_primitive(name, (), arguments)
        except PrimitiveError as error:
            info["error"] = str(error)
        except EpisodeEnded as ended:
            end = ended.end
        except Exception as error:
            info["error"] = f"the world failed: {told(error)}"
        self._taken += 1
        after = self.world.progress()
        reward = float(self._reward(self._before, after))
        self._before = after
        met = self._goal is not None and self.world.check(self._goal, self._since).met
        end = end or self.world.observe().ended
        terminated = met or (end is not None and end.outcome == "terminated")
        truncated = (end is not None and not terminated) or (
            self._steps is not None and self._taken >= self._steps
        )
        return self._observed(), reward + met, terminated, truncated, info

    def render(self) -> Any:
        """What the world draws, as an array of rows, columns and colours."""
        if self.render_mode is None:
            return None
        return np.asarray(Image.open(io.BytesIO(self.world.render())).convert("RGB"))

    def close(self) -> None:
        """Close the world."""
        self.world.close()

    def _observed(self) -> dict[str, Any]:
        seen = self.world.observe()
        text = cut_text("".join(c if c in _CHARACTERS else "?" for c in seen.text()), TEXT_LENGTH)
        found: dict[str, Any] = {"text": text, "tick": np.array([seen.tick], dtype=np.int64)}
        if "inventory" in self.observation_space.spaces:
            counts = [min(seen.inventory.get(item, 0), _MOST_COUNT) for item in self.world.spec.names.items]
            found["inventory"] = np.array(counts, dtype=np.int32)
        return found


def newly_reached(before: Progress, after: Progress) -> float:
    """How many items and milestones were reached for the first time."""
    items = after.items.keys() - before.items.keys()
    return float(len(items) + len(after.milestones.keys() - before.milestones.keys()))


def table_of(world: Environment) -> list[Call]:
    """Every primitive with its defaults, and each that takes a text first with each name the world tells."""
    names = world.spec.names
    words = sorted({*names.items, *names.blocks, *names.mobs})
    table: list[Call] = []
    for name, function in world.primitives.items():
        needed = [
            parameter
            for parameter in inspect.signature(function).parameters.values()
            if parameter.default is parameter.empty
            and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        ]
        if not needed:
            table.append((name, {}))
        elif len(needed) == 1 and _takes_text(needed[0]):
            table += [(name, {needed[0].name: word}) for word in words]
    return table[:CALLS]


def _takes_text(parameter: inspect.Parameter) -> bool:
    return parameter.annotation is str or str(parameter.annotation) == "str"


def _check_table(world: Environment, calls: Sequence[Call]) -> None:
    if not 0 < len(calls) <= CALLS:
        raise ValueError(f"a table of {len(calls)} calls; give 1 to {CALLS:,}")
    for name, arguments in calls:
        if name not in world.primitives:
            raise ValueError(f"{world.spec.id} has no primitive {name!r}: {', '.join(world.primitives)}")
        try:
            json.dumps(dict(arguments))
        except (TypeError, ValueError) as error:
            said = visible_line(error, 100)
            raise ValueError(f"the arguments of {name} have to be JSON data, by name: {said}") from None


def _parts(world: Environment) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "text": spaces.Text(min_length=0, max_length=TEXT_LENGTH, charset=_CHARACTERS),
        "tick": spaces.Box(0, np.iinfo(np.int64).max, (1,), np.int64),
    }
    if count := len(world.spec.names.items):
        parts["inventory"] = spaces.Box(0, _MOST_COUNT, (count,), np.int32)
    return parts

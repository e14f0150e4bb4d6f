"""One environment of Gymnasium and the episode in it: begun by a seed, played by actions, played again."""

from __future__ import annotations

import copy
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, NamedTuple

from fieldcraft.envs.faults import WorldFault
from fieldcraft.envs.gym.describing import copied, same
from fieldcraft.envs.gym.draws import GlobalDraws

WORTH_A_COPY = 0.1
"""Seconds of stepping after which a copy in memory is kept with a snapshot, beside the actions."""
COPIES, SLOWEST_COPY = 4, 2.0
"""Copies kept, and seconds that one may take."""


class Played(NamedTuple):
    """The outcome of some steps: the last observation and info, each reward, and how the episode ended."""

    observation: Any
    info: Mapping[str, Any]
    rewards: list[Any]
    terminated: bool
    truncated: bool


class _Copy(NamedTuple):
    environment: Any
    draws: Any
    seconds: float
    observation: Any
    info: Mapping[str, Any]


class Episode:
    """The episode that an environment is in.

    Args:
        environment: of Gymnasium.
        reset_options: the `options` of each reset.

    Attributes:
        environment: which a restored copy may replace.
        seed: of its reset.
        actions: each with how many steps it was taken.
        steps: taken since the reset.
        seconds: spent in them.
    """

    def __init__(self, environment: Any, reset_options: Mapping[str, Any] | None = None) -> None:
        self.environment = environment
        self.seed = 0
        self.actions: list[tuple[Any, int]] = []
        self.steps = 0
        self.seconds = 0.0
        self._reset_options = reset_options
        self._draws = GlobalDraws()
        self._copies: OrderedDict[str, _Copy] = OrderedDict()
        self._can_copy: bool | None = None

    def begin(self, seed: int) -> tuple[Any, Mapping[str, Any]]:
        """Reset the environment; its first observation and info.

        Raises:
            WorldFault: it returned something else.
            Exception: any of the environment.
        """
        options = None if self._reset_options is None else dict(self._reset_options)
        began = self._draws.begin(seed, lambda: self.environment.reset(seed=seed, options=options))
        self.seed, self.actions, self.steps, self.seconds = seed, [], 0, 0.0
        if not isinstance(began, tuple) or len(began) != 2 or not isinstance(began[1], Mapping):
            raise WorldFault(
                f"reset returned a {type(began).__name__}, not (observation, info): an environment of the "
                "old Gym interface needs a wrapper that speaks Gymnasium's"
            )
        return copied(began[0]), began[1]

    def play(self, action: Any, times: int) -> Played:
        """Take an action so many times, or until the episode ends.

        Raises:
            WorldFault: a step returned something else than Gymnasium says.
            Exception: any of the environment.
        """
        began = time.perf_counter()
        played, foreign = self._draws.call(lambda: self._steps(action, times))
        self.seconds += time.perf_counter() - began
        if foreign:
            self._play_again()
            played, _ = self._draws.call(lambda: self._steps(action, times))
        done = len(played.rewards)
        self.actions.append((action, done))
        self.steps += done
        return played._replace(observation=copied(played.observation))

    def play_all(self, seed: int, actions: Sequence[tuple[Any, int]]) -> tuple[Any, Mapping[str, Any]]:
        """Begin with a seed and take all these actions; the last observation and info.

        Raises:
            WorldFault: the episode ended before the last of them.
            Exception: any of the environment.
        """
        observation, info = self.begin(seed)
        for number, (action, times) in enumerate(actions, start=1):
            played = self.play(action, times)
            observation, info = played.observation, played.info
            if len(played.rewards) < times:
                raise WorldFault(f"the episode ended earlier than it had, at action {number}")
        return observation, info

    def keep_copy(self, name: str, observation: Any, info: Mapping[str, Any]) -> None:
        """Keep a copy of the environment by the name of a snapshot, where playing again takes long."""
        if self.seconds < WORTH_A_COPY or name in self._copies or self._can_copy is False:
            return
        if self._can_copy is None:
            self._can_copy = self._copies_are_apart()
        if self._can_copy and (found := self._copied()) is not None:
            self._copies[name] = _Copy(found, self._draws.kept(), self.seconds, observation, info)
            while len(self._copies) > COPIES:
                self._copies.popitem(last=False)

    def copy_taken_up(
        self, name: str, seed: int, actions: Sequence[tuple[Any, int]]
    ) -> tuple[Any, Mapping[str, Any]] | None:
        """Go on from the copy with that name; its observation and info, `None` where there is none."""
        kept = self._copies.get(name)
        if kept is None:
            return None
        try:
            self.environment = copy.deepcopy(kept.environment)
        except Exception:
            del self._copies[name]
            return None
        self._draws.take_up(kept.draws)
        self.seed, self.actions, self.seconds = seed, list(actions), kept.seconds
        self.steps = sum(times for _, times in actions)
        return copied(kept.observation), kept.info

    def _steps(self, action: Any, times: int) -> Played:
        step = self.environment.step
        rewards: list[Any] = []
        add = rewards.append
        terminated = truncated = False
        observation: Any = None
        info: Any = {}
        try:
            for _ in range(times):
                observation, reward, terminated, truncated, info = step(action)
                add(reward)
                if terminated or truncated:
                    break
        except (TypeError, ValueError) as error:
            if error.__traceback__ is not None and error.__traceback__.tb_next is None:
                raise WorldFault(
                    "step did not return (observation, reward, terminated, truncated, info): an environment "
                    "of the old Gym interface needs a wrapper that speaks Gymnasium's"
                ) from error
            raise
        found = info if isinstance(info, Mapping) else {}
        return Played(observation, found, rewards, bool(terminated), bool(truncated))

    def _play_again(self) -> None:
        """Bring the episode to where it was, with global random states of its own."""
        actions = self.actions
        self.begin(self.seed)
        for action, times in actions:
            self.play(action, times)

    def _copied(self) -> Any:
        began = time.perf_counter()
        try:
            found = copy.deepcopy(self.environment)
        except Exception:  # many environments hold what cannot be copied
            found = None
        if time.perf_counter() - began > SLOWEST_COPY:
            self._can_copy = False
        return found

    def _copies_are_apart(self) -> bool:
        """Whether two copies, stepped one after the other, behave the same; else all is played again."""
        one, other = self._copied(), self._copied()
        if one is None or other is None or not self.actions:
            return False
        action, drawn = self.actions[-1][0], self._draws.kept()
        seen = [self._tried(environment, action, drawn) for environment in (one, other)]
        if seen[0] is not None and seen[1] is not None and same(seen[0], seen[1]):
            return True
        self._play_again()
        return False

    def _tried(self, environment: Any, action: Any, drawn: Any) -> list[Any] | None:
        """What three steps of a copy give; `None` where they fail."""
        mine, self.environment = self.environment, environment
        before = self._draws.kept()
        self._draws.take_up(drawn)
        try:
            found: list[Any] = []
            for _ in range(3):
                played = self._draws.call(lambda: self._steps(action, 1))[0]
                found.append([copied(played.observation), played.rewards, played.terminated])
                if played.terminated or played.truncated:
                    break
            return found
        except Exception:
            return None
        finally:
            self.environment = mine
            self._draws.take_up(before)


def summed(rewards: Sequence[Any]) -> tuple[float, int]:
    """The sum of rewards, and how many of them were no finite numbers, which count as nothing."""
    try:
        total = float(sum(rewards))
        if isfinite(total):
            return total, 0
    except (TypeError, ValueError, OverflowError):
        pass
    good = [number for number in map(_number, rewards) if number is not None]
    return sum(good), len(rewards) - len(good)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if isfinite(number) else None

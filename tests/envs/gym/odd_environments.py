"""Environments of Gymnasium that behave in ways that a world has to bear."""

from __future__ import annotations

import random
import time
from typing import ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces


class Corridor(gymnasium.Env):
    """A corridor of cells; the right end gives a reward.

    ## Arguments

    length: cells.
    """

    metadata: ClassVar[dict] = {"render_modes": ["rgb_array"]}

    def __init__(self, length=5, render_mode=None):
        self.length, self.render_mode = length, render_mode
        self.action_space = spaces.Discrete(3)
        self.observation_space = spaces.Box(0, 100, (2,), np.int64)

    def get_action_meanings(self):
        return ["Go Left", "class", "go-right"]

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at = int(self.np_random.integers(2))
        return self.seen(), {}

    def step(self, action):
        self.at = min(max(self.at + int(action) - 1, 0), self.length - 1)
        ended = self.at == self.length - 1
        return self.seen(), 1.0 if ended else 0.0, ended, False, {}

    def seen(self):
        return np.array([self.at, self.length])

    def render(self):
        picture = np.zeros((8, 8 * self.length, 3), dtype=np.uint8)
        picture[:, 8 * self.at : 8 * self.at + 8] = 255
        return picture


class Endless(Corridor):
    """Never ends by itself."""

    def step(self, action):
        seen, _, _, _, info = super().step(action)
        return seen, 0.0, False, False, info


class SameArray(Endless):
    """Returns the same array each time and writes into it."""

    def seen(self):
        self.array = getattr(self, "array", np.zeros(2, dtype=np.int64))
        self.array[:] = (self.at, self.length)
        return self.array


class GlobalDice(Endless):
    """Draws from the process's random states, from a certain step on."""

    first = 0

    def reset(self, *, seed=None, options=None):
        self.steps = 0
        return super().reset(seed=seed)

    def step(self, action):
        self.steps += 1
        if self.steps > self.first:
            self.at = random.randrange(50) if self.steps % 2 else int(np.random.randint(50))
        return self.seen(), 0.0, False, False, {}


class LateDice(GlobalDice):
    """The same, but only from the third step on."""

    first = 2


class BadRewards(Endless):
    """Rewards that are no numbers, among others."""

    def step(self, action):
        seen, _, _, _, info = super().step(action)
        return seen, float("nan") if action == 0 else 2.0, False, False, info


class OutOfSpace(Endless):
    """Shows what its space does not have."""

    def seen(self):
        return np.array([self.at, self.length, 7.5])


class Breaks(Endless):
    """Fails at the second action."""

    def step(self, action):
        if int(action) == 1:
            raise RuntimeError("the motor stalled")
        return super().step(action)


class ChangesItsSpace(Corridor):
    """Has one action more in each episode."""

    episodes = 0

    def get_action_meanings(self):
        return [f"lever {number}" for number in range(int(self.action_space.n))]

    def reset(self, *, seed=None, options=None):
        self.episodes += 1
        self.action_space = spaces.Discrete(2 + self.episodes)
        return super().reset(seed=seed)


class NeedsDisplay(Corridor):
    """Opens a window."""

    def reset(self, *, seed=None, options=None):
        raise RuntimeError("pygame.error: No available video device")


class NeedsAnArgument(Corridor):
    """Cannot be made without an argument."""

    def __init__(self, level, render_mode=None):
        super().__init__(length=3 + level, render_mode=render_mode)


class OldInterface(Endless):
    """Speaks Gym's interface of before."""

    def step(self, action):
        return super().step(action)[:4]


class Slow(Endless):
    """Takes its time."""

    def step(self, action):
        time.sleep(0.005)
        return super().step(action)


class SharedCopies(Slow):
    """A copy of it moves what it was copied from."""

    def __init__(self, **arguments):
        super().__init__(length=90, **arguments)
        self.shared = SharedPlace()

    def step(self, action):
        self.shared.at += 1
        self.at = self.shared.at
        return self.seen(), 0.0, False, False, {}

    def reset(self, *, seed=None, options=None):
        self.shared.at = 0
        return super().reset(seed=seed)


class SharedPlace:
    at = 0

    def __deepcopy__(self, _memo):
        return self


class ManyParts(Endless):
    """Observations and actions of every space."""

    def __init__(self, render_mode=None):
        super().__init__()
        self.action_space = spaces.Dict(
            {
                "turn": spaces.Box(-1.0, 1.0, (2,), np.float32),
                "gear": spaces.MultiDiscrete([3, 2]),
                "lamps": spaces.MultiBinary(2),
                "say": spaces.Text(5),
                "pair": spaces.Tuple([spaces.Discrete(2), spaces.Box(0.0, 1.0, (), np.float64)]),
            }
        )
        self.observation_space = spaces.Dict(
            {
                "grid": spaces.Box(0, 9, (3, 3), np.int8),
                "camera": spaces.Box(0, 255, (64, 64, 3), np.uint8),
                "word": spaces.Text(20),
                "nodes": spaces.Graph(spaces.Box(0, 1, (2,)), None),
                "list": spaces.Sequence(spaces.Discrete(4)),
            }
        )

    def step(self, action):
        assert self.action_space.contains(action)
        return self.seen(), float(action["turn"].sum()), False, False, {"note": "fine"}

    def seen(self):
        node = spaces.GraphInstance(np.zeros((2, 2), dtype=np.float32), None, None)
        return {
            "grid": np.arange(9, dtype=np.int8).reshape(3, 3),
            "camera": np.zeros((64, 64, 3), dtype=np.uint8),
            "word": "hello",
            "nodes": node,
            "list": (1, 2),
        }

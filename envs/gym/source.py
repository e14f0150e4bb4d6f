"""Where the environment of a world comes from, and what its user says about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

EPISODE_STEPS = 10_000
"""Steps after which an episode is truncated where the environment has no limit of its own."""


@dataclass(frozen=True)
class Source:
    """How to make an environment, and what its user says about it.

    Attributes:
        name: as a person wrote it, for messages.
        make: makes the environment with these options.
        about: what the agent reads of it; by default its documentation.
        actions: names of its discrete actions, in their order.
        describe: makes text of an observation, in place of the built-in describer.
        achieved: names of what an `info` says was achieved, each a milestone.
        get_state, set_state: the environment's state as JSON data, and back; by default its actions are
            played again.
        reset_options: the `options` of each of its resets.
        episode_steps: after which an episode is truncated where the environment itself sets no limit.
        repeatable: whether the same seed and actions lead to the same again.
        takes_options: whether `make` takes options.
    """

    name: str
    make: Callable[[Mapping[str, Any]], Any]
    about: str = ""
    actions: Sequence[str] | None = None
    describe: Callable[[Any], str | Mapping[str, str]] | None = None
    achieved: Callable[[Mapping[str, Any]], Iterable[str]] | None = None
    get_state: Callable[[Any], Any] | None = None
    set_state: Callable[[Any, Any], None] | None = None
    reset_options: Mapping[str, Any] | None = None
    episode_steps: int = EPISODE_STEPS
    repeatable: bool = True
    takes_options: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def world_id(self) -> str:
        """The id of the world: `gym-frozenlake-v1`."""
        name, _, version = self.name.rpartition("-v")
        if not version.isdigit():
            name, version = self.name, "0"
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        return f"gym-{slug}-v{version}"

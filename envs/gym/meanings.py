"""What the actions of a discrete space mean: as the environment says, or as its documentation does."""

from __future__ import annotations

import enum
import keyword
import re
from collections.abc import Mapping, Sequence
from typing import Any

MOST_ACTIONS = 64
"""Actions that get a primitive of their own; where there are more, only `step` takes them."""
RESERVED = frozenset({"step", "observe", "end_episode"})
_LONGEST_NAME = 40

DOCUMENTED: dict[str, tuple[str, ...]] = {
    "FrozenLake": ("left", "down", "right", "up"),
    "FrozenLake8x8": ("left", "down", "right", "up"),
    "CliffWalking": ("up", "right", "down", "left"),
    "CliffWalkingSlippery": ("up", "right", "down", "left"),
    "Taxi": ("south", "north", "east", "west", "pickup", "dropoff"),
    "Blackjack": ("stick", "hit"),
    "CartPole": ("push_left", "push_right"),
    "MountainCar": ("accelerate_left", "coast", "accelerate_right"),
    "Acrobot": ("torque_minus", "no_torque", "torque_plus"),
    "LunarLander": ("do_nothing", "fire_left_engine", "fire_main_engine", "fire_right_engine"),
    "CarRacing": ("do_nothing", "steer_right", "steer_left", "gas", "brake"),
}
"""The actions of Gymnasium's own environments, which say their meaning in their documentation only."""


def action_names(environment: Any, count: int, given: Sequence[str] | None = None) -> tuple[str, ...]:
    """A name for each of `count` discrete actions, as identifiers; none where nobody says what they mean.

    Args:
        environment: of Gymnasium, which may have `get_action_meanings()` or an enum `actions`.
        count: of actions.
        given: the user's own names, which go before all others.
    """
    for names in (given, _from_method(environment), _from_enum(environment), _from_table(environment)):
        if names is not None and len(names) == count <= MOST_ACTIONS:
            return _distinct(names)
    return ()


def _from_method(environment: Any) -> Sequence[str] | None:
    method = getattr(environment.unwrapped, "get_action_meanings", None)
    try:
        names = [str(name) for name in method()] if callable(method) else None
    except Exception:  # of code that others wrote
        return None
    return names


def _from_enum(environment: Any) -> Sequence[str] | None:
    kinds = getattr(environment.unwrapped, "actions", None)
    if not (isinstance(kinds, type) and issubclass(kinds, enum.IntEnum)):
        return None
    by_number: Mapping[int, str] = {int(member): member.name for member in kinds}
    return [by_number[number] for number in range(len(by_number)) if number in by_number]


def _from_table(environment: Any) -> Sequence[str] | None:
    known = getattr(environment.spec, "id", "") if environment.spec is not None else ""
    return DOCUMENTED.get(str(known).rpartition("-v")[0])


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    words: list[str] = []
    for number, name in enumerate(names):
        word = _identifier(str(name), number)
        while word in words or word in RESERVED:
            word = f"{word}_{number}"
        words.append(word)
    return tuple(words)


def _identifier(name: str, number: int) -> str:
    word = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")
    word = word[:_LONGEST_NAME] or f"action_{number}"
    if not word[0].isalpha():
        word = f"action_{word}"
    return f"{word}_" if keyword.iskeyword(word) else word

"""MiniHack (Samvelyan et al. 2021): its levels of navigation, scored by the rate of success."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Any

from fieldcraft.bench.definition import Benchmark, Protocol, Published, Variant, mean_of
from fieldcraft.envs import PrimitiveError
from fieldcraft.envs.minihack.keys import OFFSETS

LEVELS = (
    "Room-Random-15x15",
    "Room-Dark-15x15",
    "Room-Monster-15x15",
    "Room-Ultimate-15x15",
    "Corridor-R3",
    "Corridor-R5",
    "KeyRoom-S5",
    "KeyRoom-Dark-S15",
    "MazeWalk-15x15",
    "MazeWalk-45x19",
    "MultiRoom-N4",
    "MultiRoom-N6-Monster",
    "CorridorBattle",
    "HideNSeek",
    "ExploreMaze-Easy",
    "River",
)
"""Levels of the paper's navigation tasks, of each kind that can be made without a download."""
DIRECTIONS = {offset: name for name, offset in OFFSETS.items()}
TURNS = 400
"""How often the expert looks again before it leaves an episode."""


def _random(world: Any, draws: Random) -> None:
    """Presses keys of the level."""
    while True:
        with suppress(PrimitiveError):
            world.call_primitive("press", (draws.choice(sorted(world._play.codes)),))


def descend(world: Any, _draws: Random) -> None:
    """Explores, fights, takes keys and opens doors until it sees the stairs; it sees what an agent sees."""
    for _ in range(TURNS):
        try:
            _advance(world)
        except PrimitiveError:
            if not _searched(world):
                return


def _searched(world: Any) -> bool:
    """Whether it could search for a hidden way."""
    try:
        world.call_primitive("press", ("search", 5))
    except PrimitiveError:
        return False
    return True


def _advance(world: Any) -> None:
    things = world.call_primitive("look")["things"]
    if things and things[0]["creature"] and things[0]["steps"] == 1:
        world.call_primitive("move", (DIRECTIONS[things[0]["east"], things[0]["south"]],))
        return
    names = [thing["name"] for thing in things]
    for wanted in ("staircase down", "key"):
        if any(wanted in name for name in names) and _went(world, wanted):
            if wanted == "key":
                world.call_primitive("pick_up")
            return
    try:
        world.call_primitive("explore")
    except PrimitiveError:
        _open_a_door(world)


def _went(world: Any, thing: str) -> bool:
    """Whether it went there or fights on the way; not where no seen ground leads there."""
    try:
        world.call_primitive("walk_to", (thing,))
    except PrimitiveError:
        return False
    return True


def _open_a_door(world: Any) -> None:
    """Open the nearest closed door: with a key, by walking into it, or with a kick where it is locked.

    Raises:
        PrimitiveError: there is none.
    """
    world.call_primitive("walk_to", ("closed door",))
    look = world.call_primitive("look")
    door = next((thing for thing in look["things"] if thing["name"] == "closed door"), None)
    direction = DIRECTIONS.get((door["east"], door["south"])) if door and door["steps"] == 1 else None
    if direction is None:
        return
    try:
        if any("key" in item for item in look["inventory"].values()):
            world.call_primitive("apply", ("key", direction))
        else:
            world.call_primitive("move", (direction,))
    except PrimitiveError as error:
        if "locked" not in str(error):
            raise
        world.call_primitive("use", ("kick", None, direction))


BENCHMARK = Benchmark(
    name="minihack",
    title="MiniHack",
    source="Samvelyan et al. 2021, arXiv 2109.13202",
    environment="minihack-v1",
    extra="minihack",
    modules=("minihack", "nle", "gymnasium", "minigrid"),
    measures="success rate",
    score=mean_of("success"),
    protocol=Protocol(episodes=5, iterations=10),
    random=_random,
    expert=descend,
    variants=tuple(Variant(level, {"id": f"MiniHack-{level}-v0"}) for level in LEVELS),
    steps_option="max_steps",
    published=(
        Published(
            "Grok-4",
            17.5,
            "BALROG's repository (Paglieri et al. 2024, arXiv 2411.13543)",
            note="four other, harder levels; single actions, no training",
        ),
    ),
)

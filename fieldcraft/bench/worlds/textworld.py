"""TextWorld as BALROG plays it: three games of 80 commands, scored by the share of the points."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Any

from fieldcraft.bench.definition import Benchmark, Protocol, Published, Variant, mean_of
from fieldcraft.envs import PrimitiveError

PAPER = "Paglieri et al. 2024, arXiv 2411.13543"
_CUTS = ("chop", "dice", "slice")
_ALONE = {"inventory": "inventory", "look": "look", "prepare meal": "prepare_meal"}
_JOINED = {"take": " from ", "cook": " with ", "unlock": " with ", "put": " on ", "insert": " into "}


def call_of(command: str) -> tuple[str, tuple[str, ...]]:
    """The primitive, and its arguments, that does what a command of a walkthrough says."""
    verb, _, rest = command.partition(" ")
    if command in _ALONE:
        return _ALONE[command], ()
    if verb in _CUTS:
        return "cut", (rest.partition(" with ")[0], verb)
    if verb in _JOINED:
        thing, _, other = rest.partition(_JOINED[verb])
        return ("put" if verb == "insert" else verb), ((thing, other) if other else (thing,))
    if verb in ("go", "open", "drop", "examine", "eat"):
        return verb, (rest,)
    return "command", (command,)


def _random(world: Any, draws: Random) -> None:
    while True:
        world.call_primitive("command", (draws.choice(world.call_primitive("commands")),))


def _expert(world: Any, _draws: Random) -> None:
    """The walkthrough that the generator wrote, in which a container may be opened twice."""
    for command in world.walkthrough():
        with suppress(PrimitiveError):
            world.call_primitive(*call_of(command))


BENCHMARK = Benchmark(
    name="textworld",
    title="TextWorld (BALROG)",
    source=PAPER,
    environment="textworld-v1",
    extra="textworld",
    modules=("textworld", "jericho"),
    measures="progress",
    score=mean_of("progress"),
    protocol=Protocol(episodes=10, seeds=1, steps=80),
    random=_random,
    expert=_expert,
    variants=(
        Variant("treasure_hunter", {"game": "treasure_hunter", "level": 20}),
        Variant("cooking", {"game": "cooking", "recipe": 5, "go": 12}),
        Variant("coin_collector", {"game": "coin_collector", "level": 120}),
    ),
    steps_option="steps",
    published=(
        Published(
            "Grok-4",
            62.9,
            "BALROG",
            note="BALROG's own game files; treasure hunts of level 30",
        ),
    ),
)

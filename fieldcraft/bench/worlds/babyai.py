"""BabyAI (Chevalier-Boisvert et al. 2019): 19 levels of missions in words, scored by the rate of success."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Any

from fieldcraft.bench.definition import Benchmark, Protocol, Published, Variant, mean_of
from fieldcraft.envs import PrimitiveError

LEVELS = (
    "GoToObj",
    "GoToRedBallGrey",
    "GoToRedBall",
    "GoToLocal",
    "PutNextLocal",
    "PickupLoc",
    "GoToObjMaze",
    "GoTo",
    "Pickup",
    "UnblockPickup",
    "Open",
    "Unlock",
    "PutNextS7N4",
    "Synth",
    "SynthLoc",
    "GoToSeq",
    "SynthSeq",
    "GoToImpUnlock",
    "BossLevel",
)
"""The levels of the paper, from easy to hard; its PutNext is the largest of that name."""
ACTIONS = ("left", "right", "forward", "pick_up", "drop", "toggle", "done")
"""The primitives of single actions, in MiniGrid's order."""
BALROG = "Paglieri et al. 2024 (BALROG), arXiv 2411.13543"
OTHER_LEVELS = "five kinds of missions in one room, single actions, no training"


def _random(world: Any, draws: Random) -> None:
    while True:
        with suppress(PrimitiveError):
            world.call_primitive(draws.choice(ACTIONS))


def _expert(world: Any, _draws: Random) -> None:
    """The bot of the package, which looks at the whole grid."""
    from minigrid.utils.baby_ai_bot import BabyAIBot

    bot, action = BabyAIBot(world._play.environment), None
    while True:
        action = bot.replan(action)
        world.call_primitive(ACTIONS[int(action)])


BENCHMARK = Benchmark(
    name="babyai",
    title="BabyAI",
    source="Chevalier-Boisvert et al. 2019, arXiv 1810.08272",
    environment="minigrid-v1",
    extra="minigrid",
    modules=("minigrid", "gymnasium"),
    measures="success rate",
    score=mean_of("success"),
    protocol=Protocol(episodes=10, iterations=10),
    random=_random,
    expert=_expert,
    variants=tuple(Variant(level, {"id": f"BabyAI-{level}-v0"}) for level in LEVELS),
    steps_option="max_steps",
    published=(
        Published("GPT-4o", 77.6, BALROG, spread=3.7, note=OTHER_LEVELS),
        Published("Claude 3.5 Sonnet", 68.0, BALROG, spread=6.6, note=OTHER_LEVELS),
    ),
)

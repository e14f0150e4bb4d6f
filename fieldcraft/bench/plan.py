"""The plan of a benchmark's run: its episodes, and the settings of each."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fieldcraft.agent.settings import BudgetLimits, RunSettings
from fieldcraft.bench.definition import Benchmark
from fieldcraft.common.errors import InputError
from fieldcraft.common.fields import FOR_FILES

PlayerKind = Literal["model", "random", "expert"]
Arm = Literal["kept", "fresh", "random", "expert"]
LIBRARIES: tuple[Arm, ...] = ("kept", "fresh")
"""The arms of a model: its library is kept from episode to episode, or each begins with an empty one."""


class BadPlan(InputError, ValueError):
    """A benchmark cannot be run so; the message says what it has."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EpisodeTrial(_Frozen):
    """One episode of a benchmark, played once.

    Attributes:
        arm: who plays, and with which library.
        variant: what it is in.
        seed, number: of the benchmark's seeds and of the episodes of that seed and variant, from 1.
        iterations: the most programs that a model writes in it.
    """

    arm: Arm
    variant: str
    seed: int
    number: int
    iterations: int

    def __str__(self) -> str:
        who = f"library {self.arm}" if self.arm in LIBRARIES else self.arm
        return f"{who}, {self.variant}, seed {self.seed}, episode {self.number}"


class BenchPlan(_Frozen):
    """Everything that the figures of a benchmark depend on.

    Attributes:
        benchmark: its name.
        player: `model` writes programs; `random` and `expert` are the benchmark's own players.
        settings: of a model's runs: models, sandbox, tools. World, task and budget are the benchmark's.
        arms: of a model; see `LIBRARIES`.
        variants: their names.
        seeds: each has its own episodes, and in the arm `kept` a library of its own.
        episodes: of each variant and seed.
        steps: after how many an episode ends; `None` for the world's own limit.
        iterations: the most programs that a model writes in an episode.
    """

    benchmark: str
    player: PlayerKind = "model"
    settings: RunSettings = RunSettings()
    arms: tuple[Arm, ...] = Field(default=LIBRARIES, min_length=1)
    variants: tuple[str, ...] = Field(min_length=1)
    seeds: tuple[int, ...] = Field(min_length=1)
    episodes: int = Field(ge=1, le=100_000)
    steps: int | None = Field(default=None, ge=1)
    iterations: int = Field(ge=1)

    def digest(self) -> str:
        """A short hash of the plan: equal plans have equal digests."""
        return hashlib.sha256(self.model_dump_json(context=FOR_FILES).encode()).hexdigest()[:8]

    def trials(self) -> list[EpisodeTrial]:
        """All episodes in the order in which they start, so that a part of them is balanced."""
        return list(self._trials())

    def _trials(self) -> Iterator[EpisodeTrial]:
        for seed in self.seeds:
            for number in range(1, self.episodes + 1):
                for variant in self.variants:
                    for arm in self.arms:
                        yield EpisodeTrial(
                            arm=arm, variant=variant, seed=seed, number=number, iterations=self.iterations
                        )


def plan_of(benchmark: Benchmark, *, player: PlayerKind = "model", **given: Any) -> BenchPlan:
    """A plan in which whatever is not given is the benchmark's own protocol.

    Args:
        benchmark: what is played.
        player: by whom.
        given: fields of `BenchPlan`; `None` counts as not given.

    Raises:
        BadPlan: the benchmark has no such player or variant, or limits no steps.
        ValidationError: a value is out of range.
    """
    if player == "expert" and benchmark.expert is None:
        raise BadPlan(f"{benchmark.name} has no expert; take --player random")
    chosen = {name: value for name, value in given.items() if value is not None}
    if "steps" in chosen and not benchmark.steps_option:
        raise BadPlan(f"{benchmark.name} sets no limit of steps; leave out --steps")
    for name in chosen.get("variants", ()):
        try:
            benchmark.variant(name)
        except LookupError as error:
            raise BadPlan(str(error.args[0])) from None
    protocol = benchmark.protocol
    defaults = {
        "benchmark": benchmark.name,
        "player": player,
        "variants": tuple(each.name for each in benchmark.variants),
        "seeds": tuple(range(1, protocol.seeds + 1)),
        "episodes": protocol.episodes,
        "steps": protocol.steps,
        "iterations": protocol.iterations,
    }
    if player != "model":
        chosen |= {"arms": (player,), "settings": RunSettings(), "iterations": 1}
    return BenchPlan.model_validate({**defaults, **chosen})


def name_of(plan: BenchPlan, trial: EpisodeTrial) -> str:
    """The name of an episode and its run, which no other of the plan has."""
    where = ""
    if len(plan.variants) > 1:
        label = re.sub(r"[^a-z0-9]+", "-", trial.variant.lower()).strip("-")[:40]
        where = f"-{plan.variants.index(trial.variant) + 1}-{label}"
    return f"{trial.arm}-{trial.seed}-{trial.number:03d}{where}"


def settings_of(plan: BenchPlan, benchmark: Benchmark, trial: EpisodeTrial, libraries: Path) -> RunSettings:
    """The settings of the run in which a model plays an episode."""
    start = benchmark.beginning(trial.variant, trial.seed, trial.number, plan.steps)
    name = f"kept-{trial.seed}" if trial.arm == "kept" else name_of(plan, trial)
    changes = {
        "environment": benchmark.environment,
        "options": dict(start.options),
        "seed": start.seed,
        "aim": "",
        "curriculum": benchmark.protocol.curriculum,
        "tasks": (),
        "library": str(libraries / name),
        "keep_skills": True,
        "budget": BudgetLimits(iterations=plan.iterations, episodes=1),
    }
    return RunSettings.model_validate({**dict(plan.settings), **changes})

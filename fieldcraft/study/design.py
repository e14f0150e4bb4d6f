"""The plan of a study: which trials it has, by which method, in which worlds."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from fieldcraft.agent.methods import method_settings
from fieldcraft.agent.settings import BudgetLimits, FixedTask, RunSettings
from fieldcraft.common.fields import FOR_FILES
from fieldcraft.envs import ItemGoal
from fieldcraft.tools.sources.secrets import GuardedData

Kind = Literal["items", "techtree", "newworld"]
METHODS = (
    "full",
    "without-library",
    "without-critic",
    "random-curriculum",
    "autogpt",
    "reflexion",
    "react",
)
"""The methods that a study of items or of the tech tree compares by default."""
GOALS = ("diamond_pickaxe", "golden_sword", "lava_bucket", "compass")
"""Voyager's unseen tasks (section 3.3)."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StudyWorld(_Frozen):
    """A variant of the world.

    Attributes:
        name: its name in tables and in names of runs.
        options: options of the environment, which override those of the plan's settings.
        scramble: the seed with which the grid world's rules get made-up names and permuted recipes;
            `None` leaves the rules as they are.
    """

    name: str = Field(default="default", pattern=r"^[a-z0-9][a-z0-9-]*$")
    options: GuardedData = {}
    scramble: int | None = None


class Trial(_Frozen):
    """One trial of a study: one run of one method in one world with one seed.

    Attributes:
        iterations: the limit of iterations.
        goal: the item to obtain in a new world, by its name there; empty for a trial without a given task.
        asked: the same item by the name that the plan uses.
        teacher: the trial that fills the library which this one uses; `None` for none.
        library: a folder of skills made elsewhere; empty for none.
    """

    method: str
    world: StudyWorld
    seed: int
    iterations: int
    goal: str = ""
    asked: str = ""
    teacher: Trial | None = None
    library: str = ""

    @property
    def with_library(self) -> bool:
        """Whether the trial starts with a library that was made before."""
        return self.teacher is not None or bool(self.library)

    def __str__(self) -> str:
        parts = [self.method, self.world.name, f"seed {self.seed}"]
        if self.goal:
            parts += [self.asked, "with library" if self.with_library else "without library"]
        return ", ".join(parts)


class StudyPlan(_Frozen):
    """A study: everything that its results depend on.

    Attributes:
        kind: `items` and `techtree` measure the same trials; `newworld` first lets `full` agents fill a
            library each, then sets goals in new worlds, with that library and without it.
        settings: the settings that all trials share: environment, models, sandbox. A method's own
            settings override them.
        methods: names that `fieldcraft.agent.methods.method_settings` accepts.
        seeds: the seeds of the worlds; each method has one trial for each seed.
        worlds: variants of the world, each with every seed.
        iterations: the limit of a trial, also of one that fills a library.
        goals: items to obtain in a new world, by their names in the unscrambled rules.
        goal_iterations: the limit of iterations for one goal.
        shift: added to the seed of the library's world to make the seed of the new one.
        new_options: options of the new world, which override the world's own.
        library: a folder of skills to use in the new worlds instead of filling one for each seed.
    """

    kind: Kind
    settings: RunSettings = RunSettings()
    methods: tuple[str, ...] = METHODS
    seeds: tuple[int, ...] = Field(default=(1, 2, 3), min_length=1)
    worlds: tuple[StudyWorld, ...] = Field(default=(StudyWorld(),), min_length=1)
    iterations: int = Field(default=160, ge=1)
    goals: tuple[str, ...] = GOALS
    goal_iterations: int = Field(default=50, ge=1)
    shift: int = 1000
    new_options: GuardedData = {}
    library: str = ""

    @field_validator("methods")
    @classmethod
    def _known_methods(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            method_settings(name)
        return tuple(dict.fromkeys(value))

    def digest(self) -> str:
        """A short hash of the plan: equal plans have equal digests."""
        return _sha(self.model_dump_json(context=FOR_FILES))[:8]

    def trials(self) -> list[Trial]:
        """All trials in the order in which they start: seed by seed, so that a part of them is balanced."""
        found = [trial for seed in self.seeds for world in self.worlds for trial in self._of(world, seed)]
        return list({trial.model_dump_json(): trial for trial in found}.values())

    def _of(self, world: StudyWorld, seed: int) -> Iterator[Trial]:
        if self.kind != "newworld":
            for method in self.methods:
                yield Trial(method=method, world=world, seed=seed, iterations=self.iterations)
            return
        teacher = None
        if not self.library:
            teacher = Trial(method="full", world=world, seed=seed, iterations=self.iterations)
            yield teacher
        new = world.model_copy(update={"options": {**world.options, **self.new_options}})
        names = scrambled_names(self.settings.options | new.options, world.scramble)
        for method in self.methods:
            for goal in self.goals:
                task = Trial(
                    method=method,
                    world=new,
                    seed=seed + self.shift,
                    iterations=self.goal_iterations,
                    goal=names.get(goal, goal),
                    asked=goal,
                )
                yield task
                yield task.model_copy(update={"teacher": teacher, "library": self.library})


class Store:
    """The folder of all runs, so that studies that need the same trial share its run.

    Attributes:
        runs: the folder with a run for each trial, which `fieldcraft runs` shows like any other run.
    """

    parts = ("runs", "libraries", "rules")
    """Its subfolders, which must not be links."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs = folder / "runs"

    def library(self, plan: StudyPlan, trial: Trial) -> Path:
        """The folder of the library that a trial uses or fills."""
        if trial.library:
            return Path(trial.library)
        return self.folder / "libraries" / name_of(plan, trial.teacher or trial)

    def settings(self, plan: StudyPlan, trial: Trial) -> RunSettings:
        """The settings of a trial's run. Writes the rules file of a scrambled world."""
        settings = settings_of(plan, trial)
        options = dict(settings.options)
        if trial.world.scramble is not None:
            options["rules"] = str(self._scrambled(options.get("rules"), trial.world.scramble))
        return settings.model_copy(update={"options": options, "library": str(self.library(plan, trial))})

    def _scrambled(self, rules: str | None, seed: int) -> Path:
        from fieldcraft.agent.journal.folders import write_file

        text = json.dumps(_scrambled_rules(rules, seed), indent=1) + "\n"
        path = (self.folder / "rules" / f"scrambled-{seed}-{_sha(text)[:8]}.json").absolute()
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, text.encode(), sync=False)
        return path


def settings_of(plan: StudyPlan, trial: Trial) -> RunSettings:
    """The settings of a trial, except for the paths of its files."""
    changes = method_settings(trial.method)
    changes["seed"] = trial.seed
    changes["options"] = {**plan.settings.options, **trial.world.options}
    changes["budget"] = BudgetLimits(iterations=trial.iterations)
    if trial.goal:
        goal = FixedTask(task=f"Obtain 1 {trial.goal}", goal=ItemGoal(item=trial.goal))
        changes |= {"tasks": (goal,), "keep_skills": False, "give_up_after": trial.iterations}
        changes["retrieved"] = plan.settings.retrieved if trial.with_library else 0
        if changes.get("curriculum") not in ("open", "subgoals"):
            changes["curriculum"] = "solve"
    return RunSettings.model_validate({**dict(plan.settings), **changes})


def name_of(plan: StudyPlan, trial: Trial) -> str:
    """The name of a trial and its run: readable, and different for all settings that change its result."""
    settings = settings_of(plan, trial)
    data = settings.model_dump(mode="json", exclude={"library", "options"}, context=FOR_FILES)
    options = dict(settings.options)
    rules = options.pop("rules", None)
    data["world"] = [options, trial.world.scramble, _sha(Path(rules).read_text("utf-8")) if rules else ""]
    data["library"] = name_of(plan, trial.teacher) if trial.teacher else trial.library
    parts = [trial.method, trial.world.name, str(trial.seed)]
    if trial.goal:
        parts += [trial.asked, "with" if trial.with_library else "without"]
    label = re.sub(r"[^a-z0-9_-]+", "-", "-".join(parts).lower())[:80]
    return f"{label}-{_sha(json.dumps(data, sort_keys=True))[:8]}"


def scrambled_names(options: dict[str, Any], scramble_seed: int | None) -> dict[str, str]:
    """Maps the grid world's item names to their names in a scrambled world."""
    if scramble_seed is None:
        return {}
    from fieldcraft.envs.gridworld.loading import load_rules

    rules = options.get("rules")
    plain, _ = load_rules(rules)
    return dict(zip(plain.items, _scrambled_rules(rules, scramble_seed)["items"], strict=True))


@cache
def _scrambled_rules(rules: str | None, seed: int) -> dict[str, Any]:
    from fieldcraft.envs.gridworld.scramble import scramble

    return scramble(rules, seed=seed)


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

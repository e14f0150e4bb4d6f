"""A program that did its task: what it moved in the world, and the skill whose place it is to take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fieldcraft.agent.roles.critic import Moment
from fieldcraft.agent.task import Task
from fieldcraft.common.text import visible_line
from fieldcraft.envs import Happening, Observation
from fieldcraft.skills import Execution, Program, ProgramError, Skill, SkillLibrary
from fieldcraft.skills.library.errors import BrokenSkill, UnknownSkill
from fieldcraft.skills.library.skill import STANDING
from fieldcraft.skills.program.renaming import renamed

ITEMS_KEPT = 30
"""Kinds of items that are kept of what a program used up, and of what it gained."""


@dataclass(frozen=True)
class Worked:
    """A program that did its task.

    Attributes:
        task: what it did.
        program: ran in the world as it is now.
        execution: what happened then; it may have raised, or been stopped, after the task was done.
        start: the world when the task began.
        iteration: of this run of the program.
        first: no earlier program touched the world since `start`, so it did all of the task itself.
        improves: the skill in whose place its author wants it kept.
        happenings: what the world did meanwhile, where it says so.
    """

    task: Task
    program: Program
    execution: Execution
    start: Moment
    iteration: int
    first: bool
    improves: str = ""
    happenings: Sequence[Happening] = ()

    def moved(self, now: Observation) -> tuple[dict[str, int], dict[str, int]]:
        """The items that it used up and gained; none where nobody can tell."""
        used, gave = Counter[str](), Counter[str]()
        for happening in self.happenings:
            used.update({item: count * happening.times for item, count in happening.used.items()})
            gave.update({item: count * happening.times for item, count in happening.gave.items()})
        if not self.happenings and self.first:
            before, after = Counter(self.start.observation.inventory), Counter(now.inventory)
            used, gave = before - after, after - before
        return dict(used.most_common(ITEMS_KEPT)), dict(gave.most_common(ITEMS_KEPT))


@dataclass(frozen=True)
class Improved:
    """The skill that takes another one's place, or why none does."""

    skill: Skill | None
    problem: str = ""

    @classmethod
    def of(cls, name: str, skill: Skill, program: Program, library: SkillLibrary) -> Improved:
        """`skill` as the next version of the skill of that name or entry.

        The new version is called as the old one was. Skills that call the old one go on doing so.
        """
        try:
            old = library.get(name)
        except (UnknownSkill, BrokenSkill):
            return cls(None, f"it was to improve {visible_line(name)}, which is no skill of the library")
        beside = f"kept beside {old.entry}, which it was to improve"
        if old.language != skill.language:
            return cls(None, f"{beside}: that one is written in {old.language}")
        if old.entry in program.names:
            return cls(None, f"{beside}: it calls that one")
        if STANDING[skill.verified] < STANDING[old.verified]:
            return cls(None, f"{beside}: that one is verified as {old.verified}, it as {skill.verified}")
        try:
            source = renamed(program, old.entry).source
        except ProgramError as problem:
            return cls(None, f"{beside}: {problem}")
        return cls(skill.model_copy(update={"name": old.name, "entry": old.entry, "source": source}))

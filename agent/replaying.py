"""Try every skill of a library in a new world: does it work, and if not, why."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from enum import StrEnum

from pydantic import BaseModel, TypeAdapter, ValidationError

from fieldcraft.agent.tooling.opening import ReplayTools
from fieldcraft.envs import Environment, Goal, ItemGoal, Progress
from fieldcraft.skills import BrokenSkill, Execution, Program, ProgramError, Skill, SkillLibrary, Verified
from fieldcraft.skills.program.reading import program_of
from fieldcraft.skills.sandbox.base import ProgramLimits, Sandbox

_GOAL: TypeAdapter[Goal] = TypeAdapter(Goal)


class Outcome(StrEnum):
    """The outcome of a replayed skill."""

    WORKS = "works"
    FAILS = "fails"
    SKIPPED = "skipped"


class Replayed(BaseModel):
    """One skill's replay. `why` says how it was shown to work, or what failed."""

    skill: str
    entry: str
    outcome: Outcome
    why: str
    ticks: int = 0
    seconds: float = 0.0


def replay_skills(
    library: SkillLibrary,
    environment: Environment,
    sandbox: Sandbox,
    *,
    seed: int,
    options: dict[str, object] | None = None,
    tools: ReplayTools | None = None,
    fresh: bool = False,
    limits: ProgramLimits | None = None,
) -> Iterator[Replayed]:
    """Run each skill in a new world of this seed, and check the goal for which it was kept.

    A skill kept for an item goal works if it obtained one more of the item: the number in the goal depended
    on what was held then. A skill without a goal works if it ends without an error.

    Skills come in the order in which they were learned. If a reset does not create a new world (Minecraft),
    each skill finds the items of those before it, as it did when it was learned.

    Where `environment` is `fresh`, it was reset with this seed and these options already.
    """
    for skill in sorted(library, key=_age):
        if skill.language not in environment.spec.languages:
            languages = ", ".join(environment.spec.languages)
            why = f"it is {skill.language}, and {environment.spec.id} runs {languages}"
            yield Replayed(skill=skill.name, entry=skill.entry, outcome=Outcome.SKIPPED, why=why)
            continue
        missing = sorted(library.tools_of(skill) - set(tools.names() if tools else ()))
        if missing:
            words = "the tool" if len(missing) == 1 else "the tools"
            flags = " ".join(f"--tools {name}" for name in missing)
            why = f"it needs {words} {', '.join(missing)}, which this replay lacks; add {flags}"
            yield Replayed(skill=skill.name, entry=skill.entry, outcome=Outcome.SKIPPED, why=why)
            continue
        if not fresh:
            environment.reset(seed=seed, options=options)
        fresh = False
        if tools is not None:
            tools.begin_task()
        yield _replay(skill, library, environment, sandbox, seed, tools, limits)


def mark_working(library: SkillLibrary, result: Replayed) -> None:
    """Mark a skill that works as verified and trusted in the library.

    Raises:
        LibraryLocked, LibraryNotWritable: the library cannot be written now.
    """
    if result.outcome is not Outcome.WORKS:
        return
    skill = library.get(result.skill)
    seen = Verified.FULL if skill.provenance.goal else Verified.PARTIAL
    library.mark(result.skill, trusted=True, verified=None if skill.verified is Verified.FULL else seen)


def _replay(
    skill: Skill,
    library: SkillLibrary,
    environment: Environment,
    sandbox: Sandbox,
    seed: int,
    tools: ReplayTools | None,
    limits: ProgramLimits | None,
) -> Replayed:
    try:
        program, called = program_of(skill), library.bind_for(skill)
        goal = _goal(skill, environment)
    except (ProgramError, BrokenSkill) as error:
        return Replayed(skill=skill.name, entry=skill.entry, outcome=Outcome.FAILS, why=str(error))
    before = environment.progress()
    with contextlib.suppress(Exception):
        environment.pursue(goal)
    execution = sandbox.run(
        program,
        environment,
        skills=called,
        tools=tools,
        limits=limits,
        seed=f"{seed}:{skill.name}",
        arguments=_arguments(program, goal),
    )
    outcome, why = _judge(goal, environment, before, execution)
    return Replayed(
        skill=skill.name,
        entry=skill.entry,
        outcome=outcome,
        why=why,
        ticks=execution.ticks,
        seconds=execution.seconds,
    )


def _age(skill: Skill) -> tuple[str, int, str]:
    return skill.provenance.run, skill.provenance.iteration, skill.name


def _goal(skill: Skill, environment: Environment) -> Goal | None:
    """The goal for which the skill was kept; for an item, one more than is held.

    Raises:
        BrokenSkill: it is not a valid goal.
    """
    if skill.provenance.goal is None:
        return None
    try:
        goal = _GOAL.validate_python(skill.provenance.goal)
    except ValidationError:
        cure = "take `goal` out of its provenance in SKILL.md"
        raise BrokenSkill(skill.name, "was kept for a goal that is none", cure) from None
    if isinstance(goal, ItemGoal):
        return ItemGoal(item=goal.item, count=environment.observe().inventory.get(goal.item, 0) + 1)
    return goal


def _arguments(program: Program, goal: Goal | None) -> dict[str, int]:
    """The arguments of the entry: its defaults, or a larger `count` if some of the item are held."""
    counted = any(parameter.name == "count" for parameter in program.parameters)
    return {"count": goal.count} if counted and isinstance(goal, ItemGoal) and goal.count > 1 else {}


def _judge(
    goal: Goal | None, environment: Environment, before: Progress, execution: Execution
) -> tuple[Outcome, str]:
    error = execution.error_text()
    if goal is None:
        return (Outcome.FAILS, error) if error else (Outcome.WORKS, "ended without an error")
    check = environment.check(goal, before)
    if check.met:
        return Outcome.WORKS, check.detail
    return Outcome.FAILS, error or check.detail

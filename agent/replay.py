"""Every skill of a library in a world it has never seen: does it work, and if not, why."""

from __future__ import annotations

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
    """What became of a replayed skill."""

    WORKS = "works"
    FAILS = "fails"
    SKIPPED = "skipped"


class Replayed(BaseModel):
    """One skill's replay. `why` says what showed it to work, or what went wrong."""

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
    limits: ProgramLimits | None = None,
) -> Iterator[Replayed]:
    """Run each skill in a fresh world of this seed, and check what it was kept for.

    A skill kept for holding an item works if it got one more of it: how many were wanted depended on what
    was held then. A skill without a goal works if it ends without an error.

    Skills come in the order in which they were learned. Where no reset brings a fresh world (Minecraft), each
    so finds what those before it got, as it did when it was learned.
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
        environment.reset(seed=seed, options=options)
        if tools is not None:
            tools.begin_task()
        yield _replay(skill, library, environment, sandbox, seed, tools, limits)


def mark_working(library: SkillLibrary, result: Replayed) -> None:
    """Note in the library that a skill that works was verified here, and is trusted from now on.

    Raises:
        LibraryLocked, LibraryNotWritable: it cannot be noted now.
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
    """What the skill was kept for; of an item, one more than is held.

    Raises:
        BrokenSkill: it is no goal.
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
    """Its defaults; where some of the item are held already, a `count` beyond them."""
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

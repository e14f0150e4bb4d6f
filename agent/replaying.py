"""Try every skill of a library in a new world: does it work, and if not, why."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator
from enum import StrEnum

from pydantic import BaseModel, TypeAdapter, ValidationError

from fieldcraft.agent.tooling.opening import ReplayTools
from fieldcraft.common.text import visible_line
from fieldcraft.envs import Environment, Goal, ItemGoal, Progress
from fieldcraft.envs.goals.kinds import OwnGoal
from fieldcraft.envs.goals.own import BadGoal, BadGoalType
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
    """One skill's replay in one world.

    Attributes:
        skill: its name.
        entry: the function that was called.
        digest: the version of it.
        world: the id of the world.
        seed: of the world.
        outcome: what came of it.
        why: how it was shown to work, or what failed.
        cause: why it failed or was skipped, in words that are the same for all that failed so; else empty.
        failed_call: the latest call of a primitive or a tool that failed in it, with its error; else empty.
        ticks: how long the program took in the world.
        seconds: how long it took here.
    """

    skill: str
    entry: str
    digest: str = ""
    world: str = ""
    seed: int = 0
    outcome: Outcome
    why: str
    cause: str = ""
    failed_call: str = ""
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
    only: Collection[str] = (),
) -> Iterator[Replayed]:
    """Run each skill, or those `only` of these names, in a new world of this seed, and check its goal.

    A skill kept for an item goal works if it obtained one more of the item: the number in the goal depended
    on what was held then. A skill without a goal works if it ends without an error.

    Skills come in the order in which they were learned. If a reset does not create a new world (Minecraft),
    each skill finds the items of those before it, as it did when it was learned.

    Where `environment` is `fresh`, it was reset with this seed and these options already.
    """
    for skill in sorted((library.get(name) for name in set(only)) if only else library, key=_age):
        if (skipped := _skipped(skill, library, environment, tools)) is not None:
            yield skipped.model_copy(update={"seed": seed})
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


def _skipped(
    skill: Skill, library: SkillLibrary, environment: Environment, tools: ReplayTools | None
) -> Replayed | None:
    """The result for a skill that cannot be tried here; `None` for one that can."""
    if skill.language not in environment.spec.languages:
        languages = ", ".join(environment.spec.languages)
        why = f"it is {skill.language}, and {environment.spec.id} runs {languages}"
        return _result(skill, environment, Outcome.SKIPPED, why, cause=why)
    missing = sorted(library.tools_of(skill) - set(tools.names() if tools else ()))
    if not missing:
        return None
    words = "the tool" if len(missing) == 1 else "the tools"
    flags = " ".join(f"--tools {name}" for name in missing)
    why = f"it needs {words} {', '.join(missing)}, which this replay lacks; add {flags}"
    return _result(skill, environment, Outcome.SKIPPED, why, cause=why)


def _result(
    skill: Skill, environment: Environment, outcome: Outcome, why: str, **more: str | int | float
) -> Replayed:
    """What came of a skill in this world."""
    known = {"skill": skill.name, "entry": skill.entry, "digest": skill.digest, "world": environment.spec.id}
    return Replayed.model_validate({**known, "outcome": outcome, "why": why, **more})


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
        return _result(skill, environment, Outcome.FAILS, str(error), seed=seed, cause="the skill is broken")
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
    failed = "" if outcome is Outcome.WORKS else _failed_call(execution)
    return _result(
        skill,
        environment,
        outcome,
        why,
        seed=seed,
        cause="" if outcome is Outcome.WORKS else _cause(execution),
        failed_call=failed,
        ticks=execution.ticks,
        seconds=execution.seconds,
    )


def _failed_call(execution: Execution) -> str:
    """The latest call that failed, as far as the record goes, with its error."""
    for call in reversed(execution.calls):
        if call.error is not None:
            return visible_line(f"{call.name}({call.arguments}): {call.error}", 500)
    return visible_line(execution.failed_calls[-1], 500) if execution.failed_calls else ""


def _cause(execution: Execution) -> str:
    """Why a program did not reach its goal, without the numbers in which failures of a kind differ."""
    if execution.killed is not None:
        return f"stopped: {execution.killed}"
    if execution.fault is not None:
        return f"{visible_line(execution.fault.kind, 60)}: {_in_general(execution.fault.message)}"
    if execution.failed_calls:
        return f"a failed call: {_in_general(execution.failed_calls[-1])}"
    return "ended without an error, and its goal was not reached"


def _in_general(message: str) -> str:
    """The first part of a message, with its numbers left out."""
    first = re.split(r"[;\n]", message[:2000], maxsplit=1)[0]
    return visible_line(re.sub(r"-?\d+(?:\.\d+)?", "#", first), 120)


def _age(skill: Skill) -> tuple[str, int, str]:
    return skill.provenance.run, skill.provenance.iteration, skill.name


def _goal(skill: Skill, environment: Environment) -> Goal | None:
    """The goal for which the skill was kept; for an item, one more than is held.

    Raises:
        BrokenSkill: it is not a valid goal, or none that this world checks.
    """
    if skill.provenance.goal is None:
        return None
    cure = "take `goal` out of its provenance in SKILL.md"
    try:
        goal = _GOAL.validate_python(skill.provenance.goal)
        if isinstance(goal, OwnGoal):
            goal = environment.read_goal(goal)
    except ValidationError:
        raise BrokenSkill(skill.name, "was kept for a goal that is none", cure) from None
    except (BadGoal, BadGoalType) as error:
        problem = f"was kept for a goal that {environment.spec.id} does not check ({error})"
        raise BrokenSkill(skill.name, problem, f"replay it in its own world, or {cure}") from None
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

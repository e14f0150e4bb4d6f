"""The short way in from Python: `explore`, `solve` and `replay`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fieldcraft.agent.journal.recorder import Listener
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.methods import method_settings
from fieldcraft.agent.replaying import Replayed, replay_skills
from fieldcraft.agent.session import new_session, resumed_session
from fieldcraft.agent.settings import BudgetLimits, FixedTask, RunSettings
from fieldcraft.agent.tooling.opening import ReplayTools
from fieldcraft.envs import make
from fieldcraft.skills import SkillLibrary
from fieldcraft.skills.sandbox import open_sandbox, process_launcher


def explore(
    environment: str = "gridworld-v1",
    *,
    iterations: int = 60,
    runs: Path | str = "runs",
    name: str | None = None,
    resume: str | None = None,
    method: str | None = None,
    listeners: tuple[Listener, ...] = (),
    **settings: Any,
) -> RunState:
    """Let an agent live in a world until `iterations` programs were run.

    Args:
        environment: id or `module:Class` of the world.
        iterations: the budget, parts before a resume included.
        runs: the folder of runs.
        name: of a new run; made from the time where omitted.
        resume: a run to go on with; the other settings are then the run's own. What its files do not keep of
            them, such as passwords, comes from what is given here.
        method: such as `voyager`, `react` or `without-library` (`fieldcraft.agent.methods`); settings that
            are given go before the method's.
        listeners: called with every event of the journal.
        settings: further fields of `RunSettings`, such as `model`, `seed`, `library`.

    Returns:
        The run's state: what was held, done, kept and spent.
    """
    budget = BudgetLimits(iterations=iterations)
    if resume is not None:
        given = {name: value for name, value in settings.items() if name in RunSettings.model_fields}
        with resumed_session(
            resume, runs=Path(runs), budget=budget, sources=RunSettings(**given), listeners=listeners
        ) as session:
            return session.explorer.explore()
    chosen = RunSettings(environment=environment, budget=budget, **{**method_settings(method), **settings})
    with new_session(chosen, runs=Path(runs), name=name, listeners=listeners) as session:
        return session.explorer.explore()


def solve(task: str, environment: str = "gridworld-v1", *, iterations: int = 50, **settings: Any) -> RunState:
    """Do one given task, in steps; `solved` in the result says whether it was done.

    Args:
        task: in words, such as "craft an iron pickaxe".
        environment: id or `module:Class` of the world.
        iterations: the budget.
        settings: as for `explore`.
    """
    return explore(
        environment, iterations=iterations, curriculum="solve", tasks=(FixedTask(task=task),), **settings
    )


def replay(
    library: Path | str,
    environment: str = "gridworld-v1",
    *,
    seed: int = 0,
    options: dict[str, Any] | None = None,
    sandbox: str = "auto",
    tools: Sequence[str] = (),
) -> list[Replayed]:
    """Try every skill of a library in a new world.

    Args:
        library: the folder of skills; it is only read.
        environment: id or `module:Class` of the world.
        seed: of the world.
        options: of the world.
        sandbox: as on the command line.
        tools: what programs may call, as in `RunSettings.tools`. A skill that needs another one is skipped.

    Returns:
        One result a skill, by name.
    """
    world = make(environment)
    world.confine(process_launcher(sandbox))
    skills = SkillLibrary(Path(library), environment=world.spec.id)
    box = open_sandbox(sandbox)
    at_hand = ReplayTools(RunSettings(environment=environment, tools=tuple(tools)), world, skills)
    try:
        return list(replay_skills(skills, world, box, seed=seed, options=options, tools=at_hand))
    finally:
        at_hand.close()
        box.close()
        skills.close()
        world.close()

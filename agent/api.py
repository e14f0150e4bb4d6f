"""The short way in from Python: `explore`, `solve` and `replay`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from fieldcraft.agent.arguments import (
    BadArgument,
    ExploreArguments,
    Model,
    OtherSettings,
    ReplayArguments,
    Role,
    SolveArguments,
    Tools,
    as_listed,
    checked_settings,
    keys_of,
    named_and_given_tools,
    refuse_unknown,
    settings_and_objects,
)
from fieldcraft.agent.journal.run import find_run, latest_settings
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.methods import method_settings
from fieldcraft.agent.progress import Warnings, progress_of
from fieldcraft.agent.replaying import Replayed, replay_skills
from fieldcraft.agent.result import RunResult
from fieldcraft.agent.session import Session, new_session, resumed_session
from fieldcraft.agent.settings import BudgetLimits, FixedTask, RunSettings
from fieldcraft.agent.tooling.opening import ReplayTools
from fieldcraft.common.errors import InputError
from fieldcraft.common.text import visible_line
from fieldcraft.envs import Environment, make
from fieldcraft.skills import SkillLibrary
from fieldcraft.skills.sandbox import ProgramLimits, Sandbox, open_sandbox, process_launcher, require_system

if TYPE_CHECKING:
    from fieldcraft.agent.protocols import Actor, Critic, Curriculum, Embeddings, Listener, Retriever

ITERATIONS = 60
"""Programs that `explore` runs where nothing else is said."""
SOLVE_ITERATIONS = 50
"""Programs that `solve` runs where nothing else is said."""

OnOpen = Callable[[Session], None]


class OtherTasks(InputError, ValueError):
    """A run is resumed with tasks that are not its own."""


class MissingLibrary(InputError, ValueError):
    """The folder of skills that were to be tried does not exist."""


def explore(
    environment: str | Environment = "gridworld-v1",
    *,
    iterations: int | None = None,
    budget: BudgetLimits | None = None,
    runs: Path | str = "runs",
    name: str | None = None,
    resume: str | None = None,
    method: str | None = None,
    model: Model | None = None,
    role_models: Mapping[Role, Model] | None = None,
    tools: Tools | None = None,
    curriculum: str | Curriculum | None = None,
    actor: str | Actor | None = None,
    critic: str | Critic | None = None,
    retriever: str | Retriever | None = None,
    embeddings: str | Embeddings | None = None,
    sandbox: str | Sandbox | None = None,
    library: str | Path | SkillLibrary | None = None,
    prompts: str | Path | None = None,
    limits: ProgramLimits | None = None,
    listeners: Sequence[Listener | str] = (),
    progress: bool | None = None,
    otel: str | bool | None = None,
    **settings: Unpack[OtherSettings],
) -> RunResult:
    """Let an agent explore a world until `iterations` programs were run.

    What can be an object can be a name too: a built-in one, one that an installed package announces, or
    `module:Name`. Objects remain the caller's and are not closed. The kinds of part are in
    `fieldcraft.agent.protocols`.

    Args:
        environment: the world: an object, an id, or `module:Class`.
        iterations: the limit in programs, those before a resume included. Where neither this nor `budget` is
            given, 60 for a new run, and a resumed one keeps its own.
        budget: limits in tokens, money and seconds too. A resume takes those that were set.
        runs: the folder of runs.
        name: of a new run; made from the time where omitted.
        resume: a run to go on with. Models, tools, the sandbox, limits, prompts and the like change to what
            is given here (`fieldcraft.agent.tooling.changed_settings` lists them); the rest stays as it is,
            and another value of it is refused. Objects that it began with must be given again, or names in
            place of a model, tools or a sandbox; what its files do not keep, such as passwords, comes from
            what is given here.
        method: such as `voyager`, `react` or `without-library` (`fieldcraft.agent.methods`); what is given
            here goes before the method's settings.
        model: the chat model: `provider:model`, or any LangChain chat model object.
        role_models: another model for some of the roles.
        tools: what models and programs may call: names, typed functions with a docstring, LangChain tools.
        curriculum: proposes tasks.
        actor: writes programs.
        critic: judges whether a task was done.
        retriever: finds the skills that suit a task.
        embeddings: turn descriptions of skills into vectors.
        sandbox: runs programs.
        library: the folder of skills, or an open `SkillLibrary`.
        prompts: a folder of templates that replace those of the same names.
        limits: what one program may use.
        listeners: called with every event of the journal.
        progress: show how far the run has come. `None` does so in a notebook only; `True` elsewhere too, as
            lines on standard error.
        otel: the URL of the OpenTelemetry collector that gets the run's spans and metrics; `True` for the one
            of the `OTEL_` variables, else of this machine, `False` for none. `None` sends them where the
            variables name a collector.
        settings: further fields of `RunSettings`, such as `seed` and `options`.

    Returns:
        The run's state, how it ended, its name and its folder.

    Raises:
        TypeError: there is no such argument, or an object is not of its kind.
        OtherTasks: the run to go on with has other tasks than those given here.
        FixedSetting: it has another setting of a kind that a resume cannot change.
        KeyboardInterrupt: passed on; the run can be resumed.
    """
    return run_agent(
        environment,
        {
            "iterations": iterations,
            "budget": budget,
            "runs": runs,
            "name": name,
            "resume": resume,
            "method": method,
            "model": model,
            "role_models": role_models or {},
            "curriculum": curriculum,
            "actor": actor,
            "critic": critic,
            "retriever": retriever,
            "embeddings": embeddings,
            "sandbox": sandbox,
            "library": library,
            "prompts": prompts,
            "limits": limits,
            "listeners": listeners,
            "progress": progress,
            "otel": otel,
            **({} if tools is None else {"tools": tools}),
            **settings,
        },
    )


def solve(
    task: str, environment: str | Environment = "gridworld-v1", **arguments: Unpack[SolveArguments]
) -> RunResult:
    """Do one given task, in steps; `solved` in the result says whether it was done.

    Args:
        task: in words, such as "craft an iron pickaxe".
        environment: as for `explore`.
        arguments: as for `explore`, without `curriculum` and `tasks`; `iterations` is 50 where omitted.
    """
    refuse_unknown("solve", arguments, keys_of(SolveArguments))
    return run_agent(environment, solving(task, arguments))


def solving(task: str, arguments: SolveArguments) -> ExploreArguments:
    """The arguments of `explore` that do what `solve` does."""
    if not task.strip():
        raise BadArgument('the task is empty; say what to do, such as "craft an iron pickaxe"')
    found: ExploreArguments = {**arguments, "curriculum": "solve", "tasks": (FixedTask(task=task),)}
    if all(found.get(name) is None for name in ("iterations", "budget", "resume")):
        found["iterations"] = SOLVE_ITERATIONS
    return found


def run_agent(
    environment: str | Environment,
    arguments: ExploreArguments,
    on_open: OnOpen = lambda _: None,
    *,
    function: str = "explore",
) -> RunResult:
    """What `explore` and its like do.

    Args:
        environment: as for `explore`.
        arguments: as for `explore`.
        on_open: called with the session before the run begins.
        function: whose arguments they are, for messages.
    """
    refuse_unknown(function, arguments, keys_of(ExploreArguments))
    progress = progress_of(arguments.get("progress"))
    warnings = Warnings()
    listeners = tuple(each for each in as_listed(arguments.get("listeners", ())) if not isinstance(each, str))
    listeners += (warnings.take, *([progress.take] if progress is not None else []))
    with _session(environment, arguments, listeners) as session, ExitStack() as stack:
        warnings.begin()
        on_open(session)
        if progress is not None:
            progress.begin(session)
            stack.callback(progress.end)
        session.explorer.explore()
        return session.explorer.result


def _session(
    environment: str | Environment, arguments: ExploreArguments, listeners: tuple[Listener, ...]
) -> AbstractContextManager[Session]:
    runs, resume = Path(arguments.get("runs", "runs")), arguments.get("resume")
    if resume is not None:
        return _resumed(environment, arguments, find_run(runs, resume), listeners)
    settings, given = settings_and_objects(environment, arguments)
    budget, iterations = arguments.get("budget"), arguments.get("iterations")
    limits = _limits(budget or BudgetLimits(iterations=ITERATIONS), iterations)
    chosen = checked_settings({**method_settings(arguments.get("method")), **settings, "budget": limits})
    name, otel = arguments.get("name"), arguments.get("otel")
    return new_session(chosen, runs=runs, name=name, listeners=listeners, given=given, otel=otel)


def _resumed(
    environment: str | Environment, arguments: ExploreArguments, run: Path, listeners: tuple[Listener, ...]
) -> AbstractContextManager[Session]:
    settings, given = settings_and_objects(environment, arguments)
    if settings.get("environment") == RunSettings().environment:
        del settings["environment"]  # the default of the argument
    sources = checked_settings({**method_settings(arguments.get("method")), **settings})
    _refuse_other_tasks(run, sources.tasks if "tasks" in settings else ())
    changed = sources.model_fields_set - {"library", "listeners", "budget"}
    return resumed_session(
        run.name,
        runs=run.parent,
        budget=_limits(arguments.get("budget") or BudgetLimits(), arguments.get("iterations")),
        library=settings.get("library"),
        sources=sources,
        changes={name: getattr(sources, name) for name in changed},
        listeners=(*sources.listeners, *listeners),
        given=given,
        otel=arguments.get("otel"),
    )


def _limits(budget: BudgetLimits, iterations: int | None) -> BudgetLimits:
    """The limits that were set, with the one on iterations."""
    if iterations is None:
        return budget
    return BudgetLimits.model_validate({**budget.model_dump(exclude_unset=True), "iterations": iterations})


def _refuse_other_tasks(run: Path, tasks: tuple[FixedTask, ...]) -> None:
    """Refuse to go on with a run for tasks that are not its own: the result would be taken for theirs.

    Raises:
        OtherTasks: the message names the run's own.
    """
    if not tasks:
        return
    kept = latest_settings(Journal(run).events(last_segment=True), RunSettings()).tasks
    if tasks != kept:
        own = ", ".join(repr(task.task) for task in kept) or "none"
        raise OtherTasks(
            f"run {run.name!r} was started with other tasks ({visible_line(own, 200)}), and a resumed run "
            "keeps its own; give the same, or start a new run"
        )


def replay(
    library: Path | str | SkillLibrary,
    environment: str | Environment = "gridworld-v1",
    *,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    sandbox: str | Sandbox = "auto",
    tools: Tools = (),
    limits: ProgramLimits | None = None,
) -> list[Replayed]:
    """Try every skill of a library in a new world.

    Args:
        library: the folder of skills, or an open `SkillLibrary`; it is only read.
        environment: the world: an object, an id, or `module:Class`.
        seed: of the world.
        options: of the world.
        sandbox: as for `explore`.
        tools: what programs may call, as for `explore`. A skill that needs another one is skipped.
        limits: what one program may use.

    Returns:
        One result a skill, in the order in which they were learned.

    Raises:
        MissingLibrary: there is no such folder.
    """
    require_system()
    return list(
        replaying(
            library,
            environment,
            {"seed": seed, "options": options, "sandbox": sandbox, "tools": tools, "limits": limits},
        )
    )


def replaying(
    library: Path | str | SkillLibrary, environment: str | Environment, arguments: ReplayArguments
) -> Generator[Replayed, None, None]:
    """The results of `replay`, each as soon as it is there."""
    sandbox, options = arguments.get("sandbox", "auto"), arguments.get("options")
    names, objects = named_and_given_tools(arguments.get("tools", ()))
    if not isinstance(library, SkillLibrary) and not Path(library).is_dir():
        raise MissingLibrary(f"there is no library {library}; name the folder that a run kept its skills in")
    with ExitStack() as stack:
        world = environment if isinstance(environment, Environment) else make(environment)
        if world is not environment:
            stack.callback(world.close)
            world.confine(process_launcher(sandbox if isinstance(sandbox, str) else "auto"))
        skills = (
            library if isinstance(library, SkillLibrary) else SkillLibrary(library, environment=world.spec.id)
        )
        if skills is not library:
            stack.callback(skills.close)
        box = open_sandbox(sandbox) if isinstance(sandbox, str) else sandbox
        if box is not sandbox:
            stack.callback(box.close)
        allowed = ReplayTools(RunSettings(tools=names), world, skills, given=objects)
        stack.callback(allowed.close)
        yield from replay_skills(
            skills,
            world,
            box,
            seed=arguments.get("seed", 0),
            options=None if options is None else dict(options),
            tools=allowed,
            limits=arguments.get("limits"),
        )

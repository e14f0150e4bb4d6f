"""Putting a run together from its settings: world, sandbox, library, models, and the loop over them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from fieldcraft.agent.explorer import Explorer, Parts
from fieldcraft.agent.given import Given
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Listener, Recorder
from fieldcraft.agent.journal.run import Run
from fieldcraft.agent.listeners import guarded
from fieldcraft.agent.models import ModelClient, ModelSettings
from fieldcraft.agent.prompts.rendering import AnswerUnusable, Prompts
from fieldcraft.agent.redact import redact
from fieldcraft.agent.roles.actor import Actor
from fieldcraft.agent.roles.critic import (
    Critic,
    EnvironmentCritic,
    HumanCritic,
    ModelCritic,
    NeverCritic,
    NoCritic,
)
from fieldcraft.agent.roles.curriculum import (
    AutoCurriculum,
    Curriculum,
    FixedCurriculum,
    HumanCurriculum,
    OpenCurriculum,
    RandomCurriculum,
    check_names,
)
from fieldcraft.agent.roles.model_calls import Asker
from fieldcraft.agent.roles.planning import SolveCurriculum, SubgoalCurriculum
from fieldcraft.agent.roles.questions import Answers
from fieldcraft.agent.roles.skill_keeper import SkillKeeper
from fieldcraft.agent.runner import ProgramRunner
from fieldcraft.agent.settings import ROLES, BudgetLimits, RunSettings
from fieldcraft.agent.tooling.access import names_for
from fieldcraft.agent.tooling.opening import deaf_models, open_tools, run_executor
from fieldcraft.agent.tooling.restored_values import with_prompts, with_values
from fieldcraft.envs import BrokenEnvironment, Environment, make
from fieldcraft.skills import SkillLibrary
from fieldcraft.skills.sandbox import Sandbox, open_sandbox, process_launcher
from fieldcraft.tools import ToolRegistry
from fieldcraft.tools.sources.settings import ToolSources

logger = logging.getLogger(__name__)

AskHuman = Callable[[str], str]

LISTED = ("fixed", "solve", "open", "subgoals")
"""Curricula that live on the settings' tasks."""

LOCK_SECONDS = 1.0
"""How long a run waits for its library: another run that has it keeps it to its end."""


class BadWorldOptions(ValueError):
    """The world refused its seed, its options, or the name in a task's goal."""


class Session:
    """An open run with everything it needs. Made by `new_session` and `resumed_session`.

    Attributes:
        run: the run on disk, locked by this process.
        recorder: its events; `request_stop` ends it at the next one.
        explorer: the loop.
        library: where its skills are kept.
        environment: the world as it is now.
    """

    def __init__(
        self,
        run: Run,
        recorder: Recorder,
        explorer: Explorer,
        library: SkillLibrary,
        environment: Environment,
    ) -> None:
        self.run = run
        self.recorder = recorder
        self.explorer = explorer
        self.library = library
        self.environment = environment


@contextmanager
def new_session(
    settings: RunSettings,
    *,
    runs: Path = Path("runs"),
    name: str | None = None,
    ask_human: AskHuman = input,
    listeners: tuple[Listener, ...] = (),
    follow: Listener | None = None,
    given: Given | None = None,
) -> Iterator[Session]:
    """Open what a run needs and create it; no run is left behind where something cannot be opened.

    Args:
        settings: how the run is lived.
        runs: the folder of runs.
        name: of the run; made from the time where omitted.
        ask_human: asks a person at the terminal, for the `human` curriculum and critic.
        listeners: called with every event, after it is written. One that raises is not called again.
        follow: the same for the caller itself: what it raises ends the session.

    Raises:
        UnknownEnvironment, BadWorldOptions, UnknownModel, MissingKey, UnknownTool, SandboxUnavailable,
            LibraryLocked, RunError: what cannot be opened and how to mend it.
    """
    with ExitStack() as stack:
        heard = (*([follow] if follow else []), *guarded(settings.listeners, listeners))
        opened = _open(settings, stack)
        run = stack.enter_context(Run.create(runs, settings, name=name))
        yield _assemble(run, opened, ask_human, heard, stack)


@contextmanager
def resumed_session(
    name: str,
    *,
    runs: Path = Path("runs"),
    budget: BudgetLimits | None = None,
    sources: RunSettings | ToolSources | None = None,
    vouch: Callable[[Run], None] | None = None,
    ask_human: AskHuman = input,
    listeners: tuple[Listener, ...] = (),
    follow: Listener | None = None,
    given: Given | None = None,
    prompts: str = "",
) -> Iterator[Session]:
    """Open an existing run to go on with it, with a new `budget` if given. Raises as `new_session` does.

    What the run's files do not keep of its settings, passwords for example, is looked up in `sources`: all of
    them, or those of its tools alone.
    A run's settings may name worlds, programs and models to open: `vouch` is called before any is, and raises
    where they are not to be (`fieldcraft.agent.trust.vouch_for`); where omitted, the caller trusts the run.
    `prompts` says where the run's folder of prompts is now, if it was moved.
    """
    with ExitStack() as stack:
        run = stack.enter_context(Run.open(runs, name))
        if prompts:
            run.settings = with_prompts(run.settings, prompts)
        if vouch is not None:
            vouch(run)
        run.settings = with_values(run.settings, sources or ToolSources())
        if budget is not None:
            run.settings = run.settings.model_copy(update={"budget": budget})
        heard = (*([follow] if follow else []), *guarded(run.settings.listeners, listeners))
        session = _assemble(run, _open(run.settings, stack, resumed=True), ask_human, heard, stack)
        session.recorder.aside(e.RunResumed(settings=run.settings))
        yield session


@dataclass(frozen=True)
class _Opened:
    """What a run stands on, besides its record."""

    clients: dict[str, ModelClient]
    environment: Environment
    library: SkillLibrary
    sandbox: Sandbox
    registry: ToolRegistry
    prompts: Prompts


def _open(settings: RunSettings, stack: ExitStack, *, resumed: bool = False) -> _Opened:
    prompts = Prompts(settings.prompts)
    clients = open_clients(settings)
    environment = _environment(settings, stack, resumed=resumed)
    registry = open_tools(settings)
    stack.callback(registry.close)
    sandbox = open_sandbox(settings.sandbox)
    stack.callback(sandbox.close)
    library = SkillLibrary(
        Path(settings.library),
        environment=environment.spec.id,
        reserved=frozenset(environment.primitives),
        tools=names_for("programs", registry, settings),
        owners=settings.library_owners,
    )
    stack.callback(library.close)
    if settings.keep_skills:
        stack.enter_context(library.writing(timeout=LOCK_SECONDS))
    return _Opened(clients, environment, library, sandbox, registry, prompts)


def open_clients(settings: RunSettings) -> dict[str, ModelClient]:
    """The client of each role's model. Asks nothing of it yet.

    Raises:
        UnknownModel, MissingExtra, MissingKey, BadScript: before any call.
    """
    of_run = {"tools": settings.all_tools(), "sources": settings.tool_sources, "corpus": settings.corpus}
    options = ModelSettings.model_validate({**of_run, **settings.model_options})
    by_name = {
        name: ModelClient(name, options) for name in sorted({settings.model_for(role) for role in ROLES})
    }
    for client in by_name.values():
        client.check_roles(ROLES)
    return {role: by_name[settings.model_for(role)] for role in ROLES}


def _environment(settings: RunSettings, stack: ExitStack, *, resumed: bool) -> Environment:
    environment = make(settings.environment)
    environment.confine(process_launcher(settings.sandbox))
    stack.callback(environment.close)
    try:
        options = environment.options_to_resume(settings.options) if resumed else settings.options
        environment.reset(seed=settings.seed, options=options)
    except ValueError as error:
        raise BadWorldOptions(f"{settings.environment}: {error}") from error
    except Exception as error:
        raise BrokenEnvironment(
            f"environment {settings.environment!r} failed to reset: {type(error).__name__}: {error}; "
            f"`envs check {settings.environment}` tries everything it promises"
        ) from error
    _check_tasks(settings, environment)
    if settings.language not in environment.spec.languages:
        raise BadWorldOptions(
            f"{environment.spec.id} runs {', '.join(environment.spec.languages)} programs only; "
            f"leave out language = {settings.language!r}, or choose another world"
        )
    return environment


def _check_tasks(settings: RunSettings, environment: Environment) -> None:
    """Refuse tasks that are not there or name what the world does not have, before anything is spent."""
    if settings.curriculum in LISTED and not settings.tasks:
        raise BadWorldOptions(f"the curriculum {settings.curriculum!r} needs its tasks, and there are none")
    for task in settings.tasks:
        try:
            check_names(task.goal, environment.spec.names)
        except AnswerUnusable as problem:
            raise BadWorldOptions(f"task {task.task!r}: {problem}") from problem


def _assemble(
    run: Run, opened: _Opened, ask_human: AskHuman, listeners: tuple[Listener, ...], stack: ExitStack
) -> Session:
    environment, library = opened.environment, opened.library
    recorder = Recorder(run, listeners)
    executor, desk = run_executor(
        opened.registry, recorder, opened.clients["tools"], environment, library, ask_human
    )
    stack.callback(executor.close)
    asker = Asker(recorder, opened.clients, desk, opened.prompts)
    answers = Answers(recorder, asker, environment.spec.description)
    settings = run.settings
    runner = ProgramRunner(
        opened.sandbox,
        environment,
        library,
        seed=settings.seed,
        desk=desk,
        limits=settings.limits.in_world(environment.spec),
        callable_skills=settings.retrieved > 0,
    )
    parts = Parts(
        environment=environment,
        library=library,
        curriculum=_curriculum(recorder, asker, answers, environment, library, ask_human),
        actor=Actor(
            asker,
            environment,
            desk.reference(),
            attempts_shown=settings.attempts_shown,
            language=settings.language,
        ),
        critic=_critic(recorder, asker, environment, ask_human),
        keeper=SkillKeeper(recorder, asker, environment, library, runner, desk),
        runner=runner,
        desk=desk,
    )
    problems = [f"tool {each.name} cannot be had: {each.message}" for each in opened.registry.problems]
    for problem in [*problems, *deaf_models(opened.clients, desk)]:
        text = redact(problem)[:1000]
        logger.warning("%s", text)
        recorder.aside(e.Warned(text=text))
    return Session(run, recorder, Explorer(recorder, parts), library, environment)


def _curriculum(
    recorder: Recorder,
    asker: Asker,
    answers: Answers,
    environment: Environment,
    library: SkillLibrary,
    ask_human: AskHuman,
) -> Curriculum:
    makers: dict[str, Callable[[], Curriculum]] = {
        "auto": lambda: AutoCurriculum(recorder, asker, answers, environment),
        "random": lambda: RandomCurriculum(recorder, answers, environment),
        "fixed": lambda: FixedCurriculum(recorder, answers),
        "human": lambda: HumanCurriculum(recorder, ask_human),
        "solve": lambda: SolveCurriculum(recorder, asker, answers, environment, library),
        "open": lambda: OpenCurriculum(recorder),
        "subgoals": lambda: SubgoalCurriculum(recorder, asker, environment),
    }
    return makers[recorder.run.settings.curriculum]()


def _critic(recorder: Recorder, asker: Asker, environment: Environment, ask_human: AskHuman) -> Critic:
    settings = recorder.run.settings
    match settings.critic:
        case "environment":
            return EnvironmentCritic(environment, ModelCritic(asker, settings))
        case "model":
            return ModelCritic(asker, settings)
        case "human":
            return HumanCritic(recorder, ask_human)
        case "none":
            return NoCritic()
        case "never":
            return NeverCritic()

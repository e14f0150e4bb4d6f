"""Opening what a run uses: world, models, library, sandbox, tools and prompts."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from fieldcraft.agent.extensions import OBJECT, check_parts
from fieldcraft.agent.given import Given
from fieldcraft.agent.models import ModelClient
from fieldcraft.agent.models.of_roles import clients_of
from fieldcraft.agent.prompts.rendering import AnswerUnusable, Prompts
from fieldcraft.agent.roles.own_parts import OwnSandbox
from fieldcraft.agent.roles.proposals.goals import known_goal
from fieldcraft.agent.settings import RunSettings
from fieldcraft.agent.tooling.access import names_for
from fieldcraft.agent.tooling.opening import open_tools
from fieldcraft.common.errors import InputError
from fieldcraft.common.suggest import nearest
from fieldcraft.common.text import visible_line
from fieldcraft.envs import BrokenEnvironment, Environment
from fieldcraft.envs.apart import make_world
from fieldcraft.envs.faults import told
from fieldcraft.skills import SkillLibrary
from fieldcraft.skills.sandbox import SANDBOX, Sandbox, open_sandbox, process_launcher
from fieldcraft.skills.search.embeddings import EMBEDDINGS, load_embeddings
from fieldcraft.tools import ToolRegistry

LISTED = ("fixed", "solve", "open", "subgoals")
"""Curricula that live on the settings' tasks."""

LOCK_SECONDS = 1.0
"""How long a run waits for its library: another run that has it keeps it to its end."""


class BadWorldOptions(InputError, ValueError):
    """The world refused its seed, its options, or the name in a task's goal."""


@dataclass(frozen=True)
class Opened:
    """The parts that a run uses."""

    clients: dict[str, ModelClient]
    environment: Environment
    library: SkillLibrary
    sandbox: Sandbox
    registry: ToolRegistry
    given: Given
    prompts: Prompts


def open_parts(settings: RunSettings, given: Given, stack: ExitStack, *, resumed: bool = False) -> Opened:
    """Open what a run uses; `stack` closes it.

    Args:
        settings: of the run.
        given: objects in place of names in the settings.
        stack: closes what was opened.
        resumed: the run goes on, so that a world which lives on is taken as it is.

    Raises:
        BadWorldOptions, BrokenEnvironment, UnknownModel, UnknownTool, LibraryLocked and others: see
            `fieldcraft.agent.session.new_session`.
    """
    check_parts(settings)
    prompts = Prompts(settings.prompts)
    given = given.with_named(settings)
    clients = clients_of(settings, given.models)
    environment = _environment(settings, given, stack, resumed=resumed)
    registry = open_tools(settings, given.tools)
    stack.callback(registry.close)
    sandbox = given.sandbox or open_sandbox(settings.sandbox)
    if settings.sandbox not in SANDBOX.built_in:
        sandbox = OwnSandbox(sandbox, settings.sandbox.removeprefix(OBJECT))
    if given.sandbox is None:
        stack.callback(sandbox.close)
    library = _library(settings, given, environment, registry, stack)
    if settings.keep_skills:
        stack.enter_context(library.writing(timeout=LOCK_SECONDS))
    return Opened(clients, environment, library, sandbox, registry, given, prompts)


def _library(
    settings: RunSettings,
    given: Given,
    environment: Environment,
    registry: ToolRegistry,
    stack: ExitStack,
) -> SkillLibrary:
    """The library, whose programs may call this world's primitives and this run's tools."""
    tools = names_for("programs", registry, settings)
    if given.library is not None:
        given.library.reserved |= frozenset(environment.primitives)
        given.library.tools = frozenset(tools)
        return given.library
    if given.embeddings is None and settings.embeddings not in EMBEDDINGS.built_in:
        load_embeddings(settings.embeddings)
    library = SkillLibrary(
        Path(settings.library),
        environment=environment.spec.id,
        embeddings=given.embeddings or settings.embeddings,
        reserved=frozenset(environment.primitives),
        tools=tools,
        owners=settings.library_owners,
    )
    stack.callback(library.close)
    return library


def _environment(settings: RunSettings, given: Given, stack: ExitStack, *, resumed: bool) -> Environment:
    environment = given.environment
    if environment is not None and settings.world_process:
        raise BadWorldOptions(
            "world_process needs a world by name, which its process can make: environment='module:Class'"
        )
    if environment is None:
        environment = make_world(settings.environment, apart=settings.world_process)
        stack.callback(environment.close)
        environment.confine(process_launcher(settings.sandbox))
    try:
        lives_on = resumed and not environment.spec.can_snapshot
        options = environment.options_to_resume(settings.options) if lives_on else settings.options
        environment.reset(seed=settings.seed, options=options)
    except ValueError as error:
        raise BadWorldOptions(f"{settings.environment}: {visible_line(error, 1000)}") from error
    except Exception as error:
        fault = visible_line(told(error), 500)
        raise BrokenEnvironment(
            f"environment {settings.environment!r} failed to reset: {fault}; "
            f"`envs check {settings.environment}` tries everything it promises"
        ) from error
    _check_elsewhere(settings, environment)
    _check_tasks(settings, environment)
    if settings.language not in environment.spec.languages:
        raise BadWorldOptions(
            f"{environment.spec.id} runs {', '.join(environment.spec.languages)} programs only; "
            f"leave out language = {settings.language!r}, or choose another world"
        )
    return environment


def _check_elsewhere(settings: RunSettings, environment: Environment) -> None:
    """Refuse changes of options that the world does not have, as far as it tells which it has."""
    known = [option.name for option in environment.option_reference()]
    named = {name for changes in settings.elsewhere for name in changes}
    for name in sorted(named.difference(known)) if known else ():
        listed = nearest(name, known) or f". Options: {', '.join(known)}"
        raise BadWorldOptions(
            f"elsewhere: {settings.environment} has no option {visible_line(name, 60)!r}{listed}"
        )


def _check_tasks(settings: RunSettings, environment: Environment) -> None:
    """Refuse tasks that are not there or name what the world does not have, before anything is spent."""
    if settings.curriculum in LISTED and not settings.tasks:
        raise BadWorldOptions(f"the curriculum {settings.curriculum!r} needs its tasks, and there are none")
    for task in settings.tasks:
        try:
            known_goal(task.goal, environment)
        except AnswerUnusable as problem:
            raise BadWorldOptions(f"task {task.task!r}: {problem}") from problem

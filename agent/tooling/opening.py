"""Open the tools of a run or of a replay, with their context and approval."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

from fieldcraft.agent.approvals.desk import Desk
from fieldcraft.agent.extensions import OBJECT
from fieldcraft.agent.given import tool_name
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.models import ModelClient, ModelSettings
from fieldcraft.agent.redact import redact
from fieldcraft.agent.settings import RunSettings
from fieldcraft.agent.tooling.access import ProgramTools, ToolAccess, names_for
from fieldcraft.agent.tooling.context import BudgetOfRun, LibraryOfRun, ModelOfRun, NoBill, WorldOfRun
from fieldcraft.agent.tooling.descriptions import declared
from fieldcraft.agent.tooling.journaled_calls import ToolRecord
from fieldcraft.agent.tooling.offering.shelf import ToolShelf
from fieldcraft.agent.tooling.person import PersonOfRun
from fieldcraft.common.errors import MissingRequirement
from fieldcraft.common.suggest import nearest
from fieldcraft.envs import Environment
from fieldcraft.skills import SkillLibrary
from fieldcraft.tools import ToolContext, ToolExecutor, ToolProblem, ToolRegistry, UnknownTool, load_tools
from fieldcraft.tools.builtin.corpus import Corpora


class MissingCorpus(MissingRequirement, ValueError):
    """A folder or file to search in does not exist."""


def check_corpora(paths: Sequence[str]) -> None:
    """Refuse a missing folder or file to search in before anything is started.

    Raises:
        MissingCorpus: a corpus does not exist.
    """
    for corpus in paths:
        if not Path(corpus).exists():
            raise MissingCorpus(
                f"there is no corpus {corpus}; correct --corpus, or `corpus` in fieldcraft.toml"
            )


def open_tools(settings: RunSettings, given: Sequence[Callable[..., Any]] = ()) -> ToolRegistry:
    """Open the tools that any role or program of the run may call, and start their sources.

    Tools `given` as objects come first, so that no other tool takes their names.

    Tools that are not available are listed in the registry's `problems`.

    Raises:
        UnknownTool: there is no tool of this name.
        BrokenTool, DuplicateTool: a given tool is none, or two have one name.
        MissingCorpus: a corpus does not exist.
    """
    check_corpora(settings.corpus)
    registry = ToolRegistry()
    for tool in given:
        registry.add(tool, origin=OBJECT + tool_name(tool))
    objects = {OBJECT + tool_name(tool) for tool in given}
    wanted = [name for name in settings.all_tools() if name not in objects]
    if lacking := [name for name in wanted if name.startswith(OBJECT)]:
        raise UnknownTool(
            f"no tool {lacking[0]!r}: such a name stands for an object; give the object itself from Python, "
            "as in explore(tools=[...])"
        )
    load_tools(wanted, settings.tool_sources, registry)
    registry.specs()  # adds tools that turn out to be broken to the problems
    try:
        _check_approval(settings, registry)
    except UnknownTool:
        registry.close()
        raise
    return registry


def _check_approval(settings: RunSettings, registry: ToolRegistry) -> None:
    """Refuse an unknown tool name in the approval policy: a misspelt one would let every call pass."""
    approval = settings.tool_policy.approval
    for pattern in approval if isinstance(approval, tuple) else ():
        if pattern != "writes" and not registry.problems and not registry.select([pattern]):
            raise UnknownTool(
                f"approval is to be asked for {pattern!r}, but this run has no such tool"
                f"{nearest(pattern, ['writes', *registry])}; say always, never, writes, or the name of one "
                f"of its tools: {', '.join(registry) or 'none'}"
            )


def deaf_models(clients: Mapping[str, ModelClient], tool_access: ToolAccess) -> list[str]:
    """Warnings for roles whose models do not support tool calls, such as the offline one."""
    roles: dict[str, list[str]] = {}
    for role, client in clients.items():
        if client.name != "offline" and tool_access.offer(role) and not client.calls_tools:
            roles.setdefault(client.name, []).append(role)
    return [
        f"{name} makes no tool calls of its own; the tools of {', '.join(found)} are not offered to it"
        for name, found in roles.items()
    ]


def run_executor(
    registry: ToolRegistry,
    recorder: Recorder,
    client: ModelClient,
    environment: Environment,
    library: SkillLibrary,
    ask_person: Callable[[str], str],
) -> tuple[ToolExecutor, ToolAccess, Desk]:
    """Open the access to the tools of a run, with every call recorded in its journal."""
    settings = recorder.run.settings
    record = ToolRecord(recorder)
    world = WorldOfRun(environment, lambda: recorder.state.seen)
    record.desk = desk = Desk(
        recorder,
        can_go_back=environment.spec.can_snapshot,
        declared=partial(declared, registry),
        person=ask_person,
    )
    executor = ToolExecutor(
        registry,
        context=ToolContext(
            model=ModelOfRun(lambda: client, record),
            recorder=record,
            budget=BudgetOfRun(recorder),
            library=LibraryOfRun(library),
            world=world,
            corpus=Corpora(settings.corpus) if settings.corpus else None,
            redact=redact,
            person=PersonOfRun(ask_person, record, settings.tool_policy),
        ),
        policy=settings.tool_policy,
        ask_person=partial(record.ask, ask_person=ask_person),
        results=recorder.run.folder / "tool-results",
        approvals=recorder.state.approvals,
        answered=desk.has_answer,
    )
    record.executor = executor
    return executor, ToolAccess(executor, record, settings, world), desk


class ReplayTools:
    """The programs' tools when skills are tried without a run: nothing is recorded or billed.

    Args:
        settings: the configured tools and corpora.
        environment: the world that the skills are tried in.
        library: the skills.
        ask_person: asks a person for approval; `None` if no person is available.
        given: functions and LangChain tools, besides those of the settings.

    Raises:
        UnknownTool, BrokenTool, DuplicateTool, MissingCorpus: as `open_tools`.
    """

    def __init__(
        self,
        settings: RunSettings,
        environment: Environment,
        library: SkillLibrary,
        ask_person: Callable[[str], str] | None = None,
        given: Sequence[Callable[..., Any]] = (),
    ) -> None:
        self._registry = open_tools(settings, given)
        world = WorldOfRun(environment, dict)
        options = ModelSettings.model_validate(settings.options_for("tools"))
        self._executor = ToolExecutor(
            self._registry,
            context=ToolContext(
                model=ModelOfRun(lambda: ModelClient(settings.model_for("tools"), options), NoBill()),
                library=LibraryOfRun(library),
                world=world,
                corpus=Corpora(settings.corpus) if settings.corpus else None,
                redact=redact,
            ),
            policy=settings.tool_policy,
            ask_person=ask_person,
        )
        own = map(tool_name, given)
        names = [*names_for("programs", self._registry, settings), *own]
        shelf = ToolShelf(self._executor, names, settings.tool_search, programs=True, indexes={})
        self._tools = ProgramTools(shelf.allowed, world)

    @property
    def problems(self) -> Sequence[ToolProblem]:
        """The tools that are not available."""
        return self._registry.problems

    def begin_task(self) -> None:
        """Reset the counts of calls."""
        self._executor.begin_task()

    def names(self) -> Sequence[str]:
        """The names of the tools."""
        return self._tools.names()

    def submit(self, name: str, arguments: Mapping[str, Any]) -> Future[Any]:
        """Start a call, see `ToolExecutor.submit`."""
        return self._tools.submit(name, arguments)

    def close(self) -> None:
        """End all tools and sources. Safe to call twice."""
        self._executor.close()
        self._registry.close()

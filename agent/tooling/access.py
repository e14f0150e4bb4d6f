"""Access to tools: for roles, through their models' tool calls, and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any

from fieldcraft.agent.models.messages import Message, ToolRequest
from fieldcraft.agent.settings import TOOL_USERS, RunSettings
from fieldcraft.agent.tooling.context import WorldOfRun
from fieldcraft.agent.tooling.descriptions import offers, reference
from fieldcraft.agent.tooling.journaled_calls import ToolRecord
from fieldcraft.agent.tooling.replayed_calls import Outcomes, RecordedTools
from fieldcraft.skills.sandbox.base import ToolCaller
from fieldcraft.tools import AllowedTools, ToolError, ToolExecutor, ToolRegistry, outcome_text, traits_of
from fieldcraft.tools.loading import is_source

_SOURCES = ("mcp.", "openapi.")


class ToolAccess:
    """Provides tools to the roles, makes the calls that their models request, and serves the programs."""

    def __init__(
        self, executor: ToolExecutor, record: ToolRecord, settings: RunSettings, world: WorldOfRun
    ) -> None:
        self._executor = executor
        self._record = record
        self._settings = settings
        self._world = world
        self._allow()

    def begin_task(self) -> None:
        """Begin a new task, with new counts of calls, and with the tools that there are now."""
        self._record.begin_task()
        self._refresh()

    def _allow(self) -> None:
        registry = self._executor.registry
        self._allowed = {
            user: self._executor.allowing(names_for(user, registry, self._settings)) for user in TOOL_USERS
        }
        self._offers: dict[str, tuple[dict[str, Any], ...]] = {}

    def _refresh(self) -> None:
        """Take over what sources changed in their tools, and tell it to the run's people."""
        changes = self._executor.registry.refresh()
        for change in changes:
            self._record.tell(change)
        if changes:
            self._allow()

    def offer(self, role: str) -> tuple[dict[str, Any], ...]:
        """The tools of a role, in the form of OpenAI's API."""
        if role not in self._offers:
            allowed = self._allowed.get(role)
            self._offers[role] = () if allowed is None else offers(allowed.registry)
        return self._offers[role]

    def answer(self, role: str, requests: Sequence[ToolRequest]) -> list[Message]:
        """Make the calls that a model requested in parallel; returns their outcomes as data for the model."""
        allowed = self._allowed[role]
        with self._record.by(role):
            self._world.look()
            with self._record.together():
                calls = [_submit(allowed, request) for request in requests]
            answers = [
                Message(role="tool", text=_told(request, call), answers=request.id)
                for request, call in zip(requests, calls, strict=True)
            ]
        self._refresh()
        return answers

    def reference(self) -> str:
        """The programs' tools, as the actor sees them."""
        return reference(self._allowed["programs"].registry)

    def names(self) -> Sequence[str]:
        """The programs' tools."""
        return self._allowed["programs"].names()

    @contextmanager
    def program(self) -> Iterator[ToolCaller]:
        """The `tools` of a program that runs in this block."""
        with self._record.by("programs"):
            yield ProgramTools(self._allowed["programs"], self._world)

    def rerun(self) -> ToolCaller:
        """The `tools` of a program that is rerun for verification: the recorded results of this task.

        Tools that may change something are not called again.
        """
        allowed = self._allowed["programs"]
        changing = frozenset(name for name in allowed.names() if _changes(allowed.registry, name))
        return RecordedTools(
            allowed.names(),
            self._record.outcomes(),
            live=_Proving(ProgramTools(allowed, self._world), self._record),
            changing=changing,
        )

    def carry(self, outcomes: Outcomes) -> None:
        """Give these outcomes to the next such calls of this task, which are not made again."""
        self._record.carry(outcomes)

    def skip(self) -> None:
        """Drop the replayed calls of a program that is not run again."""
        self._record.forget_played()


class ProgramTools:
    """The programs' tools, which see the current state of the world during the program."""

    def __init__(self, allowed: AllowedTools, world: WorldOfRun) -> None:
        self._allowed = allowed
        self._names = tuple(allowed.names())
        self._world = world

    def names(self) -> Sequence[str]:
        """The names of the tools."""
        return self._names

    def submit(self, name: str, arguments: Mapping[str, Any]) -> Future[Any]:
        """Start a call, see `ToolExecutor.submit`."""
        if self._allowed.needs_fresh_world(name):
            self._world.look()
        return self._allowed.submit(name, arguments)


class _Proving:
    """The programs' tools while a program is proved: none waits for a person."""

    def __init__(self, tools: ProgramTools, record: ToolRecord) -> None:
        self._tools = tools
        self._record = record

    def names(self) -> Sequence[str]:
        """The names of the tools."""
        return self._tools.names()

    def submit(self, name: str, arguments: Mapping[str, Any]) -> Future[Any]:
        """Start a call, see `ToolExecutor.submit`."""
        with self._record.proving():
            return self._tools.submit(name, arguments)


def names_for(user: str, registry: ToolRegistry, settings: RunSettings) -> tuple[str, ...]:
    """The names of a user's tools.

    The settings list names, patterns, or `module:function`s. The tools of MCP servers and web APIs are
    available to users without their own list, or with a file or URL in it.
    """
    wanted = settings.tools_for(user)
    sources = user not in settings.role_tools or any(map(is_source, wanted))
    return tuple(
        name
        for name in registry
        if any(fnmatchcase(name, entry) or registry.origin(name) == entry for entry in wanted)
        or (sources and registry.origin(name).startswith(_SOURCES))
    )


def _changes(registry: ToolRegistry, name: str) -> bool:
    """Whether a call may change something; one of a tool whose declaration cannot be read may."""
    try:
        return traits_of(registry.get(name)).effect.changes
    except ToolError:
        return True


def _submit(allowed: AllowedTools, request: ToolRequest) -> Future[Any]:
    if request.problem:
        unreadable: Future[Any] = Future()
        unreadable.set_exception(ToolError(f"{request.name} was not called: {request.problem}"))
        return unreadable
    return allowed.submit(request.name, request.arguments)


def _told(request: ToolRequest, call: Future[Any]) -> str:
    try:
        return outcome_text(request.name, request.arguments, value=call.result())
    except ToolError as error:
        return outcome_text(request.name, request.arguments, error=str(error))

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
from fieldcraft.agent.tooling.instructions import instructions, with_instructions
from fieldcraft.agent.tooling.journaled_calls import ToolRecord
from fieldcraft.agent.tooling.offering.shelf import Indexes, ToolShelf
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
        self._shelves: dict[str, ToolShelf] = {}
        self._indexes: Indexes = {}

    def begin_task(self) -> None:
        """Begin a new task, with new counts of calls, the tools that there are now, and nothing found yet."""
        self._record.begin_task()
        self._refresh()
        for shelf in self._shelves.values():
            shelf.begin_task()

    def _refresh(self) -> None:
        """Take over what sources changed in their tools, and tell it to the run's people."""
        changes = self._executor.registry.refresh()
        for change in changes:
            self._record.tell(change)
        if changes:
            self._shelves.clear()
            self._indexes.clear()

    def offer(self, role: str, about: str = "") -> tuple[dict[str, Any], ...]:
        """The tools that a role is offered, in the form of OpenAI's API; of many, those that fit a text."""
        if role not in TOOL_USERS:
            return ()
        shelf = self._shelf(role)
        return with_instructions(shelf.offer(about), shelf.allowed.registry, shelf.real)

    def answer(self, role: str, requests: Sequence[ToolRequest]) -> list[Message]:
        """Make the calls that a model requested in parallel; returns their outcomes as data for the model."""
        shelf = self._shelf(role)
        named = [request.model_copy(update={"name": shelf.real(request.name)}) for request in requests]
        with self._record.by(role):
            self._world.look()
            with self._record.together():
                calls = [_submit(shelf.allowed, request) for request in named]
            told = []
            for request, own, call in zip(requests, named, calls, strict=True):
                told.append(Message(role="tool", text=_told(request, call), answers=request.id))
                if call.exception() is None:
                    shelf.take(own.name, call.result())
        self._refresh()
        return told

    def reference(self, about: str = "") -> str:
        """The programs' tools, as the author of one about this sees them."""
        shelf = self._programs
        return "\n".join(filter(None, [shelf.reference(about), instructions(shelf.allowed.registry)]))

    def names(self) -> Sequence[str]:
        """The programs' tools."""
        return self._programs.allowed.names()

    @contextmanager
    def program(self) -> Iterator[ToolCaller]:
        """The `tools` of a program that runs in this block."""
        with self._record.by("programs"):
            yield ProgramTools(self._programs.allowed, self._world)

    def rerun(self) -> ToolCaller:
        """The `tools` of a program that is rerun for verification: the recorded results of this task.

        Tools that may change something are not called again.
        """
        allowed = self._programs.allowed
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

    @property
    def _programs(self) -> ToolShelf:
        return self._shelf("programs")

    def _shelf(self, user: str) -> ToolShelf:
        if user not in self._shelves:
            self._shelves[user] = ToolShelf(
                self._executor,
                names_for(user, self._executor.registry, self._settings),
                self._settings.tool_search,
                programs=user == "programs",
                indexes=self._indexes,
            )
        return self._shelves[user]


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

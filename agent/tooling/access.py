"""Who may call which tools: the roles by their models' own tool calls, and the programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any

from fieldcraft.agent.models.messages import Message, ToolRequest
from fieldcraft.agent.settings import TOOL_USERS, RunSettings
from fieldcraft.agent.tooling.context import LOOKING, WorldOfRun
from fieldcraft.agent.tooling.descriptions import offers, reference
from fieldcraft.agent.tooling.journaled_calls import ToolRecord
from fieldcraft.agent.tooling.replayed_calls import RecordedTools
from fieldcraft.skills.sandbox.base import ToolCaller
from fieldcraft.tools import AllowedTools, Effect, ToolError, ToolExecutor, ToolRegistry, told, traits_of
from fieldcraft.tools.loading import is_source

_SOURCES = ("mcp.", "openapi.")
BUILT_IN = "built in"
"""The origin of the tools that come with Fieldcraft."""


class ToolDesk:
    """Offers tools to the roles, makes the calls that their models ask for, and serves the programs."""

    def __init__(
        self, executor: ToolExecutor, record: ToolRecord, settings: RunSettings, world: WorldOfRun
    ) -> None:
        self._record = record
        self._world = world
        self._allowed = {
            user: executor.allowing(names_for(user, executor.registry, settings)) for user in TOOL_USERS
        }
        self._offers: dict[str, tuple[dict[str, Any], ...]] = {}

    def begin_task(self) -> None:
        """A new task begins: it may make as many calls as a task is allowed."""
        self._record.begin_task()

    def offer(self, role: str) -> tuple[dict[str, Any], ...]:
        """The tools of a role, in the form of OpenAI's API."""
        if role not in self._offers:
            allowed = self._allowed.get(role)
            self._offers[role] = () if allowed is None else offers(allowed.registry)
        return self._offers[role]

    def answer(self, role: str, requests: Sequence[ToolRequest]) -> list[Message]:
        """Make the calls a model asked for, side by side; their outcomes are data for it to read."""
        allowed = self._allowed[role]
        with self._record.by(role):
            self._world.look()
            with self._record.together():
                calls = [_submit(allowed, request) for request in requests]
            return [
                Message(role="tool", text=_told(request, call), answers=request.id)
                for request, call in zip(requests, calls, strict=True)
            ]

    def reference(self) -> str:
        """The programs' tools, as their author reads them."""
        return reference(self._allowed["programs"].registry)

    def names(self) -> Sequence[str]:
        """The programs' tools."""
        return self._allowed["programs"].names()

    @contextmanager
    def program(self) -> Iterator[ToolCaller]:
        """What a program that runs within gets as `tools`."""
        with self._record.by("programs"):
            yield ProgramTools(self._allowed["programs"], self._world)

    def rerun(self) -> ToolCaller:
        """What a program gets that is run again within `program()` to prove it: the answers of this task.

        What may change something is not called again.
        """
        allowed = self._allowed["programs"]
        changing = frozenset(name for name in allowed.names() if _changes(allowed.registry, name))
        return RecordedTools(
            allowed.names(),
            self._record.outcomes(),
            live=ProgramTools(allowed, self._world),
            changing=changing,
        )

    def skip(self) -> None:
        """The program whose calls were played back is not run again."""
        self._record.forget_played()


class ProgramTools:
    """The programs' tools; they look at the world as it is in the middle of the program."""

    def __init__(self, allowed: AllowedTools, world: WorldOfRun) -> None:
        self._allowed = allowed
        self._names = tuple(allowed.names())
        self._world = world
        self._looks: dict[str, bool] = {}

    def names(self) -> Sequence[str]:
        """The tools there are."""
        return self._names

    def submit(self, name: str, arguments: Mapping[str, Any]) -> Future[Any]:
        """Start a call, see `ToolExecutor.submit`."""
        if name in self._names and name not in self._looks:
            self._looks[name] = _looks(self._allowed.registry, name)
        if self._looks.get(name):
            self._world.look()
        return self._allowed.submit(name, arguments)


def names_for(user: str, registry: ToolRegistry, settings: RunSettings) -> tuple[str, ...]:
    """The names of a user's tools.

    The settings say names, patterns, or `module:function`s. The tools of MCP servers and web APIs are had by
    whoever has no list of his own, or a file or URL on it.
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


def _looks(registry: ToolRegistry, name: str) -> bool:
    """Whether the world is looked at just before a call: for a user's own tool that can read it."""
    if name in LOOKING:
        return True
    origin = registry.origin(name)
    if origin == BUILT_IN or origin.startswith(_SOURCES):
        return False
    try:
        traits = traits_of(registry.get(name))
    except ToolError:
        return False
    return traits.isolation != "process" and traits.effect is not Effect.PURE


def _submit(allowed: AllowedTools, request: ToolRequest) -> Future[Any]:
    if request.problem:
        unreadable: Future[Any] = Future()
        unreadable.set_exception(ToolError(f"{request.name} was not called: {request.problem}"))
        return unreadable
    return allowed.submit(request.name, request.arguments)


def _told(request: ToolRequest, call: Future[Any]) -> str:
    try:
        return told(request.name, request.arguments, value=call.result())
    except ToolError as error:
        return told(request.name, request.arguments, error=str(error))

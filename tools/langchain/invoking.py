"""Invoke a LangChain tool, with what it has injected, and collect what it yields.

A tool without callbacks, whose function asks for none, is called directly: LangChain's `invoke` reads the
signatures of the tool again at each call, which takes ten times as long as the rest of a call. What the
function receives is the same.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeGuard

from pydantic import BaseModel

from fieldcraft.tools.langchain.direct import Direct, accepted_names, call
from fieldcraft.tools.langchain.handlers import without_handlers
from fieldcraft.tools.langchain.injected import filled, implementation, injected

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langchain_core.tools import BaseTool

_MOST_YIELDED = 10_000
"""The most values that are taken from an asynchronous generator."""


class Invocation:
    """How one tool is invoked.

    Attributes:
        tool: the tool.
        asynchronous: whether it must be awaited on an event loop.
    """

    def __init__(self, tool: BaseTool) -> None:
        self.tool = tool
        self._tool = without_handlers(tool)
        self._injected = injected(tool)
        self._as_call = tool.response_format == "content_and_artifact" or any(
            argument.kind == "InjectedToolCallId" for argument in self._injected.values()
        )
        self._direct = Direct.of(self._tool, set(self._injected))
        self._names = accepted_names(schema) if _is_model(schema := tool.args_schema) else {}
        self.asynchronous = is_asynchronous(tool)

    def run(self, arguments: Mapping[str, Any], number: int) -> Any:
        """The result of the tool in this thread; `number` tells the calls of a task apart."""
        given = self._given(arguments, number)
        if self.asynchronous:
            return asyncio.run(self._awaited(given, number))
        result = self._called(given, number)
        return asyncio.run(_collected(result)) if inspect.isasyncgen(result) else result

    async def run_async(self, arguments: Mapping[str, Any], number: int) -> Any:
        """As `run`, on an event loop."""
        return await self._awaited(self._given(arguments, number), number)

    def _given(self, arguments: Mapping[str, Any], number: int) -> dict[str, Any]:
        given = dict(arguments)
        return given | filled(self._injected, call_id(number), _config) if self._injected else given

    def _called(self, given: dict[str, Any], number: int) -> Any:
        direct = self._direct
        if direct is None or direct.function is None or _is_heard(self._tool):
            return self._tool.invoke(self._request(given, number))
        return copy_context().run(call, direct.function, direct.arguments(given))

    async def _awaited(self, given: dict[str, Any], number: int) -> Any:
        direct = self._direct
        if direct is None or direct.coroutine is None or _is_heard(self._tool):
            result = await self._tool.ainvoke(self._request(given, number))
        else:
            result = call(direct.coroutine, direct.arguments(given))
            if inspect.isawaitable(result):
                result = await result
        return await _collected(result) if inspect.isasyncgen(result) else result

    def _request(self, given: dict[str, Any], number: int) -> dict[str, Any]:
        """The input of the tool: only the form of a model's call carries an id, and returns an artifact."""
        given = {self._names.get(name, name): value for name, value in given.items()}
        if self._as_call:
            return {"type": "tool_call", "name": self._tool.name, "args": given, "id": call_id(number)}
        return given


def call_id(number: int) -> str:
    """The id of a call for a tool that wants one."""
    return f"call_{number}"


def is_asynchronous(tool: BaseTool) -> bool:
    """Whether a tool is implemented only by a coroutine, by an asynchronous generator, or by its `_arun`."""
    from langchain_core.tools import BaseTool, StructuredTool, Tool

    function = implementation(tool)
    if isinstance(tool, StructuredTool | Tool) and type(tool)._run in {StructuredTool._run, Tool._run}:
        return tool.func is None or inspect.isasyncgenfunction(function)
    if inspect.isasyncgenfunction(function) or inspect.iscoroutinefunction(function):
        return True
    own = type(tool)._arun not in {BaseTool._arun, StructuredTool._arun, Tool._arun}
    code = getattr(function, "__code__", None)
    return own and code is not None and "NotImplementedError" in code.co_names


def _is_model(schema: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(schema, type) and issubclass(schema, BaseModel)


def _is_heard(tool: BaseTool) -> bool:
    """Whether callbacks listen to the tool: its own, those of the context, or tracing."""
    from langchain_core.callbacks import CallbackManager

    if tool.callbacks or tool.verbose:
        return True
    return bool(CallbackManager.configure(None, None, False, None, None, None, None).handlers)


def _config() -> RunnableConfig:
    from langchain_core.runnables import ensure_config

    return ensure_config()


async def _collected(values: AsyncIterator[Any]) -> list[Any]:
    """The values of an asynchronous generator, which may be endless; it is closed at the end."""
    found = []
    async with aclosing(values) as open_values:  # type: ignore[type-var]
        async for value in open_values:
            found.append(value)
            if len(found) >= _MOST_YIELDED:
                break
    return found

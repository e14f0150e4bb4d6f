"""Filter the tools that a server announces, so that one invalid tool does not affect the others."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mcp.shared.message import SessionMessage
from mcp_types import (
    PARSE_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCNotification,
    JSONRPCResponse,
    Prompt,
    Resource,
    ResourceTemplate,
    Tool,
)
from pydantic import BaseModel, ValidationError

from fieldcraft.common.data import DataError, Limits, bounded
from fieldcraft.common.text import cut_text, valid_text, visible_line
from fieldcraft.tools.calls.arguments import complaints

if TYPE_CHECKING:
    from mcp.shared._stream_protocols import ReadStream

MOST_TOOLS = 2_000
MOST_TEXT = 8_000_000
"""The most characters of all tools that one server announces."""
MOST_REQUESTS, PERIOD = 100, 10.0
"""The most unrequested messages in this many seconds; further ones are ignored."""
LONGEST_CURSOR = 4_000
_RESULT = Limits()
_TOOL = Limits(items=100_000)
_ASIDE = Limits(depth=16, items=1_000)
_LONGEST_NAME, _LONGEST_TEXT = 200, 4_000
_MOST_REFUSED = 200
_ONLY_AS_TASK = "can only be called as a task (taskSupport), which the installed MCP library does not support"
_LONGEST_ASKED = {"sampling/createMessage": 400_000, "elicitation/create": 40_000}
"""The most characters of what a server asks, by the method; 4,000 for others."""
_LOG, _PROGRESS = "notifications/message", "notifications/progress"
_BETWEEN_PROGRESS = 0.1
"""Seconds; of two reports of one call's progress in this time, the second is ignored."""
_MOST_IN_PROGRESS = 1_000
_CHANGES = frozenset(f"notifications/{kind}/list_changed" for kind in ("tools", "resources", "prompts"))
_LISTS: dict[str, type[BaseModel]] = {
    "resources": Resource,
    "resourceTemplates": ResourceTemplate,
    "prompts": Prompt,
}


@dataclass
class Announcements:
    """Information about a server's tools.

    Attributes:
        refused: invalid announced tools, with the reasons.
        outputs: name of a tool -> the schema of its results.
        stale: the server said that one of its lists has changed since it was read.
    """

    refused: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    stale: bool = False
    _names: set[str] = field(default_factory=set)
    _text: int = 0

    def begin(self) -> None:
        """Forget the list, which is about to be read again."""
        self.refused, self.outputs, self.stale = {}, {}, False
        self._names, self._text = set(), 0

    def count(self, name: str, text: str) -> bool:
        """Whether a tool of this name and text is within the limits on one list."""
        self._text += len(text)
        self._names.add(name[:_LONGEST_NAME])
        return len(self._names) <= MOST_TOOLS and self._text <= MOST_TEXT and len(name) <= _LONGEST_NAME

    def refuse(self, name: object, why: str) -> None:
        """Record that the tool `name` is invalid."""
        if len(self.refused) < _MOST_REFUSED:
            self.refused[visible_line(name, 100)] = why


class FilteredStream:
    """A stream of messages without invalid tools, with all sizes limited.

    Args:
        stream: the messages of the server.
        announced: receives information about its tools.
    """

    def __init__(self, stream: ReadStream[SessionMessage | Exception], announced: Announcements) -> None:
        self._stream = stream
        self._announced = announced
        self._progressed: dict[str, float] = {}
        self._unasked: deque[float] = deque(maxlen=MOST_REQUESTS)

    async def receive(self) -> SessionMessage | Exception:
        """The next message."""
        while True:
            message = self._filter(await self._stream.receive())
            if message is not None:
                return message

    async def aclose(self) -> None:
        """Close the stream."""
        await self._stream.aclose()

    def __aiter__(self) -> FilteredStream:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        while True:
            message = self._filter(await self._stream.__anext__())
            if message is not None:
                return message

    async def __aenter__(self) -> FilteredStream:
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return await self._stream.__aexit__(kind, error, trace)

    def _filter(self, message: SessionMessage | Exception) -> SessionMessage | Exception | None:
        if not isinstance(message, SessionMessage):
            return message
        match message.message:
            case JSONRPCResponse() as answer:
                message.message = self._bounded(answer)
            case JSONRPCError(error=error):
                error.message, error.data = cut_text(valid_text(error.message), _LONGEST_TEXT), None
            case unasked:
                return message if self._accepted(unasked) else None
        return message

    def _accepted(self, unasked: Any) -> bool:
        """Whether an unrequested request or notification of the server is passed on."""
        now = time.monotonic()
        if isinstance(unasked, JSONRPCNotification):
            if unasked.method in _CHANGES:
                self._announced.stale = True
            if unasked.method in _CHANGES or unasked.method == _LOG:
                return False
            if unasked.method == _PROGRESS:
                return self._is_due(unasked.params, now)
        if len(self._unasked) == MOST_REQUESTS and now - self._unasked[0] < PERIOD:
            return False
        self._unasked.append(now)
        try:
            unasked.params = bounded(unasked.params, _ASIDE)
        except DataError:
            return False
        return len(str(unasked.params)) <= _LONGEST_ASKED.get(unasked.method, _LONGEST_TEXT)

    def _is_due(self, params: Any, now: float) -> bool:
        """Whether a report of progress is heard: a short one, and the first of its call for a while."""
        token = str(params.get("progressToken") if isinstance(params, dict) else None)[:_LONGEST_NAME]
        if now - self._progressed.get(token, -1.0) < _BETWEEN_PROGRESS or len(str(params)) > _LONGEST_TEXT:
            return False
        if len(self._progressed) >= _MOST_IN_PROGRESS:
            self._progressed.clear()
        self._progressed[token] = now
        return True

    def _bounded(self, answer: JSONRPCResponse) -> JSONRPCResponse | JSONRPCError:
        tools = answer.result.get("tools")
        try:
            if not isinstance(tools, list):
                answer.result = _with_sound_lists(bounded(answer.result, _RESULT))
                return answer
            rest = {key: part for key, part in answer.result.items() if key != "tools"}
            answer.result = {
                **bounded(rest, _ASIDE),
                "tools": [found for tool in tools if (found := self._tool(tool)) is not None],
            }
        except DataError as error:
            fault = ErrorData(code=PARSE_ERROR, message=f"its answer cannot be read: {error}")
            return JSONRPCError(jsonrpc="2.0", id=answer.id, error=fault)
        return answer

    def _tool(self, announced: Any) -> dict[str, Any] | None:
        """The used parts of an announced tool; `None` if it is invalid."""
        name = announced.get("name") if isinstance(announced, dict) else None
        try:
            return self._valid(bounded(announced, _TOOL))
        except ValidationError as error:
            self._announced.refuse(name, f"it is announced in no usable way: {complaints(error)}")
        except DataError as error:
            self._announced.refuse(name, f"it is announced in no usable way: {error}")
        return None

    def _valid(self, plain: Any) -> dict[str, Any]:
        tool = Tool.model_validate(plain, by_name=False)
        if tool.input_schema.get("type") != "object":
            raise DataError(
                f"tool {visible_line(tool.name)!r} announces a bad schema: its arguments are not an object"
            )
        if (odd := _odd_part(tool.input_schema)) is not None:
            raise DataError(f"tool {visible_line(tool.name)!r} announces a bad schema: its {odd}")
        if not self._announced.count(tool.name, str(plain)):
            raise DataError(f"more tools, or longer ones, are announced than are read ({MOST_TOOLS:,})")
        if tool.execution is not None and tool.execution.task_support == "required":
            raise DataError(f"tool {visible_line(tool.name)!r} {_ONLY_AS_TASK}")
        if isinstance(output := plain.get("outputSchema"), dict):
            self._announced.outputs[tool.name] = output
        return _used(plain)


def _with_sound_lists(result: dict[str, Any]) -> dict[str, Any]:
    """The answer without invalid resources and prompts, for one of which the SDK would refuse the list."""
    for key, model in _LISTS.items():
        if isinstance(entries := result.get(key), list):
            result[key] = [entry for entry in entries if _is_valid(model, entry)]
    return result


def _is_valid(model: type[BaseModel], entry: Any) -> bool:
    try:
        model.model_validate(entry, by_name=False)
    except ValidationError:
        return False
    return True


def _odd_part(schema: dict[str, Any]) -> str | None:
    """Describe a fault for which the SDK would refuse the whole list, although its model accepts the tool."""
    if not isinstance(schema.get("properties"), dict | None):
        return "properties are not an object"
    required = schema.get("required")
    if required is not None and not _are_texts(required):
        return "required is not a list of names"
    return None if isinstance(schema.get("$schema"), str | None) else "$schema is not a text"


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


def _used(tool: dict[str, Any]) -> dict[str, Any]:
    """A tool without unused parts: the SDK would check results against any schema without a limit."""
    texts = {key: cut_text(tool[key], _LONGEST_TEXT) for key in ("title", "description") if tool.get(key)}
    kept: dict[str, Any] = {key: tool[key] for key in ("name", "inputSchema", "annotations") if key in tool}
    return kept | texts

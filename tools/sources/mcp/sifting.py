"""Taking out of a server's messages what nobody can use, for one bad tool must not cost the others."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mcp.shared.message import SessionMessage
from mcp_types import PARSE_ERROR, ErrorData, JSONRPCError, JSONRPCNotification, JSONRPCResponse, Tool
from pydantic import ValidationError

from fieldcraft.common.data import DataError, Limits, bounded
from fieldcraft.common.text import cut_text, valid_text, visible_line
from fieldcraft.tools.calls.arguments import complaints

if TYPE_CHECKING:
    from mcp.shared._stream_protocols import ReadStream

MOST_TOOLS = 2_000
MOST_TEXT = 8_000_000
"""Characters of all tools that one server announces."""
MOST_REQUESTS, PERIOD = 100, 10.0
"""Messages that were not asked for, and the seconds in which so many are heard; others are passed over."""
LONGEST_CURSOR = 4_000
_RESULT = Limits()
_TOOL = Limits(items=100_000)
_ASIDE = Limits(depth=16, items=1_000)
_LONGEST_NAME, _LONGEST_TEXT = 200, 4_000
_MOST_REFUSED = 200
_UNHEARD = {"notifications/message", "notifications/progress"}


@dataclass
class Announcements:
    """What is known of a server's tools beside the tools themselves.

    Attributes:
        refused: what it announced that is no tool, and why not.
        outputs: name of a tool -> the schema that it gives of its results.
    """

    refused: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def refuse(self, name: object, why: str) -> None:
        """Note that what is called so is no tool."""
        if len(self.refused) < _MOST_REFUSED:
            self.refused[visible_line(name, 100)] = why


class Sifted:
    """A stream of messages in which every tool that is announced is one, and everything is bounded.

    Args:
        stream: what comes from the server.
        announced: gets what is known of its tools.
    """

    def __init__(self, stream: ReadStream[SessionMessage | Exception], announced: Announcements) -> None:
        self._stream = stream
        self._announced = announced
        self._names: set[str] = set()
        self._text = 0
        self._unasked: deque[float] = deque(maxlen=MOST_REQUESTS)

    async def receive(self) -> SessionMessage | Exception:
        """The next message."""
        while True:
            message = self._sift(await self._stream.receive())
            if message is not None:
                return message

    async def aclose(self) -> None:
        """Close the stream."""
        await self._stream.aclose()

    def __aiter__(self) -> Sifted:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        while True:
            message = self._sift(await self._stream.__anext__())
            if message is not None:
                return message

    async def __aenter__(self) -> Sifted:
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return await self._stream.__aexit__(kind, error, trace)

    def _sift(self, message: SessionMessage | Exception) -> SessionMessage | Exception | None:
        if not isinstance(message, SessionMessage):
            return message
        match message.message:
            case JSONRPCResponse() as answer:
                message.message = self._bounded(answer)
            case JSONRPCError(error=error):
                error.message, error.data = cut_text(valid_text(error.message), _LONGEST_TEXT), None
            case unasked:
                return message if self._heard(unasked) else None
        return message

    def _heard(self, unasked: Any) -> bool:
        """Whether a request or notification of the server's own is passed on."""
        if isinstance(unasked, JSONRPCNotification) and unasked.method in _UNHEARD:
            return False
        now = time.monotonic()
        if len(self._unasked) == MOST_REQUESTS and now - self._unasked[0] < PERIOD:
            return False
        self._unasked.append(now)
        try:
            unasked.params = bounded(unasked.params, _ASIDE)
        except DataError:
            return False
        return len(str(unasked.params)) <= _LONGEST_TEXT

    def _bounded(self, answer: JSONRPCResponse) -> JSONRPCResponse | JSONRPCError:
        tools = answer.result.get("tools")
        try:
            if not isinstance(tools, list):
                answer.result = bounded(answer.result, _RESULT)
                return answer
            rest = {key: part for key, part in answer.result.items() if key != "tools"}
            answer.result = {
                **bounded(rest, _ASIDE),
                "tools": [found for tool in tools if (found := self._tool(tool)) is not None],
            }
        except DataError as error:
            told = ErrorData(code=PARSE_ERROR, message=f"its answer cannot be read: {error}")
            return JSONRPCError(jsonrpc="2.0", id=answer.id, error=told)
        return answer

    def _tool(self, announced: Any) -> dict[str, Any] | None:
        """What is used of a tool; `None` where it is none."""
        name = announced.get("name") if isinstance(announced, dict) else None
        try:
            return self._sound(bounded(announced, _TOOL))
        except ValidationError as error:
            self._announced.refuse(name, f"it is announced in no usable way: {complaints(error)}")
        except DataError as error:
            self._announced.refuse(name, f"it is announced in no usable way: {error}")
        return None

    def _sound(self, plain: Any) -> dict[str, Any]:
        tool = Tool.model_validate(plain, by_name=False)
        if tool.input_schema.get("type") != "object":
            raise DataError(
                f"tool {visible_line(tool.name)!r} announces a bad schema: its arguments are no object"
            )
        if (odd := _odd_part(tool.input_schema)) is not None:
            raise DataError(f"tool {visible_line(tool.name)!r} announces a bad schema: its {odd}")
        self._text += len(str(plain))
        self._names.add(tool.name[:_LONGEST_NAME])
        if len(self._names) > MOST_TOOLS or self._text > MOST_TEXT or len(tool.name) > _LONGEST_NAME:
            raise DataError(f"more tools, or longer ones, are announced than are read ({MOST_TOOLS:,})")
        if isinstance(output := plain.get("outputSchema"), dict):
            self._announced.outputs[tool.name] = output
        return _used(plain)


def _odd_part(schema: dict[str, Any]) -> str | None:
    """What the SDK would refuse the whole list for, though its model of a tool takes it; in words."""
    if not isinstance(schema.get("properties"), dict | None):
        return "properties are no object"
    required = schema.get("required")
    if required is not None and not _are_texts(required):
        return "required is no list of names"
    return None if isinstance(schema.get("$schema"), str | None) else "$schema is no text"


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


def _used(tool: dict[str, Any]) -> dict[str, Any]:
    """A tool without what is not used here: the SDK would check results against any schema, however long."""
    texts = {key: cut_text(tool[key], _LONGEST_TEXT) for key in ("title", "description") if tool.get(key)}
    kept: dict[str, Any] = {key: tool[key] for key in ("name", "inputSchema", "annotations") if key in tool}
    return kept | texts

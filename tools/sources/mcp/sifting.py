"""Taking what is no tool out of a server's announcement, for one bad tool must not cost the others."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCResponse, Tool
from pydantic import ValidationError

from fieldcraft.tools.arguments import complaints

if TYPE_CHECKING:
    from mcp.shared._stream_protocols import ReadStream


class Sifted:
    """A stream of messages in which every tool that is announced is one.

    Args:
        stream: what comes from the server.
        refused: gets the name of each tool that is left out, and why.
    """

    def __init__(self, stream: ReadStream[SessionMessage | Exception], refused: dict[str, str]) -> None:
        self._stream = stream
        self._refused = refused

    async def receive(self) -> SessionMessage | Exception:
        """The next message."""
        return self._sift(await self._stream.receive())

    async def aclose(self) -> None:
        """Close the stream."""
        await self._stream.aclose()

    def __aiter__(self) -> Sifted:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        return self._sift(await self._stream.__anext__())

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

    def _sift(self, message: SessionMessage | Exception) -> SessionMessage | Exception:
        answer = message.message if isinstance(message, SessionMessage) else None
        if isinstance(answer, JSONRPCResponse) and isinstance(tools := answer.result.get("tools"), list):
            answer.result["tools"] = [tool for tool in tools if self._is_tool(tool)]
        return message

    def _is_tool(self, announced: Any) -> bool:
        try:
            tool = Tool.model_validate(announced, by_name=False)
        except ValidationError as error:
            name = announced.get("name") if isinstance(announced, dict) else None
            self._refused[str(name)[:100]] = f"it is announced in no usable way: {complaints(error)}"
            return False
        if tool.input_schema.get("type") != "object":
            self._refused[tool.name] = (
                f"tool {tool.name!r} announces a bad schema: its arguments are no object"
            )
            return False
        return True

"""Messages that tools return: a `ToolMessage`, several, or content blocks alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.langchain.blocks import Part, is_content, parts_of

_PLAIN = (str, int, float, bool, bytes, type(None))


@dataclass(frozen=True)
class Said:
    """What a message says.

    Attributes:
        parts: its texts and files in order.
        artifact: structured data beside them; `None` where there is none.
        failed: whether the message reports that the call failed.
    """

    parts: list[Part]
    artifact: Any = None
    failed: bool = False


def said(name: str, result: Any) -> Said | None:
    """What the result says if it is a message, several, or content blocks; `None` for data.

    Raises:
        ToolError: it is a command to a LangGraph graph, and there is none.
    """
    if isinstance(result, _PLAIN):
        return None
    from langchain_core.messages import BaseMessage
    from langchain_core.messages.tool import ToolOutputMixin

    several = result if isinstance(result, list | tuple) and result else [result]
    if all(isinstance(one, BaseMessage) for one in several):
        return _joined(several)
    for one in several:
        if isinstance(one, ToolOutputMixin) and not isinstance(one, BaseMessage):
            kind = type(one).__name__
            raise ToolError(
                f"{name} gave a {kind} to a LangGraph graph; no graph runs here, so nothing took it"
            )
    return Said(parts_of(result)) if is_content(result) else None


def _joined(messages: Any) -> Said:
    artifacts = [found for one in messages if (found := getattr(one, "artifact", None)) is not None]
    return Said(
        [part for one in messages for part in parts_of(one.content)],
        artifacts[0] if len(artifacts) == 1 else artifacts or None,
        any(getattr(one, "status", None) == "error" for one in messages),
    )

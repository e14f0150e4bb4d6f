"""Send back the content of a turn with tool calls, thinking included, which LangChain's class drops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


class KeepsThinkingBlocks:
    """A mixin for `ChatMistralAI`."""

    def _create_message_dicts(
        self, messages: list[BaseMessage], stop: list[str] | None
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        sent, params = super()._create_message_dicts(messages, stop)  # type: ignore[misc]
        for turn, message in zip(messages, sent, strict=True):
            if "tool_calls" in message and isinstance(turn.content, list):
                message["content"] = turn.content
        return sent, params

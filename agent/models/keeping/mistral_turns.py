"""What LangChain's class for Mistral lacks: thinking that goes back with its turn, and bounded answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fieldcraft.agent.models.bounded_http import response_hooks

if TYPE_CHECKING:
    import httpx
    from langchain_core.messages import BaseMessage


class KeepsThinkingBlocks:
    """A mixin for `ChatMistralAI`: the content of a turn with tool calls is sent back whole."""

    client: httpx.Client

    def __init__(self, **fields: Any) -> None:
        """Make the HTTP client again: with hooks, and trusting the certificates that httpx trusts."""
        import httpx

        super().__init__(**fields)
        made = self.client
        self.client = httpx.Client(
            base_url=made.base_url, headers=made.headers, timeout=made.timeout, event_hooks=response_hooks()
        )
        made.close()

    def _create_message_dicts(
        self, messages: list[BaseMessage], stop: list[str] | None
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        sent, params = super()._create_message_dicts(messages, stop)  # type: ignore[misc]
        for turn, message in zip(messages, sent, strict=True):
            if "tool_calls" in message and isinstance(turn.content, list):
                message["content"] = turn.content
        return sent, params

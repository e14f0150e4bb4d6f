"""Keep a model's `thinking`, which LangChain's class for Ollama drops unless reasoning was asked for.

To ask for it is no way out: models that do not think refuse that. Models that think do so by default.
An answer whose last line never came is a fault of the connection; LangChain's class takes what there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import ChatGenerationChunk

_KEPT = "kept if there is any"


class KeepsThinking:
    """A mixin for `ChatOllama`: thinking in `additional_kwargs["reasoning_content"]`, and back from there."""

    reasoning: bool | str | None

    def _iterate_over_stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        asked = {"reasoning": _KEPT if self.reasoning is None else self.reasoning, **kwargs}
        chunks: Iterator[ChatGenerationChunk] = super()._iterate_over_stream(messages, stop, **asked)  # type: ignore[misc]
        ended = True
        for chunk in chunks:
            ended = bool((chunk.generation_info or {}).get("done"))
            yield chunk
        if not ended:
            raise ConnectionError("the connection ended before the answer did")

    def _chat_params(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        params: dict[str, Any] = super()._chat_params(messages, stop, **kwargs)  # type: ignore[misc]
        return {**params, "think": None} if params["think"] == _KEPT else params

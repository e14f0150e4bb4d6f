"""Anthropic's messages."""

from __future__ import annotations

import json
from typing import Any

from servers.base import Asked, ProtocolServer, Refused, Said


class AnthropicServer(ProtocolServer):
    """Wants thinking blocks back, with their signatures, before the tool use that they led to."""

    name = "anthropic:claude-tiny"

    def read(self, body: dict[str, Any]) -> Asked:
        texts = [_texts(body.get("system", ""))]
        outcomes: list[str] = []
        seen: set[str] = set()
        waiting: list[str] = []
        for index, message in enumerate(body["messages"]):
            content = message["content"]
            blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
            results = [block for block in blocks if block["type"] == "tool_result"]
            if sorted(waiting) != sorted(result["tool_use_id"] for result in results):
                raise Refused(
                    f"messages.{index}: `tool_use` ids were found without `tool_result` blocks, or the other "
                    f"way round: {waiting}"
                )
            outcomes += [_texts(result["content"]) for result in results]
            if any(block["type"] == "text" and not block["text"].strip() for block in blocks):
                raise Refused("messages: text content blocks must be non-empty")
            waiting = [block["id"] for block in blocks if block["type"] == "tool_use"]
            if len({*waiting} | seen) < len(waiting) + len(seen) or not all(waiting):
                raise Refused("messages: `tool_use` ids must be unique")
            seen |= {*waiting}
            if waiting:
                self._check_thinking(index, blocks)
            texts.append(_texts(blocks))
        if waiting:
            raise Refused(f"`tool_use` ids were found without `tool_result` blocks: {waiting}")
        tools = tuple(tool["name"] for tool in body.get("tools", ()))
        return Asked("\n".join(texts), tools, tuple(outcomes), len(self.bodies), body["model"])

    def _check_thinking(self, index: int, blocks: list[dict[str, Any]]) -> None:
        uses = [block for block in blocks if block["type"] == "tool_use"]
        said = self.issued_with([use["name"] for use in uses], [use["input"] for use in uses])
        wanted = [] if said is None else [block for block in _content(said) if _is_thought(block)]
        if [block for block in blocks if _is_thought(block)] != wanted:
            raise Refused(
                f"messages.{index}.content.0.type: Expected `thinking` or `redacted_thinking`, but found "
                f"`{blocks[0]['type']}`."
            )

    def write(self, said: Said, body: dict[str, Any]) -> bytes:
        stop = (
            "tool_use"
            if said.calls
            else {"stop": "end_turn", "length": "max_tokens"}.get(said.finish, said.finish)
        )
        answer = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": _content(said),
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": {"input_tokens": 20, "output_tokens": 5},
        }
        return json.dumps(answer, ensure_ascii=False).encode()

    def error(self, message: str, status: int) -> dict[str, Any]:
        return {"type": "error", "error": {"type": "invalid_request_error", "message": message}}


def _content(said: Said) -> list[dict[str, Any]]:
    if said.content is not None:
        return list(said.content)
    thought = {"type": "thinking", "thinking": said.reasoning, "signature": said.signature}
    return [
        *([thought] if said.reasoning else []),
        *([{"type": "text", "text": said.text}] if said.text else []),
        *(
            {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments, **call.extra}
            for call in said.calls
        ),
    ]


def _is_thought(block: dict[str, Any]) -> bool:
    return block["type"] in ("thinking", "redacted_thinking")


def _texts(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(block["text"] for block in content if block["type"] == "text")

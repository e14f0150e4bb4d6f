"""OpenAI's chat completions, as compatible servers of thinking models have them."""

from __future__ import annotations

import json
from typing import Any

from servers.base import Asked, Call, ProtocolServer, Refused, Said


class OpenAIServer(ProtocolServer):
    """Wants back `extra_content.google.thought_signature` of calls, and the fields named in `wanted`."""

    name = "openai:tiny"

    @property
    def url(self) -> str:
        return f"{super().url}/v1"

    def read(self, body: dict[str, Any]) -> Asked:
        texts, outcomes = [], []
        waiting: list[str] = []
        for index, message in enumerate(body["messages"]):
            if message["role"] == "tool":
                if message["tool_call_id"] not in waiting:
                    raise Refused(
                        f"messages.[{index}]: no preceding tool call with id {message['tool_call_id']!r}"
                    )
                waiting.remove(message["tool_call_id"])
                outcomes.append(message["content"])
                continue
            if waiting:
                raise Refused(
                    "An assistant message with 'tool_calls' must be followed by tool messages responding to "
                    f"each 'tool_call_id'. The following did not have response messages: {waiting}"
                )
            calls = message.get("tool_calls") or []
            if calls:
                self._check_calls(index, message, calls)
                waiting = [call["id"] for call in calls]
            texts.append(_text(message.get("content")))
        if waiting:
            raise Refused(f"tool calls without response messages: {waiting}")
        tools = tuple(tool["function"]["name"] for tool in body.get("tools", ()))
        return Asked("\n".join(texts), tools, tuple(outcomes), len(self.bodies), body["model"])

    def _check_calls(self, index: int, message: dict[str, Any], calls: list[dict[str, Any]]) -> None:
        ids = [call.get("id") for call in calls]
        if not all(ids) or len(set(ids)) < len(ids):
            raise Refused(f"messages.[{index}].tool_calls: ids must be unique and not empty, got {ids}")
        arguments = [json.loads(call["function"]["arguments"]) for call in calls]
        if not all(isinstance(given, dict) for given in arguments):
            raise Refused(f"messages.[{index}].tool_calls: arguments must be an object")
        said = self.issued_with([call["function"]["name"] for call in calls], arguments)
        for number, call in enumerate(calls):
            signature = call.get("extra_content", {}).get("google", {}).get("thought_signature", "")
            if said is None or signature != said.calls[number].signature:
                raise Refused("Function call is missing a thought_signature in functionCall parts.")
        for field in said.wanted if said is not None else ():
            value = said.reasoning if field == "reasoning_content" else said.extra[field]  # type: ignore[union-attr]
            if message.get(field) != value:
                raise Refused(f"Missing `{field}` field in the assistant message at message index {index}.")

    def write(self, said: Said, body: dict[str, Any]) -> bytes:
        message: dict[str, Any] = {
            "role": "assistant",
            "content": said.content if said.content is not None else said.text or None,
            **({"reasoning_content": said.reasoning} if said.reasoning else {}),
            **said.extra,
        }
        if said.calls:
            message["tool_calls"] = [_call(call) for call in said.calls]
        finish = "tool_calls" if said.calls else said.finish
        answer = {
            "id": "chat-1",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
            "usage": {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25},
        }
        return json.dumps(answer, ensure_ascii=False).encode()

    def error(self, message: str, status: int) -> dict[str, Any]:
        return {"error": {"message": message, "type": "invalid_request_error", "code": None}}


def _call(call: Call) -> dict[str, Any]:
    arguments = json.dumps(call.arguments) if call.raw is ... else call.raw
    signed = {"extra_content": {"google": {"thought_signature": call.signature}}} if call.signature else {}
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
        **signed,
        **call.extra,
    }


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(part["text"] for part in content if part["type"] == "text")
    return content or ""

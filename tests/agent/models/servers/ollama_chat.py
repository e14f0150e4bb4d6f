"""Ollama's chat: lines of JSON."""

from __future__ import annotations

import json
from typing import Any

from servers.base import Asked, ProtocolServer, Refused, Said


class OllamaServer(ProtocolServer):
    """Wants a model's `thinking` back with its tool calls, whose arguments are objects."""

    name = "ollama:tiny"
    content_type = "application/x-ndjson"

    def read(self, body: dict[str, Any]) -> Asked:
        texts, outcomes = [], []
        waiting = 0
        for message in body["messages"]:
            if message["role"] == "tool":
                waiting -= 1
                outcomes.append(message["content"])
                continue
            if waiting:
                raise Refused("tool calls and their outcomes do not go together")
            calls = [call["function"] for call in message.get("tool_calls") or []]
            waiting = len(calls)
            if calls:
                self._check_thinking(message, calls)
            texts.append(message.get("content", ""))
        if waiting:
            raise Refused("tool calls without outcomes")
        tools = tuple(tool["function"]["name"] for tool in body.get("tools") or ())
        return Asked("\n".join(texts), tools, tuple(outcomes), len(self.bodies), body["model"])

    def _check_thinking(self, message: dict[str, Any], calls: list[dict[str, Any]]) -> None:
        if not all(isinstance(call["arguments"], dict) for call in calls):
            raise Refused(
                "json: cannot unmarshal string into Go struct field of type ToolCallFunctionArguments"
            )
        said = self.issued_with([call["name"] for call in calls], [call["arguments"] for call in calls])
        if message.get("thinking", "") != ("" if said is None else said.reasoning):
            raise Refused("the thinking of an assistant's message with tool calls is missing")

    def write(self, said: Said, body: dict[str, Any]) -> bytes:
        message: dict[str, Any] = {"role": "assistant", "content": said.content or said.text, **said.extra}
        if said.reasoning:
            message["thinking"] = said.reasoning
        if said.calls:
            message["tool_calls"] = [
                {"function": {"name": call.name, "arguments": call.arguments, **call.extra}}
                for call in said.calls
            ]
        common = {"model": body["model"], "created_at": "2026-01-01T00:00:00Z"}
        end = {
            "message": {"role": "assistant", "content": ""},
            "done": True,
            "done_reason": said.finish,
            "prompt_eval_count": 20,
            "eval_count": 5,
        }
        lines = ({**common, "message": message, "done": False}, {**common, **end})
        return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)

    def error(self, message: str, status: int) -> dict[str, Any]:
        return {"error": message}

"""OpenAI's responses."""

from __future__ import annotations

import json
from typing import Any

from servers.base import Asked, ProtocolServer, Refused, Said


class ResponsesServer(ProtocolServer):
    """Wants the reasoning item back, as it came, before the function calls that it led to."""

    name = "openai:codex-tiny"

    def read(self, body: dict[str, Any]) -> Asked:
        texts: list[str] = []
        outcomes: list[str] = []
        open_calls: list[str] = []
        items = body["input"]
        for number, item in enumerate(items):
            match item.get("type", "message"):
                case "function_call":
                    open_calls.append(item["call_id"])
                    if not item["call_id"] or len({*open_calls}) < len(open_calls):
                        raise Refused("Duplicate item found with id.")
                    json.loads(item["arguments"])
                case "function_call_output":
                    if item["call_id"] not in open_calls:
                        raise Refused(f"No tool call found for function call output {item['call_id']}.")
                    open_calls.remove(item["call_id"])
                    outcomes.append(_text(item["output"]))
                case "reasoning":
                    self._check_follower(items[number + 1 :])
                case _:
                    texts.append(_text(item["content"]))
        if open_calls:
            raise Refused(f"No tool output found for function call {open_calls[0]}.")
        self._check_reasoning(items)
        tools = tuple(tool["name"] for tool in body.get("tools") or ())
        return Asked("\n".join(texts), tools, tuple(outcomes), len(self.bodies), body["model"])

    def _check_follower(self, after: list[dict[str, Any]]) -> None:
        if not after or after[0].get("role", "assistant") != "assistant":
            raise Refused("Item of type 'reasoning' was provided without its required following item.")

    def _check_reasoning(self, items: list[dict[str, Any]]) -> None:
        calls = [item for item in items if item.get("type") == "function_call"]
        said = self.issued_with(
            [call["name"] for call in calls], [json.loads(call["arguments"]) for call in calls]
        )
        wanted = [] if said is None or not said.reasoning else [_reasoning(said)]
        if calls and [item for item in items if item.get("type") == "reasoning"] != wanted:
            raise Refused(
                "Item of type 'function_call' was provided without its required 'reasoning' item: 'rs_1'."
            )

    def write(self, said: Said, body: dict[str, Any]) -> bytes:
        text = {"type": "output_text", "text": said.text, "annotations": []}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed"}
        output = [
            *([_reasoning(said)] if said.reasoning else []),
            *([{**message, "content": [text]}] if said.text else []),
            *(
                {
                    "id": f"fc_{number}",
                    "type": "function_call",
                    "status": "completed",
                    "call_id": call.id,
                    "name": call.name,
                    "arguments": json.dumps(call.arguments) if call.raw is ... else call.raw,
                    **call.extra,
                }
                for number, call in enumerate(said.calls, 1)
            ),
        ]
        cut = said.finish == "length"
        answer = {
            "id": "resp_1",
            "object": "response",
            "created_at": 1,
            "model": body["model"],
            "status": "incomplete" if cut else "completed",
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "output": output,
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "usage": {"input_tokens": 20, "output_tokens": 5, "total_tokens": 25, **said.extra},
        }
        return json.dumps(answer, ensure_ascii=False).encode()

    def error(self, message: str, status: int) -> dict[str, Any]:
        return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}


def _reasoning(said: Said) -> dict[str, Any]:
    return {
        "id": "rs_1",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": said.reasoning}],
        "encrypted_content": said.signature,
    }


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(block.get("text", "")) for block in content)

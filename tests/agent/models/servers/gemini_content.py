"""Gemini's generateContent."""

from __future__ import annotations

import json
from typing import Any

from servers.base import Asked, ProtocolServer, Refused, Said


class GeminiServer(ProtocolServer):
    """Wants the `thoughtSignature` of a function call back in the part that has the call."""

    name = "google_genai:gemini-3-tiny"

    def read(self, body: dict[str, Any]) -> Asked:
        texts = [_texts(body.get("systemInstruction", {"parts": []})["parts"])]
        outcomes: list[str] = []
        waiting: list[str] = []
        for content in body["contents"]:
            parts = content["parts"]
            answered = [part["functionResponse"] for part in parts if "functionResponse" in part]
            if [response["name"] for response in answered] != waiting:
                raise Refused(
                    "Please ensure that the number of function response parts is equal to the number of "
                    "function call parts of the function call turn."
                )
            outcomes += [json.dumps(response["response"]) for response in answered]
            calls = [part for part in parts if "functionCall" in part]
            waiting = [part["functionCall"]["name"] for part in calls]
            if calls:
                self._check_signatures(calls)
            texts.append(_texts(parts))
        if waiting:
            raise Refused("Please ensure that function call turn comes with its function response turn.")
        tools = tuple(
            function["name"] for tool in body.get("tools", ()) for function in tool["functionDeclarations"]
        )
        return Asked("\n".join(texts), tools, tuple(outcomes), len(self.bodies), body["model"])

    def _check_signatures(self, parts: list[dict[str, Any]]) -> None:
        calls = [part["functionCall"] for part in parts]
        said = self.issued_with([call["name"] for call in calls], [call.get("args", {}) for call in calls])
        for number, part in enumerate(parts):
            wanted = "" if said is None else said.calls[number].signature
            if part.get("thoughtSignature", "") != wanted:
                raise Refused(
                    "Function call is missing a thought_signature in functionCall parts. This is required "
                    f"for tools to work correctly. Function call `{part['functionCall']['name']}`."
                )

    def write(self, said: Said, body: dict[str, Any]) -> bytes:
        answer = {
            "candidates": [
                {
                    "content": {"role": "model", "parts": _parts(said)},
                    "finishReason": {"stop": "STOP", "length": "MAX_TOKENS"}.get(said.finish, said.finish),
                    "index": 0,
                }
            ],
            "usageMetadata": {"promptTokenCount": 20, "candidatesTokenCount": 5, "totalTokenCount": 25},
            "modelVersion": "gemini-3-tiny",
        }
        return json.dumps(answer, ensure_ascii=False).encode()

    def error(self, message: str, status: int) -> dict[str, Any]:
        return {"error": {"code": status, "message": message, "status": "INVALID_ARGUMENT"}}


def _parts(said: Said) -> list[dict[str, Any]]:
    if said.content is not None:
        return list(said.content)
    signed = {"thoughtSignature": said.signature} if said.signature else {}
    return [
        *([{"text": said.reasoning, "thought": True, **signed}] if said.reasoning else []),
        *([{"text": said.text}] if said.text else []),
        *(
            {
                "functionCall": {"name": call.name, "args": call.arguments, **call.extra},
                **({"thoughtSignature": call.signature} if call.signature else {}),
            }
            for call in said.calls
        ),
    ]


def _texts(parts: list[dict[str, Any]]) -> str:
    return "\n".join(part["text"] for part in parts if "text" in part and not part.get("thought"))

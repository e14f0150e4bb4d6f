"""Answers of servers that speak the protocols of Anthropic, Gemini and Ollama."""

from __future__ import annotations

import json

from openai_server import Reply, sends


def anthropic_says(text: str, *, stop: str = "end_turn") -> Reply:
    """A message of Anthropic's API."""
    body = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "tiny",
        "content": [{"type": "text", "text": text}],
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": 11, "output_tokens": 3},
    }
    return sends(200, json.dumps(body).encode())


def gemini_says(text: str, *, finish: str = "STOP") -> Reply:
    """A candidate of Gemini's API."""
    body = {
        "candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": finish}],
        "usageMetadata": {"promptTokenCount": 11, "candidatesTokenCount": 3, "totalTokenCount": 14},
    }
    return sends(200, json.dumps(body).encode())


def ollama_says(text: str, *, done: str = "stop") -> Reply:
    """The last line of a stream of Ollama's API."""
    body = {
        "model": "tiny",
        "created_at": "2026-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": text},
        "done": True,
        "done_reason": done,
        "prompt_eval_count": 11,
        "eval_count": 3,
    }
    return sends(200, json.dumps(body).encode() + b"\n")

"""Answers in the protocol of each provider whose package is installed, and clients for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from openai_server import Reply, sends

from fieldcraft.agent.models import ModelClient, ModelSettings, provider_list

ABSENT: Any = ...
Written = Callable[[str, Any], dict[str, Any]]


def _anthropic(text: str, usage: Any) -> dict[str, Any]:
    said = {"content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": None}
    return {"id": "m", "type": "message", "role": "assistant", "model": "tiny", **said} | _named(
        "usage", usage
    )


def _gemini(text: str, usage: Any) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP"}
    return {"candidates": [candidate]} | _named("usageMetadata", usage)


def _openai(text: str, usage: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    head = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
    return {**head, "choices": [choice]} | _named("usage", usage)


def _ollama(text: str, usage: Any) -> dict[str, Any]:
    said = {"message": {"role": "assistant", "content": text}, "done": True, "done_reason": "stop"}
    counts = usage if isinstance(usage, dict) else {}
    return {"model": "tiny", "created_at": "2026-01-01T00:00:00Z", **said} | counts


def _named(name: str, usage: Any) -> dict[str, Any]:
    return {} if usage is ABSENT else {name: usage}


_LIKE_OPENAI = ("prompt_tokens", "completion_tokens")
_PROVIDERS: dict[str, tuple[Written, tuple[str, str]]] = {
    "anthropic": (_anthropic, ("input_tokens", "output_tokens")),
    "google_genai": (_gemini, ("promptTokenCount", "candidatesTokenCount")),
    "ollama": (_ollama, ("prompt_eval_count", "eval_count")),
    "mistralai": (_openai, _LIKE_OPENAI),
    "groq": (_openai, _LIKE_OPENAI),
    "xai": (_openai, _LIKE_OPENAI),
    "deepseek": (_openai, _LIKE_OPENAI),
    "openai": (_openai, _LIKE_OPENAI),
}
PROVIDERS = tuple(_PROVIDERS)


def counts(provider: str, read: Any, written: Any) -> dict[str, Any]:
    """A report of tokens in the provider's words; a count that is `ABSENT` is not in it."""
    named = zip(_PROVIDERS[provider][1], (read, written), strict=True)
    return {name: count for name, count in named if count is not ABSENT}


def body_of(provider: str, text: str, usage: Any = ABSENT) -> bytes:
    """An answer with this text and this in the place of its report of tokens."""
    return json.dumps(_PROVIDERS[provider][0](text, usage)).encode()


def answers(provider: str, text: str, usage: Any = ABSENT) -> Reply:
    """The same as a server's reply."""
    return sends(200, body_of(provider, text, usage))


def client_for(provider: str, url: str, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> ModelClient:
    """A client of the provider's own class, for a server at `url` (that of a `ChatServer`)."""
    for key in provider_list.PROVIDERS[provider].keys:
        monkeypatch.setenv(key, "loopback-0123456789-0123456789")
    quick = {"timeout": 30.0, "retries": 0, "backoff": 0.01, "base_url": url.removesuffix("/v1")}
    if provider in ("mistralai", "xai", "deepseek", "openai"):
        quick["base_url"] = url
    return ModelClient(f"{provider}:tiny", ModelSettings.model_validate(quick | settings))

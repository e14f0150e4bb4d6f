"""Answers that a model or its provider refuses to give: recognized, and never asked for again as if empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from fieldcraft.common.secrets.redaction import redact
from fieldcraft.common.text import visible_line

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

_LONGEST = 300
_FILTERS = frozenset(
    {
        "blocked",
        "blocklist",
        "content_filter",
        "content_filtered",
        "guardrail_intervened",
        "image_safety",
        "language",
        "model_armor",
        "prohibited_content",
        "recitation",
        "refusal",
        "safety",
        "sensitive",
        "spii",
    }
)
"""Reasons to end an answer, of OpenAI, Azure, Anthropic, Google, Amazon, Mistral, Zhipu and their like."""
_FILTERED_REQUESTS = ("content_filter", "content_policy_violation", "responsibleaipolicyviolation")
"""What an error of HTTP 400 has in it where a filter stopped the prompt (Azure and others)."""


def refusal_of(reply: AIMessage) -> str:
    """Why there is no answer: the model's words, or which filter of the provider withheld it; else empty."""
    said = reply.additional_kwargs.get("refusal") or next(_refusing_blocks(reply.content), "")
    reason = _filter(reply.response_metadata)
    if isinstance(said, str) and said.strip():
        return visible_line(said, _LONGEST)
    if not reason:
        return ""
    if reason == "refusal":
        return visible_line(reply.text, _LONGEST) or "the model declined to answer (refusal)"
    return f"the provider's filter withheld the answer ({visible_line(reason, 60)})"


def refusal_of_request(error: BaseException) -> str:
    """Which filter stopped the prompt, where an error of a provider's package says so; else empty."""
    said = f"{getattr(error, 'code', '')} {error}"
    if getattr(error, "status_code", None) not in (400, 403, 422):
        return ""
    if not any(sign in said.lower().replace(" ", "") for sign in _FILTERED_REQUESTS):
        return ""
    return visible_line(f"the provider's filter stopped the prompt: {redact(str(error))}", _LONGEST)


def _refusing_blocks(content: str | list[str | dict[str, Any]]) -> Iterator[str]:
    blocks = content if isinstance(content, list) else []
    for block in blocks:
        if isinstance(block, dict) and block.get("type") == "refusal":
            yield str(block.get("refusal") or block.get("text") or "")


def _filter(said: Mapping[str, Any]) -> str:
    """The name of the filter that ended the answer, or that let no answer begin."""
    feedback = said.get("prompt_feedback")
    reasons = [said.get(key) for key in ("finish_reason", "stop_reason", "done_reason", "stopReason")]
    if isinstance(feedback, Mapping):
        reasons.append(feedback.get("block_reason"))
    names = (str(getattr(reason, "name", reason)).lower() for reason in reasons if reason)
    return next((name for name in names if name in _FILTERS), "")

"""How an answer ended: whole, cut at a limit, or refused by the model or a filter of its provider.

A refused or cut answer is an answer: it is never asked for again as an empty one would be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from fieldcraft.agent.models.failures.error_parts import status_of, words_of
from fieldcraft.agent.models.failures.filtered import is_filtered
from fieldcraft.common.secrets.redaction import redact
from fieldcraft.common.text import visible_line

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

_LONGEST = 300
_LONGEST_EXCUSE = 1_000
_EXCUSE = re.compile(
    r"\W{0,4}(?:(?:I\Wm|I am|we are)\s(?:(?:very|so|really)\s)?(?:sorry|afraid)|(?:sorry|apologies)\b"
    r"|I apologi[sz]e|unfortunately,?\sI|as an AI\b|(?:I\Wm|I am)\s(?:not able|unable)\sto|I must decline"
    r"|I (?:can\Wt|cannot|can not|won\Wt|will not|must refuse to)\s(?:\w+\s)?(?:assist|help|comply|fulfil"
    r"|provide|do that|continue|engage|participate|support|write|create|generate|answer)"
    r"|抱歉|对不起|我无法|我不能|je suis désolé|lo siento|es tut mir leid)",
    re.IGNORECASE,
)
_REASONS = ("finish_reason", "stop_reason", "done_reason", "stopReason")
_CUT = frozenset(
    {
        "length",
        "max_tokens",
        "max_output_tokens",
        "model_context_window_exceeded",
        "model_length",
        "pause_turn",
    }
)
"""Reasons to end an answer before it was whole; `pause_turn` is Anthropic's for one that may go on."""
_BROKEN = frozenset(
    {
        "abort",
        "aborted",
        "canceled",
        "cancelled",
        "error",
        "insufficient_system_resource",
        "internal_error",
        "network_error",
        "server_error",
        "timeout",
    }
)
"""Reasons of a fault on the provider's side: of OpenRouter, DeepSeek, Zhipu, vLLM, SGLang and their like."""
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


def is_truncated(reply: AIMessage) -> bool:
    """Whether the answer was cut at a limit of the model."""
    return any(reason in _CUT for reason in _reasons(reply.response_metadata))


def broken_off_by(reply: AIMessage) -> str:
    """The provider's word for a fault of its own that ended the answer too early; else empty."""
    return next((reason for reason in _reasons(reply.response_metadata) if reason in _BROKEN), "")


def was_ended_by(reply: AIMessage) -> str:
    """The provider's first word on why the answer ended, in lower case; empty where it says nothing."""
    return next(_reasons(reply.response_metadata), "")


def refusal_of(reply: AIMessage) -> str:
    """Why there is no answer: the model's words, or which filter of the provider withheld it; else empty."""
    said = reply.additional_kwargs.get("refusal") or next(_refusing_blocks(reply.content), "")
    if isinstance(said, str) and said.strip():
        return visible_line(said, _LONGEST)
    said_so = (reason for reason in _reasons(reply.response_metadata) if reason in _FILTERS)
    reason = next(said_so, "") or _block_of_prompt(reply.response_metadata)
    if reason == "refusal":
        return visible_line(reply.text, _LONGEST) or "the model declined to answer (refusal)"
    return f"the provider's filter withheld the answer ({reason})" if reason else ""


def refusal_in_words(text: str) -> str:
    """A model's words where they are nothing but a refusal, for an answer that was to be code or JSON."""
    if len(text) > _LONGEST_EXCUSE or any(sign in text for sign in ("```", "~~~", "{", "GIVE UP:")):
        return ""
    return visible_line(text, _LONGEST) if _EXCUSE.match(text) else ""


def refusal_of_request(error: BaseException) -> str:
    """Which filter stopped the prompt, where an error of a provider's package says so; else empty."""
    if not is_filtered(f"{getattr(error, 'code', '')} {words_of(error)}", status_of(error)):
        return ""
    return visible_line(f"the provider's filter stopped the prompt: {redact(str(error))}", _LONGEST)


def _block_of_prompt(said: Mapping[str, Any]) -> str:
    """Why Google blocked a prompt, whatever the reason is called."""
    feedback = said.get("prompt_feedback")
    reason = feedback.get("block_reason") if isinstance(feedback, Mapping) else None
    word = str(getattr(reason, "name", reason) or "").lower()
    return "" if word.endswith("unspecified") else word


def _refusing_blocks(content: str | list[str | dict[str, Any]]) -> Iterator[str]:
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict) and block.get("type") == "refusal":
            yield str(block.get("refusal") or block.get("text") or "")


def _reasons(said: Mapping[str, Any]) -> Iterator[str]:
    """Why the answer ended, or why none began, in lower case: the places where providers say it."""
    found = [said.get(key) for key in _REASONS]
    for place, key in (("incomplete_details", "reason"), ("prompt_feedback", "block_reason")):
        inner = said.get(place)
        found.append(inner.get(key) if isinstance(inner, Mapping) else None)
    for reason in found:
        if reason:
            yield str(getattr(reason, "name", reason)).lower()

"""A filter of the provider is known by its code or words, and no other refusal is taken for one."""

from __future__ import annotations

import pytest

from fieldcraft.agent.models.failures.filtered import is_filtered

FILTERED = [
    "content_filter The response was filtered due to the prompt triggering the content management policy.",
    "Invalid prompt: your prompt was flagged as potentially violating our usage policy.",
    "Your request was rejected by the safety system.",
    "Content Exists Risk",
    "<400> InternalError.Algo.DataInspectionFailed: Input text data may contain inappropriate content.",
    "Input data may contain inappropriate content.",
    'x/y requires moderation on Z. Your input was flagged for "violence"',
    "Output blocked by content filtering policy",
    "The request was blocked due to safety",
    "Prompt blocked: PROHIBITED_CONTENT",
    "系统检测到输入或生成内容可能包含不安全或敏感内容。",
    "System detected potentially unsafe or sensitive content in input or generation.",
    "The request was rejected because it was considered high risk",
    "invalid params, input new_sensitive (1026)",
    "SensitiveContentDetected The request failed because the input text may contain sensitive information.",
    "InputTextRiskDetection",
    "the content of message is unsafe",
    "This request has been blocked by our content filters.",
    "The content was blocked by guardrail",
    "NSFW content detected",
    "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO",
    "Sorry, the response matched public code so it was blocked.",
    "your request failed a safety check",
    "Prompt was detected as a jailbreak attempt",
    "litellm.ContentPolicyViolationError: no",
    "Blocked by Model Armor Floor Setting",
    "10013: input content audit fails",
]
OTHERS = [
    "temperature must be 1",
    "The model does not allow content of type image",
    "Your IP address is blocked",
    "Your account has been blocked for violating our usage policy",
    "Sorry, you have been blocked. You are unable to access this site",
    "Model access is blocked by your organization's policy",
    "messages: text content blocks must be non-empty",
    'Unknown name "safety_settings": Cannot find field.',
    "Unsupported parameter: safety_identifier",
    "content_filter_results is not a valid parameter",
    "No endpoints found matching your data policy",
    "Request blocked by WAF",
    "The names of content types in a request are case-sensitive",
]


@pytest.mark.parametrize("words", FILTERED)
def test_a_filter_is_known_by_its_words(words: str) -> None:
    assert is_filtered(words, 400)


@pytest.mark.parametrize("words", OTHERS)
def test_another_refusal_is_no_filter(words: str) -> None:
    assert not is_filtered(words, 400)


@pytest.mark.parametrize("status", [None, 401, 404, 429, 500])
def test_other_statuses_are_about_something_else(status: int | None) -> None:
    assert not is_filtered("Content Exists Risk", status)

"""Tell an error by which a filter of the provider stopped a prompt from one about the request's form.

Hardly two providers use the same code or words for it: Azure, OpenAI, Anthropic, Google, Amazon, DeepSeek,
Alibaba, Zhipu, MiniMax, Volcengine, xAI, OpenRouter, LiteLLM and others.
"""

from __future__ import annotations

import re

_STATUSES = frozenset({400, 403, 422, 451})
_CODES = (
    "blockedbycontentfiltering",
    "content_filter",
    "content_policy_violation",
    "content_violation",
    "contentexistsrisk",
    "contentpolicyviolation",
    "contentviolat",
    "data_inspection_failed",
    "datainspectionfailed",
    "flagged_input",
    "model_armor",
    "moderation_blocked",
    "new_sensitive",
    "prohibited_content",
    "responsibleaipolicyviolation",
    "riskdetect",
    "safety_check",
    "sensitivecontentdetected",
)
"""What an error holds, in lower case and without blanks."""
_WHAT = r"(?:prompt|inputs?|outputs?|content|data|text|request|response|messages?|generation)"
_JUDGED = (
    r"(?:inappropriate|(?<!case.)sensitive|unsafe|offensive|harmful|nsfw|jailbreak|high.risk|risk detection"
    r"|prompt.injection|moderation|public code|flagged)"
)
_FILTER = (
    r"(?:safety|guardrails?|moderation|content (?:management|filter\w*|polic\w+|audit\w*|review)|model armor"
    r"|prompt shield)"
)
_STOPPED = (
    r"(?:block(?:ed|s)?|reject(?:ed|s)?|filtered|withheld|flagged|stopped|trigger(?:ed|ing)|fail(?:ed|s)?)"
)
_WORDS = re.compile(
    rf"\b{_WHAT}\b[^.\n]{{0,80}}\b{_JUDGED}\b"
    rf"|\b{_JUDGED}\b[^.\n]{{0,40}}\b(?:content|detected|prompt|input|output)\b"
    rf"|\b{_STOPPED}\b[^.\n]{{0,60}}\b{_FILTER}\b"
    rf"|\b{_FILTER}\b[^.\n]{{0,60}}\b{_STOPPED}\b"
    rf"|\b{_WHAT}\b[^.\n]{{0,60}}\bviolat\w+\b[^.\n]{{0,40}}\b(?:polic|guideline|terms)"
    r"|敏感|不安全|违规|内容安全|安全审核",
    re.IGNORECASE,
)
_ABOUT_SOMETHING_ELSE = re.compile(
    r"\b(?:account|ip|organi[sz]ation|key|user|you) (?:\w+ ){0,3}(?:been )?"
    r"(?:blocked|banned|suspended|disabled|deactivated|flagged)"
    r"|(?:unknown|unsupported|unrecogni[sz]ed|invalid|not a valid|unexpected) (?:request )?"
    r"(?:name|parameter|field|argument|key)|extra (?:inputs|fields)|data policy",
    re.IGNORECASE,
)
_LONGEST = 4_000


def is_filtered(words: str, status: int | None) -> bool:
    """Whether an error says that a filter stopped the prompt.

    Args:
        words: of the error, with its code.
        status: of HTTP.
    """
    words = words[:_LONGEST]
    if status not in _STATUSES or _ABOUT_SOMETHING_ELSE.search(words):
        return False
    squeezed = "".join(words.lower().split())
    return any(code in squeezed for code in _CODES) or _WORDS.search(words) is not None

"""Recognise a refusal because the prompt is too long, in the words of each kind of server."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LONGEST = 4_000
"""The most characters of an error that are looked through."""
_LEAST, _MOST = 256, 100_000_000
"""Numbers of tokens outside of these are not believed."""

_NUMBER = r"[\[(~ ]{0,2}(?P<%s>\d[\d,_]{0,12})"
_SIGNS = re.compile(
    r"context_length_exceeded|exceed_context_size|model_max_prompt_tokens_exceeded|string_above_max_length"
    r"|ContextWindowExceeded|\bmax_(?:seq_len|model_len|total_tokens)\b|\bn_ctx\b|maximum KV size"
    r"|context shift is disabled"
    r"|\breduce the (?:length|number|size) of (?:the |your )?(?:input|messages|prompt)"
    r"|\b(?:context|prompt|sequence|model|token) (?:length|window|size|limit|tokens?)\b"
    r"|\b(?:prompt|input|request|messages?|conversation|inputs)\b[^.\n]{0,60}"
    r"\b(?:too (?:long|large)|exceed(?:s|ed)?|longer than|larger than)\b"
    r"|\b(?:input|prompt|message) tokens?\b[^.\n]{0,40}\b(?:too many|exceed(?:s|ed)?|limit)\b"
    r"|\b(?:prompt|inputs?)\b[^.\n]{0,40}\bmaximum allowed\b"
    r"|\btoo many (?:input |prompt )?tokens\b|\brange of input length\b|\binput token count\b"
    r"|\bexceed max message tokens\b|\bsize limit exceeded by \d+ tokens\b|expected maxLength"
    r"|`inputs` (?:tokens|must have less than)|max_tokens must be at least 1, got -"
    r"|messages\[\d+\]\.content'?: string too long"
    r"|(?:输入|上下文|prompt|tokens?)[^。\n]{0,20}(?:超长|超限|超过|过长|超出)",
    re.IGNORECASE,
)
_TOO_MUCH = re.compile(
    r"exceed|too (?:long|large|many)|longer than|larger than|greater than|less than|maximum|maxLength|limit"
    r"|overflow|reached|only|must be <=|range of|not enough|reduce|disabled|>=|got -|超|过长",
    re.IGNORECASE,
)
_LENGTH = re.compile(r"token|context|length|too long|too large|n_ctx|KV size|超|过长", re.IGNORECASE)
_NOT_THE_PROMPT = re.compile(
    r"at most [\d,]+ (?:completion|output) tokens|invalid '?tools|array too long|rate.limit|timed out"
    r"|maximum tokens you requested",
    re.IGNORECASE,
)
_OF_A_TIME = re.compile(
    r"\bper[ _-]?(?:sec|min|hour|day|week|month)|\bTP[MD]\b|tokens?.(?:quota|usage)|quota.exceeded"
    r"|\bwait before\b",
    re.IGNORECASE,
)
"""Words of a limit of tokens in a time, which a shorter prompt only meets later."""
_LIMITS = tuple(
    re.compile(pattern % ((_NUMBER % "limit",) * pattern.count("%s")), re.IGNORECASE)
    for pattern in (
        r"(?:max(?:imum)?|available|model'?s|supported|total) (?:\w+ )?(?:context|prompt|sequence|model"
        r"|input)(?: (?:length|size|window|limit))?(?: of this model)?(?: is| of| \(|:)%s",
        r">%s maximum",
        r"context limit: [\d,]+ \+ [\d,]+ >%s",
        r"tokens allowed(?: of|:)?%s",
        r"supports? (?:up to|at most|only)%s",
        r"tokens per min(?:ute)? \(TPM\): limit%s",
        r"too large for model with%s maximum",
        r"limit for this model is%s",
        r"(?:must have less than|only supports up to|maximum allowed is|cannot exceed|ctx limit:?"
        r"|model maximum of|model'?s maximum|max_(?:seq|model)_len:?|maximum input length(?: of)?"
        r"|exceeds? (?:the )?limit(?: of)?|max input tokens:|n_ctx \(|maxLength:)%s",
        r"(?:context|prompt|token|model) (?:length|window|size|limit|token limit)(?: of)?(?: only)?"
        r"(?::| is| of)?%s",
        r"'?n_ctx'?\"?\s*[:=]%s",
        r"must be <=%s",
        r"while limit is%s",
        r"exceeds? the (?:\w+ ){0,2}limit(?: of)?%s",
        r"range of input length should be \[\d+,%s",
        r"longer than the (?:[\w']+ ){0,3}(?:length|size)(?: of)?%s",
    )
)
_ASKED = tuple(
    re.compile(pattern % (_NUMBER % "asked"), re.IGNORECASE)
    for pattern in (
        r"prompt is too long:%s",
        r"context limit:%s",
        r"resulted in%s",
        r"(?:prompt|request|input|messages?|you) (?:has|have|had|contains?|requested)"
        r"(?: at least| about| a total of)?%s",
        r"prompt contains at least%s",
        r"(?:input|prompt) token count (?:of|is)?%s",
        r"requested:?%s",
        r"requested tokens%s",
        r"'?n_prompt_tokens'?\"?\s*[:=]%s",
        r"(?:request|prompt|input) \((?:length |the )?%s",
        r"current length is%s",
        r"(?<!maximum )(?<!max )(?:prompt|input|sequence) length%s",
        r"given:%s",
        r"first%s tokens",
    )
)


@dataclass(frozen=True)
class TooLong:
    """What a refusal says: how many tokens there may be, and how many there were; `None` where unsaid."""

    limit: int | None
    asked: int | None


def too_long(words: str, status: int | None) -> TooLong | None:
    """Read a refusal.

    Args:
        words: of the error, with its code.
        status: of HTTP, where there is one.

    Returns:
        `None` where the length of the prompt is not the reason. A limit of tokens a minute is one where the
        request could never keep to it.
    """
    words = " ".join(words[:_LONGEST].split())
    if _NOT_THE_PROMPT.search(words) and "context_length" not in words and "Request too large" not in words:
        return None
    limit, asked = _first(_LIMITS, "limit", words), _first(_ASKED, "asked", words)
    if _OF_A_TIME.search(words) and (limit is None or asked is None or asked <= limit):
        return None
    said = all(pattern.search(words) for pattern in (_SIGNS, _TOO_MUCH, _LENGTH))
    if not said and status != 413:
        return None
    return TooLong(limit, asked)


def _first(patterns: tuple[re.Pattern[str], ...], name: str, words: str) -> int | None:
    for pattern in patterns:
        for found in pattern.finditer(words):
            number = int(found[name].replace(",", "").replace("_", ""))
            if _LEAST <= number <= _MOST:
                return number
    return None

"""A refusal for the length of a prompt is known by its words, and no other is taken for it."""

from __future__ import annotations

import pytest

from fieldcraft.agent.models.windows.too_long import TooLong, too_long

OPENAI = "This model's maximum context length is 8192 tokens. However, "
REFUSALS = [
    (f"{OPENAI}your messages resulted in 9000 tokens.", 8192, 9000),
    (f"{OPENAI}you requested 9000 tokens (8000 in the messages, 1000 in the completion).", 8192, 9000),
    (
        f"{OPENAI}you requested 200 output tokens and your prompt contains at least 8000 input tokens, for a "
        "total of at least 8200 tokens.",
        8192,
        8000,
    ),
    (
        "'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's maximum context length is "
        "8192 tokens and your request has 6000 input tokens (5000 > 8192 - 6000).",
        8192,
        6000,
    ),
    ("The decoder prompt (length 9000) is longer than the maximum model length of 8192.", 8192, 9000),
    ("prompt is too long: 214517 tokens > 200000 maximum", 200000, 214517),
    (
        "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length",
        200000,
        190000,
    ),
    (
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        1048576,
        1200000,
    ),
    ("the request exceeds the available context size. try increasing the context size", None, None),
    ("request (9000 tokens) exceeds the available context size (8192 tokens)", 8192, 9000),
    ("{'type': 'exceed_context_size_error', 'n_prompt_tokens': 9000, 'n_ctx': 8192}", 8192, 9000),
    (
        "Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded with "
        "context length of only 4096 tokens, which is not enough.",
        4096,
        9000,
    ),
    (
        "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum "
        "context length",
        32768,
        40000,
    ),
    (
        "too many tokens: size limit exceeded by 300 tokens. The limit for this model is 4096 tokens.",
        4096,
        None,
    ),
    (
        "`inputs` tokens + `max_new_tokens` must be <= 4097. Given: 5000 `inputs` tokens and 512 "
        "`max_new_tokens`",
        4097,
        5000,
    ),
    (
        "This model's maximum prompt length is 131072 but the request contains 200000 tokens.",
        131072,
        200000,
    ),
    ("Input is too long for requested model.", None, None),
    ("Your input exceeds the context window of this model.", None, None),
    ("Current length is 9000 while limit is 8192 context_length_exceeded", 8192, 9000),
    ("The input (9000 tokens) is longer than the model's context length (8192 tokens).", 8192, 9000),
    ("Your request exceeded model token limit: 8192 (requested: 9000)", 8192, 9000),
    (
        "Request too large for model `x` in organization `o` on tokens per minute (TPM): Limit 6000, "
        "Requested 7000, please reduce your message size and try again.",
        6000,
        7000,
    ),
    ("Request too large for gpt-4 on tokens per min (TPM): Limit 10,000, Requested 12,000.", 10000, 12000),
    ("Please reduce the length of the messages or completion.", None, None),
    ("`inputs` must have less than 1024 tokens. Given: 2000", 1024, 2000),
    ("max_tokens must be at least 1, got -100.", None, None),
    ("context shift is disabled", None, None),
    ("Cannot truncate prompt with n_keep (5000) >= n_ctx (4096)", 4096, None),
    ("Malformed input request: expected maxLength: 40960, actual: 50000, please reformat", 40960, None),
    ("the input token count is 40000 but model only supports up to 32768.", 32768, 40000),
    ("input token is too many", None, None),
    ("Total tokens of image and text exceed max message tokens.", None, None),
    ("Current length is 9000 while limit is 8192; reduce the length of the messages", 8192, 9000),
    ("litellm.ContextWindowExceededError: too much, limit 4096", None, None),
    ("Prompt is longer than the maximum KV size", None, None),
    ("Prompt length 9000 is greater than max_seq_len 8192", 8192, 9000),
    ("prompt length 9000 exceeds maximum input length 8192", 8192, 9000),
    ("Prompt has 9000 tokens and the maximum allowed is 8192", 8192, 9000),
    ("The input length 9000 exceeds the model's maximum 8192", 8192, 9000),
    ("Invalid 'messages[1].content': string too long.", None, None),
    ("输入长度超限", None, None),
]
OTHERS = [
    "Rate limit reached for gpt-4 on tokens per min (TPM): Limit 10000, Used 9000, Requested 2000.",
    "max_tokens is too large: 5000. This model supports at most 4096 completion tokens.",
    "Unsupported parameter: 'max_tokens' is not supported here. Use 'max_completion_tokens' instead.",
    "Invalid 'tools[0].function.description': string too long. Expected a string with maximum length 1024",
    "Invalid 'tools': array too long. Expected an array with maximum length 128",
    "Too many tokens per day, please wait before trying again.",
    "Tokens per day limit exceeded - too many tokens processed. token_quota_exceeded",
    "You have used too many tokens; wait before retrying",
    "Invalid 'messages': array too long. Expected an array with maximum length 2048",
    "The maximum tokens you requested exceeds the model limit of 4096.",
    "Number of request tokens has exceeded your per-minute rate limit",
    "The request exceeds the limit of 5 images",
    "Request timed out: exceeded 60 s",
    "tool calls without results: ['c1']",
    "Incorrect API key provided",
]


@pytest.mark.parametrize(("words", "limit", "asked"), REFUSALS)
def test_a_refusal_for_length_is_read(words: str, limit: int | None, asked: int | None) -> None:
    assert too_long(words, 400) == TooLong(limit, asked)


@pytest.mark.parametrize("words", OTHERS)
def test_another_refusal_is_not_taken_for_one(words: str) -> None:
    assert too_long(words, 400) is None


def test_a_body_that_a_proxy_will_not_take_is_too_long_without_words() -> None:
    assert too_long("<html>413 Request Entity Too Large</html>", 413) == TooLong(None, None)


@pytest.mark.parametrize("number", ["0", "12", "9" * 30])
def test_a_limit_that_cannot_be_is_not_believed(number: str) -> None:
    assert too_long(
        f"This model's maximum context length is {number} tokens, the prompt exceeds it", 400
    ) == (TooLong(None, None))


def test_a_long_refusal_is_read_in_little_time() -> None:
    assert too_long("input " * 400_000, 400) is None
    assert too_long("context length " + "9" * 1_000_000, 400) is None

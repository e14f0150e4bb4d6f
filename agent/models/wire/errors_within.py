"""Errors sent with HTTP 200 in the place of an answer, and the status that would be right for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fieldcraft.agent.models.failures.error_parts import as_status
from fieldcraft.agent.models.failures.rationing import speaks_of_limits

_ANSWERS = ("choices", "content", "candidates", "output")
_UNKNOWN = 500
_STATUSES: Mapping[str, int] = {
    "invalid_request_error": 400,
    "context_length_exceeded": 400,
    "content_filter": 400,
    "content_policy_violation": 400,
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "UNAUTHENTICATED": 401,
    "billing_error": 402,
    "permission_error": 403,
    "PERMISSION_DENIED": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "NOT_FOUND": 404,
    "request_too_large": 413,
    "insufficient_quota": 429,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "RESOURCE_EXHAUSTED": 429,
    "api_error": 500,
    "server_error": 500,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "timeout_error": 504,
    "DEADLINE_EXCEEDED": 504,
    "overloaded_error": 529,
}
"""Of Anthropic, Google and OpenAI, in their own words."""


def status_within(answer: Mapping[str, Any]) -> int | None:
    """The HTTP status that an error has within; `None` where there is an answer, or no error."""
    if any(answer.get(place) for place in _ANSWERS):
        return None
    error = answer.get("error")
    if not error and "error" in (answer.get("type"), answer.get("object")):
        error = answer
    if not error:
        return None
    if isinstance(error, Mapping):
        named = [error.get(key) for key in ("code", "status", "type")]
        found = (
            as_status(value) or _STATUSES.get(value if isinstance(value, str) else "") for value in named
        )
        status = next(filter(None, found), None)
        if status is not None:
            return status
    return 429 if speaks_of_limits(_words(error)) else _UNKNOWN


def _words(error: Any) -> str:
    try:
        return json.dumps(error)
    except RecursionError:
        return ""

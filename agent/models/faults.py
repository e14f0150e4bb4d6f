"""Distinguish transient faults from refusals, for the exceptions of all providers' packages.

Providers raise their own classes; importing each package to name them would make every run pay for all.
What they share is enough: an HTTP status, the response's headers, and the names of the classes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from fieldcraft.agent.models.errors import ModelError, ModelRefused, PromptTooLong
from fieldcraft.agent.models.provider_list import PROVIDERS
from fieldcraft.agent.models.providers import provider_of
from fieldcraft.agent.models.windows.too_long import too_long
from fieldcraft.agent.redact import redact

_LONGEST = 500
_PASSING = frozenset({408, 409, 425, 429})
_SPENT = ("insufficient_quota", "billing_hard_limit_reached", "credit balance is too low")
_CURES = {
    401: "the key was not accepted; check {key}",
    402: "the account has no credit left; top it up",
    403: "the key may not use this model; check {key} and the account's rights",
    404: "no such model there; check the model's name and the base URL",
}


class PassingFault(Exception):
    """An attempt without a usable answer, after which a retry may succeed.

    Attributes:
        retry_after: the seconds to wait that the server requested, or `None`.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def judge_fault(error: Exception, *, name: str, timeout: float) -> ModelError | PassingFault:
    """Classify an exception of a provider's package.

    Returns:
        `PromptTooLong` for a prompt over the model's window, in the words of any server, `ModelRefused` for
        another permanent refusal, the error itself if it is one of Fieldcraft's, else a
        `PassingFault`: rate limits, outages, connection faults, and unreadable answers.
    """
    known = error if isinstance(error, ModelError) else _prompt_too_long(error, name)
    if known is not None:
        return known
    detail = redact(" ".join(str(error).split()))[:_LONGEST]
    status = _status(error)
    said = f"{error} {getattr(error, 'code', '')}"
    spent = status == 429 and any(sign in said for sign in _SPENT)
    if status is not None and 400 <= status < 500 and (status not in _PASSING or spent):
        provider = PROVIDERS.get(provider_of(name))
        key = " or ".join(provider.keys) if provider is not None and provider.keys else "its key"
        cure = _CURES.get(402 if spent else status, "the request is not valid for it").format(key=key)
        return ModelRefused(f"{name} refused (HTTP {status}): {cure}. It said: {detail}", status=status)
    if status is not None:
        kind = "rate limit" if status == 429 else "server error"
        return PassingFault(f"{kind} (HTTP {status}): {detail}", retry_after=_retry_after(_headers(error)))
    if _is_timeout(error):
        return PassingFault(f"no answer within {timeout:g} s")
    if _is_connection(error):
        cause = redact(_first_cause(error))[:_LONGEST]
        return PassingFault(f"connection fault: {detail}" + (f" ({cause})" if cause else ""))
    return PassingFault(f"unreadable answer: {type(error).__name__}: {detail}")


def _prompt_too_long(error: Exception, name: str) -> PromptTooLong | None:
    found = too_long(f"{error} {getattr(error, 'code', '')}", _status(error))
    if found is None:
        return None
    detail = redact(" ".join(str(error).split()))[:_LONGEST]
    return PromptTooLong(
        f"{name} refused a prompt as too long: {detail}", limit=found.limit, asked=found.asked
    )


def _ancestors(error: BaseException) -> list[str]:
    return [cls.__name__ for cls in type(error).__mro__]


def _is_timeout(error: BaseException) -> bool:
    return any("Timeout" in ancestor for ancestor in _ancestors(error))


def _is_connection(error: BaseException) -> bool:
    return any(
        ancestor in ("APIConnectionError", "TransportError", "ConnectionError")
        for ancestor in _ancestors(error)
    )


def _status(error: Any) -> int | None:
    """The HTTP status of an answer that led to this error; Gemini's package has it as the cause's `code`."""
    for source in _causes(error):
        for status in (
            getattr(source, "status_code", None),
            getattr(getattr(source, "response", None), "status_code", None),
            getattr(source, "code", None),
        ):
            if isinstance(status, int) and 400 <= status < 600:
                return status
    return None


def _headers(error: Any) -> Mapping[str, str]:
    for source in _causes(error):
        headers = getattr(getattr(source, "response", None), "headers", None)
        if isinstance(headers, Mapping):
            return headers
    return {}


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait: `retry-after-ms`, or `Retry-After` in seconds or as a date (RFC 9110, 10.2.3)."""
    try:
        if "retry-after-ms" in headers:
            seconds = float(headers["retry-after-ms"]) / 1000
        else:
            seconds = _seconds_until(headers["retry-after"])
    except (KeyError, ValueError, TypeError):
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _seconds_until(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return parsedate_to_datetime(value).timestamp() - time.time()


def _first_cause(error: BaseException) -> str:
    """The message of the root cause of a chain of exceptions; empty if there is no chain."""
    first = list(_causes(error))[-1]
    return "" if first is error else str(first)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, its cause, the cause of that, and so on."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        yield cause
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__

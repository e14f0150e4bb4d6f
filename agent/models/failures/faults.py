"""Distinguish transient faults from refusals, for the exceptions of all providers' packages.

Providers raise their own classes; importing each package to name them would make every run pay for all.
What they share is enough: what `error_parts` reads of them, and the names of the classes.
"""

from __future__ import annotations

import re
import ssl

from fieldcraft.agent.models.errors import ModelError, ModelRefused, PromptTooLong
from fieldcraft.agent.models.failures.addresses import address_advice, is_web_page, message_of
from fieldcraft.agent.models.failures.error_parts import causes, status_of, words_of
from fieldcraft.agent.models.failures.rationing import is_rationed, wait_asked
from fieldcraft.agent.models.provider_list import PROVIDERS
from fieldcraft.agent.models.providers import provider_of
from fieldcraft.agent.models.windows.too_long import too_long
from fieldcraft.agent.redact import redact

_LONGEST = 500
_PASSING = frozenset({408, 409, 425, 429, 499})
"""Statuses of 4xx that are not about the request; 499 is a proxy's for a connection that was given up."""
_SPENT = re.compile(
    r"insufficient[_ ](?:quota|balance|credits?|funds)|billing_(?:hard_limit|not_active)"
    r"|credit balance is too low|exceeded_current_quota|(?:in )?arrear|overdue ?balance|AccountOverdue"
    r"|please recharge|used all available credits|(?:any|no) credits (?:yet|left|remaining)"
    r"|monthly spending limit|reached your specified API usage limits"
    r"|account is not active|欠费|余额不足|充值",
    re.IGNORECASE,
)
_NO_QUOTA = re.compile(r"quota exceeded for metric.{0,200}?limit: (\d+)", re.IGNORECASE | re.DOTALL)
"""Google's words; a limit of 0 is no rate but a model that the account does not have."""
_TOO_LARGE = re.compile(r"request too large|too large for model", re.IGNORECASE)
_CURES = {
    401: "the key was not accepted; check {key}",
    402: "the account has no credit or quota left; top it up, or raise its limit",
    403: "the key may not use this model; check {key} and the account's rights",
    404: "no such model there; check the model's name and the base URL",
}


class PassingFault(Exception):
    """An attempt without a usable answer, after which a retry may succeed.

    Attributes:
        retry_after: the seconds to wait that the server requested, above zero, or `None`.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class WebPage(PassingFault):
    """A web page or other text in the place of JSON: a moment's fault of a proxy, or a wrong address."""


class Rationed(PassingFault):
    """The provider has had too many calls for now: a rate limit, or overload. It is no failure of a call."""


def judge_fault(error: Exception, *, name: str, timeout: float) -> ModelError | PassingFault:
    """Classify an exception of a provider's package.

    Returns:
        `PromptTooLong` for a prompt over the model's window, in the words of any server, `ModelRefused` for
        another permanent refusal, the error itself if it is one of Fieldcraft's, `Rationed` for a rate limit
        or overload, else another `PassingFault`: outages, connection faults, unreadable answers.
    """
    known = error if isinstance(error, ModelError) else _prompt_too_long(error, name)
    if known is not None:
        return known
    detail = redact(message_of(error))[:_LONGEST]
    status = status_of(error)
    rationed = is_rationed(error)
    about_the_call = rationed or (status is not None and status < 500)
    hopeless = _never_lifted(error, rationed=rationed) if about_the_call else None
    if rationed and hopeless is None:
        number = f" (HTTP {status})" if status is not None else ""
        return Rationed(f"rate limit{number}: {detail}", retry_after=wait_asked(error))
    if hopeless is not None or (status is not None and 400 <= status < 500 and status not in _PASSING):
        advice = address_advice(error) if status in (404, 405) else ""
        return _refused(name, status, detail, cured_as=hopeless or status, advice=advice)
    if status is not None:
        return PassingFault(f"server error (HTTP {status}): {detail}", retry_after=wait_asked(error))
    return _without_status(error, detail, name, timeout)


def _never_lifted(error: Exception, *, rationed: bool) -> int | None:
    """The status whose cure fits what no wait lifts; `None` for all else."""
    said = words_of(error)
    limits = _NO_QUOTA.findall(said)
    if _SPENT.search(said) or (limits and not any(int(limit) for limit in limits)):
        return 402
    return 413 if rationed and _TOO_LARGE.search(said) else None


def _without_status(error: Exception, detail: str, name: str, timeout: float) -> ModelRefused | PassingFault:
    """Judge what happened on the way to the server or back."""
    if _is_timeout(error):
        return PassingFault(f"no answer within {timeout:g} s")
    cause = redact(_first_cause(error))[:_LONGEST]
    if _distrusts_certificate(error):
        return ModelRefused(
            f"{name} cannot be reached: its certificate is not trusted here ({cause or detail}); set "
            "SSL_CERT_FILE to a file with its authority's certificate, or correct base_url"
        )
    if _is_connection(error):
        return PassingFault(f"connection fault: {detail}" + (f" ({cause})" if cause else ""))
    if is_web_page(error):
        return WebPage("a web page or other text, and not an answer in JSON")
    return PassingFault(f"unreadable answer: {type(error).__name__}: {detail}")


def _prompt_too_long(error: Exception, name: str) -> PromptTooLong | None:
    found = too_long(f"{error} {getattr(error, 'code', '')}", status_of(error))
    if found is None:
        return None
    detail = redact(message_of(error))[:_LONGEST]
    return PromptTooLong(
        f"{name} refused a prompt as too long: {detail}", limit=found.limit, asked=found.asked
    )


def _refused(
    name: str, status: int | None, detail: str, *, cured_as: int | None, advice: str = ""
) -> ModelRefused:
    provider = PROVIDERS.get(provider_of(name))
    key = " or ".join(provider.keys) if provider is not None and provider.keys else "its key"
    cure = _CURES.get(cured_as or 400, "the request is not valid for it").format(key=key)
    number = f" (HTTP {status})" if status is not None else ""
    return ModelRefused(f"{name} refused{number}: {cure}{advice}. It said: {detail}", status=status)


def _distrusts_certificate(error: BaseException) -> bool:
    return any(
        isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(cause)
        for cause in causes(error)
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


def _first_cause(error: BaseException) -> str:
    """The message of the root cause of a chain of exceptions; empty if there is no chain."""
    first = list(causes(error))[-1]
    return "" if first is error else str(first)

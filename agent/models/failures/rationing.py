"""Whether a provider rations calls, and how long it wants to be left alone."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from fieldcraft.agent.models.failures.error_parts import (
    causes,
    codes_of,
    error_objects,
    headers_of,
    status_of,
    words_of,
)

_ALWAYS = frozenset({429, 498, 529})
"""Too many requests; Groq's flex tier is full; Anthropic is overloaded."""
_CODES = frozenset(
    {
        "RESOURCE_EXHAUSTED",
        "ResourceExhausted",
        "RateLimitError",
        "OverloadedError",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequests",
        "TooManyRequestsException",
        "overloaded_error",
        "rateLimitExceeded",
        "rate_limit_error",
        "rate_limit_exceeded",
    }
)
_WORDS = re.compile(
    r"overload|rate.?limit|too many (?:concurrent )?requests|high demand|(?:at|over|exceeds?d?|no) capacity"
    r"|capacity (?:is )?exceeded|throttl|(?:server|model) (?:is )?(?:currently )?busy|slow down",
    re.IGNORECASE,
)
_LONGEST_LINE = 300
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_NAMES = r"ms|milliseconds?|msecs?|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d"
_PARTS = re.compile(rf"(\d{{1,15}}(?:\.\d{{0,12}})?)\s{{0,2}}({_NAMES})(?![a-z])", re.IGNORECASE)
_SAID = re.compile(
    rf"(?:retrydelay|(?:try|retry|available|wait)(?:\s+\w+){{0,2}}?\s+(?:in|after|for)|wait)"
    rf"[\"'\s:]{{0,4}}(?:(?:about|approximately|around|another)\s|~)?(-?(?:(?:\d{{1,15}}(?:\.\d{{0,12}})?\s{{0,2}}(?:{_NAMES})(?![a-z]))[\s,]{{0,2}}(?:and\s)?){{1,5}})",
    re.IGNORECASE,
)
_SAID_WITHOUT_UNIT = re.compile(
    r"\bretry[ _-]after\s(\d{1,6}(?:\.\d{1,6})?)\s{0,2}(?:$|[\n.,;)])", re.IGNORECASE
)
_SAID_AS_A_DATE = re.compile(
    r"(?:resets?|regain access|available again|try again|retry)\b[^.\n]{0,20}?\b(?:at|on|after|until)\s"
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d{1,9})?(?: ?Z|[+-]\d\d:?\d\d)?)",
    re.IGNORECASE,
)
_FIELDS: Mapping[str, float] = {
    "retry_after": 1.0,
    "retryafter": 1.0,
    "retry_after_seconds": 1.0,
    "retry_after_ms": 0.001,
    "estimated_time": 1.0,
}
"""What an error object calls the wait, in lower case, and its unit in seconds."""
_OF_A_POLICY = re.compile(r"(?:^|[;,\s])(?:reset|t)=(\d{1,9})", re.IGNORECASE)
"""The wait in a `RateLimit` header, in both forms of its draft."""
_RESET = re.compile(
    r"(?:x-)?rate-?limit(?:bysize)?-reset(?P<of>-[a-z-]+)?|anthropic-(?:priority-|fast-)?ratelimit-(?P<named>[a-z-]+)-reset"
)


def is_rationed(error: BaseException) -> bool:
    """Whether the provider said that it has had too many calls, of this key or of all."""
    status = status_of(error)
    if status in _ALWAYS:
        return True
    named = bool(codes_of(error) & _CODES)
    if status is None:
        return named or _says_so_in_an_answer(error)
    if status < 500:
        return named and status in (400, 403)
    return named or speaks_of_limits(words_of(error)) or (status == 503 and wait_asked(error) is not None)


def speaks_of_limits(words: str) -> bool:
    """Whether these are words for a rate limit or overload, in any provider's language."""
    return bool(_WORDS.search(words))


def _says_so_in_an_answer(error: BaseException) -> bool:
    """Whether an answer of HTTP 200 holds an error of this kind in the place of what was asked for."""
    for cause in causes(error):
        alone = cause.args[0] if type(cause) is ValueError and len(cause.args) == 1 else None
        said = alone if isinstance(alone, str) and len(alone) <= _LONGEST_LINE else ""
        if said or error_objects(cause):
            return speaks_of_limits(said or words_of(cause))
    return False


def wait_asked(error: BaseException) -> float | None:
    """The seconds that the provider wants to be left alone; `None` where it names none above zero.

    Looked at in this order: `retry-after-ms`, `Retry-After` in seconds or as a date (RFC 9110, 10.2.3),
    what the error says in words or in a field (`"retryDelay": "37s"`, `try again in 7.66s`), and the headers
    that say when a limit is lifted, of which the one that is used up counts.
    """
    headers = headers_of(error)
    return next(
        (seconds for seconds in _waits(headers, error) if math.isfinite(seconds) and seconds > 0), None
    )


def _waits(headers: Mapping[str, str], error: BaseException) -> Iterator[float]:
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        yield _number(headers.get(name, "")) / 1000
    for name in ("retry-after", "x-retry-after"):
        yield _until(_once(headers.get(name, "")))
    words = words_of(error)
    said = _SAID.search(words)
    if said is not None and not said[1].startswith("-"):
        yield _duration(said[1])
    yield from _in_fields(error)
    if (alone := _SAID_WITHOUT_UNIT.search(words)) is not None:
        yield float(alone[1])
    if (date := _SAID_AS_A_DATE.search(words)) is not None:
        yield _until(date[1])
    yield _reset(headers)
    if (policy := _OF_A_POLICY.search(headers.get("ratelimit", ""))) is not None:
        yield float(policy[1])


def _in_fields(error: BaseException) -> Iterator[float]:
    for cause in causes(error):
        for part in error_objects(cause):
            for name, value in part.items():
                unit = _FIELDS.get(str(name).lower())
                if unit is not None and isinstance(value, int | float | str):
                    yield _number(str(value)) * unit


def _once(value: str) -> str:
    """A header that a proxy sent twice, once."""
    first, *others = (each.strip() for each in value.split(","))
    return first if others and all(each == first for each in others) else value


def _reset(headers: Mapping[str, str]) -> float:
    """The longest wait for a limit that is used up, else the shortest that any header names."""
    used_up: list[float] = []
    others: list[float] = []
    for name, value in headers.items():
        found = _RESET.fullmatch(name)
        seconds = _until(value) if found is not None else math.nan
        if found is None or not (math.isfinite(seconds) and seconds > 0):
            continue
        remaining = headers.get(
            f"anthropic-ratelimit-{found['named']}-remaining"
            if found["named"]
            else name.replace("reset", "remaining", 1)
        )
        (used_up if remaining is not None and _number(remaining) <= 0 else others).append(seconds)
    return max(used_up) if used_up else min(others, default=math.nan)


def _until(value: str) -> float:
    """Seconds from now: a number of them, `6m0s`, the time since the epoch, or a date; else not a number."""
    number = _number(value)
    if not math.isnan(number):
        if 1e12 < number < 1e13:
            return number / 1000 - time.time()
        return number - time.time() if 1e9 < number < 1e10 else number
    if _PARTS.match(value):
        return _duration(value)
    for read in (_internet_date, parsedate_to_datetime):
        try:
            return read(value).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return math.nan


def _internet_date(value: str) -> datetime:
    """A date as RFC 3339 writes it, in UTC where it names no zone."""
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return math.nan


def _duration(words: str) -> float:
    """The seconds in `1h2m3.5s`, `20ms` or `1 minute and 5 seconds`."""
    total = 0.0
    for amount, unit in _PARTS.findall(words):
        name = unit.lower()
        short = "ms" if name.startswith(("ms", "milli")) else name[0]
        total += float(amount) * _UNITS[short]
    return total

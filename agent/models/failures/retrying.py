"""When a model is called again, and after how long."""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from fieldcraft.agent.journal.recorded_log import recorded
from fieldcraft.agent.models.errors import ModelRationed, ModelRefused
from fieldcraft.agent.models.failures.faults import PassingFault, Rationed, WebPage
from fieldcraft.agent.models.settings import ModelSettings

logger = logging.getLogger(__name__)

T = TypeVar("T")

_LONGEST_WAIT = 60.0
_SHARE, _LEAST_IN_THE_LONG_RUN = 0.125, 5.0
"""A wait for a rate limit is at least this share of those before it, up to so many seconds."""
_LOOKS = 0.2
"""Seconds between two looks at whether a wait is to end."""
_SHOWN_FROM = 1.0
"""Seconds from which a wait for a rate limit is shown."""
_APART = 2.0
"""Seconds from one announced wait to the next, for a server may ask for one second at a time."""
_QUIET = 60.0
"""Seconds after a wait was logged as a warning in which shorter ones are not."""


class Waits(Protocol):
    """Who is concerned with the waits for a rate limit: the run that asks the model."""

    def announce(self, model: str, role: str, seconds: float, waited: float) -> None:
        """Show that the model is asked again after `seconds`, with `waited` seconds behind it already."""

    def stopping(self) -> bool:
        """Whether a wait is to end at once, without another call."""


class NobodyWaits:
    """Waits that nobody sees or ends but by Ctrl-C."""

    def announce(self, model: str, role: str, seconds: float, waited: float) -> None:
        """Show nothing; the log has it."""

    def stopping(self) -> bool:
        """Never."""
        return False


class Retrying:
    """Calls again after transient faults: exponentially later with jitter, unless the server names a wait.

    Attempts and their time are bounded by `retries` and `retry_seconds`. Rate limits count for neither: they
    are waited out up to `rate_limit_seconds` in all.

    Args:
        name: the model, for messages.
        settings: limits and waits.
        role: who asks, for messages.
        waits: who sees the waits and ends them.
        patient: whether anything is tried twice.

    Attributes:
        attempts: calls made so far.
        waited: seconds spent on waits for rate limits.
    """

    def __init__(
        self, name: str, settings: ModelSettings, role: str, waits: Waits, *, patient: bool = True
    ) -> None:
        self._name = name
        self._settings = settings
        self._role = role
        self._waits = waits
        self._patient = patient
        self._failed = 0
        self._rationed = 0
        self._began = time.monotonic()
        self.attempts = 0
        self.waited = 0.0
        self._logged = self._announced = -math.inf

    def __call__(self, attempt: Callable[[], T]) -> T:
        """The result of the first attempt without a fault.

        Raises:
            PassingFault: of the last attempt, where the limits are reached.
            ModelRationed: a rate limit beyond `rate_limit_seconds`, or a wait that was ended.
            ModelRefused: a web page came for the second time.
        """
        while True:
            self.attempts += 1
            try:
                return attempt()
            except PassingFault as fault:
                if not self._patient:
                    raise
                if isinstance(fault, Rationed):
                    self._wait_out(fault)
                else:
                    self._retry(fault)

    def _wait_out(self, fault: Rationed) -> None:
        self._rationed += 1
        asked = fault.retry_after
        seconds = self._backoff(self._rationed) if asked is None else max(asked, self._least())
        limit = self._settings.rate_limit_seconds
        if asked is None and self.waited < limit:
            seconds = min(seconds, limit - self.waited)
        if self.waited + seconds > limit:
            raise ModelRationed(self._beyond(fault, seconds, limit), waited=self.waited) from fault
        self._show(fault, seconds)
        began = time.monotonic()
        try:
            if self._sleep(seconds):
                raise ModelRationed(
                    f"{self._name}: the wait for its rate limit was ended", waited=self.waited
                ) from fault
        finally:
            self.waited += time.monotonic() - began

    def _least(self) -> float:
        """The shortest next wait: a server that goes on to ask for moments is not called without end."""
        return min(self.waited * _SHARE, _LEAST_IN_THE_LONG_RUN)

    def _show(self, fault: Rationed, seconds: float) -> None:
        """Announce a wait; the log warns of a short one only where it warned of none in the last minute."""
        now = time.monotonic()
        warns = seconds >= _QUIET or now - self._logged >= _QUIET
        self._logged = now if warns else self._logged
        self._log(fault, seconds, logging.WARNING if warns else logging.INFO)
        if seconds >= _SHOWN_FROM and now - self._announced >= min(seconds, _APART):
            self._announced = now
            self._waits.announce(self._name, self._role, seconds, self.waited)

    def _beyond(self, fault: Rationed, seconds: float, limit: float) -> str:
        asked = fault.retry_after is not None
        wait = "asks for a wait of" if asked else "lifts no limit; the next wait would be"
        already = f" after {self.waited:,.0f} s of waiting" if self.waited >= 1 else ""
        return (
            f"{self._name} rations calls and {wait} {_span(seconds)}{already}, but at most {_span(limit)} "
            "are waited in all (model_options.rate_limit_seconds): resume later, or raise that setting; "
            f"it said: {fault}"
        )

    def _retry(self, fault: PassingFault) -> None:
        self._failed += 1
        if isinstance(fault, WebPage) and self._failed > 1:
            address = f" ({self._settings.base_url})" if self._settings.base_url else ""
            raise ModelRefused(
                f"{self._name}: its server sends {fault}; correct base_url{address}: most end in /v1"
            ) from fault
        asked = fault.retry_after
        seconds = self._backoff(self._failed) if asked is None else asked
        spent = time.monotonic() - self._began - self.waited
        if self._failed > self._settings.retries or spent + seconds >= self._settings.retry_seconds:
            raise fault
        self._log(fault, seconds)
        if self._sleep(seconds):
            raise fault

    def _backoff(self, number: int) -> float:
        """The wait before the `number`-th call after the first."""
        first = self._settings.backoff
        return min(first * 2.0 ** min(number - 1, 60), _LONGEST_WAIT) + random.uniform(0, first)  # noqa: S311

    def _log(self, fault: PassingFault, seconds: float, level: int = logging.WARNING) -> None:
        rationed = isinstance(fault, Rationed)
        log = recorded if rationed and seconds >= _SHOWN_FROM else logger
        then = "it is asked again" if rationed else f"attempt {self._failed + 1} follows"
        log.log(level, "%s, asked for the %s: %s; %s in %.1f s", self._name, self._role, fault, then, seconds)

    def _sleep(self, seconds: float) -> bool:
        """Wait; returns whether the wait was ended early."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self._waits.stopping():
                return True
            time.sleep(min(left, _LOOKS))
        return False


def _span(seconds: float) -> str:
    """A wait in words, as long as a server may name."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    if seconds < 3600:
        return f"{seconds / 60:.3g} min ({seconds:,.0f} s)"
    if seconds < 100 * 86_400:
        return f"{seconds / 3600:.3g} h ({seconds:,.0f} s)"
    return "more than 100 days"

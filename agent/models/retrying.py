"""When a model is called again, and after how long."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from fieldcraft.agent.models.faults import PassingFault
from fieldcraft.agent.models.settings import ModelSettings

if TYPE_CHECKING:
    from tenacity import RetryCallState, Retrying

logger = logging.getLogger(__name__)

_LONGEST_WAIT = 60.0


def retry_policy(name: str, settings: ModelSettings, role: str, *, attempts: int) -> Retrying:
    """The retry policy: transient faults only, exponential with jitter unless the server names a wait.

    Args:
        name: the model, for messages.
        settings: limits and waits.
        role: who asks, for messages.
        attempts: calls in all, the first one included.
    """
    import tenacity

    backoff = tenacity.wait_exponential(
        multiplier=settings.backoff, max=_LONGEST_WAIT
    ) + tenacity.wait_random(0, settings.backoff)

    def wait(state: RetryCallState) -> float:
        asked = _fault(state).retry_after
        return backoff(state) if asked is None else asked

    def tell(state: RetryCallState) -> None:
        logger.warning(
            "%s, asked for the %s: %s; attempt %d follows in %.1f s",
            name,
            role,
            _fault(state),
            state.attempt_number + 1,
            state.upcoming_sleep,
        )

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(PassingFault),
        stop=tenacity.stop_any(
            tenacity.stop_after_attempt(attempts), tenacity.stop_before_delay(settings.retry_seconds)
        ),
        wait=wait,
        before_sleep=tell,
        reraise=True,
    )


def _fault(state: RetryCallState) -> PassingFault:
    """The fault that causes a retry; all other errors are raised."""
    fault = state.outcome.exception() if state.outcome is not None else None
    assert isinstance(fault, PassingFault)
    return fault

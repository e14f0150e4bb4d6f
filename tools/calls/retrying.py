"""Retry calls whose failures are declared transient."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fieldcraft.tools.calls.results import Encoded
from fieldcraft.tools.errors import TransientToolError

if TYPE_CHECKING:
    from tenacity.wait import wait_base

_FIRST_WAIT, _LONGEST_WAIT = 0.1, 2.0


@dataclass(frozen=True)
class Attempt:
    """The retry policy of a call.

    Attributes:
        transient: names of exception classes after which the call is retried.
        most: the most attempts in total.
        begin: a function that is called at each attempt.
    """

    transient: tuple[str, ...]
    most: int
    begin: Callable[[], None]

    def is_transient(self, error: BaseException) -> bool:
        """Whether a retry may succeed."""
        if isinstance(error, TransientToolError):
            return True
        names = getattr(error, "kinds", None) or [kind.__name__ for kind in type(error).__mro__]
        return not set(names).isdisjoint(self.transient)

    def settings(self) -> dict[str, Any]:
        """The waits for tenacity: they double from 0.1 s up to 2 s, with a random part."""
        from tenacity import retry_if_exception, stop_after_attempt, wait_random_exponential

        wait: wait_base = wait_random_exponential(multiplier=_FIRST_WAIT, max=_LONGEST_WAIT)
        return {
            "stop": stop_after_attempt(self.most),
            "wait": wait,
            "retry": retry_if_exception(self.is_transient),
            "reraise": True,
        }


def again(attempt: Attempt, work: Callable[[], Encoded]) -> Encoded:
    """Do `work`, and retry transient failures with tenacity."""
    attempt.begin()
    try:
        return work()
    except BaseException as error:
        if not attempt.is_transient(error):
            raise
        first = [error]

    def repeated() -> Encoded:
        if first:
            raise first.pop()
        attempt.begin()
        return work()

    from tenacity import Retrying

    return Retrying(**attempt.settings())(repeated)


async def again_async(attempt: Attempt, work: Callable[[], Awaitable[Encoded]]) -> Encoded:
    """As `again`, on an event loop."""
    attempt.begin()
    try:
        return await work()
    except BaseException as error:
        if not attempt.is_transient(error):
            raise
        first = [error]

    async def repeated() -> Encoded:
        if first:
            raise first.pop()
        attempt.begin()
        return await work()

    from tenacity import AsyncRetrying

    return await AsyncRetrying(**attempt.settings())(repeated)

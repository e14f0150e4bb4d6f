"""The world's clock, as the host of a program reads it."""

from __future__ import annotations

from fieldcraft.envs import Environment
from fieldcraft.skills.sandbox.ledger import Ledger, failure_text


class Clock:
    """World time since the clock was made, in ticks. A failure to read it is recorded, not raised."""

    def __init__(self, environment: Environment, ledger: Ledger) -> None:
        self._environment = environment
        self._ledger = ledger
        self._ticks = 0
        self._start = self._now() or 0

    @property
    def ticks(self) -> int:
        """The ticks since the clock was made, as far as the environment reported them."""
        now = self._now()
        if now is not None:
            self._ticks = now - self._start
        return self._ticks

    def _now(self) -> int | None:
        try:
            return self._environment.tick
        except (Exception, SystemExit) as error:
            self._ledger.environment_failure = failure_text("the environment failed to tell its tick", error)
            return None

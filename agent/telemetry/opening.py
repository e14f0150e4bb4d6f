"""Open what sends the spans of a run, where something asks for it: only then OpenTelemetry is imported."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING

from fieldcraft.agent.journal.recorder import Listener
from fieldcraft.agent.journal.run import Run
from fieldcraft.agent.listeners import GuardedListener
from fieldcraft.agent.telemetry.destination import BadTelemetry, Otel, destination_of

if TYPE_CHECKING:
    from fieldcraft.agent.telemetry.live import Tracing

logger = logging.getLogger(__name__)


class RunTracing:
    """Spans of the runs that a session opens, or none.

    Args:
        otel: where they go, see `fieldcraft.agent.telemetry.Otel`.

    Raises:
        BadTelemetry, MissingTelemetry: they are asked for and cannot be sent, before a run is made.
    """

    def __init__(self, otel: Otel) -> None:
        self._tracing: Tracing | None = None
        destination = destination_of(otel)
        if destination is None:
            return
        from fieldcraft.agent.telemetry.live import Tracing

        try:
            self._tracing = Tracing(destination)
        except BadTelemetry as problem:
            if otel:
                raise
            logger.warning("no spans are sent: %s", problem)

    def follow(self, run: Run, stack: ExitStack) -> tuple[Listener, ...]:
        """The listener that sends a run's spans, if any; the stack ends it."""
        if self._tracing is None:
            return ()
        return (GuardedListener("of OpenTelemetry", self._tracing.follow(run, stack)),)

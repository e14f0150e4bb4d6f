"""The waits for rate limits of a model that no run asks."""

from __future__ import annotations

import time

from fieldcraft.agent.journal.overview import clock
from fieldcraft.cli.views.console import console, say
from fieldcraft.cli.views.figures import duration


class ShownWaits:
    """Prints a line on standard error for each wait; Ctrl-C ends it, and the command with it."""

    def announce(self, model: str, role: str, seconds: float, waited: float) -> None:
        """Print when the model is asked again."""
        before = f", after {duration(waited)} of waiting" if waited else ""
        at = clock(time.time() + seconds)
        words = f"rate limit of {model}: the {role} goes on at {at}  in {duration(seconds)}{before}"
        console(stderr=True).print(say(words, "warn"), soft_wrap=True)

    def stopping(self) -> bool:
        """Never."""
        return False

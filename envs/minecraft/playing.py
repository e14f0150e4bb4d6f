"""A program at play: what its process says that happened, which counts as nothing but its word."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from fieldcraft.envs.minecraft.messages import Event
from fieldcraft.envs.minecraft.relay import Facts
from fieldcraft.envs.observation import counts_text
from fieldcraft.envs.types import Position

TICKS_A_SECOND, FASTEST = 20, 10.0
"""Of the game, and the blocks a second that nobody walks faster than."""

CLAIMS_KEPT, CLAIMS_SHOWN = 100, 5
KINDS = ("placed", "killed", "held", "chest")


@dataclass
class Playing:
    """A program that the bot's process runs.

    Attributes:
        tell: called with what its process says.
        start: where the bot stood.
        began: when, on the host's clock.
        claims: how often its process says that something happened, by kind and name; chests by place.
    """

    tell: Callable[[Event], None]
    start: Position
    began: float = field(default_factory=time.monotonic)
    claims: dict[tuple[str, str], int] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Hear one of its events."""
        claim = (event.event, event.at if event.event == "chest" else event.name)
        if event.event in KINDS and (claim in self.claims or len(self.claims) < CLAIMS_KEPT):
            self.claims[claim] = self.claims.get(claim, 0) + 1
        self.tell(event)

    @property
    def ticks(self) -> int:
        """Of the game, since it began."""
        return int((time.monotonic() - self.began) * TICKS_A_SECOND)

    def claimed(self, kind: str) -> dict[str, int]:
        """What its process says of one kind."""
        return {name: count for (one, name), count in self.claims.items() if one == kind}

    def walked(self, end: Position) -> float:
        """Blocks to where the bot stands now, straight on, and no more than are walked in its time."""
        return min(self.start.distance(end), FASTEST * self.ticks / TICKS_A_SECOND)

    def unconfirmed(self, facts: Facts, held: Collection[str]) -> str | None:
        """What its process says and the server does not, in one line; `None` where there is nothing.

        Args:
            facts: what the server said.
            held: what was ever held, as far as that is known.
        """
        if facts.confirmed:
            return None
        counts = {
            "placed": self.claimed("placed"),
            "killed": _beyond(self.claimed("killed"), facts.killed),
            "held": {name: 1 for name in self.claimed("held") if name not in held},
        }
        words = ", ".join(f"{verb} {counts_text(_first(some))}" for verb, some in counts.items() if some)
        return f"not confirmed: the program says that it {words}" if words else None


def _beyond(claimed: Mapping[str, int], known: Mapping[str, int]) -> dict[str, int]:
    return {name: count - known.get(name, 0) for name, count in claimed.items() if count > known.get(name, 0)}


def _first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(list(counts.items())[:CLAIMS_SHOWN])

"""A running program: what its process claims, which is not trusted."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from fieldcraft.envs.minecraft.messages import Event
from fieldcraft.envs.minecraft.relay import Facts
from fieldcraft.envs.observation import counts_text
from fieldcraft.envs.types import Position

TICKS_A_SECOND, FASTEST = 20, 10.0
"""Ticks of the game in a second, and the highest walking speed in blocks a second."""

CLAIMS_KEPT, CLAIMS_SHOWN = 100, 5
KINDS = ("placed", "killed", "held", "chest")


@dataclass
class Playing:
    """A program that the bot's process runs.

    Attributes:
        tell: called with its process's claims.
        start: the bot's position at the start.
        began: the start time on the host's clock.
        claims: how often its process claims that something happened, by kind and name; chests by position.
    """

    tell: Callable[[Event], None]
    start: Position
    began: float = field(default_factory=time.monotonic)
    claims: dict[tuple[str, str], int] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Record one of its events."""
        claim = (event.event, event.at if event.event == "chest" else event.name)
        if event.event in KINDS and (claim in self.claims or len(self.claims) < CLAIMS_KEPT):
            self.claims[claim] = self.claims.get(claim, 0) + 1
        self.tell(event)

    @property
    def ticks(self) -> int:
        """Ticks of the game since it began."""
        return int((time.monotonic() - self.began) * TICKS_A_SECOND)

    def claimed(self, kind: str) -> dict[str, int]:
        """Its process's claims of one kind."""
        return {name: count for (one, name), count in self.claims.items() if one == kind}

    def walked(self, end: Position) -> float:
        """The straight distance to the bot's position, limited by what can be walked in the time."""
        return min(self.start.distance(end), FASTEST * self.ticks / TICKS_A_SECOND)

    def unconfirmed(self, facts: Facts, held: Collection[str]) -> str | None:
        """The claims that the server does not confirm, in one line; `None` if there are none.

        Args:
            facts: what the server reported.
            held: all items known to have been held.
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

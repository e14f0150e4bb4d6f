"""Episodes: a world that ends and begins again says so, and why."""

from __future__ import annotations

from typing import Literal

from fieldcraft.common.errors import FieldcraftError
from fieldcraft.envs.values import Frozen, Line

Outcome = Literal["terminated", "truncated", "left"]
"""How an episode ended: by the rules of the world, by a limit of it, or because the agent's task was over."""


class EpisodeEnd(Frozen):
    """How an episode ended, and why in a sentence; the latter may be empty."""

    outcome: Outcome
    why: Line = ""

    def __str__(self) -> str:
        return f"{self.outcome}{f' ({self.why})' if self.why else ''}"


class EpisodeEnded(FieldcraftError):
    """The episode is over: raised by the primitive in which it ended, and by every one called after that.

    It ends the program, and is neither a failed call nor an error. The world stays as it ended until
    `Environment.begin_episode`, so that goals are checked in it.

    Args:
        outcome: `terminated` by the rules of the world (won, lost, died), `truncated` by a limit.
        why: in a sentence.
    """

    def __init__(self, outcome: Literal["terminated", "truncated"] = "terminated", why: str = "") -> None:
        self.end = EpisodeEnd(outcome=outcome, why=why)
        super().__init__(str(self.end))

    @classmethod
    def by(cls, end: EpisodeEnd) -> EpisodeEnded:
        """The exception that says the same as this end, of a primitive that was called elsewhere."""
        return cls("truncated" if end.outcome == "truncated" else "terminated", end.why)

"""A snapshot of a world of Gymnasium as data: the seed and actions of its episode, and what was counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from fieldcraft.common.fields import Count, Counts, Data, Text, Texts
from fieldcraft.envs.sealed import sealed, unsealed

_HEAD = b"fieldcraft-gym 1 "
LARGEST = 64 * 1024 * 1024
"""Bytes of a snapshot that are read."""


@dataclass
class Standing:
    """What a world counts over all its episodes.

    Attributes:
        seed: of the world's reset, from which those of the episodes derive.
        episode: the number of the present episode, from 1.
        ended: how it ended; empty while it lasts.
        score: the rewards of the present episode.
        total, best: over the episodes that ended.
        outcomes: how many episodes ended in which way.
        milestones: what was reached first at which tick.
        tick: steps since the world's reset.
        events: what happened lately.
        rewards: the different rewards that were seen, as long as there are few.
    """

    seed: int = 0
    episode: Annotated[Count, Field(ge=1)] = 1
    ended: Text = ""
    score: float = 0.0
    total: float = 0.0
    best: float | None = None
    outcomes: Counts = field(default_factory=dict)
    milestones: Counts = field(default_factory=dict)
    tick: Annotated[Count, Field(ge=0)] = 0
    events: Texts = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)


class Saved(BaseModel):
    """A snapshot: the standing, and the episode by seed and actions or by the environment's own state."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    world: Text
    options: dict[str, Data]
    standing: Standing
    seed: int
    actions: list[tuple[Data, int]]
    steps: Count
    digest: Text
    state: Any = None
    seen: Any = None
    info: dict[str, Any] = {}


def written(saved: Saved) -> bytes:
    """The bytes of a snapshot, the same for the same content."""
    return sealed(saved, head=_HEAD)


def read(snapshot: bytes) -> Saved:
    """What a snapshot holds.

    Raises:
        ValueError: the bytes are none, or were changed.
    """
    return unsealed(snapshot, Saved, head=_HEAD, largest=LARGEST, whose="a world of Gymnasium")

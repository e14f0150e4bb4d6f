"""A snapshot of an episode as data: level, seed and actions, which are played again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from fieldcraft.common.fields import Text
from fieldcraft.envs.episodes import EpisodeEnded
from fieldcraft.envs.gym.levels import MOST_STEPS, Level
from fieldcraft.envs.minigrid.play import Play
from fieldcraft.envs.sealed import sealed, unsealed

_HEAD = b"fieldcraft-minigrid 1 "
LARGEST = 4 * 1024 * 1024
"""Bytes of a snapshot that are read."""


class Saved(BaseModel):
    """What a snapshot holds; `digest` is the state to which the actions led."""

    model_config = ConfigDict(extra="forbid", strict=True)

    level: Text
    max_steps: Annotated[int, Field(ge=1, le=MOST_STEPS)] | None
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    actions: Annotated[str, Field(pattern=r"^[0-6]*$", max_length=MOST_STEPS)]
    digest: Text


def written(play: Play) -> bytes:
    """The snapshot of an episode, the same bytes for the same episode."""
    saved = Saved(
        level=play.level.id,
        max_steps=play.level.max_steps,
        seed=play.seed,
        actions="".join(map(str, play.actions)),
        digest=play.digest(),
    )
    return sealed(saved, head=_HEAD)


def played_again(snapshot: bytes, level: Level, stepped: Callable[[int], None]) -> Play:
    """The episode of a snapshot, its actions played again.

    Raises:
        ValueError: the bytes are no snapshot of this level, or the actions led elsewhere.
    """
    saved = unsealed(snapshot, Saved, head=_HEAD, largest=LARGEST, whose="minigrid-v1")
    if (saved.level, saved.max_steps) != level:
        raise ValueError(f"a snapshot of the level {saved.level!r:.100}, not of {level.id}; reset with it")
    play = Play(level, saved.seed)
    try:
        for action in saved.actions:
            play.act(int(action))
    except EpisodeEnded:
        pass
    if len(play.actions) != len(saved.actions) or play.digest() != saved.digest:
        raise ValueError(
            "playing the actions of this snapshot again led elsewhere; it is of another version of minigrid"
        )
    play.stepped = stepped
    play.happened.clear()
    return play

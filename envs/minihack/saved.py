"""A snapshot of an episode as data: level, seed and keys, which are pressed again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from fieldcraft.common.fields import Text
from fieldcraft.envs.episodes import EpisodeEnded
from fieldcraft.envs.gym.levels import MOST_STEPS, Level
from fieldcraft.envs.minihack.play import Play
from fieldcraft.envs.sealed import sealed, unsealed

_HEAD = b"fieldcraft-minihack 1 "
LARGEST = 4 * 1024 * 1024
"""Bytes of a snapshot that are read."""


class Saved(BaseModel):
    """What a snapshot holds; `digest` is the state to which the keys led."""

    model_config = ConfigDict(extra="forbid", strict=True)

    level: Text
    max_steps: Annotated[int, Field(ge=1, le=MOST_STEPS)] | None
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    keys: Annotated[list[Annotated[int, Field(ge=0, le=255)]], Field(max_length=2 * MOST_STEPS)]
    digest: Text


def written(play: Play) -> bytes:
    """The snapshot of an episode, the same bytes for the same episode."""
    saved = Saved(
        level=play.level.id,
        max_steps=play.level.max_steps,
        seed=play.seed,
        keys=play.keys,
        digest=play.digest(),
    )
    return sealed(saved, head=_HEAD)


def played_again(snapshot: bytes, level: Level, stepped: Callable[[int], None]) -> Play:
    """The episode of a snapshot, its keys pressed again.

    Raises:
        ValueError: the bytes are no snapshot of this level, or the keys led elsewhere.
    """
    saved = unsealed(snapshot, Saved, head=_HEAD, largest=LARGEST, whose="minihack-v1")
    if (saved.level, saved.max_steps) != level:
        raise ValueError(f"a snapshot of the level {saved.level!r:.100}, not of {level.id}; reset with it")
    play = Play(level, saved.seed)
    try:
        for code in saved.keys:
            play.act(code)
    except (EpisodeEnded, KeyError):
        pass
    if len(play.keys) != len(saved.keys) or play.digest() != saved.digest:
        play.close()
        raise ValueError("pressing the keys of this snapshot again led elsewhere; it is of another version")
    play.stepped = stepped
    play.happened.clear()
    return play

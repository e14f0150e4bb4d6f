"""A snapshot of an episode as data: the example and the actions, which are played again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from fieldcraft.common.fields import Text
from fieldcraft.envs.episodes import EpisodeEnded
from fieldcraft.envs.plancraft.examples import MOST_STEPS, Choice
from fieldcraft.envs.plancraft.play import Action, Play
from fieldcraft.envs.sealed import sealed, unsealed

_HEAD = b"fieldcraft-plancraft 1 "
LARGEST = 4 * 1024 * 1024
"""Bytes of a snapshot that are read."""


class Saved(BaseModel):
    """What a snapshot holds; `digest` is the state to which the actions led."""

    model_config = ConfigDict(extra="forbid", strict=True)

    split: Text
    example: Text
    impossible: bool
    max_steps: Annotated[int, Field(ge=1, le=MOST_STEPS)]
    seed: int
    actions: Annotated[list[Action], Field(max_length=MOST_STEPS)]
    digest: Text


def written(play: Play) -> bytes:
    """The snapshot of an episode, the same bytes for the same episode."""
    saved = Saved(**play.choice._asdict(), seed=play.seed, actions=play.actions, digest=play.digest())
    return sealed(saved, head=_HEAD)


def played_again(snapshot: bytes, choice: Choice, stepped: Callable[[int], None]) -> Play:
    """The episode of a snapshot, its actions played again.

    Raises:
        ValueError: the bytes are no snapshot of these examples, or the actions led elsewhere.
    """
    saved = unsealed(snapshot, Saved, head=_HEAD, largest=LARGEST, whose="plancraft-v1")
    kept = Choice(saved.split, saved.example, saved.impossible, saved.max_steps)
    if kept != choice:
        raise ValueError(f"a snapshot of {kept._asdict()}, not of {choice._asdict()}; reset with its options")
    play = Play(choice, saved.seed)
    try:
        for action in saved.actions:
            play.act(action)
    except (EpisodeEnded, KeyError):
        pass
    if len(play.actions) != len(saved.actions) or play.digest() != saved.digest:
        raise ValueError("the actions of this snapshot lead elsewhere; it is of another version of plancraft")
    play.stepped = stepped
    play.happened.clear()
    return play

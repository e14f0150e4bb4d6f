"""What a world did while a program ran, as data: the source from which facts are learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field, TypeAdapter

from fieldcraft.common.fields import Count, Counts, Text
from fieldcraft.envs.types import Frozen, Position

HAPPENINGS_KEPT, EXPLAINED_KEPT = 64, 400
"""Different happenings of one program that are kept, the latest."""


class Happening(Frozen):
    """One thing that happened in a world.

    Attributes:
        what: one word in the past tense, by which kinds are told apart: `mined`, `crafted`, `smelted`,
            `killed`, `placed`, `ate`, `stored`, `withdrew`, `died`, `broke`, `lost`, `refused`, `saw`,
            `explained` (the world said how to get the subject), or a word of the world's own.
        subject: the block, item or mob that it happened to, by its exact name.
        used: items that were used up.
        gave: items that were gained.
        tool: the item that it was done with, or the block that it was done at.
        place: where, if that matters.
        why: the reason where something was lost, refused or deadly, or the world's explanation.
        tick: of the world's clock, of the latest such happening.
        times: how often it happened in the same way.
    """

    what: Text = Field(pattern=r"^[a-z][a-z_]{0,31}$")
    subject: Text = ""
    used: Counts = Field(default_factory=dict)
    gave: Counts = Field(default_factory=dict)
    tool: Text = ""
    place: Position | None = None
    why: Text = ""
    tick: Count = 0
    times: Count = 1


_LIST: TypeAdapter[list[Happening]] = TypeAdapter(list[Happening])


def merged(found: Sequence[Any]) -> list[Happening]:
    """Equal happenings once with how often, oldest first, the latest `HAPPENINGS_KEPT`.

    Raises:
        ValidationError: one of them is not valid.
    """
    by_content: dict[str, Happening] = {}
    for happening in _LIST.validate_python(list(found)):
        key = happening.model_dump_json(exclude={"tick", "times", "place"})
        before = by_content.pop(key, None)
        times = happening.times + (before.times if before else 0)
        by_content[key] = happening.model_copy(update={"times": times})
    explained = [one for one in by_content.values() if one.what == "explained"]
    others = [one for one in by_content.values() if one.what != "explained"]
    return [*explained[-EXPLAINED_KEPT:], *others[-HAPPENINGS_KEPT:]]

"""A fact: one short claim about the world, with where it comes from and whether it still holds."""

from __future__ import annotations

import hashlib
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from fieldcraft.common.fields import Count, Counts, Text, Texts
from fieldcraft.envs import Position

Kind = Literal[
    "recipe",
    "drop",
    "place",
    "food",
    "danger",
    "wear",
    "loss",
    "refusal",
    "dead_end",
    "event",
    "note",
]
"""What a fact is about: how a thing is made, what a block or mob gives, where something is, what can be
eaten, what killed the agent, what wears out, what was lost and why, what the world refused and why, a task
that came to nothing and why, anything else that happened, and what a model read in a log."""

KINDS: tuple[Kind, ...] = get_args(Kind)

TEXT = 300
"""Characters of a fact in words."""
KEY = 200
"""Characters of a key."""


class Fact(BaseModel):
    """One claim about the world.

    Attributes:
        key: what makes it the same fact when it is learned again.
        kind: see `Kind`.
        subject: the exact name of the item, block or mob that it is about; of a dead end, the goal.
        text: the claim in words, one line. What the world or a model said stands in it in quotation marks.
        used: items that were used up; of a refusal, what was needed.
        gave: items that were gained; where that varies, the least.
        most: of these, the most that were gained at once, where that varies.
        tools: what it was done with or at, by name.
        place: where.
        source: `world` (reported by it), `message` (an error of a primitive), `program` (a task's course) or
            `model` (read by a model in a program's log).
        positive: whether it says that something works, is there or is so; false of what does not or is not.
        times: how often it was seen in this run.
        iteration: in which it was first seen, 0 where it was learned elsewhere.
        event: what it was first seen in: a happening's word, `failed call`, `task's end` or `log`.
        latest: the iteration in which it was last seen.
        elsewhere: the run in which it was learned, until it is seen in this one.
        doubts: contradictions in a row since it was last seen.
        alternates: it was seen again after it had been corrected: it holds beside its alternatives.
        wrong: it was corrected, and is no longer shown.
        wrong_since: the iteration of the correction.
        corrected_by: what the world showed instead, in words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Text = Field(min_length=1, max_length=KEY)
    kind: Kind
    subject: Text = Field(default="", max_length=KEY)
    text: Text = Field(min_length=1, max_length=2 * TEXT)
    used: Counts = {}
    gave: Counts = {}
    most: Counts = {}
    tools: Texts = []
    place: Position | None = None
    source: Literal["world", "message", "program", "model"] = "world"
    positive: bool = True
    times: Count = 1
    iteration: Count = 0
    event: Text = Field(default="", max_length=KEY)
    latest: Count = 0
    elsewhere: Text = Field(default="", max_length=KEY)
    doubts: Count = 0
    alternates: bool = False
    wrong: bool = False
    wrong_since: Count = 0
    corrected_by: Text = Field(default="", max_length=2 * TEXT)

    @model_serializer(mode="wrap")
    def _brief(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without the fields that have their default value."""
        written: dict[str, Any] = handler(self)
        fields = type(self).model_fields
        return {
            name: value
            for name, value in written.items()
            if name not in fields or fields[name].is_required() or getattr(self, name) != fields[name].default
        }

    def changed(self, **changes: Any) -> Fact:
        """The same with other values."""
        return self.model_copy(update=changes)


class FactsMark(BaseModel):
    """What a run's state holds of its facts, which are kept in a file beside the journal.

    `changes` counts the events that changed them and `digest` is computed over these, in order. `newest` is
    the iteration of the latest event with a fact that was not known before, `learned` how many there were.
    """

    model_config = ConfigDict(extra="forbid")

    changes: Count = 0
    digest: Text = ""
    newest: Count = 0
    learned: Count = 0


def digest_after(digest: str, line: str) -> str:
    """The digest of a record of facts that goes on with `line`."""
    return hashlib.sha256(f"{digest}\n{line}".encode("utf-8", "replace")).hexdigest()[:32]

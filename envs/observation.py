"""The observation of the world: the fields that Voyager shows, as data and as text."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping

from pydantic import BaseModel, ConfigDict

from fieldcraft.common.fields import Count, Counts, Data, Text, Texts
from fieldcraft.common.text import cut_text
from fieldcraft.envs.attachments import Attachment
from fieldcraft.envs.episodes import EpisodeEnd
from fieldcraft.envs.types import Goal, Position
from fieldcraft.envs.values import Line

CHESTS_SHOWN, KINDS_SHOWN = 4, 30
"""The nearest chests, whose contents stand in the text of an observation; kinds of items in all others."""

EVENTS_IN_FULL, EVENT_IN_SHORT = 2_000, 120
"""Characters of the latest events that stand in the text in full, and of each of those before."""

EXTRA_SHOWN = 4_000
"""Characters of an extra that is no text."""

_COORDINATE = re.compile(r"-?\d{1,9}(?:\.\d{1,9})?")


class Observation(BaseModel):
    """The world as the agent sees it now. A field that a world does not have stays `None`.

    Health and hunger run from 0 to 20. `nearby_entities` maps a name to its distance in blocks.
    `chests` maps the position of a chest that was seen to its contents, `None` where it was never opened;
    `chest_slots` has how many slots are free in it, where that is known.
    `events` are the latest things that happened, oldest first. `extra` holds what only this world has, as
    data of any shape; what is no text stands in prompts as JSON, cut to `EXTRA_SHOWN`. `words` is what is
    seen in the world's own words, which come first. `attached` has pictures and arrays.
    `task` is what the world asks for in this episode, where it gives tasks, and `goal` how it checks that.
    `ended` says that the episode is over; a primitive may raise `EpisodeEnded` as well.
    `scores` has numbers by which the world says how well it goes; a lone one is best called `score`.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, revalidate_instances="always")

    tick: Count = 0
    position: Position | None = None
    biome: Text | None = None
    time: Text | None = None
    health: float | None = None
    hunger: float | None = None
    nearby_blocks: Texts | None = None
    seen_blocks: Texts | None = None
    nearby_entities: dict[Text, float] | None = None
    equipment: dict[Text, Text] | None = None
    inventory: Counts = {}
    slots_used: Count | None = None
    slots_total: Count | None = None
    chests: dict[Text, Counts | None] | None = None
    chest_slots: Counts = {}
    events: Texts = []
    words: Text | None = None
    extra: dict[Text, Data] = {}
    attached: dict[Text, Attachment] = {}
    scores: dict[Text, float] = {}
    task: Line | None = None
    goal: Goal | None = None
    ended: EpisodeEnd | None = None

    def text(self, fields: Collection[str] | None = None, *, items: bool = True) -> str:
        """One `Name: value` line a field, in the order of Voyager's prompt.

        Args:
            fields: names of the fields to show; all where omitted.
            items: whether things are held in the world, so that an empty inventory says something.
        """
        lines = [
            f"{label}: {value}"
            for name, label, value in self._rows()
            if value is not None and (fields is None or name in fields)
            if items or name != "inventory" or self.inventory
        ]
        own = [self.words] if self.words and (fields is None or "words" in fields) else []
        return "\n".join([*own, *lines])

    def _rows(self) -> list[tuple[str, str, str | None]]:
        slots = f" ({self.slots_used}/{self.slots_total})" if self.slots_total is not None else ""
        entities = None
        if self.nearby_entities is not None:
            near = sorted(self.nearby_entities.items(), key=lambda pair: (pair[1], pair[0]))
            entities = ", ".join(f"{name} ({distance:g} blocks)" for name, distance in near) or "none"
        return [
            ("biome", "Biome", self.biome),
            ("time", "Time", self.time),
            ("nearby_blocks", "Nearby blocks", _names(self.nearby_blocks)),
            ("seen_blocks", "Other blocks recently seen", _names(self.seen_blocks)),
            ("nearby_entities", "Nearby entities", entities),
            ("health", "Health", None if self.health is None else f"{self.health:.1f}/20"),
            ("hunger", "Hunger", None if self.hunger is None else f"{self.hunger:.1f}/20"),
            ("position", "Position", None if self.position is None else str(self.position)),
            ("equipment", "Equipment", None if self.equipment is None else _pairs(self.equipment)),
            ("inventory", f"Inventory{slots}", counts_text(self.inventory)),
            ("chests", "Chests", self._chests_text()),
            ("task", "Task of this episode", self.task),
            ("ended", "Episode", None if self.ended is None else str(self.ended)),
            ("scores", "Scores", _numbers(self.scores)),
            ("events", "Events", "; ".join(_events(self.events)) if self.events else None),
            *(
                (name, name.replace("_", " ").capitalize(), _as_text(value))
                for name, value in sorted(self.extra.items())
            ),
        ]

    def holdings(self) -> dict[str, int]:
        """What is carried and worn; of what is only worn, one."""
        return {**dict.fromkeys((self.equipment or {}).values(), 1), **self.inventory}

    def _chests_text(self) -> str | None:
        if self.chests is None:
            return None
        if not self.chests:
            return "none"
        near = set(sorted(self.chests, key=self.distance_to)[:CHESTS_SHOWN])
        shown = [
            f"{place}: {'unknown contents' if held is None else counts_text(held)}{self._room_in(place)}"
            for place, held in self.chests.items()
            if place in near
        ]
        far = [held for place, held in self.chests.items() if place not in near]
        return "; ".join([*shown, *_chests_together(far)])

    def _room_in(self, place: str) -> str:
        free = self.chest_slots.get(place)
        return "" if free is None else f" ({free} free slots)" if free else " (full)"

    def distance_to(self, place: str) -> float:
        """How far a place is that is written as `(x, y, z)`; 0 where that is not known."""
        numbers = _COORDINATE.findall(place)
        if self.position is None or len(numbers) != 3:
            return 0.0
        x, y, z = map(float, numbers)
        return self.position.distance(Position(x=x, y=y, z=z))


def _chests_together(contents: list[dict[str, int] | None]) -> list[str]:
    """One entry for chests that are not shown one by one, where there are any."""
    if not contents:
        return []
    total = sum((Counter(held) for held in contents if held), Counter[str]())
    most = dict(total.most_common(KINDS_SHOWN))
    left = f", and {len(total) - len(most)} other kinds" if len(total) > len(most) else ""
    return [f"{len(contents)} more farther away, in all: {counts_text(most)}{left}"]


def _events(events: list[str]) -> list[str]:
    shown: list[str] = []
    room = EVENTS_IN_FULL
    for event in reversed(events):
        room -= len(event)
        shown.append(event if room >= 0 or not shown else cut_text(event, EVENT_IN_SHORT, mark=" ..."))
    return shown[::-1]


def counts_text(counts: Mapping[str, int]) -> str:
    """`3 oak_log, 1 stick`, sorted by name; `empty` where there is nothing."""
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "empty"


def _names(names: list[str] | None) -> str | None:
    return None if names is None else ", ".join(names) or "none"


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    return cut_text(json.dumps(value, ensure_ascii=False), EXTRA_SHOWN)


def _numbers(scores: Mapping[str, float]) -> str | None:
    return ", ".join(f"{name} {number:g}" for name, number in sorted(scores.items())) or None


def _pairs(pairs: Mapping[str, str]) -> str:
    return ", ".join(f"{slot}: {item}" for slot, item in sorted(pairs.items())) or "none"

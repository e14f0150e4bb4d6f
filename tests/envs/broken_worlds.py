"""Worlds that are broken on purpose, each in one way, in which no primitive works without arguments."""

from __future__ import annotations

import json
import random
from random import Random
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, Field

from fieldcraft.envs import (
    Environment,
    EnvironmentSpec,
    Names,
    Observation,
    PrimitiveError,
    Progress,
    primitive,
)

SHELVES = ("left", "middle", "right")


class Store(Environment):
    """A sound world: three shelves, from which goods are taken; some are found by luck."""

    spec = EnvironmentSpec(
        id="store-v1",
        description="Shelves with goods.",
        can_snapshot=True,
        names=Names(items=("bolt", "nut", "washer")),
    )

    def reset(self, *, seed, options=None):
        self.luck = Random(seed)
        self.shelves = {shelf: {"bolt": 5, "nut": 5, "washer": 5} for shelf in SHELVES}
        self.held, self.first, self.clock = {}, {}, 0
        self.lit = False
        return self.observe()

    def observe(self):
        return Observation(tick=self.clock, inventory=dict(self.held), extra={"light": str(self.lit)})

    def progress(self):
        return Progress(items=dict(self.first))

    def snapshot(self):
        return json.dumps(self.state()).encode()

    def restore(self, snapshot):
        try:
            found = json.loads(snapshot)
            self.use(found)
        except (ValueError, TypeError, KeyError):
            raise ValueError("this is no snapshot of a store") from None

    def state(self):
        kept = self.luck.getstate()
        return {
            "luck": [kept[0], list(kept[1]), kept[2]],
            "shelves": self.shelves,
            "held": self.held,
            "first": self.first,
            "clock": self.clock,
            "lit": self.lit,
        }

    def use(self, state):
        kept = state["luck"]
        self.luck.setstate((kept[0], tuple(kept[1]), kept[2]))
        self.shelves, self.held, self.first = state["shelves"], state["held"], state["first"]
        self.clock, self.lit = state["clock"], state["lit"]

    @primitive
    def take(self, shelf: Literal["left", "middle", "right"], item: str, count: int = 1) -> dict[str, int]:
        """Take goods from a shelf."""
        self.clock += 1
        there = self.shelves[shelf].get(item)
        if there is None:
            raise PrimitiveError(f"there is no {item!r}")
        if not 1 <= count <= there:
            raise PrimitiveError(f"the shelf has {there} {item}")
        self.shelves[shelf][item] -= count
        self.gain(item, count + self.bonus())
        return {item: self.held[item]}

    @primitive
    def light(self, on: bool) -> bool:
        """Switch the light."""
        self.clock += 1
        self.lit = on
        return on

    @primitive
    def order(self, lines: list[Line]) -> int:
        """Order goods by a list of lines."""
        self.clock += 1
        return sum(line.count for line in lines)

    def bonus(self):
        return self.luck.randint(0, 2)

    def gain(self, item, count):
        self.held[item] = self.held.get(item, 0) + count
        self.first.setdefault(item, self.clock)


class Line(BaseModel):
    item: Annotated[str, Field(examples=["bolt", "nut"])]
    count: int = Field(ge=1, le=9)


class SnapshotForgetsActions(Store):
    """A snapshot has the clock and the randomness, and nothing that was done."""

    def use(self, state):
        before = self.shelves, self.held, self.lit
        super().use(state)
        self.shelves, self.held, self.lit = before

    def state(self):
        return super().state() | {"shelves": {}, "held": {}, "first": self.first}


class SnapshotForgetsOneThing(Store):
    """A snapshot has all but the light."""

    def use(self, state):
        super().use({**state, "lit": self.lit})


class SnapshotForgetsWhatIsUnseen(Store):
    """A snapshot has all but the goods that are left, which shows only later."""

    def use(self, state):
        super().use({**state, "shelves": self.shelves})


class SnapshotForgetsLuck(Store):
    """A snapshot has all but the random state."""

    def use(self, state):
        kept = self.luck
        super().use(state)
        self.luck = kept

    def state(self):
        return super().state() | {"luck": [3, [], None]}

    def restore(self, snapshot):
        state = self.checked(snapshot)
        self.shelves, self.held, self.first = state["shelves"], state["held"], state["first"]
        self.clock, self.lit = state["clock"], state["lit"]

    def checked(self, snapshot):
        try:
            return {**json.loads(snapshot)}
        except (ValueError, TypeError):
            raise ValueError("this is no snapshot of a store") from None


class SharesItsShelves(Store):
    """All stores have the same shelves, filled at each reset."""

    common: ClassVar[dict] = {}

    def reset(self, *, seed, options=None):
        seen = super().reset(seed=seed, options=options)
        self.common.update(self.shelves)
        self.shelves = self.common
        return seen

    def use(self, state):
        super().use(state)
        self.common.update(state["shelves"])
        self.shelves = self.common


class DrawsFromTheProcess(Store):
    """Luck comes from the process's own random state."""

    def bonus(self):
        return random.randint(0, 9)


class KeepsStockOverResets(Store):
    """The held goods of the life before count for the bonus."""

    sold = 0

    def bonus(self):
        self.sold += 1
        return self.sold


class OrderedByASet(Store):
    """Which shelf is refilled depends on the order of a set of names."""

    def bonus(self):
        goods = {f"good {number}" for number in range(50)}
        return int(next(iter(goods)).split()[1])


class OrderedByAddresses(Store):
    """Depends on where objects lie in memory."""

    def bonus(self):
        return id(self.spec) // 64 % 1000


class CrashesOnArguments(Store):
    """Divides by what it is given."""

    @primitive
    def share(self, item: str, among: int) -> float:
        """Share goods."""
        self.clock += 1
        return 12 / among


class CrashesOnNames(Store):
    """Does not expect a name that it has not."""

    @primitive
    def price(self, item: str) -> int:
        """Tell the price."""
        self.clock += 1
        return {"bolt": 1, "nut": 2}[item]


class ShowsItself(Store):
    """Returns the same observation each time, and writes into it."""

    def observe(self):
        fresh = super().observe()
        if not hasattr(self, "shown"):
            self.shown = fresh
        for name in type(fresh).model_fields:
            setattr(self.shown, name, getattr(fresh, name))
        return self.shown


class ShowsItsList(Store):
    """What is written into an observation stays in the world."""

    def observe(self):
        fresh = super().observe()
        fresh.__dict__["inventory"] = self.held
        return fresh

"""A world of invented names for benchmarks of facts: it reports what happens, and its rules may change."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

from fieldcraft.envs import (
    Environment,
    EnvironmentSpec,
    Happening,
    Names,
    Observation,
    OptionInfo,
    Position,
    PrimitiveError,
    Progress,
    primitive,
)

HEADS = "ba ke li mo nu ra si to vu za".split()  # noqa: SIM905 - shorter so
TAILS = "dren fel gorn hask jup lim pok rast tul wex".split()  # noqa: SIM905
ITEMS = tuple(f"{head}{tail}" for head in HEADS for tail in TAILS)
BLOCKS = tuple(f"{item}_ore" for item in ITEMS[:40])
MOBS = tuple(f"{item}_mob" for item in ITEMS[40:50])


class FactWorld(Environment):
    """Forty blocks to mine, ten mobs, and fifty things to make; at tick `change_at` half the rules change."""

    spec = EnvironmentSpec(
        id="factworld-v1",
        description="A workshop with invented names.",
        can_snapshot=True,
        names=Names(items=ITEMS, blocks=BLOCKS, mobs=MOBS),
        options={"change_at": OptionInfo(name="change_at", about="the tick of the change", default=0)},
    )

    def __init__(self) -> None:
        self._change_at = 0
        self._tick = 0
        self._held: dict[str, int] = {}
        self._first: dict[str, int] = {}
        self._told: list[Happening] = []
        self._before: dict[str, Any] = {}
        self._after: dict[str, Any] = {}

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        """Begin again with rules of this seed."""
        self._change_at = int((options or {}).get("change_at", 0))
        self._tick, self._held, self._first, self._told = 0, {}, {}, []
        chance = random.Random(seed)
        self._before = _rules(chance)
        self._after = _changed(self._before, chance)
        return self.observe()

    @property
    def rules(self) -> dict[str, Any]:
        """The rules as they are now: recipes by item, drops by block or mob, places by block."""
        return self._after if self._change_at and self._tick >= self._change_at else self._before

    @property
    def has_changed(self) -> bool:
        """Whether the change has come."""
        return self.rules is self._after

    def observe(self) -> Observation:
        """What is held."""
        return Observation(tick=self._tick, position=Position(x=0, y=0, z=0), inventory=dict(self._held))

    def progress(self) -> Progress:
        """What was ever held."""
        return Progress(items=dict(self._first))

    def snapshot(self) -> bytes:
        """The state but for the rules."""
        return json.dumps([self._tick, self._held, self._first]).encode()

    def restore(self, snapshot: bytes) -> None:
        """Back to a snapshot."""
        self._tick, self._held, self._first = json.loads(snapshot)

    def happenings(self) -> Sequence[Happening]:
        """What happened since this was last asked."""
        told, self._told = self._told, []
        return told

    @primitive
    def mine(self, block: str) -> int:
        """Mine a block."""
        drop, count, tool = self.rules["drops"][block]
        if tool and not self._held.get(tool):
            self._refuse(block, f"cannot mine {block}: need 1 {tool} (have 0)")
        self._gain({drop: count})
        self._tell("mined", block, gave={drop: count}, tool=tool)
        return int(count)

    @primitive
    def kill(self, mob: str) -> int:
        """Kill a mob."""
        drop, count, _ = self.rules["drops"][mob]
        self._gain({drop: count})
        self._tell("killed", mob, gave={drop: count})
        return int(count)

    @primitive
    def craft(self, item: str, count: int = 1) -> int:
        """Make a thing."""
        needs = {name: number * count for name, number in self.rules["recipes"][item].items()}
        lacking = [
            f"need {number} {name} (have {self._held.get(name, 0)})"
            for name, number in needs.items()
            if self._held.get(name, 0) < number
        ]
        if lacking:
            self._refuse(item, f"cannot craft {item}: {', '.join(lacking)}")
        for name, number in needs.items():
            self._held[name] -= number
        self._gain({item: count})
        self._tell("crafted", item, used=needs, gave={item: count})
        return count

    @primitive
    def look(self, block: str) -> str:
        """Where a block is."""
        place = self.rules["places"][block]
        self._tell("saw", block, place=place)
        return str(place)

    @primitive
    def take(self, item: str, count: int = 1) -> int:
        """Get an item as a gift, of which nothing is told."""
        self._gain({item: count})
        return count

    def _gain(self, gained: Mapping[str, int]) -> None:
        self._tick += 1
        for item, count in gained.items():
            self._held[item] = self._held.get(item, 0) + count
            self._first.setdefault(item, self._tick)

    def _tell(self, what: str, subject: str, **details: Any) -> None:
        self._told.append(Happening(what=what, subject=subject, tick=self._tick, **details))

    def _refuse(self, subject: str, why: str) -> None:
        self._tick += 1
        self._tell("refused", subject, why=why)
        raise PrimitiveError(why)


def _rules(chance: random.Random) -> dict[str, Any]:
    raw, made = list(ITEMS[:50]), list(ITEMS[50:])
    chance.shuffle(raw)
    return {
        "recipes": {
            item: {name: chance.randint(1, 6) for name in sorted(chance.sample(raw, chance.randint(1, 3)))}
            for item in made
        },
        "drops": {
            thing: (raw[number % 50], chance.randint(1, 3), "" if number % 3 else chance.choice(made))
            for number, thing in enumerate((*BLOCKS, *MOBS))
        },
        "places": {
            block: Position(x=chance.randint(-90, 90), y=0, z=chance.randint(-90, 90)) for block in BLOCKS
        },
    }


def _changed(rules: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The same with every second recipe and drop another one: other numbers, or other things."""
    other = _rules(chance)
    recipes = dict(rules["recipes"])
    for number, item in enumerate(recipes):
        if number % 4 == 0:
            recipes[item] = {name: count + 1 + number % 3 for name, count in recipes[item].items()}
        elif number % 4 == 1:
            recipes[item] = other["recipes"][item]
    drops = dict(rules["drops"])
    for number, thing in enumerate(drops):
        if number % 2:
            drop, count, _ = other["drops"][thing]
            drops[thing] = (drop, count, drops[thing][2])
    return {**rules, "recipes": recipes, "drops": drops}

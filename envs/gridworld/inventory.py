"""What the agent carries: counts in a bounded number of slots, wear of tools, and what is worn or in hand."""

from __future__ import annotations

from collections.abc import Mapping

from fieldcraft.envs.gridworld.rules import Item


class Inventory:
    """Items by name. A stack fills a slot; what is equipped still counts as held.

    `wear` is how often the tool of that name now in use was used; further ones are unused.
    """

    def __init__(self, items: Mapping[str, Item], slots: int) -> None:
        self._items = items
        self.slots = slots
        self.counts: dict[str, int] = {}
        self.wear: dict[str, int] = {}
        self.equipment: dict[str, str] = {}
        self._tools: dict[str, list[str]] = {}
        tools = ((item.tool, name) for name, item in items.items() if item.tool is not None)
        for tool, name in sorted(
            tools, key=lambda each: (each[0].tier, each[0].speed, each[1]), reverse=True
        ):
            self._tools.setdefault(tool.kind, []).append(name)

    def count(self, name: str) -> int:
        """How many of an item are held."""
        return self.counts.get(name, 0)

    def slots_used(self) -> int:
        """How many slots are not empty."""
        return sum(-(-count // self._items[name].stack) for name, count in self.counts.items())

    def room(self, name: str) -> int:
        """How many more of an item fit."""
        stack = self._items[name].stack
        loose = -self.count(name) % stack
        return loose + (self.slots - self.slots_used()) * stack

    def free_slots(self) -> int:
        """How many slots are empty."""
        return self.slots - self.slots_used()

    def fits(self, gained: Mapping[str, int], used: Mapping[str, int], *, free: int | None = None) -> bool:
        """Whether all of `gained` fits once `used` is gone; `free` slots are counted where not given."""
        free = self.free_slots() if free is None else free
        if not used and free >= sum(-(-count // self._items[name].stack) for name, count in gained.items()):
            return True
        after = dict(self.counts)
        for name, count in used.items():
            after[name] = max(0, after.get(name, 0) - count)
        for name, count in gained.items():
            after[name] = after.get(name, 0) + count
        return sum(-(-count // self._items[name].stack) for name, count in after.items()) <= self.slots

    def add(self, name: str, count: int) -> int:
        """Take in as many as fit and return how many did."""
        taken = min(count, self.room(name))
        if taken > 0:
            self.counts[name] = self.count(name) + taken
        return max(taken, 0)

    def remove(self, name: str, count: int) -> None:
        """Give away items that are held; what is gone is no longer equipped."""
        left = self.count(name) - count
        if left > 0:
            self.counts[name] = left
            return
        self.counts.pop(name, None)
        self.wear.pop(name, None)
        for slot in [slot for slot, item in self.equipment.items() if item == name]:
            del self.equipment[slot]

    def use_tool(self, name: str) -> bool:
        """Wear a tool by one use; True if it broke and is gone."""
        tool = self._items[name].tool
        if tool is None:
            return False
        used = self.wear.get(name, 0) + 1
        if used < tool.uses:
            self.wear[name] = used
            return False
        self.wear.pop(name, None)
        self.remove(name, 1)
        return True

    def best_tool(self, kind: str) -> str | None:
        """The held tool of a class with the highest tier, then the highest speed."""
        for name in self._tools.get(kind, ()):
            if name in self.counts:
                return name
        return None

    def best_weapon(self) -> str | None:
        """The held item that hurts most, if any hurts more than a fist."""
        held = [(self._items[name].damage, name) for name in self.counts if self._items[name].damage > 1]
        return max(held)[1] if held else None

    def armor_points(self) -> int:
        """The points of everything worn."""
        worn = (self._items[name].armor for name in self.equipment.values())
        return sum(armor.points for armor in worn if armor is not None)

    def clear(self) -> None:
        """Lose everything."""
        self.counts.clear()
        self.wear.clear()
        self.equipment.clear()

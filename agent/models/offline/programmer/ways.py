"""How to come by an item: every way that the prompt speaks of, with what it costs, and the cheapest."""

from __future__ import annotations

import re

from .facts import Facts, Need
from .known_skills import KnownSkill
from .reading import Observed

UNKNOWN_COST = 40
"""Of an item that nothing is known of; a known way dearer than this is worse than finding another out."""

DOUBT = 25
"""What an unknown alternative costs more than one whose way is known in part: go deeper, not wider."""

SKETCHY = 35
"""The extra cost of a skill written before all was known: where it is known now, a new one is cheaper."""

LACKING, WORTHLESS = 10, 60
"""What a skill costs more that failed once in this task, and for each time if it failed oftener."""

FETCHED = 8
"""Cost of taking a thing out of a container."""

STEPS = 400
"""Items that are looked into for one program; what is beyond counts as unknown."""

SEEN, REMEMBERED, UNSEEN, MISSED = 1, 4, 45, 120
"""Costs of walking to a block or mob: in view, seen earlier, never seen, looked for and not found."""


class Way:
    """One way to an item.

    Attributes:
        kind: `skill`, `craft`, `smelt`, `mine`, `kill` or `try`.
        thing: the skill's entry, or what is smelted, mined or killed.
        cost: effort in arbitrary units, that of its needs included.
        needs: what is used up by doing it once, each with the alternative to go for first.
        tools: what must be held and is kept.
        stations: blocks to stand by.
    """

    def __init__(self, kind: str, thing: str, cost: float) -> None:
        self.kind = kind
        self.thing = thing
        self.cost = cost
        self.needs: list[tuple[int, tuple[str, ...]]] = []
        self.tools: list[str] = []
        self.stations: list[str] = []


class Ways:
    """Chooses ways, by what a prompt tells."""

    def __init__(
        self, facts: Facts, seen: Observed, skills: list[KnownSkill], blocks: list[str], failures: str
    ) -> None:
        self._facts = facts
        self._seen = seen
        self._blocks = frozenset(blocks)
        self._stations = {name for recipe in facts.recipes.values() for name in recipe.stations}
        self._stations.update(facts.smelting)
        self._failures = failures
        self.skills = skills
        self._chosen: dict[str, Way] = {}
        self._open: list[str] = []
        self._circles: set[str] = set()
        self._steps = 0

    def to(self, item: str) -> Way:
        """The cheapest way to an item; of kind `try` where none is known."""
        if item in self._chosen:
            return self._chosen[item]
        if item in self._open or self._steps >= STEPS:
            self._circles.add(item)
            return Way("try", item, 10 * UNKNOWN_COST)
        self._steps += 1
        self._open.append(item)
        way = min(self._all(item), key=lambda way: way.cost)
        self._open.pop()
        self._circles.discard(item)
        if not self._circles:
            self._chosen[item] = way
        return way

    def guessed(self, item: str) -> bool:
        """Whether a way is a guess: it is unknown what the item takes, and no skill surely yields it."""
        way = self.to(item)
        guess = way.kind == "mine" or any(skill.doubtful for skill in self.skills if skill.entry == way.thing)
        return way.kind == "try" or (guess and not self._facts.known(item))

    def best(self, alternatives: tuple[str, ...]) -> str:
        """The alternative that is cheapest to come by; the first of equals."""
        return min(alternatives, key=lambda name: self.cost(name) + DOUBT * (self.to(name).kind == "try"))

    def cost(self, item: str) -> float:
        """What it costs to have an item: nothing where one is held, little where a container has one."""
        if self._seen.inventory.get(item):
            return 0
        return FETCHED if self.stored((item,)) else self.to(item).cost

    def stored(self, alternatives: tuple[str, ...]) -> list[str]:
        """Those that containers hold and that are dearer to come by in any other way."""
        stored = self._seen.stored
        return [name for name in alternatives if stored.get(name) and self.to(name).cost > FETCHED]

    def _all(self, item: str) -> list[Way]:
        ways = [
            self._by_skill(skill) for skill in self.skills if skill.yields == item and self._trusted(skill)
        ]
        if item in self._facts.recipes:
            ways.append(self._by_crafting(item))
        for way, thing in self._facts.sources.get(item, []):
            ways.append(self._by_smelting(thing) if way == "smelting" else self._by_finding(item, way, thing))
        mined_before = f'bot.mine, "{item}"' in self._failures
        if (
            not ways
            and not mined_before
            and item in self._blocks - self._stations
            and self._distance(item) < UNSEEN
        ):
            ways.append(self._by_finding(item, "mining", item))
        return ways or [Way("try", item, UNKNOWN_COST)]

    def _trusted(self, skill: KnownSkill) -> bool:
        return not (skill.doubtful and self._facts.known(skill.yields))

    def _by_skill(self, skill: KnownSkill) -> Way:
        if skill.doubtful:
            return Way("skill", skill.entry, 15 + 30 * self._failures.count(f"{skill.entry}(bot, "))
        failures = self._failures.count(f" of {skill.entry}:")
        failures += self._failures.count(f"    {skill.entry}(bot") * ("> stopped: too many" in self._failures)
        sketchy = self._sketchy(skill)
        doubt = LACKING if failures == 1 and not sketchy else WORTHLESS * failures
        return Way("skill", skill.entry, 1 + doubt + SKETCHY * sketchy)

    def _sketchy(self, skill: KnownSkill) -> bool:
        """Whether a skill was written before the needs of all it makes were known: it leans on luck.

        Of one whose code is not shown, what it is for tells that.
        """
        if not skill.source:
            needs = self._facts.needs_of(skill.yields) if "Hold at least" in skill.purpose else []
            return any(not any(name in skill.purpose for name in names) for names in needs)
        made = [skill.yields, *re.findall(r'bot\.craft\("([^"]+)"', skill.source)]
        needs = [names for name in dict.fromkeys(made) for names in self._facts.needs_of(name)]
        if "bot.smelt(" in skill.source:
            needs += [(station,) for station in self._facts.smelting]
        seen_to = [line for line in skill.source.splitlines() if "_held(" in line and "<" in line]
        stood_by = [line for line in skill.source.splitlines() if "_stand_by(" in line]
        return re.search(r"(?<!def )_learn\(bot, (?!\*ask)", skill.source) is not None or any(
            not any(f'"{name}"' in line for name in names for line in [*seen_to, *stood_by])
            and not any(f"_{name}(" in skill.source for name in names)
            for names in needs
        )

    def _by_crafting(self, item: str) -> Way:
        recipe = self._facts.recipes[item]
        way = Way("craft", item, 1)
        self._use(way, recipe.wants(), recipe.stations)
        return way

    def _by_smelting(self, thing: str) -> Way:
        way = Way("smelt", thing, 3)
        self._use(way, [(1, (thing,))], self._facts.smelting)
        if self._facts.fuels:
            self._use(way, [(1, tuple(self._facts.fuels))], [])
        return way

    def _by_finding(self, item: str, way_name: str, thing: str) -> Way:
        way = Way("mine" if way_name == "mining" else "kill", thing, 1 + self._distance(thing))
        tool = self._facts.tool(item, thing) if way_name == "mining" else ""
        if tool:
            way.tools.append(tool)
            way.cost += self.cost(tool)
        return way

    def _use(self, way: Way, needs: list[Need], stations: list[str]) -> None:
        for count, alternatives in needs:
            first = self.best(alternatives)
            way.needs.append((count, (first, *(other for other in alternatives if other != first))))
            held = sum(self._seen.inventory.get(name, 0) for name in alternatives)
            stored = sum(self._seen.stored[name] for name in self.stored(alternatives))
            fetched = FETCHED if held + stored >= count else self.to(first).cost
            way.cost += 0 if held >= count else fetched
        for station in stations:
            way.stations.append(station)
            way.cost += 0 if station in self._seen.blocks else self.cost(station)

    def _distance(self, name: str) -> int:
        if name in self._seen.blocks or name in self._seen.mobs:
            return SEEN
        if name in self._seen.far_blocks:
            return REMEMBERED
        return MISSED if name in self._facts.absent else UNSEEN

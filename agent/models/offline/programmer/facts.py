"""What the world's messages say: recipes, sources, tools, stations and fuel, by name.

All of it is read from sentences of one regular form, which errors have and answers keep:

    cannot craft X: need 3 A or B (have 1), 2 C (have 0); need a Y within 4 blocks
    cannot craft X: no crafting recipe makes it; it comes from smelting Z or mining Y with T
    cannot mine X: need T or better (holding H)
    cannot smelt X: need fuel: F or G (have none)
    To craft X: it comes from mining Y; to mine Y: need T or better.

What programs are for says the same in their docstrings:

    Hold at least `count` X, crafted from 3 A or B, 2 C at a S.
    Hold at least `count` X, smelted from A at a S burning F or G.
    Hold at least `count` X, mined from Y with T.
"""

from __future__ import annotations

import re

from .reading import without_remarks

NAME = r"[A-Za-z_][\w:.-]*\w|[A-Za-z_]"
Need = tuple[int, tuple[str, ...]]
"""How many, and of which: any mix of the alternatives counts."""

WAYS = ("smelting", "mining", "killing")

_SENTENCE = re.compile(rf"\b(?:[Cc]annot|[Tt]o) (\w+) ({NAME}): (.*?)(?=; to \w+ (?:{NAME}): |\. To |$)")
_STATION = re.compile(rf"need an? ({NAME}) within")
_TOOL = re.compile(rf"need ({NAME}) or better")
_NEED = re.compile(rf"(?<!\d)(\d{{1,9}}) ((?:{NAME})(?: or (?:{NAME}))*)")
_FUEL = re.compile(r"need (?:more )?fuel: ([^(;]+)")
_SOURCE = re.compile(r"comes from ([^(;]+)")
_UNSEEN = re.compile(rf"\bsaw no ({NAME}) on \d+ walks")
_HARM = re.compile(rf"\b(?:lost \d+ health to|died of|killed by) ({NAME})")
_PLACE = re.compile(r" at line \d+.*$")
_PURPOSE_BEGINS = "Hold at least `count` "
_PURPOSE = re.compile(
    rf"({NAME}), (crafted from|smelted from|mined from|got by killing) (.+?)"
    rf"(?: with ({NAME}))?(?: at an? ({NAME}))?(?: burning (.+?))?\."
)
_CHOICE = re.compile(r",\s*(?:or )?| or | and ")


PURPOSE_READ = 2_000
"""Characters of what a program is for that are read."""

MOST = 200
"""Of one kind of thing, such as fuels, that are remembered."""


class Recipe:
    """What one crafting of an item takes."""

    def __init__(self) -> None:
        self.needs: dict[tuple[str, ...], int] = {}
        self.stations: list[str] = []

    def wants(self) -> list[Need]:
        """The needs, in the order they became known."""
        return [(count, alternatives) for alternatives, count in self.needs.items()]


class Facts:
    """All that a text tells.

    Attributes:
        recipes: item -> what crafting it takes.
        sources: item -> (`smelting`, `mining` or `killing`, of what), where no recipe makes it.
        tools: block -> the least tool that mines it.
        special: (item, block) -> the tool without which mining the block leaves something else.
        smelting: what smelting a thing takes besides it.
        smelted: what smelting was spoken of.
        fuels: what burns.
        absent: names that were looked for and not found.
        harmful: what took health, or killed the agent.
    """

    def __init__(self, *texts: str) -> None:
        self.recipes: dict[str, Recipe] = {}
        self.sources: dict[str, list[tuple[str, str]]] = {}
        self.tools: dict[str, str] = {}
        self.special: dict[tuple[str, str], str] = {}
        self.smelting: list[str] = []
        self.smelted: list[str] = []
        self.fuels: list[str] = []
        self.absent: set[str] = set()
        self.harmful: dict[str, None] = {}
        for text in texts:
            self.read(text)

    def read(self, text: str) -> None:
        """Add what another text tells."""
        self.absent.update(_UNSEEN.findall(text))
        self.harmful.update(dict.fromkeys(_HARM.findall(text)))
        for line in text.splitlines():
            for verb, name, body in _SENTENCE.findall(_PLACE.sub("", line)):
                self._sentence(verb, name, body)

    def read_purposes(self, source: str) -> None:
        """Add what the docstrings of programs tell of how they come by things."""
        for purpose in source.split(_PURPOSE_BEGINS)[1:]:
            found = _PURPOSE.match(purpose[:PURPOSE_READ])
            if found is None:
                continue
            item, way, what, tool, station, fuels = (part or "" for part in found.groups())
            if way == "crafted from":
                at = f"; need a {station} within" if station else ""
                self._sentence("craft", item, f"need {what}{at}")
                continue
            kind = {"smelted from": "smelting", "mined from": "mining"}.get(way, "killing")
            _extend(self.sources.setdefault(item, []), [(kind, what)])
            if tool:
                self.tools.setdefault(what, tool)
            _extend(self.smelting, [station] if station else [])
            _extend(self.fuels, _choices(fuels))

    def known(self, item: str) -> bool:
        """Whether anything was said of how to come by an item."""
        return item in self.recipes or item in self.sources

    def needs_of(self, item: str) -> list[tuple[str, ...]]:
        """What an item takes, stations and tools included, as tuples of alternatives."""
        return [names for _, names in self.wants(item)]

    def used(self) -> set[str]:
        """All that some recipe takes."""
        return {name for item in self.recipes for names in self.needs_of(item) for name in names}

    def wants(self, item: str) -> list[Need]:
        """What getting an item once takes, with how many: 1 of what is not used up."""
        wanted: list[Need] = []
        recipe = self.recipes.get(item)
        if recipe:
            wanted += recipe.wants()
            wanted += [(1, (station,)) for station in recipe.stations]
        for way, thing in self.sources.get(item, [])[:1]:
            if way == "smelting":
                wanted += [(1, (thing,)), *((1, (station,)) for station in self.smelting)]
                if self.fuels:
                    wanted.append((1, tuple(self.fuels)))
            elif way == "mining" and (tool := self.tool(item, thing)):
                wanted.append((1, (tool,)))
        return wanted

    def tool(self, item: str, block: str) -> str:
        """The tool that getting an item from a block takes; empty where none is known of."""
        return self.special.get((item, block)) or self.tools.get(block, "")

    def _sentence(self, verb: str, name: str, body: str) -> None:
        if "none within" in body:
            self.absent.add(name)
        for clause in body.split(";"):
            sources = _sources(clause)
            if sources:
                _extend(self.sources.setdefault(name, []), [(way, thing) for way, thing, _ in sources])
                self.special.update({(name, thing): tool for _, thing, tool in sources if tool})
                continue
            match verb:
                case "craft":
                    self._craft(name, clause)
                case "mine":
                    self.tools.update((name, tool) for tool in _TOOL.findall(clause))
                    self.tools.update((name, tool) for _, tool in _NEED.findall(without_remarks(clause)))
                case "smelt":
                    _extend(self.smelted, [name])
                    _extend(self.smelting, _STATION.findall(clause))
                    for fuels in _FUEL.findall(clause):
                        _extend(self.fuels, _choices(fuels))
                case _:
                    pass

    def _craft(self, name: str, clause: str) -> None:
        stations = _STATION.findall(clause)
        needs = [] if stations else _NEED.findall(without_remarks(clause))
        if stations or needs:
            recipe = self.recipes.setdefault(name, Recipe())
            _extend(recipe.stations, stations)
            for count, names in needs:
                alternatives = tuple(names.split(" or "))
                recipe.needs[alternatives] = max(int(count), recipe.needs.get(alternatives, 0))


def _choices(text: str) -> list[str]:
    words = [word.strip(" .") for word in _CHOICE.split(text)]
    return [word for word in words if re.fullmatch(NAME, word)]


def _sources(clause: str) -> list[tuple[str, str, str]]:
    """`smelting A or B, or mining C with T` in threes; a name without a way has the way before it."""
    found = []
    for text in _SOURCE.findall(clause):
        way = ""
        for words in _CHOICE.split(text.strip(" .")):
            first, _, rest = words.strip().partition(" ")
            way, name = (first, rest) if rest and not rest.startswith("with ") else (way, words.strip())
            name, _, tool = name.partition(" with ")
            if way in WAYS and re.fullmatch(NAME, name):
                found.append((way, name, tool))
    return found


def _extend(target: list, more: list) -> None:  # type: ignore[type-arg]
    target.extend(entry for entry in more[:MOST] if len(target) < MOST and entry not in target)

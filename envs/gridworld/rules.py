"""The rules of the grid world as data: the schema of `rules.json`, and loading it with errors by line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fieldcraft.envs.suggest import nearest

DEFAULT_RULES = Path(__file__).with_name("rules.json")

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Ticks = Annotated[int, Field(ge=1)]
Color = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
EntryPath = tuple[str | int, ...]


class RulesError(ValueError):
    """A rules file says something impossible; the message names the entry and its line."""


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class WorldRules(_Rule):
    """The constants of the world: distances in tiles, durations in ticks, health and hunger in points."""

    size: int = Field(ge=48, le=1024)
    view_radius: int = Field(ge=2, le=16)
    search_radius: int = Field(ge=2, le=16)
    surface_y: int
    slots: Count
    station_distance: Count
    call_ticks: Ticks
    step_ticks: Ticks
    day_ticks: Ticks
    night_start: Ticks
    night_end: Ticks
    health: Count
    hunger: Count
    hunger_ticks: Ticks
    heal_ticks: Ticks
    heal_hunger: int = Field(ge=0)
    starve_ticks: Ticks
    starve_floor: int = Field(ge=0)
    attack_ticks: Ticks
    hand_damage: Count
    spawn_clearing: Count
    tiles_per_mob: Count
    hostile_cap: int = Field(ge=0)
    hostile_chance: Share


class Drop(_Rule):
    """`count` to `most` of `item`, with probability `chance`."""

    item: str
    count: int = Field(default=1, ge=0)
    most: int | None = Field(default=None, ge=1)
    chance: float = Field(default=1.0, gt=0, le=1)


class Growth(_Rule):
    """A placed block turns into another after this many ticks."""

    into: str
    ticks: Ticks


class Block(_Rule):
    """What stands on a tile.

    `hardness` is Minecraft's (absent: unbreakable); `tool` mines it faster and, with `tier`, is
    needed to get `drops`. `walk` is the ticks of a step onto it, 0 where nobody can. `beneath` is
    what lies under it in the ground. `takes` is an item used up by mining it.
    """

    color: Color
    hardness: float | None = Field(default=None, ge=0)
    tool: str | None = None
    tier: int | None = Field(default=None, ge=0)
    drops: tuple[Drop, ...] = ()
    walk: int = Field(default=0, ge=0)
    beneath: str | None = None
    takes: str | None = None
    held: dict[str, tuple[Drop, ...]] = Field(default={}, alias="with")
    container: int = Field(default=0, ge=0)
    bed: bool = False
    grows: Growth | None = None
    reacts: dict[str, str] = {}


class Tool(_Rule):
    """A class of tool, its harvest tier, its speed factor, and how often it can be used."""

    kind: str
    tier: int = Field(ge=0)
    speed: float = Field(gt=0)
    uses: Count


class Armor(_Rule):
    """Where armour is worn; each point takes 4 % off a mob's damage."""

    slot: Literal["head", "torso", "legs", "feet", "off-hand"]
    points: int = Field(ge=0, le=20)


class Item(_Rule):
    """What fits in a slot: `food` in hunger points, `fuel` in half smelted items, `damage` in health points."""

    stack: Count = 64
    food: int = Field(default=0, ge=0)
    fuel: int = Field(default=0, ge=0)
    damage: int = Field(default=0, ge=0)
    tool: Tool | None = None
    armor: Armor | None = None
    places: str | None = None
    returns: str | None = None


class Recipe(_Rule):
    """A shapeless recipe: `needs` maps an item or a tag to a count; `station` is a block that must be near."""

    item: str
    count: Count = 1
    needs: dict[str, Count] = Field(min_length=1)
    station: str | None = None


class Smelt(_Rule):
    """What one of an item or a tag becomes in the furnace."""

    item: str
    needs: str


class Smelting(_Rule):
    """The block that smelts, how long one item takes, and what it can do."""

    station: str
    ticks: Ticks
    recipes: tuple[Smelt, ...] = ()


class Mob(_Rule):
    """A creature: where it lives, what it drops, and how it fights.

    `hostile` ones hunt within view; `burns` ones vanish by day outside caves; `explodes` ones die
    of their attack. `reach` is the distance of an attack in tiles.
    """

    color: Color
    health: Count
    drops: tuple[Drop, ...] = ()
    on: tuple[str, ...] = Field(min_length=1)
    biomes: tuple[str, ...] = ()
    weight: float = Field(gt=0)
    damage: int = Field(default=0, ge=0)
    reach: int = Field(default=1, ge=1)
    hostile: bool = False
    burns: bool = False
    explodes: bool = False


class Biome(_Rule):
    """A region: its climate (both 0 to 1), its ground, and the share of tiles with each plant or tree.

    `rock` and `water` widen the mountains and lakes in it.
    """

    temperature: Share
    wetness: Share
    floor: str
    plants: dict[str, Share] = {}
    trees: dict[str, Share] = {}
    rock: float = 0
    water: float = 0


class Tree(_Rule):
    """The blocks a tree is made of."""

    log: str
    leaves: str


class Beach(_Rule):
    """The ground beside water: below `level`, one of `floors` by weight."""

    level: Share
    floors: dict[str, Share] = Field(min_length=1)


class Terrain(_Rule):
    """How height becomes water, rock and caves. Levels are heights from 0 to 1; depths count tiles into rock."""

    water: str
    water_level: Share
    beach: Beach
    shore: dict[str, Share] = {}
    water_plants: dict[str, Share] = {}
    rock: str
    rock_level: Share
    deep_rock: str
    deep_depth: Count
    pockets: dict[str, Share] = {}
    cave: str
    cave_level: Share
    lava: str
    lava_depth: Count
    lava_chance: Share


class Ore(_Rule):
    """Where an ore lies: at least `depth` tiles into rock and `distance` tiles from the spawn."""

    depth: Count
    distance: float = Field(ge=0)
    density: Share
    vein: Share = 0
    at_least: int = Field(default=0, ge=0)


class Rules(_Rule):
    """Everything the grid world knows; see the classes of each section."""

    format: Literal[1]
    world: WorldRules
    tags: dict[str, tuple[str, ...]] = {}
    blocks: dict[str, Block]
    items: dict[str, Item]
    recipes: tuple[Recipe, ...] = ()
    smelting: Smelting
    mobs: dict[str, Mob] = {}
    biomes: dict[str, Biome] = Field(min_length=1)
    trees: dict[str, Tree] = {}
    terrain: Terrain
    ores: dict[str, Ore] = {}
    milestones: dict[str, tuple[str, ...]] = {}

    def alternatives(self, ingredient: str) -> tuple[str, ...]:
        """The items an ingredient may be: the members of a tag, or the item itself."""
        return self.tags.get(ingredient, (ingredient,))


@lru_cache(maxsize=8)
def _parse(text: str, source: str) -> Rules:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise RulesError(f"{source}: line {error.lineno}: not JSON: {error.msg}") from error
    try:
        rules = Rules.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = tuple(part for part in first["loc"])
        got = (
            first["input"] if isinstance(first["input"], str | int | float) else type(first["input"]).__name__
        )
        raise rules_error(text, source, place, f"{first['msg']} (got {got!r})") from error
    for place, problem in _unknown_names(rules):
        raise rules_error(text, source, place, problem)
    from fieldcraft.envs.gridworld.obtainable import find_unobtainable

    for place, problem in find_unobtainable(rules):
        raise rules_error(text, source, place, problem)
    return rules


def load_rules(path: Path | str | None = None) -> tuple[Rules, str]:
    """Read and check a rules file (the built-in one where `path` is omitted).

    Returns:
        The rules, and the SHA-256 of the file: worlds of other rules are other worlds.

    Raises:
        RulesError: the file cannot be read, or an entry is wrong; the message names entry and line.
    """
    source = DEFAULT_RULES if path is None else Path(path)
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(f"cannot read the rules file {source}: {error}") from error
    return _parse(text, source.name), hashlib.sha256(text.encode()).hexdigest()


def rules_error(text: str, source: str, place: EntryPath, problem: str) -> RulesError:
    """The error for the entry at `place`, with the line it stands on in `text`."""
    entry = ".".join(str(part) for part in place)
    return RulesError(f"{source}, line {_line_of(text, place)}: {entry}: {problem}")


def _line_of(text: str, place: EntryPath) -> int:
    """The line of the deepest part of `place` that the file has; YAML's parser keeps lines and reads JSON."""
    import yaml

    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    line = 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            child = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if child is None:
                break
            line, node = child[0].start_mark.line + 1, child[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _unknown_names(rules: Rules) -> Iterator[tuple[EntryPath, str]]:
    """Every name that is used but not defined, with the place that uses it."""
    known: dict[str, Sequence[str]] = {
        "item": [*rules.items],
        "block": [*rules.blocks],
        "item or tag": [*rules.items, *rules.tags],
        "biome": [*rules.biomes],
        "tree": [*rules.trees],
    }
    for kind, name, place in _references(rules):
        if name not in known[kind]:
            yield place, f"unknown {kind} {name!r}{nearest(name, known[kind])}"
    if len(rules.blocks) > 255:
        yield ("blocks",), "more than 255 blocks; a tile is one byte"


def _references(rules: Rules) -> Iterator[tuple[str, str, EntryPath]]:
    """Every use of a name in the rules as (kind of name, name, place)."""
    for tag, members in rules.tags.items():
        for index, member in enumerate(members):
            yield "item", member, ("tags", tag, index)
    for name, block in rules.blocks.items():
        yield from _block_references(block, ("blocks", name))
    for name, item in rules.items.items():
        for kind, field in (("block", "places"), ("item", "returns")):
            if used := getattr(item, field):
                yield kind, used, ("items", name, field)
    for index, recipe in enumerate(rules.recipes):
        place: EntryPath = ("recipes", index)
        yield "item", recipe.item, (*place, "item")
        for need in recipe.needs:
            yield "item or tag", need, (*place, "needs", need)
        if recipe.station is not None:
            yield "block", recipe.station, (*place, "station")
    yield "block", rules.smelting.station, ("smelting", "station")
    for index, smelt in enumerate(rules.smelting.recipes):
        yield "item", smelt.item, ("smelting", "recipes", index, "item")
        yield "item or tag", smelt.needs, ("smelting", "recipes", index, "needs")
    for name, mob in rules.mobs.items():
        yield from _drop_references(mob.drops, ("mobs", name, "drops"))
        for index, used in enumerate(mob.on):
            yield "block", used, ("mobs", name, "on", index)
        for index, used in enumerate(mob.biomes):
            yield "biome", used, ("mobs", name, "biomes", index)
    yield from _land_references(rules)


def _block_references(block: Block, place: EntryPath) -> Iterator[tuple[str, str, EntryPath]]:
    yield from _drop_references(block.drops, (*place, "drops"))
    for tool, drops in block.held.items():
        yield from _drop_references(drops, (*place, "with", tool))
    if block.beneath:
        yield "block", block.beneath, (*place, "beneath")
    if block.takes:
        yield "item", block.takes, (*place, "takes")
    if block.grows:
        yield "block", block.grows.into, (*place, "grows", "into")
    for liquid, result in block.reacts.items():
        yield "block", liquid, (*place, "reacts", liquid)
        yield "block", result, (*place, "reacts", liquid)


def _drop_references(drops: Sequence[Drop], place: EntryPath) -> Iterator[tuple[str, str, EntryPath]]:
    for index, drop in enumerate(drops):
        yield "item", drop.item, (*place, index, "item")


def _land_references(rules: Rules) -> Iterator[tuple[str, str, EntryPath]]:
    for name, biome in rules.biomes.items():
        yield "block", biome.floor, ("biomes", name, "floor")
        for plant in biome.plants:
            yield "block", plant, ("biomes", name, "plants", plant)
        for tree in biome.trees:
            yield "tree", tree, ("biomes", name, "trees", tree)
    for name, tree_rule in rules.trees.items():
        yield "block", tree_rule.log, ("trees", name, "log")
        yield "block", tree_rule.leaves, ("trees", name, "leaves")
    terrain = rules.terrain
    for field in ("water", "rock", "deep_rock", "cave", "lava"):
        yield "block", getattr(terrain, field), ("terrain", field)
    for field in ("shore", "water_plants", "pockets"):
        for used in getattr(terrain, field):
            yield "block", used, ("terrain", field, used)
    for floor in terrain.beach.floors:
        yield "block", floor, ("terrain", "beach", "floors", floor)
    for ore in rules.ores:
        yield "block", ore, ("ores", ore)
    for milestone, items in rules.milestones.items():
        for index, item in enumerate(items):
            yield "item", item, ("milestones", milestone, index)

"""The rules of the grid world as data: the schema of `rules.json`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Ticks = Annotated[int, Field(ge=1)]
Color = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
EntryPath = tuple[str | int, ...]
"""The way to an entry of a rules file: keys and indices."""


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)


class WorldRules(_Rule):
    """The constants of the world: distances in tiles, durations in ticks, health and hunger in points.

    A fresh world has a peaceful mob for every `tiles_per_mob` tiles, and `mobs_at_least` of each kind.
    """

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
    mobs_at_least: int = Field(default=0, ge=0)
    hostile_cap: int = Field(ge=0)
    hostile_chance: Share
    animal_cap: int = Field(default=4, ge=0)


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
    """What fits in a slot.

    `food` is in hunger points, `fuel` in half smelted items, `damage` in health points. `places` is the
    block it becomes, `returns` the item that is left when it is used up.
    """

    stack: Count = 64
    food: int = Field(default=0, ge=0)
    fuel: int = Field(default=0, ge=0)
    damage: int = Field(default=0, ge=0)
    tool: Tool | None = None
    armor: Armor | None = None
    places: str | None = None
    returns: str | None = None


class Recipe(_Rule):
    """A shapeless recipe: `needs` maps items or tags to counts; `station` is a block that must be near."""

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

    @model_validator(mode="after")
    def _fit(self) -> Biome:
        """No more than every tile can be covered."""
        if (total := sum(self.plants.values()) + sum(self.trees.values())) > 1:
            raise ValueError(f"plants and trees cover {total:g} of the tiles, more than all")
        return self


class Tree(_Rule):
    """The blocks a tree is made of."""

    log: str
    leaves: str


class Beach(_Rule):
    """The ground beside water: below `level`, one of `floors` by weight."""

    level: Share
    floors: dict[str, Share] = Field(min_length=1)


class Terrain(_Rule):
    """How height becomes water, rock and caves, and what climate there is.

    `warmer` and `wetter` move the climate of the whole world, for which biomes have their places.
    Levels are heights from 0 to 1; depths count tiles into the rock. A world holds `at_least` tiles of
    every plant, log, ground, liquid and pocket of its biomes, and `biome_squares` squares of 4 tiles
    of each biome, however small it is.
    """

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
    warmer: float = Field(default=0, ge=-1, le=1)
    wetter: float = Field(default=0, ge=-1, le=1)
    at_least: int = Field(default=0, ge=0)
    biome_squares: int = Field(default=0, ge=0)


class Ore(_Rule):
    """Where an ore lies: at least `depth` tiles into rock and `distance` tiles from the spawn."""

    depth: Count
    distance: float = Field(ge=0)
    density: Share
    vein: Share = 0
    at_least: int = Field(default=0, ge=0)


class Variant(_Rule):
    """A world of another kind, chosen by the option `variant`.

    `size` to `permutation` are options, as if they were given at the reset; `terrain`, `ores` and `world`
    hold what differs from those sections of the rules.
    """

    about: str
    size: int | None = None
    mob_density: float | None = None
    keep_inventory: bool | None = None
    biomes: tuple[str, ...] | None = None
    permutation: int | None = None
    terrain: dict[str, Any] = {}
    ores: dict[str, dict[str, Any]] = {}
    world: dict[str, Any] = {}


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
    variants: dict[str, Variant] = {}

    def alternatives(self, ingredient: str) -> tuple[str, ...]:
        """The items an ingredient may be: the members of a tag, or the item itself."""
        return self.tags.get(ingredient, (ingredient,))

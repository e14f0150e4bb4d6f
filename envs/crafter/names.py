"""The names of Crafter: what can be achieved, done, met and made in it."""

from __future__ import annotations

from typing import Literal, get_args

ACHIEVEMENTS = (
    "collect_coal",
    "collect_diamond",
    "collect_drink",
    "collect_iron",
    "collect_sapling",
    "collect_stone",
    "collect_wood",
    "defeat_skeleton",
    "defeat_zombie",
    "eat_cow",
    "eat_plant",
    "make_iron_pickaxe",
    "make_iron_sword",
    "make_stone_pickaxe",
    "make_stone_sword",
    "make_wood_pickaxe",
    "make_wood_sword",
    "place_furnace",
    "place_plant",
    "place_stone",
    "place_table",
    "wake_up",
)
"""The 22 that an episode is scored by, sorted."""

Action = Literal[
    "noop",
    "move_left",
    "move_right",
    "move_up",
    "move_down",
    "do",
    "sleep",
    "place_stone",
    "place_table",
    "place_furnace",
    "place_plant",
    "make_wood_pickaxe",
    "make_stone_pickaxe",
    "make_iron_pickaxe",
    "make_wood_sword",
    "make_stone_sword",
    "make_iron_sword",
]
ACTIONS: tuple[str, ...] = get_args(Action)
"""The actions in Crafter's order, by which it numbers them."""

Direction = Literal["left", "right", "up", "down"]
OFFSETS: dict[str, tuple[int, int]] = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}

Collected = Literal["coal", "diamond", "drink", "iron", "sapling", "stone", "wood"]
SOURCES = {"drink": "water", "sapling": "grass", "wood": "tree"}
"""What gives a collected thing, where that has another name."""
Placed = Literal["stone", "table", "furnace", "plant"]
Made = Literal["wood_pickaxe", "stone_pickaxe", "iron_pickaxe", "wood_sword", "stone_sword", "iron_sword"]
Creature = Literal["cow", "zombie", "skeleton"]
CREATURES: tuple[str, ...] = get_args(Creature)
MATERIALS = (
    "coal",
    "diamond",
    "furnace",
    "grass",
    "iron",
    "lava",
    "path",
    "sand",
    "stone",
    "table",
    "tree",
    "water",
)
Thing = Literal[
    "coal",
    "cow",
    "diamond",
    "furnace",
    "grass",
    "iron",
    "lava",
    "path",
    "plant",
    "ripe_plant",
    "sand",
    "skeleton",
    "stone",
    "table",
    "tree",
    "water",
    "zombie",
]
"""Whatever can be seen and walked to."""
VITALS = ("health", "food", "drink", "energy")

"""Common things of crafting worlds in other everyday words, by which people ask for them.

Skills speak of things by exact names, people by what a thing is or is for. What stands here is added to the
text by which a skill is found, where its name or its description has the word; nothing else knows of it.
"""

from __future__ import annotations

import re

MOST_ADDED = 6
"""Things of one skill that are described."""

_LINES = """
anvil: heavy iron block to repair and name things
apple: fruit to eat
armor helmet chestplate leggings boots: protective clothing, metal suit to wear, gear against damage
arrow: ammunition to shoot, missile, projectile
axe: chopper, tool to fell trees
bed: somewhere to sleep, place to rest through the night
beef steak porkchop pork mutton: meat, food from animals
boat: vessel to travel over water, craft to row across the sea
bone skeleton: archer monster, undead bowman, remains
book bookshelf: pages to read, library, writing
bow: ranged weapon, shooter of arrows, archery
bread: baked loaf, food from grain
bridge: way over a gap, crossing
bucket: pail to carry liquid
cake: sweet dessert, pastry
carrot potato beetroot: vegetable, root crop
chest barrel: container, box for storage, place to keep and stash belongings
chicken egg: bird, poultry, hen
clay brick: building material, masonry, pottery
clock: instrument to tell the time of day
compass: instrument that shows the way home, direction, navigation
coal charcoal: fuel to burn, black lumps for the fire
cobblestone: rocks, rough stone, rubble
cow cattle: farm animal, livestock, hide and milk
creeper: green monster that explodes and blows up
crop wheat seed hoe farm: grain, field, agriculture, growing food, planting, tilling soil
diamond emerald: gem, jewel, precious stone
dirt sand: loose ground, soil, earth
door gate: entrance, barrier, way in, to close a home
enchanting enchant: magic improvement of tools
ender pearl enderman: teleporting monster, tall dark creature
explore: travel, scout, look around, discover new land
farm: plantation, growing
fence: railing, pen, enclosure that keeps animals from running away
fish fishing rod: angling, catching food from water, sea food
flint: sharp stone, lighter that starts fires
food eat hunger: meal, something to fill the stomach, starving
furnace smelt cook smoker: oven, melting, baking, roasting, heat, hearth
glass: window, clear pane
gold golden: yellow precious metal
heal health potion: recover, cure, brew, medicine, wounds
gravel: loose pebbles, where flint comes from
hoe: tool to till the soil
house shelter hut wall roof: home, building, protection for the night, refuge
ingot iron: metal bar, refined ore
inventory drop: pockets, bag, belongings, throw away clutter, make room
ladder stairs climb: way up, ascend, get to the surface
lava obsidian: molten rock, dark glass, volcanic
lapis: blue stone for magic, dye
leather: hide, animal skin
log oak birch spruce wood: timber, trunk, tree, lumber
milk: white drink from a cow
mine ore mining: dig underground, extract minerals, vein, below the surface
minecart rail: train, track, railway
nether portal: underworld, other dimension, gateway to hell
paper sugar cane: reeds, sheets, sweet
pickaxe: digging tool, digger, implement to break rock, mining implement
plank planks slab: boards, sawn wood
redstone: wiring, signal, circuit
saddle horse tame: riding, mount, companion
shears shear: scissors, clippers, trimming harmlessly
sheep wool: fleece, fluffy white material, fabric, cloth
shield: something to block blows and arrows, defence
shovel: spade, digging loose earth
snow ice: frozen water, cold
spider string: web, thread, eight legs
stick sticks: handles, rods, sprigs
stone: rock, hard block
sword: blade, weapon to fight with
table workbench crafting: bench, place to make things
torch lantern light: lamp, lighting against the dark, brightness
villager trade emerald: merchant, barter, shopping
water: liquid, sea, river, drink
weapon fight kill attack hunt: combat, battle, slay, defeat, beat
zombie hostile monster: undead, enemy, foe, night creature
"""


def _read() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _LINES.strip().splitlines():
        names, _, meaning = line.partition(": ")
        for name in names.split():
            found[name] = f"{found[name]}, {meaning}" if name in found else meaning
    return found


_MEANINGS = _read()


def in_plain_words(text: str) -> list[str]:
    """What the things that a text names are, each in other words; empty where it names none of these."""
    found: dict[str, None] = {}
    for word in re.findall(r"[a-z]+", text.lower()):
        meaning = _MEANINGS.get(word) or _MEANINGS.get(word.removesuffix("s"))
        if meaning:
            found[meaning] = None
        if len(found) == MOST_ADDED:
            break
    return list(found)

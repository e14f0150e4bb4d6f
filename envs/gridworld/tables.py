"""The rules compiled for speed: blocks and mobs as small numbers, per-block properties as byte tables."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fieldcraft.envs.gridworld.loading import parse_rules, read_text, source_name
from fieldcraft.envs.gridworld.obtainable import Source, sources
from fieldcraft.envs.gridworld.rules import Block, Item, Mob, Recipe, Rules, Tool
from fieldcraft.envs.gridworld.scramble import scrambled_text
from fieldcraft.envs.gridworld.variants import varied

MARGIN = 16
"""Tiles of unbreakable rock around the world, so that no window around the agent needs clipping."""


@dataclass(frozen=True, eq=False)
class Tables:
    """One rules file, compiled. Block 0 is the first of the rules, bare ground; the others are sorted.

    `walk` holds the ticks of a step onto each block, 0 where nobody can step; `bedrock` is the block
    that surrounds the world, the first that cannot be broken or walked on. `kept` are the containers, beds
    and stations, which walking leaves whole.
    """

    rules: Rules
    digest: str
    block_names: tuple[str, ...]
    block_ids: dict[str, int]
    mob_names: tuple[str, ...]
    mob_ids: dict[str, int]
    walk: bytes
    bedrock: int
    placeable: dict[str, str]
    kept: frozenset[int]
    recipes: dict[str, tuple[Recipe, ...]]
    smelts: dict[str, str]
    sources: dict[str, list[Source]]

    def block(self, block_id: int) -> Block:
        """The rule of a block."""
        return self.rules.blocks[self.block_names[block_id]]

    def mob(self, mob_id: int) -> Mob:
        """The rule of a mob."""
        return self.rules.mobs[self.mob_names[mob_id]]

    def item(self, name: str) -> Item:
        """The rule of an item."""
        return self.rules.items[name]

    def tool(self, name: str) -> Tool | None:
        """The tool that an item is, if it is one."""
        return self.rules.items[name].tool


_compiled: dict[str, Tables] = {}


def _compile(rules: Rules, digest: str) -> Tables:
    ground, *others = rules.blocks
    block_names, mob_names = (ground, *sorted(others)), tuple(rules.mobs)
    recipes: dict[str, list[Recipe]] = {}
    for recipe in rules.recipes:
        recipes.setdefault(recipe.item, []).append(recipe)
    smelts = {
        item: smelt.item for smelt in rules.smelting.recipes for item in rules.alternatives(smelt.needs)
    }
    blocks = [rules.blocks[name] for name in block_names]
    walk = bytes(block.walk for block in blocks)
    return Tables(
        rules=rules,
        digest=digest,
        block_names=block_names,
        block_ids={name: index for index, name in enumerate(block_names)},
        mob_names=mob_names,
        mob_ids={name: index for index, name in enumerate(mob_names)},
        walk=walk + bytes(256 - len(walk)),
        bedrock=next(
            index for index, block in enumerate(blocks) if block.hardness is None and not block.walk
        ),
        placeable={name: item.places for name, item in rules.items.items() if item.places is not None},
        recipes={name: tuple(ways) for name, ways in recipes.items()},
        smelts=smelts,
        kept=frozenset(_kept(rules, block_names)),
        sources=sources(rules),
    )


def _kept(rules: Rules, block_names: Sequence[str]) -> Iterator[int]:
    stations = {recipe.station for recipe in rules.recipes} | {rules.smelting.station}
    for index, name in enumerate(block_names):
        if rules.blocks[name].container or rules.blocks[name].bed or name in stations:
            yield index


def load_tables(
    path: Path | str | None = None, *, variant: str | None = None, permutation: int = 0
) -> Tables:
    """The compiled rules of a file, kept for the next world of the same rules.

    Args:
        path: the file; the built-in rules if omitted.
        variant: a name among the rules' variants, whose changes are applied.
        permutation: which renaming and permutation of the rules, see `scramble`; 0 is none.

    Raises:
        RulesError: the file cannot be read, or an entry in it is wrong.
    """
    text, source = read_text(path), source_name(path)
    if permutation:
        text, source = scrambled_text(text, source, permutation), f"{source}, permutation {permutation}"
    digest = hashlib.sha256(f"{text}{variant or ''}".encode()).hexdigest()
    if digest not in _compiled:
        rules = parse_rules(text, source)
        _compiled[digest] = _compile(
            rules if variant is None else varied(rules, rules.variants[variant]), digest
        )
    return _compiled[digest]

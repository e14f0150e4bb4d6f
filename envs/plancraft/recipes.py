"""Recipes as data: what lies where, what it gives, and what can be smelted."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from fieldcraft.envs.plancraft.package import recipe_objects
from fieldcraft.envs.plancraft.slots import GRID


@lru_cache(maxsize=4_096)
def recipes_for(item: str) -> tuple[dict[str, Any], ...]:
    """The recipes that give an item; empty where there is none.

    Each has `kind` (`shaped`, `shapeless`, `smelting`) and `gives`; of what is crafted, `grid` has for each
    slot the items of which one has to lie there, and of what is smelted, `smelt` those of which one is.
    """
    return tuple(data for recipe in recipe_objects().get(item, ()) for data in _as_data(recipe))


@lru_cache(maxsize=4_096)
def smelted(item: str) -> str | None:
    """What an item becomes when it is smelted; `None` where it cannot be."""
    for found in recipe_objects().values():
        for recipe in found:
            if recipe.recipe_type == "smelting" and (result := recipe.smelt(item)):
                return str(result.item)
    return None


def _as_data(recipe: Any) -> Iterator[dict[str, Any]]:
    gives = int(recipe.result.count)
    match recipe.recipe_type:
        case "smelting":
            yield {"kind": "smelting", "gives": gives, "smelt": sorted(recipe.ingredient)}
        case "shapeless":
            for counts in recipe.ingredients:
                laid = [item for item, count in sorted(counts.items()) for _ in range(count)]
                grid = {slot: [item] for slot, item in zip(GRID, laid, strict=False)}
                yield {"kind": "shapeless", "gives": gives, "grid": grid}
        case _:
            yield {"kind": "shaped", "gives": gives, "grid": _pattern(recipe)}


def _pattern(recipe: Any) -> dict[str, list[str]]:
    """The slots that a shape fills, from the upper left, with what may lie in each."""
    from plancraft.environment.recipes import id_to_item

    grid: dict[str, list[str]] = {}
    for down, row in enumerate(recipe.kernel):
        for right, cell in enumerate(row):
            if names := sorted(name for name in map(id_to_item, cell) if name is not None):
                grid[GRID[3 * down + right]] = names
    return grid

"""What is used of the package: its crafting table and its recipes, and nothing that reaches a network.

Its evaluation imports wandb, and its configuration reads keys from a `.env`; neither is imported here.
"""

from __future__ import annotations

import contextlib
import copy
import io
import warnings
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fieldcraft.common.errors import MissingRequirement
from fieldcraft.common.system import installed
from fieldcraft.envs.missing import BrokenEnvironment

NEEDS = "plancraft-v1 needs the extra 'plancraft': pip install 'fieldcraft[plancraft]'"


class NeedsPlancraft(BrokenEnvironment, MissingRequirement):
    """Plancraft is not installed; the message names the extra."""


def require_plancraft() -> None:
    """Refuse this world where its package is not installed.

    Raises:
        NeedsPlancraft: it is not, or lacks a package that it needs.
    """
    for module in ("plancraft", "networkx", "loguru"):
        if not installed(module):
            raise NeedsPlancraft(f"{NEEDS} ({module} is missing)")


def data_folder() -> Path:
    """Where the package keeps its examples."""
    spec = find_spec("plancraft")
    if spec is None or spec.origin is None:
        raise NeedsPlancraft(NEEDS)
    return Path(spec.origin).parent / "data"


@lru_cache(maxsize=1)
def item_names() -> tuple[str, ...]:
    """All items, sorted."""
    with _quiet():
        from plancraft.environment.items import ALL_ITEMS
    return tuple(sorted(ALL_ITEMS))


@lru_cache(maxsize=1)
def stack_sizes() -> Mapping[str, int]:
    """How many of an item a slot holds."""
    with _quiet():
        from plancraft.environment.planner import MAX_STACK_SIZE
    sizes: dict[str, int] = MAX_STACK_SIZE
    return sizes


@lru_cache(maxsize=1)
def recipe_objects() -> Mapping[str, tuple[Any, ...]]:
    """The package's recipes by what they give, in an order that depends on no folder's listing."""
    with _quiet():
        from plancraft.environment.recipes import RECIPES
    return {item: tuple(sorted(RECIPES[item], key=_order)) for item in sorted(RECIPES)}


def table_with(slots: Mapping[int, Mapping[str, Any]]) -> Any:
    """The package's environment with these things in its slots, by the package's numbers."""
    table = copy.copy(_table())
    table.table = copy.copy(table.table)
    table.reset({slot: dict(held) for slot, held in slots.items()})
    return table


@lru_cache(maxsize=1)
def _table() -> Any:
    """An empty table; reading its thousand pictures takes most of a second."""
    with _quiet():
        from plancraft.environment.env import PlancraftEnvironment
    return PlancraftEnvironment(recipes={item: list(found) for item, found in recipe_objects().items()})


def _order(recipe: Any) -> str:
    kernel = getattr(recipe, "kernel", None)
    if kernel is not None:
        return f"shaped {[[sorted(cell) for cell in row] for row in kernel]} {recipe.result.count}"
    if recipe.recipe_type == "shapeless":
        return f"shapeless {sorted(map(repr, recipe.ingredients))} {recipe.result.count}"
    return f"smelting {sorted(recipe.ingredient)}"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what importing the package prints and warns of."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield

"""The options of a reset: what makes one grid world differ from another besides its seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fieldcraft.envs.gridworld.tables import Tables, load_tables
from fieldcraft.envs.suggest import nearest


class Options(BaseModel):
    """`reset(options=...)` of the grid world.

    Attributes:
        rules: path of a rules file; the built-in one where omitted.
        size: tiles on each side of the world; 0 takes the size of the rules.
        mob_density: 1 is the density of the rules, 0 a world without mobs.
        keep_inventory: whether the agent still has its items after a death.
        biomes: the biomes to grow; all of the rules where empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: str | None = None
    size: int = Field(default=0)
    mob_density: float = Field(default=1.0, ge=0, le=20)
    keep_inventory: bool = True
    biomes: tuple[str, ...] = ()


SMALLEST, LARGEST = 64, 1024


def read_options(options: Mapping[str, Any] | None) -> tuple[Options, Tables]:
    """Check the options, fill in what the rules say, and load the rules.

    Raises:
        ValueError: an option is unknown or out of range, or the rules file is wrong.
    """
    try:
        chosen = Options.model_validate(dict(options or {}))
    except ValidationError as error:
        raise ValueError("; ".join(_problem(detail) for detail in error.errors(include_url=False))) from None
    tables = load_tables(chosen.rules)
    size = chosen.size or tables.rules.world.size
    if not SMALLEST <= size <= LARGEST:
        raise ValueError(f"option size: {size} is out of range; use {SMALLEST} to {LARGEST} tiles")
    known = tables.rules.biomes
    for name in chosen.biomes:
        if name not in known:
            raise ValueError(
                f"option biomes: no biome {name!r}{nearest(name, known) or '.'} Known: {', '.join(known)}"
            )
    biomes = tuple(dict.fromkeys(chosen.biomes)) or tuple(known)
    return chosen.model_copy(update={"size": size, "biomes": biomes}), tables


def _problem(detail: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        hint = nearest(name, Options.model_fields)
        return f"unknown option {name!r}{hint or '.'} Options: {', '.join(Options.model_fields)}"
    return f"option {name}: {detail['msg']} (got {detail['input']!r:.60})"

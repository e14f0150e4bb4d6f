"""Apply the changes of a variant to the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from fieldcraft.common.errors import InputError
from fieldcraft.common.invalid import in_words
from fieldcraft.envs.gridworld.rules import EntryPath, Ore, Rules, Terrain, Variant, WorldRules

Section = TypeVar("Section", bound=BaseModel)


class VariantError(InputError, ValueError):
    """A variant sets an invalid value; `entry` is its place within the variant."""

    def __init__(self, entry: EntryPath, problem: str) -> None:
        super().__init__(problem)
        self.entry = entry


def varied(rules: Rules, variant: Variant) -> Rules:
    """The rules with a variant's changes to terrain, ores and constants.

    Raises:
        VariantError: a change names an ore that there is not, or a value is out of range.
    """
    for ore in variant.ores:
        if ore not in rules.ores:
            raise VariantError(("ores", ore), f"no ore {ore!r}. Ores: {', '.join(rules.ores)}")
    ores = {
        name: _changed(Ore, ore, variant.ores.get(name, {}), ("ores", name))
        for name, ore in rules.ores.items()
    }
    return rules.model_copy(
        update={
            "world": _changed(WorldRules, rules.world, variant.world, ("world",)),
            "terrain": _changed(Terrain, rules.terrain, variant.terrain, ("terrain",)),
            "ores": ores,
        }
    )


def _changed(kind: type[Section], section: Section, changes: Mapping[str, Any], entry: EntryPath) -> Section:
    try:
        return kind.model_validate({**section.model_dump(), **changes})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise VariantError(
            (*entry, *first["loc"]), f"{in_words(first)} (got {first['input']!r:.60})"
        ) from error

"""The options of a reset: what makes one grid world differ from another besides its seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from fieldcraft.common.invalid import in_words
from fieldcraft.common.suggest import nearest
from fieldcraft.envs.gridworld.loading import load_rules
from fieldcraft.envs.gridworld.rules import Rules, Variant
from fieldcraft.envs.gridworld.tables import Tables, load_tables
from fieldcraft.envs.types import OptionInfo

SMALLEST, LARGEST = 64, 1024


def _listed(value: Any) -> Any:
    """`a,b` as the list that it stands for, so that it can be typed on a command line."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


class Options(BaseModel):
    """`reset(options=...)` of the grid world; a given option overrides the variant's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    variant: str | None = Field(default=None, description="a world of another kind, by name")
    rules: str | None = Field(default=None, description="path of a rules file; the built-in one if omitted")
    permutation: int = Field(
        default=0,
        ge=0,
        lt=1 << 31,
        description="any number but 0 renames everything and permutes what recipes need",
    )
    size: int = Field(
        default=0, description=f"tiles on a side, {SMALLEST} to {LARGEST}; the size of the rules if omitted"
    )
    biomes: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        default=(), description="the biomes to grow; all of the rules if omitted"
    )
    mob_density: float = Field(
        default=1.0, ge=0, le=20, description="1 is the density of the rules, 0 a world without mobs"
    )
    keep_inventory: bool = Field(default=True, description="whether items are still there after a death")


def read_options(options: Mapping[str, Any] | None) -> tuple[Options, Tables]:
    """Check the options, fill in the values of the variant and the rules, and load the rules.

    Raises:
        ValueError: an option is unknown or out of range, or the rules file is wrong.
    """
    try:
        chosen = Options.model_validate(dict(options or {}))
        if chosen.variant is not None:
            preset = _preset(load_rules(chosen.rules)[0], chosen.variant)
            chosen = Options.model_validate({**preset, **dict(options or {})})
    except ValidationError as error:
        raise ValueError("; ".join(_problem(detail) for detail in error.errors(include_url=False))) from None
    tables = load_tables(chosen.rules, variant=chosen.variant, permutation=chosen.permutation)
    size = chosen.size or tables.rules.world.size
    if not SMALLEST <= size <= LARGEST:
        raise ValueError(f"option size: {size} is out of range; use {SMALLEST} to {LARGEST} tiles")
    return chosen.model_copy(update={"size": size, "biomes": _biomes(chosen, tables)}), tables


def _preset(rules: Rules, name: str) -> dict[str, Any]:
    """The options that a variant stands for; its biomes come with the tables, which may have other names."""
    if name not in rules.variants:
        known = ", ".join(rules.variants) or "none"
        raise ValueError(
            f"option variant: no variant {name!r}{nearest(name, rules.variants) or '.'} Known: {known}"
        )
    variant = rules.variants[name]
    shared = (Options.model_fields.keys() & Variant.model_fields.keys()) - {"biomes"}
    return {option: value for option in sorted(shared) if (value := getattr(variant, option)) is not None}


def _biomes(chosen: Options, tables: Tables) -> tuple[str, ...]:
    """The chosen biomes, or else the variant's, or else all."""
    known = tables.rules.biomes
    for name in chosen.biomes:
        if name not in known:
            raise ValueError(
                f"option biomes: no biome {name!r}{nearest(name, known) or '.'} Known: {', '.join(known)}"
            )
    variant = None if chosen.variant is None else tables.rules.variants[chosen.variant]
    return tuple(dict.fromkeys(chosen.biomes)) or (variant and variant.biomes) or tuple(known)


def describe_options(rules: Rules) -> tuple[OptionInfo, ...]:
    """Every option with its meaning, its default, and its allowed names if there is a list."""
    choices: dict[str, dict[str, str]] = {
        "variant": {name: variant.about for name, variant in rules.variants.items()},
        "biomes": {name: f"on {biome.floor}" for name, biome in rules.biomes.items()},
    }
    return tuple(
        OptionInfo(
            name=name,
            about=field.description or "",
            default=field.get_default(),
            choices=choices.get(name, {}),
        )
        for name, field in Options.model_fields.items()
    )


def _problem(detail: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        hint = nearest(name, Options.model_fields)
        return f"unknown option {name!r}{hint or '.'} Options: {', '.join(Options.model_fields)}"
    words = in_words(detail)
    return f"option {name}: {words} (got {detail['input']!r:.60})"

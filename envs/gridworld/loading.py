"""Load a rules file: check its schema and consistency, with errors that name entry and line."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from fieldcraft.common.data import DataError, Limits, bounded
from fieldcraft.common.errors import InputError
from fieldcraft.common.files import UnsafeFile, read_file
from fieldcraft.common.invalid import in_words
from fieldcraft.common.suggest import nearest
from fieldcraft.envs.gridworld.obtainable import find_unobtainable
from fieldcraft.envs.gridworld.rules import Block, Drop, EntryPath, Rules
from fieldcraft.envs.gridworld.variants import VariantError, varied

DEFAULT_RULES = Path(__file__).with_name("rules.json")
LIMITS = Limits(size=500_000, depth=32, items=50_000, digits=15)
"""The limits of a rules file; the built-in one has about a tenth of that."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Reference = tuple[str, str, EntryPath]


class RulesError(InputError, ValueError):
    """A rules file says something impossible; the message names the entry and its line."""


@lru_cache(maxsize=8)
def parse_rules(text: str, source: str) -> Rules:
    """The rules that a text holds; `source` is what errors call it. Raises as `load_rules` does."""
    data = _read_json(text, source)
    try:
        rules = Rules.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = first["loc"]
        plain = isinstance(first["input"], str | int | float)
        got = f"{first['input']!r:.80}" if plain else f"a {type(first['input']).__name__}"
        message = in_words(first)
        raise rules_error(text, source, place, f"{message} (got {got})") from error
    _check_bounds(data, source)
    for place, problem in _unknown_names(rules):
        raise rules_error(text, source, place, problem)
    for place, problem in find_unobtainable(rules):
        raise rules_error(text, source, place, problem)
    for place, problem in _variant_problems(rules):
        raise rules_error(text, source, place, problem)
    return rules


def _read_json(text: str, source: str) -> Any:
    """Parse a text, and refuse duplicate names in a mapping."""
    doubled: list[str] = []

    def keep(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs) and not doubled:
            names = Counter(name for name, _ in pairs)
            doubled.append(next(name for name, count in names.items() if count > 1))
        return found

    try:
        data = json.loads(text, object_pairs_hook=keep)
    except json.JSONDecodeError as error:
        raise RulesError(f"{source}: line {error.lineno}: not JSON: {error.msg}") from error
    except RecursionError:
        raise RulesError(f"{source}: no rules: its brackets are nested too deeply") from None
    except ValueError as error:
        raise RulesError(f"{source}: no rules: {error}") from error
    if doubled:
        name, place = _second(text, source, doubled[0])
        raise RulesError(f"{place}: {name!r} stands here for the second time; keep one")
    return data


def _second(text: str, source: str, name: str) -> tuple[str, str]:
    """A name that is there twice, and where: with its line if YAML's parser reads the file."""
    try:
        found = next(_doubles(yaml.compose(text, Loader=_LOADER)), None)
    except yaml.YAMLError:
        found = None
    return (name, source) if found is None else (found[0], f"{source}, line {found[1]}")


def _check_bounds(data: Any, source: str) -> None:
    try:
        sound = bounded(data, LIMITS) == data
    except DataError as error:
        raise RulesError(f"{source}: no rules: {error}") from error
    if not sound:
        raise RulesError(f"{source}: no rules: it holds halves of characters (lone surrogates)")


def _doubles(node: Any) -> Iterator[tuple[str, int]]:
    """Duplicate names in a mapping, each with the line of its second occurrence."""
    if isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, value in node.value:
            if key.value in names:
                yield key.value, key.start_mark.line + 1
            names.add(key.value)
            yield from _doubles(value)
    elif isinstance(node, yaml.SequenceNode):
        for part in node.value:
            yield from _doubles(part)


def load_rules(path: Path | str | None = None) -> tuple[Rules, str]:
    """Read and check a rules file (by default the built-in one).

    Returns:
        The rules, and the SHA-256 of the file: worlds of other rules are other worlds.

    Raises:
        RulesError: the file cannot be read, or an entry is wrong; the message names entry and line.
    """
    text = read_text(path)
    return parse_rules(text, source_name(path)), hashlib.sha256(text.encode()).hexdigest()


def read_text(path: Path | str | None) -> str:
    """The text of a rules file, or of the built-in one.

    Raises:
        RulesError: it cannot be read.
    """
    source = DEFAULT_RULES if path is None else Path(path)
    try:
        return read_file(source, limit=LIMITS.size).decode("utf-8")
    except OSError as error:
        problem = error.problem if isinstance(error, UnsafeFile) else error.strerror or error
        raise RulesError(f"cannot read the rules file {source}: {problem}") from error
    except UnicodeDecodeError as error:
        raise RulesError(f"cannot read the rules file {source}: it is not text in UTF-8") from error


def source_name(path: Path | str | None) -> str:
    """What errors call a rules file."""
    return (DEFAULT_RULES if path is None else Path(path)).name


def rules_error(text: str, source: str, place: EntryPath, problem: str) -> RulesError:
    """The error for the entry at `place`, with its line in `text`."""
    entry = ".".join(str(part) for part in place) or "the file"
    return RulesError(f"{source}, line {_line_of(text, place)}: {entry}: {problem}")


def _line_of(text: str, place: EntryPath) -> int:
    """The line of the deepest part of `place` that the file has, by YAML's parser, which reads most JSON."""
    line = 1
    try:
        node: Any = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError:
        return line
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


def _variant_problems(rules: Rules) -> Iterator[tuple[EntryPath, str]]:
    """The error of a variant, with its place in the variant."""
    for name, variant in rules.variants.items():
        place: EntryPath = ("variants", name)
        for index, biome in enumerate(variant.biomes or ()):
            if biome not in rules.biomes:
                yield (*place, "biomes", index), f"unknown biome {biome!r}{nearest(biome, rules.biomes)}"
        try:
            changed = varied(rules, variant)
        except VariantError as error:
            yield (*place, *error.entry), str(error)
            continue
        for entry, problem in _unknown_names(changed):
            yield (*place, *entry), problem


def _unknown_names(rules: Rules) -> Iterator[tuple[EntryPath, str]]:
    """Every name that is used but not defined, with the place that uses it."""
    known: dict[str, Sequence[str]] = {
        "item": [*rules.items],
        "block": [*rules.blocks],
        "item or tag": [*rules.items, *rules.tags],
        "biome": [*rules.biomes],
        "tree": [*rules.trees],
        "kind of tool": [*dict.fromkeys(item.tool.kind for item in rules.items.values() if item.tool)],
    }
    for kind, name, place in _references(rules):
        if name not in known[kind]:
            yield place, f"unknown {kind} {name!r}{nearest(name, known[kind])}"
    if len(rules.blocks) > 255:
        yield ("blocks",), "more than 255 blocks; a tile is one byte"


def _references(rules: Rules) -> Iterator[Reference]:
    """Every use of a name in the rules as (kind of name, name, place)."""
    for name, block in rules.blocks.items():
        yield from _block_references(block, ("blocks", name))
    for name, item in rules.items.items():
        yield from _optional("block", item.places, ("items", name, "places"))
        yield from _optional("item", item.returns, ("items", name, "returns"))
    yield from _recipe_references(rules)
    for name, mob in rules.mobs.items():
        yield from _drop_references(mob.drops, ("mobs", name, "drops"))
        yield from _named("block", mob.on, ("mobs", name, "on"))
        yield from _named("biome", mob.biomes, ("mobs", name, "biomes"))
    for milestone, items in rules.milestones.items():
        yield from _named("item", items, ("milestones", milestone))
    yield from _land_references(rules)


def _named(kind: str, names: Iterable[str], place: EntryPath) -> Iterator[Reference]:
    for index, name in enumerate(names):
        yield kind, name, (*place, index)


def _optional(kind: str, name: str | None, place: EntryPath) -> Iterator[Reference]:
    if name is not None:
        yield kind, name, place


def _recipe_references(rules: Rules) -> Iterator[Reference]:
    for tag, members in rules.tags.items():
        yield from _named("item", members, ("tags", tag))
    for index, recipe in enumerate(rules.recipes):
        place: EntryPath = ("recipes", index)
        yield "item", recipe.item, (*place, "item")
        for need in recipe.needs:
            yield "item or tag", need, (*place, "needs", need)
        yield from _optional("block", recipe.station, (*place, "station"))
    yield "block", rules.smelting.station, ("smelting", "station")
    for index, smelt in enumerate(rules.smelting.recipes):
        yield "item", smelt.item, ("smelting", "recipes", index, "item")
        yield "item or tag", smelt.needs, ("smelting", "recipes", index, "needs")


def _block_references(block: Block, place: EntryPath) -> Iterator[Reference]:
    yield from _drop_references(block.drops, (*place, "drops"))
    yield from _optional("kind of tool", block.tool, (*place, "tool"))
    for tool, drops in block.held.items():
        yield "kind of tool", tool, (*place, "with", tool)
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


def _drop_references(drops: Sequence[Drop], place: EntryPath) -> Iterator[Reference]:
    for index, drop in enumerate(drops):
        yield "item", drop.item, (*place, index, "item")


def _land_references(rules: Rules) -> Iterator[Reference]:
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

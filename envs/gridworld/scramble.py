"""Equivalent rules with made-up names and permuted ingredients, which no model knows in advance."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from fieldcraft.envs.gridworld.loading import parse_rules, read_text, source_name
from fieldcraft.envs.gridworld.obtainable import rounds, sources
from fieldcraft.envs.gridworld.rules import Rules

_ONSETS = (*"bdfghjklmnprstvwz", "br", "dr", "fl", "gl", "kl", "pr", "sk", "tr")
_VOWELS = ("a", "e", "i", "o", "u", "ai", "oo")
_NAMED_SECTIONS = ("tags", "blocks", "items", "mobs", "trees", "biomes")
_PLACES = ("needs", "with", "reacts", "plants", "floors", "shore", "water_plants", "pockets", "ores")
_KEYED_BY_NAME = frozenset((*_NAMED_SECTIONS, *_PLACES))


def scramble(rules_path: Path | str | None, *, seed: int) -> dict[str, Any]:
    """Rules as JSON data that differ from those of a file in all names and in what recipes need.

    An ingredient is exchanged with others that are obtained in the same way and as early (see
    `obtainable.rounds`), so every item stays obtainable with about the same effort. Tags,
    and items gathered by hand, keep their roles.

    Raises:
        RulesError: the file is not a valid rules file.
    """
    data: dict[str, Any] = json.loads(scrambled_rules(rules_path, seed=seed))
    return data


def scrambled_rules(rules_path: Path | str | None, *, seed: int) -> str:
    """The same as the text of a rules file. Raises as `scramble` does."""
    return scrambled_text(read_text(rules_path), source_name(rules_path), seed)


@lru_cache(maxsize=16)
def scrambled_text(text: str, source: str, seed: int) -> str:
    """The text of a rules file, scrambled: one entry a line. `source` is what errors call it."""
    rules = parse_rules(text, source)
    chance = random.Random(seed)  # noqa: S311
    data: dict[str, Any] = json.loads(text)
    swapped = _swap_ingredients(rules, chance)
    for recipe in data["recipes"]:
        recipe["needs"] = {swapped.get(name, name): count for name, count in recipe["needs"].items()}
    chance.shuffle(data["recipes"])
    return json.dumps(_rename(data, _nonsense(data, chance)), indent=1) + "\n"


def _swap_ingredients(rules: Rules, chance: random.Random) -> dict[str, str]:
    """A permutation of the crafted, smelted and tool-mined ingredients within groups of equal standing."""
    reached, found = rounds(rules), sources(rules)
    used = [name for recipe in rules.recipes for name in recipe.needs if name in rules.items]
    tagged = [member for members in rules.tags.values() for member in members]
    groups: dict[tuple[str, int], list[str]] = {}
    for name in dict.fromkeys(used):
        if reached[name] and name not in tagged:
            groups.setdefault((found[name][0].kind, reached[name]), []).append(name)
    swapped: dict[str, str] = {}
    for names in groups.values():
        swapped.update(zip(names, chance.sample(names, len(names)), strict=True))
    return swapped


def _nonsense(data: Mapping[str, Any], chance: random.Random) -> dict[str, str]:
    """A made-up word for every name; a block and the item that places it keep one name between them."""
    names = list(dict.fromkeys(name for section in _NAMED_SECTIONS for name in data.get(section, {})))
    kinds = [item["tool"]["kind"] for item in data["items"].values() if "tool" in item]
    words: dict[str, str] = {}
    taken = set(names)
    for name in dict.fromkeys([*names, *kinds]):
        while (word := _word(chance)) in taken:
            continue
        taken.add(word)
        words[name] = word
    return words


def _word(chance: random.Random) -> str:
    return "".join(chance.choice(_ONSETS) + chance.choice(_VOWELS) for _ in range(chance.choice((2, 3))))


def _rename(value: Any, words: Mapping[str, str], *, keyed: bool = False) -> Any:
    """Every name among the values replaced, and among the keys where these are names (`keyed`)."""
    if isinstance(value, dict):
        return {
            words.get(key, key) if keyed else key: _rename(
                held, words, keyed=key in _KEYED_BY_NAME and not keyed
            )
            for key, held in value.items()
        }
    if isinstance(value, list):
        return [_rename(held, words) for held in value]
    return words.get(value, value) if isinstance(value, str) else value

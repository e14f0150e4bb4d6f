"""How primitives refuse, with empty hands: what is missing, in one line, with the nearest names."""

from __future__ import annotations

import pytest

from fieldcraft.envs import PrimitiveError
from fieldcraft.envs.minecraft import MinecraftWorld


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (("mine", "oak_lgo"), "cannot mine oak_lgo: no block has this name; did you mean 'oak_log'"),
        (("mine", "stick"), "it is an item, not a block"),
        (("mine", "stone"), "cannot mine stone: need wooden_pickaxe or better"),
        (("mine", "diamond_block"), "cannot mine diamond_block: need iron_pickaxe or better"),
        (("mine", "bedrock"), "nothing breaks it"),
        (("mine", "clay"), "cannot mine clay: none within 16 tiles; explore to find one"),
        (("craft", "stick"), r"cannot craft stick: need 2 oak_planks or .* \(have 0\)"),
        (("craft", "chest"), "need a crafting_table within 16 blocks"),
        (("craft", "iron_ingot_"), "no item has this name; did you mean 'iron_ingot'"),
        (("craft", "cobblestone"), "no crafting recipe makes it; it comes from mining"),
        (("smelt", "stick"), "no smelting recipe takes it"),
        (("smelt", "raw_iron"), "need 1 raw_iron .*; need a furnace within .*; need .*fuel: coal or"),
        (("place", "dirt"), r"cannot place dirt: need 1 dirt \(have 0\)"),
        (("kill", "zombie"), "cannot kill zombie: none in view; explore to find one"),
        (("kill", "zombi"), "did you mean 'zombie'"),
        (("equip", "stick"), "need 1 stick"),
        (("deposit", "dirt"), r"need 1 dirt \(have 0\)"),
        (("withdraw", "dirt"), "need a chest within 16 blocks"),
        (("explore", "up"), "directions are north"),
        (("goto", [0, 90, 0]), r"cannot go to \(0, 90, 0\): no way to it|there is no way"),
        (("find", "nothing_such"), "no block or mob has this name"),
        (("say", "/op me"), "no operator rights"),
        (("say", " \u200b/op me"), "no operator rights"),
        (("mine",), "argument block"),
        (("fly",), "bot has no primitive 'fly'"),
    ],
)
def test_a_refusal_says_what_is_missing(
    shared_world: MinecraftWorld, call: tuple[object, ...], words: str
) -> None:
    with pytest.raises(PrimitiveError, match=words) as refusal:
        shared_world.call_primitive(str(call[0]), call[1:])
    assert "\n" not in str(refusal.value)

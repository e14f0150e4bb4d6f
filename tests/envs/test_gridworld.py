"""The grid world's promises: determinism, snapshots, sight, terrain, options."""

from __future__ import annotations

import hashlib
import json
import math
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest

from fieldcraft.envs import PrimitiveError, check_environment
from fieldcraft.envs.gridworld import GridWorld
from fieldcraft.envs.gridworld.loading import load_rules

LIFE = """
from fieldcraft.envs import PrimitiveError
from fieldcraft.envs.gridworld import GridWorld
world = GridWorld()
world.reset(seed=11)
for _ in range(25):
    world.call_primitive("explore", (None, 40))
    for name, argument in [("mine", "oak_log"), ("kill", "pig"), ("mine", "grass_block"), ("wait", 900)]:
        try:
            world.call_primitive(name, (argument,))
        except PrimitiveError:
            pass
world.render()
print(world.world_hash())
"""


def live(world: GridWorld, calls: int = 6) -> None:
    for _ in range(calls):
        for name, arguments in [
            ("explore", ()),
            ("mine", ("oak_log", 2)),
            ("kill", ("cow",)),
            ("wait", (600,)),
        ]:
            try:
                world.call_primitive(name, arguments)
            except PrimitiveError:
                continue


def test_it_keeps_the_contract():
    assert check_environment(GridWorld()) == []


@pytest.mark.slow
def test_the_same_life_gives_the_same_world_in_every_process_and_under_any_hash_seed():
    hashes = {
        subprocess.run(
            [sys.executable, "-c", LIFE],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(hashes) == 1


WORLDS = {
    (1, ()): "0c3a161bc23b57fd",
    (2, (("size", 64),)): "9cedfb3b5197ce73",
    (7, (("variant", "islands"), ("size", 96))): "1971c05dfffa2680",
    (7, (("permutation", 3), ("mob_density", 2))): "c8aac33e720e40e8",
}


@pytest.mark.parametrize(("seed", "options"), WORLDS)
def test_a_seed_gives_the_world_that_it_always_gave(seed, options):
    """Runs, libraries and published tables name worlds by seed: another world needs another version."""
    world = GridWorld()
    world.reset(seed=seed, options=dict(options))
    state = world.world
    parts = (state.surface, state.under, state.biomes, repr((state.spawn, state.mobs)).encode())
    assert hashlib.sha256(b"".join(parts)).hexdigest()[:16] == WORLDS[seed, options]


def test_another_seed_gives_another_world():
    world = GridWorld()
    world.reset(seed=1)
    first = world.world_hash()
    world.reset(seed=2)
    assert world.world_hash() != first


def test_a_restored_world_goes_on_as_the_unbroken_one():
    world, other = GridWorld(), GridWorld()
    world.reset(seed=5, options={"size": 96})
    live(world)
    other.restore(world.snapshot())
    assert other.world_hash() == world.world_hash()
    assert (other.spec, other.observe(), other.progress()) == (world.spec, world.observe(), world.progress())
    live(world)
    live(other)
    assert other.world_hash() == world.world_hash()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-1], "cut short"),
        (lambda data: data[:9], "too short"),
        (lambda data: b"x" + data[1:], "not a snapshot"),
        (lambda data: data[:6] + struct.pack("<H", 99) + data[8:], "format 99"),
        (lambda data: data[:-5] + bytes([data[-5] ^ 1]) + data[-4:], "checksum"),
    ],
)
def test_a_damaged_snapshot_is_refused_and_changes_nothing(damage, message):
    world = GridWorld()
    world.reset(seed=3)
    before = world.world_hash()
    with pytest.raises(ValueError, match=message):
        world.restore(damage(world.snapshot()))
    assert world.world_hash() == before


def test_snapshots_are_small_once_compressed(world):
    assert len(zlib.compress(world.snapshot(), 1)) < 60_000


def test_drawing_gives_a_picture_and_changes_nothing():
    world = GridWorld()
    world.reset(seed=3)
    before = world.world_hash()
    assert world.render().startswith(b"\x89PNG")
    assert world.render() == world.render()
    assert world.world_hash() == before


@pytest.mark.slow
@pytest.mark.parametrize("size", [64, 192])
def test_no_ore_is_in_view_of_the_spawn_and_diamonds_are_far_and_deep(size):
    world = GridWorld()
    rules, _ = load_rules()
    assert rules.ores["diamond_ore"].distance >= 60
    for seed in range(60):
        seen = world.reset(seed=seed, options={"size": size})
        assert not set(seen.nearby_blocks) & set(rules.ores), seed
        state = world.world
        row, column = divmod(state.spawn, state.stride)
        for ore, rule in rules.ores.items():
            rows, columns = np.nonzero(state.surface_map == state.tables.block_ids[ore])
            assert len(rows) >= rule.at_least, (seed, ore)
            assert np.hypot(rows - row, columns - column).min() >= rule.distance, (seed, ore)


def test_better_ores_lie_deeper_in_the_rock():
    depths = [load_rules()[0].ores[f"{ore}_ore"].depth for ore in ("coal", "iron", "gold", "diamond")]
    assert depths == sorted(set(depths))


def test_ores_are_rarer_the_better_they_are():
    world = GridWorld()
    counts = dict.fromkeys(("coal_ore", "iron_ore", "diamond_ore"), 0)
    for seed in range(6):
        world.reset(seed=seed)
        state = world.world
        for ore in counts:
            counts[ore] += state.surface.count(state.tables.block_ids[ore])
    assert counts["coal_ore"] > counts["iron_ore"] > 2 * counts["diamond_ore"]


def test_there_are_six_biomes_or_more():
    world = GridWorld()
    found = set()
    for seed in range(4):
        world.reset(seed=seed)
        found |= set(world.world.biomes)
    assert len(found) >= 6


def test_what_is_out_of_view_is_not_known_and_what_was_seen_is_remembered(world):
    start = world.position()
    seen = set(world.observe().nearby_blocks)
    assert set(world.nearby(16)) <= seen
    world.goto(start.offset(14, 0, 0), within=3)
    known = set(world.observe().nearby_blocks) | set(world.observe().seen_blocks)
    assert set(world.nearby(16)) <= known
    assert "oak_log" in world.nearby(16)


def test_names_are_sorted_and_come_from_the_rules(world):
    rules, _ = load_rules()
    assert world.spec.names.items == tuple(sorted(rules.items))
    assert world.spec.names.mobs == tuple(sorted(rules.mobs))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sise": 64}, "unknown option 'sise'; did you mean 'size'"),
        ({"size": 8}, "size: 8 is out of range; use 64 to 1024"),
        ({"size": "big"}, "option size"),
        ({"mob_density": -1}, "option mob_density"),
        ({"biomes": ["dessert"]}, "no biome 'dessert'; did you mean 'desert'"),
    ],
)
def test_a_wrong_option_is_refused_with_the_cure(options, message):
    with pytest.raises(ValueError, match=message):
        GridWorld().reset(seed=0, options=options)


@pytest.mark.parametrize("seed", ["seven", -1, 1.5, True])
def test_a_seed_that_is_no_number_is_refused(seed):
    with pytest.raises(ValueError, match="seed must be a whole number"):
        GridWorld().reset(seed=seed)


def test_a_world_too_small_for_its_ores_is_refused(changed_rules):
    path = changed_rules(lambda data: data["ores"]["diamond_ore"].update(distance=300))
    with pytest.raises(
        ValueError, match="too small for its ores: no room for 12 diamond_ore .* use a size of 624"
    ):
        GridWorld().reset(seed=0, options={"rules": str(path)})


@pytest.mark.slow
def test_more_ore_than_any_land_has_rock_for_is_refused(changed_rules):
    path = changed_rules(lambda data: data["ores"]["diamond_ore"].update(at_least=100_000))
    with pytest.raises(ValueError, match="100000 diamond_ore .* use a larger one, or rules with fewer"):
        GridWorld().reset(seed=0, options={"rules": str(path)})


def test_the_options_are_told_in_the_spec():
    world = GridWorld()
    world.reset(seed=0, options={"size": 64, "biomes": ["desert", "taiga"]})
    assert world.spec.options["size"] == 64
    assert world.spec.options["biomes"] == ["desert", "taiga"]
    assert world.observe().biome in {"desert", "taiga"}


def test_moves_count_as_distance_and_cost_ticks(world):
    before = world.progress().distance
    moved = sum(world.move(direction) for direction in (1, 1, 3, 3))
    assert world.progress().distance == before + moved
    assert moved and world.tick >= 4 * moved
    assert math.isclose(world.position().distance(world.position()), 0)


def forged(snapshot: bytes, change) -> bytes:
    """A snapshot whose memory or tiles somebody changed, with the right lengths and checksum."""
    magic, version, _, length, _ = struct.unpack_from("<6sHIII", snapshot)
    memory, tiles = json.loads(snapshot[20 : 20 + length]), bytearray(snapshot[20 + length :])
    text = change(memory, tiles) or json.dumps(memory).encode()
    header = struct.pack("<6sHIII", magic, version, zlib.crc32(text + tiles), len(text), len(tiles))
    return header + text + tiles


@pytest.mark.parametrize(
    "change",
    [
        lambda memory, tiles: b"[" * 100_000,
        lambda memory, tiles: b"9" * 100_000,
        lambda memory, tiles: memory.update(cell=-1),
        lambda memory, tiles: memory.update(cell=10**9),
        lambda memory, tiles: memory.update(tick=10**400),
        lambda memory, tiles: memory.update(next_second=10**12),
        lambda memory, tiles: memory.update(counts={"nothing of this world": 1}),
        lambda memory, tiles: memory.update(chests=[[5, {"oak_log": 1}]]),
        lambda memory, tiles: memory.update(furnaces="none"),
        lambda memory, tiles: memory.update(life={"items": []}),
        lambda memory, tiles: memory.pop("seed") and None,
        lambda memory, tiles: memory["options"].update(size=10**9),
        lambda memory, tiles: memory["options"].update(biomes=["nowhere"]),
        lambda memory, tiles: memory.update(rules="0" * 64),
        lambda memory, tiles: tiles.__setitem__(slice(0, 4), b"\xff" * 4),
        lambda memory, tiles: tiles.extend(b"\xff" * 8),
    ],
)
def test_a_forged_snapshot_is_refused_and_changes_nothing(change):
    world = GridWorld()
    world.reset(seed=3)
    before = world.world_hash()
    with pytest.raises(ValueError):
        world.restore(forged(world.snapshot(), change))
    assert world.world_hash() == before

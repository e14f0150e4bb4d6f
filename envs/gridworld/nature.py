"""The events of each second: mobs move, hunt and appear, hunger grows, plants ripen."""

from __future__ import annotations

from functools import lru_cache

from fieldcraft.envs.gridworld.animals import habitants
from fieldcraft.envs.gridworld.tables import MARGIN, Tables
from fieldcraft.envs.gridworld.world import SECOND, World

_RIPEN_SECONDS = 30
_RETURN_SECONDS = 20
"""How often an animal may come back: 400 ticks, as in Minecraft."""
_FADE = 4
_HUNT_STEPS = 2


@lru_cache(maxsize=512)
def standable(tables: Tables, mob_id: int) -> bytes:
    """For each block, 1 where this mob can stand on it."""
    allowed = bytearray(256)
    for name in tables.mob(mob_id).on:
        allowed[tables.block_ids[name]] = 1
    return bytes(allowed)


@lru_cache(maxsize=8)
def _hostile(tables: Tables) -> bytes:
    return bytes(tables.mob(mob_id).hostile for mob_id in range(len(tables.mob_names)))


def pass_second(world: World) -> None:
    """One second of the world around the agent; mobs farther than `MARGIN` tiles rest."""
    second = world.next_second // SECOND
    hostile = _hostile(world.tables)
    cells = world.mob_cells(MARGIN)
    mobs, hunters = world.mobs, 0
    for cell in cells:
        state = mobs.get(cell)
        if state is None:
            continue
        if hostile[state >> 8]:
            hunters += 1
            _hunt(world, cell, state)
        else:
            draw = world.roll(16)
            if draw < 4:
                _step(world, cell, state, cell + world.steps[draw])
    _spawn_hostile(world, hunters)
    if not second % _RETURN_SECONDS:
        _return_animals(world, len(cells) - hunters)
    _live(world, second)
    if world.growing and not second % _RIPEN_SECONDS:
        _ripen(world)


def _step(world: World, cell: int, state: int, target: int) -> bool:
    if world.occupied[target] or target == world.cell:
        return False
    if not standable(world.tables, state >> 8)[world.surface[target]]:
        return False
    world.put_mob(target, world.remove_mob(cell))
    return True


def _hunt(world: World, cell: int, state: int) -> None:
    """A hostile mob comes nearer and attacks; outside caves the day drives it away."""
    rule = world.tables.mob(state >> 8)
    outside = world.surface[cell] != world.tables.block_ids[world.tables.rules.terrain.cave]
    if outside and not world.night():
        if not world.roll(_FADE if rule.burns else 4 * _FADE):
            world.remove_mob(cell)
        return
    for _ in range(_HUNT_STEPS):
        row, column = divmod(world.cell, world.stride)
        own_row, own_column = divmod(cell, world.stride)
        south, east = row - own_row, column - own_column
        gap = abs(south) + abs(east)
        if gap > world.tables.rules.world.view_radius + 2:
            return
        if gap <= rule.reach:
            _attack(world, cell, state)
            return
        down = (world.stride if south > 0 else -world.stride) if south else 0
        right = (1 if east > 0 else -1) if east else 0
        first, second = (down, right) if abs(south) >= abs(east) else (right, down)
        target = cell + first
        if not _step(world, cell, state, target):
            target = cell + second
            if not second or not _step(world, cell, state, target):
                return
        cell = target


def _attack(world: World, cell: int, state: int) -> None:
    rule = world.tables.mob(state >> 8)
    if rule.explodes:
        world.remove_mob(cell)
    world.hurt(rule.damage, world.tables.mob_names[state >> 8])


def _spawn_hostile(world: World, hunters: int) -> None:
    """In the dark, and out of view, a hostile mob may appear."""
    constants = world.tables.rules.world
    density = world.options.mob_density
    if hunters >= constants.hostile_cap * density or not world.chance(constants.hostile_chance * density):
        return
    cell = _out_of_view(world)
    if cell is None:
        return
    cave = world.surface[cell] == world.tables.block_ids[world.tables.rules.terrain.cave]
    if cave or world.night():
        _appear(world, cell, hostile=True)


def _return_animals(world: World, animals: int) -> None:
    """Where few animals are left, one may appear out of view: what was hunted comes back slowly."""
    if animals >= world.tables.rules.world.animal_cap * world.options.mob_density:
        return
    cell = _out_of_view(world)
    if cell is not None:
        _appear(world, cell, hostile=False)


def _out_of_view(world: World) -> int | None:
    """A random free cell near by; none where the draw hits what is in view, taken or no ground."""
    across = 2 * MARGIN + 1
    down, right = world.roll(across) - MARGIN, world.roll(across) - MARGIN
    if max(abs(down), abs(right)) <= world.tables.rules.world.view_radius:
        return None
    cell = world.cell + down * world.stride + right
    return None if world.occupied[cell] or not world.tables.walk[world.surface[cell]] else cell


def _appear(world: World, cell: int, *, hostile: bool) -> None:
    """A mob of those that live there, if any do."""
    choices = habitants(world.tables, world.surface[cell], world.biome(cell), hostile=hostile)
    if choices:
        mob_id = choices[world.roll(len(choices))]
        world.put_mob(cell, mob_id << 8 | world.tables.mob(mob_id).health)


def _live(world: World, second: int) -> None:
    """Hunger, healing and starving; each as often as the rules say, on whole seconds."""
    constants = world.tables.rules.world
    tick = second * SECOND
    if not tick % constants.hunger_ticks and world.hunger:
        world.hunger -= 1
    fit = world.hunger >= constants.heal_hunger and world.health < constants.health
    if fit and not tick % constants.heal_ticks:
        world.health += 1
    if not world.hunger and not tick % constants.starve_ticks and world.health > constants.starve_floor:
        world.health -= 1
        world.note("starving: eat something")


def _ripen(world: World) -> None:
    for cell in [cell for cell, tick in world.growing.items() if tick <= world.tick]:
        del world.growing[cell]
        world.placed.discard(cell)
        rule = world.tables.block(world.surface[cell])
        if rule.grows is not None:
            world.surface[cell] = world.tables.block_ids[rule.grows.into]

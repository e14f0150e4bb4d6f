"""Laying things out, crafting and smelting by name: the moves between slots that these take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from fieldcraft.envs.plancraft.package import stack_sizes
from fieldcraft.envs.plancraft.play import Action, Play, grid_of
from fieldcraft.envs.plancraft.recipes import smelted
from fieldcraft.envs.plancraft.slots import GRID, OUTPUT, STORE
from fieldcraft.envs.types import PrimitiveError


def step(play: Play, action: Action) -> None:
    """Take a step that has to change something.

    Raises:
        PrimitiveError: it changed nothing; the message says why. The step is taken nevertheless.
    """
    why = _ignored(play, action)
    if not play.act(action):
        raise PrimitiveError(f"{action.verb} from {action.source} to {action.to} did nothing: {why}")


def craft(play: Play, grid: Mapping[str, str], times: int) -> tuple[str, int]:
    """Lay out a grid, and take what it gives so many times; what that was, and how many.

    Raises:
        PrimitiveError: things are missing, which takes no step, or the grid gives nothing.
    """
    _require(play, grid, times)
    made, count, left = "", 0, times
    while left:
        batch = min([left, *(stack_sizes()[item] for item in grid.values())])
        _lay_out(play, grid, batch)
        for _ in range(batch):
            made, gives = _offered(play, grid)
            step(play, Action(verb="move", source=OUTPUT, to=_room(play, made, gives), count=gives))
            count += gives
        left -= batch
    return made, count


def smelt(play: Play, item: str, count: int) -> str:
    """Smelt so many of an item, wherever they lie; what they became.

    Raises:
        PrimitiveError: there are fewer, which takes no step, or it cannot be smelted.
    """
    have = play.held()[item]
    if have < count:
        raise PrimitiveError(f"cannot smelt {count} {item}: you hold {have}")
    result, left = smelted(item), count
    while left:
        source = _source(play, item)
        batch = min(left, play.slots()[source][1], stack_sizes().get(result or item, 64))
        to = _room(play, result or item, batch)
        if play.slots().get(to, (result,))[0] != result:
            to = next((slot for slot in STORE if slot not in play.slots()), to)
        step(play, Action(verb="smelt", source=source, to=to, count=batch))
        left -= batch
    return str(result)


def clear(play: Play) -> None:
    """Move all that lies in the grid into the inventory.

    Raises:
        PrimitiveError: there is no room.
    """
    for slot, (item, count) in grid_of(play.slots()).items():
        step(play, Action(verb="move", source=slot, to=_room(play, item, count), count=count))


def _require(play: Play, grid: Mapping[str, str], times: int) -> None:
    if not grid or any(slot not in GRID for slot in grid):
        wrong = ", ".join(slot for slot in grid if slot not in GRID)
        raise PrimitiveError(
            f"craft: give items for slots A1 to C3 ({f'not {wrong}' if wrong else 'none given'})"
        )
    held = play.held()
    needed = Counter({item: times * count for item, count in Counter(grid.values()).items()})
    if missing := [
        f"{count} {item} (have {held[item]})" for item, count in needed.items() if held[item] < count
    ]:
        raise PrimitiveError(f"cannot lay out the grid {times} times: need {', '.join(missing)}")


def _lay_out(play: Play, grid: Mapping[str, str], each: int) -> None:
    for slot, (item, count) in grid_of(play.slots()).items():
        if grid.get(slot) != item:
            step(play, Action(verb="move", source=slot, to=_room(play, item, count), count=count))
    for slot, item in grid.items():
        while (lacking := each - play.slots().get(slot, (item, 0))[1]) > 0:
            source, spare = _spare(play, grid, item, each)
            step(play, Action(verb="move", source=source, to=slot, count=min(lacking, spare)))


def _spare(play: Play, grid: Mapping[str, str], item: str, each: int) -> tuple[str, int]:
    """A slot with more of an item than has to stay there, the inventory's first, and how many more."""
    slots = play.slots()
    for slot in (*STORE, *GRID):
        there = slots.get(slot)
        spare = 0 if there is None or there[0] != item else there[1] - (each if slot in grid else 0)
        if spare > 0:
            return slot, spare
    raise PrimitiveError(f"cannot lay out the grid: {item} lies where it cannot be taken; clear() the grid")


def _offered(play: Play, grid: Mapping[str, str]) -> tuple[str, int]:
    offered = play.slots().get(OUTPUT)
    if offered is None:
        laid = ", ".join(f"{slot} {item}" for slot, item in grid.items())
        raise PrimitiveError(f"this grid gives nothing: {laid}; search(item) has the recipes")
    return offered


def _source(play: Play, item: str) -> str:
    slots = play.slots()
    return next(slot for slot in (*STORE, *GRID) if slots.get(slot, ("",))[0] == item)


def _room(play: Play, item: str, count: int) -> str:
    slot = play.room_for(item, count, stack_sizes().get(item, 64))
    if slot is None:
        raise PrimitiveError(f"no free slot for {count} {item}; move things together first")
    return slot


def _ignored(play: Play, action: Action) -> str:
    """Why the package would ignore a move or smelting, if it does."""
    slots = play.slots()
    if action.to in (OUTPUT, action.source):
        return "choose another slot to put it in" + (", since 0 only gives" if action.to == OUTPUT else "")
    if action.source not in slots:
        return f"slot {action.source} is empty"
    item, there = slots[action.source]
    if there < action.count:
        return f"slot {action.source} holds {there} {item}, not {action.count}"
    result = smelted(item) if action.verb == "smelt" else item
    if result is None or (action.verb == "smelt" and action.source == OUTPUT):
        return f"{item} in slot {action.source} cannot be smelted"
    other, full = slots.get(action.to, (result, 0))
    if other != result:
        return f"slot {action.to} holds {full} {other}; choose an empty slot or one with {result}"
    return f"slot {action.to} holds {full} {result} and takes no {action.count} more"

"""What happened in a grid world, kept as data until somebody asks for it."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from fieldcraft.envs.gridworld.world import World
from fieldcraft.envs.happenings import Happening
from fieldcraft.envs.types import PrimitiveError

_Method = TypeVar("_Method", bound=Callable[..., Any])


def reported(method: _Method) -> _Method:
    """A primitive whose refusals are reported; the subject is the first name among the arguments."""

    @functools.wraps(method)
    def act(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except PrimitiveError as error:
            names = (value for value in (*args, *kwargs.values()) if isinstance(value, str))
            self.world.report("refused", next(names, ""), tool=method.__name__, why=str(error))
            raise

    return cast(_Method, act)


def explain(world: World, item: str, text: str) -> None:
    """Report what the world says of how to get an item, the first time that it does."""
    mark = f"how to get {item}"
    if item in world.tables.rules.items and mark not in world.known:
        world.known.add(mark)
        world.report("explained", item, why=" ".join(text.split()))


def take_happened(world: World) -> list[Happening]:
    """All that was kept, oldest first, and what is in sight for the first time; it is forgotten here."""
    notice(world)
    happened, world.happened = world.happened, deque(maxlen=world.happened.maxlen)
    return [
        Happening(
            what=what,
            subject=subject,
            used=used,
            gave=gave,
            tool=tool,
            place=None if cell is None else world.position(cell),
            why=why,
            tick=tick,
        )
        for what, subject, used, gave, tool, cell, why, tick in happened
    ]


def notice(world: World) -> None:
    """Report each kind of block that was ever seen, and of mob in view, when it is the first of its kind."""
    notice_mobs(world)
    kinds = np.bincount(world.surface_map[world.seen_map > 0]).nonzero()[0]
    for block in kinds.tolist():
        name = world.tables.block_names[block]
        if name not in world.known and block not in (0, world.tables.bedrock):
            rows, columns = np.nonzero((world.surface_map == block) & (world.seen_map > 0))
            z, x = divmod(world.cell, world.stride)
            nearest = int(np.argmin((rows - z) ** 2 + (columns - x) ** 2))
            _first(world, name, int(rows[nearest]) * world.stride + int(columns[nearest]))


def notice_mobs(world: World) -> None:
    """The same for the mobs in view alone, which may be gone when their turn comes."""
    for cell in world.mob_cells(world.tables.rules.world.view_radius):
        name = world.tables.mob_names[world.mobs[cell] >> 8]
        if name not in world.known:
            _first(world, name, cell)


def _first(world: World, name: str, cell: int) -> None:
    world.known.add(name)
    world.report("saw", name, cell=cell)

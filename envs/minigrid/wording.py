"""What the agent sees, in words and as data."""

from __future__ import annotations

from typing import Any

from fieldcraft.envs.minigrid.cells import Cell, Place, placed, relative
from fieldcraft.envs.minigrid.memory import Memory
from fieldcraft.envs.minigrid.play import Play

THINGS_SHOWN = 30


def seen_text(play: Play) -> str:
    """What is seen, and was seen before, in sentences."""
    memory = play.memory
    now = frozenset(memory.view)
    before = [pair for pair in memory.things() if pair[0] not in now and pair[0] != memory.here]
    return "\n".join(
        [
            f"Facing {memory.facing_name}, {_from_start(memory.here)}. "
            f"Carrying {_one(memory.carrying) if memory.carrying else 'nothing'}. "
            f"In front: {_one(memory.ahead)}.",
            f"In view: {_listed(memory, memory.things(memory.view))}.",
            f"Walls: {_walls(memory)}.",
            f"Seen before: {_listed(memory, before)}.",
            f"Step {len(play.actions)} of {play.limit}.",
        ]
    )


def seen_data(play: Play) -> dict[str, Any]:
    """What `look` returns."""
    memory = play.memory
    now = frozenset(memory.view)
    return {
        "mission": play.mission,
        "facing": memory.facing_name,
        "position": list(memory.here),
        "carrying": None if memory.carrying is None else thing_data(memory, None, memory.carrying),
        "in_front": str(memory.ahead),
        "things": [
            {**thing_data(memory, place, cell), "in_view": place in now} for place, cell in memory.things()
        ],
        "steps_left": play.limit - len(play.actions),
    }


def thing_data(memory: Memory, place: Place | None, cell: Cell) -> dict[str, Any]:
    """A thing as data; without a place for what is carried."""
    data: dict[str, Any] = {"name": str(cell), "kind": cell.kind, "colour": cell.colour or None}
    if cell.state:
        data["state"] = cell.state
    if place is not None:
        ahead, right = relative(memory.here, memory.facing, place)
        data.update(where=memory.where(place), ahead=ahead, right=right, position=list(place))
    return data


def _one(cell: Cell) -> str:
    if cell.kind in ("empty", "floor"):
        return "a free cell"
    return f"{'an' if str(cell)[0] in 'aeiou' else 'a'} {cell}"


def _listed(memory: Memory, things: list[tuple[Place, Cell]]) -> str:
    shown = [f"{cell} ({memory.where(place)})" for place, cell in things[:THINGS_SHOWN]]
    more = [f"and {len(things) - THINGS_SHOWN} more"] if len(things) > THINGS_SHOWN else []
    return ", ".join([*shown, *more]) or "nothing"


def _walls(memory: Memory) -> str:
    """How far the nearest wall that was seen is in each direction."""
    ways = (("ahead", 1, 0), ("left", 0, -1), ("right", 0, 1), ("behind", -1, 0))
    found = [(word, _wall(memory, ahead, right)) for word, ahead, right in ways]
    return ", ".join(f"{away} {word}" for word, away in found if away) or "none seen"


def _wall(memory: Memory, ahead: int, right: int) -> int:
    """Cells to the nearest wall in a direction; 0 where an unseen cell comes first."""
    away = 1
    while cell := memory.cells.get(placed(memory.here, memory.facing, ahead * away, right * away)):
        if cell.kind == "wall":
            return away
        away += 1
    return 0


def _from_start(here: Place) -> str:
    east, south = here
    parts = [f"{abs(east)} {'east' if east > 0 else 'west'}"] if east else []
    parts += [f"{abs(south)} {'south' if south > 0 else 'north'}"] if south else []
    return f"{' and '.join(parts)} of where the episode began" if parts else "where the episode began"

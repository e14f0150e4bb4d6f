"""Walking to things and exploring: many steps in one call, over cells that were seen."""

from __future__ import annotations

from collections.abc import Callable

from fieldcraft.envs.minigrid.cells import Place, placed
from fieldcraft.envs.minigrid.paths import FORWARD, TOGGLE, opens, way
from fieldcraft.envs.minigrid.play import Play
from fieldcraft.envs.types import PrimitiveError

PLANS = 50
"""Ways that are planned in one call, where what moves closes them."""


def named(kind: str, colour: str | None) -> str:
    """What is looked for, in words."""
    word = f"{colour} {kind}" if colour else kind
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def go_to(play: Play, kind: str, colour: str | None) -> None:
    """Walk until the nearest such thing is in front.

    Raises:
        PrimitiveError: none was seen, or no known way leads to it.
    """

    def wanted(here: Place, facing: int) -> bool:
        return placed(here, facing, 1, 0) in targets

    for _ in range(PLANS):
        targets = set(_targets(play, "go to", kind, colour))
        if _followed(play, _way(play, wanted, f"go to {named(kind, colour)}")):
            return
    raise PrimitiveError(f"cannot go to {named(kind, colour)}: the way was closed {PLANS} times")


def go_next_to(play: Play, kind: str, colour: str | None) -> None:
    """Walk until a free cell is in front that is beside such a thing.

    Raises:
        PrimitiveError: none was seen, or no known way leads to it.
    """

    def wanted(here: Place, facing: int) -> bool:
        front = placed(here, facing, 1, 0)
        cell = play.memory.cells.get(front)
        return cell is not None and cell.kind == "empty" and front in beside

    for _ in range(PLANS):
        targets = _targets(play, "go next to", kind, colour)
        beside = {placed(target, facing, 1, 0) for target in targets for facing in range(4)}
        if _followed(play, _way(play, wanted, f"go next to {named(kind, colour)}")):
            return
    raise PrimitiveError(f"cannot go next to {named(kind, colour)}: the way was closed {PLANS} times")


def go_to_closed(play: Play, kind: str, colour: str | None) -> None:
    """Walk until the nearest box, or door that is closed and can be opened, is in front.

    Raises:
        PrimitiveError: none was seen, or no known way leads to it, or it takes a key that is not carried.
    """

    def wanted(here: Place, facing: int) -> bool:
        return placed(here, facing, 1, 0) in openable

    memory, what = play.memory, f"open {named(kind, colour)}"
    for _ in range(PLANS):
        targets = _targets(play, "open", kind, colour)
        openable = {place for place in targets if kind != "door" or opens(memory, place)}
        if not openable:
            raise PrimitiveError(_unopened(play, targets, what))
        if _followed(play, _way(play, wanted, what)):
            return
    raise PrimitiveError(f"cannot {what}: the way was closed {PLANS} times")


def explore(play: Play) -> list[Place]:
    """Walk to the nearest place beside what was not seen yet; returns the places that are new.

    Raises:
        PrimitiveError: all that can be reached was seen; the message names the doors that are locked.
    """
    memory = play.memory
    known = set(memory.cells)

    def unseen(here: Place, facing: int) -> bool:
        sides = ((1, 0), (0, -1), (0, 1))
        return (here, facing) != (memory.here, memory.facing) and any(
            placed(here, facing, ahead, right) not in memory.cells for ahead, right in sides
        )

    for _ in range(PLANS):
        moves = way(memory, unseen)
        if moves is None:
            break
        if _followed(play, moves) and set(memory.cells) != known:
            return [place for place in memory.cells if place not in known]
    locked = sorted({str(cell) for _, cell in memory.things() if cell.state == "locked"})
    doors = f"; there is a {', a '.join(locked)}, which takes a key of its colour" if locked else ""
    raise PrimitiveError(
        f"cannot explore further: all that can be reached was seen{doors}; "
        "what stands in the way can be picked up"
    )


def _unopened(play: Play, doors: list[Place], what: str) -> str:
    """Why none of these doors can be opened, each either open or locked."""
    locked = [play.memory.cells[place] for place in doors if play.memory.cells[place].state == "locked"]
    if not locked:
        return f"cannot {what}: it is open already"
    carried = play.memory.carrying
    return f"cannot {what}: it is locked; need a {locked[0].colour} key (you carry {carried or 'nothing'})"


def _targets(play: Play, verb: str, kind: str, colour: str | None) -> list[Place]:
    found = play.memory.matching(kind, colour)
    if not found:
        raise PrimitiveError(
            f"cannot {verb} {named(kind, colour)}: none was seen in this episode; "
            "explore() to see more of the grid"
        )
    return found


def _way(play: Play, wanted: Callable[[Place, int], bool], what: str) -> list[int]:
    moves = way(play.memory, wanted)
    if moves is None:
        raise PrimitiveError(
            f"cannot {what}: no way over cells that were seen leads there; explore(), "
            "fetch the key of a locked door, or pick up what stands in the way"
        )
    return moves


def _followed(play: Play, moves: list[int]) -> bool:
    """Take these steps; false where the way was closed before its end."""
    for action in moves:
        ahead = play.memory.ahead
        if (action == FORWARD and not ahead.free) or (action == TOGGLE and ahead.kind != "door"):
            return False
        play.act(action)
    return True

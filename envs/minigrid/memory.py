"""What the agent has seen of the grid in this episode, and where it is itself."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fieldcraft.envs.minigrid.cells import (
    EMPTY,
    FACINGS,
    THINGS,
    Cell,
    Place,
    carried_in,
    placed,
    relative,
    seen_cells,
)

_LETTERS = {"wall": "#", "key": "k", "ball": "b", "box": "x", "goal": "g", "lava": "~"}
_DOORS = {"open": "_", "closed": "d", "locked": "D"}
_AGENT = (">", "v", "<", "^")
LEGEND = (
    "north is up; # wall, . free, k key, b ball, x box, g goal, ~ lava, d closed door, D locked door, "
    "_ open door, ><^v you; a blank was not seen"
)


class Memory:
    """The cells that were seen, as they were when last seen.

    Attributes:
        cells: by place.
        here: the agent's place; the episode began at (0, 0).
        facing: the number of its facing.
        carrying: what it carries.
        view: the places that it sees now.
    """

    def __init__(self) -> None:
        self.cells: dict[Place, Cell] = {(0, 0): EMPTY}
        self.here: Place = (0, 0)
        self.facing = 0
        self.carrying: Cell | None = None
        self.view: tuple[Place, ...] = ()

    def see(self, image: np.ndarray, here: Place, facing: int) -> None:
        """Take up a view from a place."""
        seen = seen_cells(image, here, facing)
        self.here, self.facing, self.carrying = here, facing, carried_in(image)
        self.view = tuple(seen)
        self.cells.setdefault(here, EMPTY)
        self.cells.update(seen)

    @property
    def front(self) -> Place:
        """The place in front of the agent."""
        return placed(self.here, self.facing, 1, 0)

    @property
    def ahead(self) -> Cell:
        """What is in front of the agent; it always sees that."""
        return self.cells.get(self.front, Cell("unseen"))

    @property
    def facing_name(self) -> str:
        """The agent's facing in words."""
        return FACINGS[self.facing]

    def things(self, places: Iterable[Place] | None = None) -> list[tuple[Place, Cell]]:
        """All that is named one by one, the nearest first.

        Args:
            places: where to look; everywhere if omitted.
        """
        chosen = self.cells if places is None else places
        found = [(place, self.cells[place]) for place in chosen if self.cells[place].kind in THINGS]
        return sorted(found, key=lambda pair: (self.away(pair[0]), pair[0]))

    def matching(self, kind: str, colour: str | None) -> list[Place]:
        """Where things of this kind and colour were seen, the nearest first."""
        return [place for place, cell in self.things() if cell.fits(kind, colour) and place != self.here]

    def away(self, place: Place) -> int:
        """How many cells away a place is, along both directions together."""
        return abs(place[0] - self.here[0]) + abs(place[1] - self.here[1])

    def where(self, place: Place) -> str:
        """A place from the agent: `2 ahead, 1 left`."""
        ahead, right = relative(self.here, self.facing, place)
        parts = [f"{abs(ahead)} {'ahead' if ahead > 0 else 'behind'}"] if ahead else []
        parts += [f"{abs(right)} {'right' if right > 0 else 'left'}"] if right else []
        return ", ".join(parts) or "here"

    def drawn(self) -> str:
        """The map of all that was seen, a letter a cell; see `LEGEND`."""
        across, down = [place[0] for place in self.cells], [place[1] for place in self.cells]
        return "\n".join(
            "".join(self._letter((east, south)) for east in range(min(across), max(across) + 1)).rstrip()
            for south in range(min(down), max(down) + 1)
        )

    def _letter(self, place: Place) -> str:
        if place == self.here:
            return _AGENT[self.facing]
        cell = self.cells.get(place)
        if cell is None:
            return " "
        return _DOORS.get(cell.state, "?") if cell.kind == "door" else _LETTERS.get(cell.kind, ".")

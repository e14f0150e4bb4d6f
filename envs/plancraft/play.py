"""One episode: an example of Plancraft, played by actions, with what was made in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from fieldcraft.envs.episodes import EpisodeEnd, EpisodeEnded
from fieldcraft.envs.happenings import Happening
from fieldcraft.envs.plancraft.examples import Choice
from fieldcraft.envs.plancraft.package import table_with
from fieldcraft.envs.plancraft.slots import GRID, NUMBERS, OUTPUT, SLOTS, STORE
from fieldcraft.envs.values import Frozen

EVENTS_KEPT = 8
ACHIEVEMENTS = ("impossibility_recognised", "target_made")
"""What can be achieved in an episode besides items."""


class Action(Frozen):
    """An action of Plancraft, each of which is a step; slots by name."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    verb: Literal["move", "smelt", "search", "impossible"]
    source: Annotated[str, Field(max_length=3)] = ""
    to: Annotated[str, Field(max_length=3)] = ""
    count: Annotated[int, Field(ge=0, le=64)] = 0
    item: Annotated[str, Field(max_length=100)] = ""


class Play:
    """An episode.

    Args:
        choice: of which examples it is.
        seed: which of them.
        stepped: is called with the number of steps after each.

    Attributes:
        example: that is played.
        actions: that were taken.
        end: how it ended; `None` while it lasts.
        success: whether the target was made, or rightly said to be impossible.
        events: what happened lately.
        firsts: items ever held, with the step of the first time.
        gained: how many of each item were made.
        achieved: what was achieved, with the step.
        happened: what happened since it was last asked.
    """

    def __init__(self, choice: Choice, seed: int, stepped: Callable[[int], None] = lambda _: None) -> None:
        self.choice, self.seed = choice, seed
        self.example = choice.at(seed)
        held = {number: one.model_dump() for number, one in self.example.slotted_inventory.items()}
        self.table: Any = table_with(held)
        self.actions: list[Action] = []
        self.end: EpisodeEnd | None = None
        self.success = False
        self.events: list[str] = []
        self.given = sorted(self.held())
        self.firsts = dict.fromkeys(self.given, 0)
        self.gained: Counter[str] = Counter()
        self.achieved: dict[str, int] = {}
        self.happened: list[Happening] = []
        self.stepped = stepped

    def slots(self) -> dict[str, tuple[str, int]]:
        """What is in each slot that is not empty: item and count."""
        state = self.table.state
        return {
            SLOTS[number]: (str(state[number]["type"]), int(state[number]["quantity"]))
            for number in sorted(state)
        }

    def held(self) -> Counter[str]:
        """How many of each item are held, in the grid or elsewhere; what slot 0 offers is not held yet."""
        counts: Counter[str] = Counter()
        for slot, (item, count) in self.slots().items():
            if slot != OUTPUT:
                counts[item] += count
        return counts

    def act(self, action: Action) -> bool:
        """Take one step; whether it changed anything.

        Raises:
            EpisodeEnded: the episode ended in it, or before.
        """
        self.require_going()
        before, held = self.slots(), self.held()
        match action.verb:
            case "move":
                self.table.move_item(NUMBERS[action.source], NUMBERS[action.to], action.count)
            case "smelt":
                self.table.smelt_item(NUMBERS[action.source], NUMBERS[action.to], action.count)
        self.table.clean_state()
        self.actions.append(action)
        self.stepped(len(self.actions))
        self._note(action, held)
        if action.verb == "impossible":
            self._over(success=self.example.impossible, why="it was said to be impossible, which is")
        elif self.example.target in self.held():
            self._over(success=True, why=f"the target {self.example.target} is held, which is")
        elif len(self.actions) >= self.choice.max_steps:
            why = f"the limit of {self.choice.max_steps} steps is reached"
            self.end = EpisodeEnd(outcome="truncated", why=why)
        self.require_going()
        return self.slots() != before

    def require_going(self) -> None:
        """Refuse to go on where the episode is over.

        Raises:
            EpisodeEnded: it is.
        """
        if self.end is not None:
            truncated = self.end.outcome == "truncated"
            raise EpisodeEnded("truncated" if truncated else "terminated", self.end.why)

    def room_for(self, item: str, count: int, largest: int) -> str | None:
        """A slot of the inventory that takes so many of an item: one with some of it, else an empty one.

        Args:
            item: to put there.
            count: how many.
            largest: how many of it a slot holds.
        """
        slots = self.slots()
        for slot in STORE:
            there = slots.get(slot)
            if there is not None and there[0] == item and there[1] + count <= largest:
                return slot
        return next((slot for slot in STORE if slot not in slots), None)

    def digest(self) -> str:
        """Of all slots and how it goes, to tell whether actions led to the same again."""
        state = (self.example.id, self.slots(), len(self.actions), self.success, str(self.end))
        return sha256(repr(state).encode()).hexdigest()

    def _note(self, action: Action, before: Counter[str]) -> None:
        """Keep what a step used and made."""
        now, step = self.held(), len(self.actions)
        used, gave = before - now, now - before
        for item in gave:
            self.firsts.setdefault(item, step)
        self.gained.update(gave)
        if gave:
            smelting = action.verb == "smelt"
            made = next(iter(gave))
            self._tell(f"{'smelted' if smelting else 'crafted'} {gave[made]} {made}")
            self.happened.append(
                Happening(
                    what="smelted" if smelting else "crafted",
                    subject=made,
                    used=dict(used),
                    gave=dict(gave),
                    tool="furnace" if smelting else "crafting_table",
                    tick=step,
                )
            )

    def _over(self, *, success: bool, why: str) -> None:
        self.success = success
        if success:
            name = "impossibility_recognised" if self.example.impossible else "target_made"
            self.achieved[name] = len(self.actions)
        self.end = EpisodeEnd(outcome="terminated", why=f"{why} {'right' if success else 'wrong'}")
        self._tell(f"the episode ended: {self.end.why}")

    def _tell(self, event: str) -> None:
        self.events = [*self.events, f"step {len(self.actions)}: {event}"][-EVENTS_KEPT:]


def grid_of(slots: dict[str, tuple[str, int]]) -> dict[str, tuple[str, int]]:
    """What lies in the grid."""
    return {slot: slots[slot] for slot in GRID if slot in slots}

"""Care for a full inventory (Voyager, appendix A.3.4): room is made in a container, judged by the world."""

from __future__ import annotations

from collections.abc import Sequence

from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.task import Task
from fieldcraft.envs import EnvironmentSpec, GainGoal, ItemGoal, Observation, PlaceGoal, RoomGoal

FULL_SLOTS = 33
"""Used slots, of 36, from which room is made before anything else."""

ROOM_MADE = 6
"""Slots more that a chore has to empty."""

RESTING = 2
"""How many other tasks come before the same one again, for each time in a row that it failed."""

SCANT = 3
"""Free slots of which a container has fewer where another one is better made."""

ONE_IN, AT_FIRST = 10, 3
"""Making room takes at most one iteration in so many over a long run, and this many before that counts."""

_KEPT = "Keep tools, food, what is worn, and some of each material."

ORIGIN = "inventory"
"""The `origin` of these tasks."""


def chore(state: RunState, spec: EnvironmentSpec) -> Task | None:
    """The task that makes room in a run as it stands now, see `care_for_inventory`."""
    return care_for_inventory(
        state.observation,
        spec,
        state.finished_tasks,
        iterations=state.spent.iterations,
        chores=state.chores,
    )


def care_for_inventory(
    observation: Observation,
    spec: EnvironmentSpec,
    finished: Sequence[tuple[str, bool]] = (),
    *,
    iterations: int = 0,
    chores: int = 0,
) -> Task | None:
    """The task that makes room; `None` while there is enough, or after it failed, or came too often.

    With a container seen that has room: deposit what is least useful into the nearest; with one held: place
    it; else make one, where there is such an item. A task that fails makes way for others for a while
    (`RESTING`), so that a chest that cannot be made yet does not block a run.

    Args:
        observation: of now.
        spec: names the world's container.
        finished: the run's tasks so far, each with whether it was completed, oldest first.
        iterations: of the run so far.
        chores: how many of them such tasks took.
    """
    if observation.slots_used is None or observation.slots_used < FULL_SLOTS:
        return None
    if chores >= AT_FIRST + iterations // ONE_IN:
        return None
    task = _making_room(observation, spec)
    return None if task is None or _rests(task.words, finished) else task


def _rests(words: str, finished: Sequence[tuple[str, bool]]) -> bool:
    outcomes = [success for other, success in finished if other == words]
    failed = next((count for count, success in enumerate(reversed(outcomes)) if success), len(outcomes))
    ago = next((count for count, (other, _) in enumerate(reversed(finished)) if other == words), 0)
    return ago < RESTING * failed


def _making_room(observation: Observation, spec: EnvironmentSpec) -> Task | None:
    chest = spec.container
    used, total = observation.slots_used or 0, observation.slots_total or 0
    reason = f"{used} of {total} inventory slots are used"
    wanted = ROOM_MADE + used - FULL_SLOTS
    place = nearest_with_room(observation, wanted)
    if place is not None:
        free = observation.chest_slots.get(place)
        emptied = wanted if free is None else min(wanted, free)
        known = "" if free is None else f"The {chest} there has {free} empty slots. "
        return Task(
            words=f"Deposit items that are not needed into the {chest} at {place}",
            reason=reason,
            context=f"{known}Afterwards at least {emptied} more inventory slots are empty; the more, the "
            f"later room has to be made again. {_KEPT}",
            goal=RoomGoal(slots=max(1, total - used + emptied)),
            origin=ORIGIN,
        )
    if chest not in spec.names.items:
        return None
    if observation.inventory.get(chest):
        return Task(words=f"Place 1 {chest}", reason=reason, goal=PlaceGoal(block=chest), origin=ORIGIN)
    if "gain" not in spec.goals:
        return Task(words=f"Craft 1 {chest}", reason=reason, goal=ItemGoal(item=chest), origin=ORIGIN)
    return Task(
        words=f"Craft 1 {chest}",
        reason=reason,
        context=f"Place the {chest} beside you and put what is not needed into it in the same program: it "
        f"need not be held in the end. {_KEPT}",
        goal=GainGoal(item=chest),
        origin=ORIGIN,
    )


def nearest_with_room(observation: Observation, wanted: int) -> str | None:
    """The position of the nearest container with as many free slots, as the observation writes it.

    One whose free slots are not known counts as such. Where there is none, it is the one with the most, if
    that are `SCANT` or more.
    """
    free = {place: observation.chest_slots.get(place, wanted) for place in observation.chests or {}}
    most = min(wanted, max(free.values(), default=0))
    roomy = [place for place, slots in free.items() if slots >= most >= SCANT]
    return min(roomy, key=lambda place: (observation.distance_to(place), place), default=None)

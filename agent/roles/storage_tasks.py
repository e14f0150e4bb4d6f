"""Voyager's care for a full inventory (appendix A.3.4): a chest before the pockets burst."""

from __future__ import annotations

from collections.abc import Sequence

from fieldcraft.agent.task import Task
from fieldcraft.envs import EnvironmentSpec, ItemGoal, Observation, PlaceGoal

FULL_SLOTS = 33
"""Used slots, of 36, from which room is made before anything else."""

RESTING = 2
"""How many other tasks come before the same one again, for each time in a row that it failed."""


def care_for_inventory(
    observation: Observation, spec: EnvironmentSpec, finished: Sequence[tuple[str, bool]] = ()
) -> Task | None:
    """The task that makes room; `None` while there is enough, or after it failed.

    With the world's container seen: deposit what is least useful; with one held: place it; else make one,
    where there is such an item. A task that fails makes way for others for a while (`RESTING`), so that a
    chest that cannot be made yet does not block a run.

    Args:
        observation: of now.
        spec: names the world's container.
        finished: the run's tasks so far, each with whether it was completed, oldest first.
    """
    if observation.slots_used is None or observation.slots_used < FULL_SLOTS:
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
    reason = f"{observation.slots_used} of {observation.slots_total} inventory slots are used"
    if observation.chests:
        place = next(iter(observation.chests))
        return Task(
            words=f"Deposit items that are not needed into the {chest} at {place}",
            reason=reason,
            context="Afterwards at least "
            f"{(observation.slots_used or 0) - FULL_SLOTS + 6} more inventory slots are empty. "
            "Keep tools, food, and some of each material.",
            origin="inventory",
        )
    if chest not in spec.names.items:
        return None
    if observation.inventory.get(chest):
        return Task(words=f"Place 1 {chest}", reason=reason, goal=PlaceGoal(block=chest), origin="inventory")
    return Task(words=f"Craft 1 {chest}", reason=reason, goal=ItemGoal(item=chest), origin="inventory")

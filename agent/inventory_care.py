"""Voyager's care for a full inventory (appendix A.3.4): a chest before the pockets burst."""

from __future__ import annotations

from fieldcraft.agent.task import Task
from fieldcraft.envs import EnvironmentSpec, ItemGoal, Observation, PlaceGoal

FULL_SLOTS = 33
"""Used slots, of 36, from which room is made before anything else."""


def care_for_inventory(observation: Observation, spec: EnvironmentSpec) -> Task | None:
    """The task that makes room, or `None` while there is enough.

    With the world's container seen: deposit what is least useful; with one held: place it; else make one,
    where there is such an item.
    """
    chest = spec.container
    if observation.slots_used is None or observation.slots_used < FULL_SLOTS:
        return None
    reason = f"{observation.slots_used} of {observation.slots_total} inventory slots are used"
    if observation.chests:
        place = next(iter(observation.chests))
        return Task(
            words=f"Deposit items that are not needed into the {chest} at {place}",
            reason=reason,
            context="Afterwards at least "
            f"{observation.slots_used - FULL_SLOTS + 6} more inventory slots are empty. "
            "Keep tools, food, and some of each material.",
            origin="inventory",
        )
    if chest not in spec.names.items:
        return None
    if observation.inventory.get(chest):
        return Task(words=f"Place 1 {chest}", reason=reason, goal=PlaceGoal(block=chest), origin="inventory")
    return Task(words=f"Craft 1 {chest}", reason=reason, goal=ItemGoal(item=chest), origin="inventory")

"""Tasks that are set aside until a person answers: shown to the curriculum, and refused as proposals."""

from __future__ import annotations

from fieldcraft.agent.journal.setbacks import goal_key
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.roles.proposals.done_tasks import DoneBefore
from fieldcraft.common.text import visible_line
from fieldcraft.envs import Goal


class WaitsForPerson(DoneBefore):
    """A proposal asks for a task that is set aside."""


def refuse_waiting(words: str, goal: Goal | None, state: RunState) -> None:
    """Refuse a task that is set aside, since it comes again by itself.

    Raises:
        WaitsForPerson: the message says so.
    """
    key = goal_key(words, goal)
    if any(goal_key(held.task.words, held.task.goal) == key for held in state.set_aside.values()):
        raise WaitsForPerson(
            f"task: {visible_line(words, 300)!r} waits for a person's answer, and comes again by itself; set "
            "another one"
        )


def waiting(state: RunState) -> list[str]:
    """The tasks that are set aside, each with why it is not to be set now."""
    return [f"{held.task.words} (waits for a person, refused for now)" for held in state.set_aside.values()]

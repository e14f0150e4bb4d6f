"""Tasks that were done, by what they asked for: part of the run's state, kept by its reducer."""

from __future__ import annotations

from fieldcraft.agent.journal.setbacks import asked_for, goal_key, plain_words
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.task import Task
from fieldcraft.envs import GainGoal, Goal, ItemGoal, Observation

_DONE = 4_000


def note_done(state: RunState, task: Task) -> None:
    """Remember that a task was done, by its goal and by its words, with how many things it asked for."""
    for key, count in _asked(task.words, task.goal).items():
        state.done[key] = max(count, state.done.pop(key, 0))
    while len(state.done) > _DONE:
        del state.done[next(iter(state.done))]


def done_before(words: str, goal: Goal | None, state: RunState) -> int:
    """How much of what a task asks for was done or held before, where it asks for no more; else 0."""
    asked = _asked(words, goal)
    found = [state.done[key] for key in asked if key in state.done]
    if not found and words not in state.completed:
        return 0
    most = max(found, default=1)
    if isinstance(goal, ItemGoal | GainGoal):
        most = max(most, state.most_held.get(goal.item, 0))
    return most if next(iter(asked.values())) <= most else 0


def _asked(words: str, goal: Goal | None) -> dict[str, int]:
    """How many things a task asks for, by its goal first and by its words."""
    by_words = {f"words {plain_words(words)}": asked_for(words, None, Observation())}
    if goal is None:
        return by_words
    count = goal.count if isinstance(goal, ItemGoal) else asked_for(words, goal, Observation())
    return {goal_key(words, goal): count, **by_words}

"""Tasks that were done, by what they asked for: part of the run's state, kept by its reducer."""

from __future__ import annotations

import re

from fieldcraft.agent.journal.setbacks import asked_for, goal_key, plain_words
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.task import Task
from fieldcraft.envs import GainGoal, Goal, ItemGoal, Observation

_DONE = 4_000
_AT_MOST = re.compile(r"\b(?:at most|no more than|(?:less|fewer) than|within|under)\s+\d", re.IGNORECASE)
"""Words by which a smaller number asks for more."""


def note_done(state: RunState, task: Task) -> None:
    """Remember that a task was done, by its goal and by its words, with how many things it asked for."""
    for key, count in _asked(task.words, task.goal).items():
        state.done[key] = max(count, state.done.pop(key, 0))
    while len(state.done) > _DONE:
        del state.done[next(iter(state.done))]


def done_before(words: str, goal: Goal | None, state: RunState) -> int:
    """How much of what a task asks for was done or held before, where it asks for no more; else 0.

    A goal counts and not its words: `Kill 1 cow` may be for beef once, and for leather another time. The same
    goal in the same words is the same task, even where more has to be held for it than the last time.
    """
    (key, count), *spoken = _asked(words, goal).items()
    most = state.done.get(key, 0)
    said_before = all(number <= state.done.get(wording, 0) for wording, number in spoken)
    if not most and goal is None:
        most = int(words in state.completed)
    if isinstance(goal, ItemGoal | GainGoal) and (most or _by_words(words) in state.done):
        most = max(most, state.most_held.get(goal.item, 0))
    return most if count <= most or (most and spoken and said_before) else 0


def _asked(words: str, goal: Goal | None) -> dict[str, int]:
    """How many things a task asks for, by its goal first and by its words."""
    if _AT_MOST.search(words):
        spoken = {f"words {words.casefold()}": 1}
    else:
        spoken = {_by_words(words): asked_for(words, None, Observation())}
    if goal is None:
        return spoken
    count = goal.count if isinstance(goal, ItemGoal) else asked_for(words, goal, Observation())
    return {goal_key(words, goal): count, **spoken}


def _by_words(words: str) -> str:
    return f"words {plain_words(words)}"

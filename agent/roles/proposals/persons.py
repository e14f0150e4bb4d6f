"""Tasks that people ask for while a run is running: they come before what the curriculum would choose."""

from __future__ import annotations

import re

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.prompts.rendering import AnswerUnusable
from fieldcraft.agent.roles.proposals.goals import check_names
from fieldcraft.agent.roles.questions import Answers
from fieldcraft.agent.steering.course import PERSON
from fieldcraft.agent.task import Task
from fieldcraft.common.text import cut_text, visible_line
from fieldcraft.envs import AchieveGoal, EnvironmentSpec, Goal, ItemGoal, KillGoal, Observation, PlaceGoal

WORDS = 500
"""Characters of a task's words."""
_PLAIN = re.compile(r"(?P<verb>[a-z]+)\s+(?:(?P<count>\d{1,6})\s+)?(?P<name>[\w:.-]+?)[.!]?", re.IGNORECASE)
_GETS = frozenset({"obtain", "get", "collect", "craft", "make", "smelt", "mine", "find", "gather"})


class PersonsTasks:
    """Sets the tasks that wait in the run's state."""

    def __init__(self, recorder: Recorder, answers: Answers, world: EnvironmentSpec) -> None:
        self._recorder = recorder
        self._answers = answers
        self._world = world

    def propose(self) -> Task | None:
        """The next task that a person asked for; `None` where the curriculum is to choose."""
        recorded = self._recorder.upcoming(e.TaskProposed)
        if recorded is not None and recorded.task.origin == PERSON:
            return recorded.task
        state = self._recorder.state
        if self._recorder.replaying or not state.steering.tasks:
            return None
        asked = state.steering.tasks[0]
        words = cut_text(visible_line(asked.text, 4 * WORDS), WORDS) or "(nothing)"
        goal = goal_of(words, self._world, state.observation)
        return Task(words=words, goal=goal, reason=f"{asked.by} asked for it.", origin=PERSON)

    def informed(self, task: Task) -> Task:
        """The task, with what is known of what it takes where a person asked for it."""
        if task.origin != PERSON:
            return task
        return task.model_copy(update={"context": self._answers.on_task(task.words).answer})


def goal_of(words: str, world: EnvironmentSpec, now: Observation) -> Goal | None:
    """The goal by which the world can check a task in the plain form `Craft 2 torch`; `None` for any other.

    The number is how many are wanted beyond those held now; of none the world has nothing to check.
    """
    found = _PLAIN.fullmatch(words.strip())
    if found is None or not int(found["count"] or 1):
        return None
    verb, name, count = found["verb"].lower(), found["name"], int(found["count"] or 1)
    goal: Goal
    if verb in _GETS and name in world.names.items:
        goal = ItemGoal(item=name, count=count + now.inventory.get(name, 0))
    elif verb == "place" and name in world.names.blocks:
        goal = PlaceGoal(block=name, count=count)
    elif verb == "kill" and name in world.names.mobs:
        goal = KillGoal(mob=name, count=count)
    elif name in world.names.achievements():
        goal = AchieveGoal(achievement=name)
    else:
        return None
    try:
        check_names(goal, world)
    except AnswerUnusable:
        return None
    return goal

"""What can be replaced in an agent, each kind a small Protocol.

A part is given as an object (`explore(curriculum=Mine())`), or named: `module:Name` on the command line and
in `fieldcraft.toml`, or by an entry point of an installed package (group `fieldcraft.curricula`,
`fieldcraft.actors`, `fieldcraft.critics`, `fieldcraft.retrievers`, `fieldcraft.embeddings`,
`fieldcraft.sandboxes`, `fieldcraft.listeners`). A name that leads to a class is made without arguments.

A run that was stopped is resumed in a new process. What a part keeps in its own attributes is lost there, so
a part works out what it needs from what it is shown, which is restored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from fieldcraft.agent.journal.events import Event
from fieldcraft.agent.task import Attempt, Task, Verdict
from fieldcraft.envs import Names, Observation, Progress
from fieldcraft.skills import Execution, Skill
from fieldcraft.skills.sandbox.base import Sandbox
from fieldcraft.skills.search.embeddings import TextEmbeddings as Embeddings

__all__ = [
    "Actor",
    "Ask",
    "Assignment",
    "Critic",
    "Curriculum",
    "Embeddings",
    "Listener",
    "Outcome",
    "Retriever",
    "Sandbox",
    "Situation",
]

Ask = Callable[[str], str]
"""Asks the model of the part's role (`curriculum`, `actor` or `critic`) one question; the answer is text.

Questions and answers are recorded and paid for from the budget like every other call of a model. It takes one
question at a time: a second thread that asks while the first one waits is refused.
"""

Listener = Callable[[Event], None]
"""Called with every event of a run, after it is written. One that raises is not called again."""


@dataclass(frozen=True)
class Situation:
    """What a curriculum is shown.

    Attributes:
        number: of the task that is asked for, from 1; those that people set meanwhile do not count.
        observation: the world now.
        progress: what was ever reached: items held, blocks placed, mobs killed.
        completed: the tasks done so far, in order, in words.
        failed: the tasks that failed and were not done since, in words.
        finished: every task finished so far, in order, and whether it was done.
        names: the items, blocks and mobs of the world, where it lists them.
        skills: the library's skills.
        seed: of the run; derive all randomness from it and from `number`.
        ask: asks the model of the role `curriculum`.
        said: what the people who run it said to it lately, the latest last.
        aim: what the agent is to make of the world, by the user or the world; may be empty.
        episode: the number of the present one, from 1.
    """

    number: int
    observation: Observation
    progress: Progress
    completed: Sequence[str]
    failed: Sequence[str]
    finished: Sequence[tuple[str, bool]]
    names: Names
    skills: Sequence[Skill]
    seed: int
    ask: Ask
    said: Sequence[str] = ()
    aim: str = ""
    episode: int = 1


class Curriculum(Protocol):
    """Proposes tasks."""

    def propose(self, now: Situation, /) -> Task | str | None:
        """The next task.

        Returns:
            A `Task`, whose goal the world checks; or its words alone, and a model judges it; or `None`, which
            ends the run.
        """


@dataclass(frozen=True)
class Assignment:
    """What an actor is shown.

    Attributes:
        task: what to do.
        observation: the world now.
        skills: those of the library that suit the task, best first; programs call them by entry name.
        attempts: earlier programs for this task with what became of them, oldest first.
        reference: the functions of `bot` (and of `tools`), with their signatures and docstrings.
        names: the items, blocks and mobs of the world, where it lists them.
        language: what the program is to be written in, `python` or `javascript`.
        ask: asks the model of the role `actor`.
        said: what the people who run it said to it lately, the latest last.
    """

    task: Task
    observation: Observation
    skills: Sequence[Skill]
    attempts: Sequence[Attempt]
    reference: str
    names: Names
    language: str
    ask: Ask
    said: Sequence[str] = ()


class Actor(Protocol):
    """Writes programs."""

    def write(self, now: Assignment, /) -> str | None:
        """A program for the task.

        Returns:
            Source whose last public function takes `bot`, bare or in one fenced block of Markdown; `None`
            gives the task up.
        """


@dataclass(frozen=True)
class Outcome:
    """What a critic is shown.

    Attributes:
        task: what was to be done.
        before: the world when the task began.
        after: the world now.
        reached_before: what had been reached when the task began.
        reached: what has been reached now.
        execution: how the latest program went.
        goal_met: the world's own check of the task's goal; `None` where the task has no goal.
        ask: asks the model of the role `critic`.
    """

    task: Task
    before: Observation
    after: Observation
    reached_before: Progress
    reached: Progress
    execution: Execution
    goal_met: bool | None
    ask: Ask


class Critic(Protocol):
    """Judges whether a task was done."""

    def judge(self, now: Outcome, /) -> Verdict | bool:
        """The verdict; the critique of a failure is shown to the actor in its next attempt."""


class Retriever(Protocol):
    """Finds the skills that suit a task."""

    def search(self, query: str, skills: Sequence[Skill], k: int, /) -> Sequence[Skill]:
        """At most `k` of `skills`, best first.

        Args:
            query: the task, what is known about it, and what its last attempt lacked.
            skills: the current skills that can be run in this world.
            k: how many are wanted.
        """

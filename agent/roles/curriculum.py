"""Who sets the tasks: the model with novelty as its aim, a fixed list, chance, a person, or a plan."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any, Protocol

from pydantic import BaseModel, Field, field_validator

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.prompts.rendering import AnswerUnusable, parse_json
from fieldcraft.agent.roles.facts import KnownFacts
from fieldcraft.agent.roles.model_calls import Asker
from fieldcraft.agent.roles.proposals.done_tasks import DoneBefore, refuse_done
from fieldcraft.agent.roles.proposals.hopeless import chosen, failures, refuse_hopeless, refused_wordings
from fieldcraft.agent.roles.proposals.shown import asked_before, is_open, known_answers, reached, remembered
from fieldcraft.agent.roles.proposals.waiting import refuse_waiting, waiting
from fieldcraft.agent.roles.questions import Answers, Asked
from fieldcraft.agent.roles.storage_tasks import chore
from fieldcraft.agent.steering.words import shown
from fieldcraft.agent.task import Task
from fieldcraft.common.text import entered
from fieldcraft.envs import (
    Environment,
    EnvironmentSpec,
    GainGoal,
    Goal,
    ItemGoal,
    KillGoal,
    MineGoal,
    Observation,
    PlaceGoal,
    ReachGoal,
    RoomGoal,
    nearest,
)

CHANCE_AFTER = 2
"""Answers in vain, each with its repairs, after which a model that insists on what was done is not asked."""

SAID_BY_PERSON = 2_000
"""Characters of what a person said that are kept."""


class TaskSource(Protocol):
    """What the loop asks for tasks. Keeps nothing: all it knows is in the run's state."""

    def propose(self) -> Task | None:
        """The next task, `None` when there are no more.

        Raises:
            ModelsSilent: the model did not answer; the run can be resumed.
            BudgetExhausted: before a model call.
        """


class Proposal(BaseModel):
    """A task as the model writes it, and what it wants to know before the one after it."""

    reasoning: str = ""
    task: str = Field(min_length=3, max_length=300)
    goal: Goal | None = None
    questions: list[Asked] = []

    @field_validator("questions", mode="before")
    @classmethod
    def _usable(cls, value: Any) -> Any:
        """Plain questions count as well; whatever is no question costs itself and not the task."""
        entries = value if isinstance(value, list) else []
        written = [{"question": entry} if isinstance(entry, str) else entry for entry in entries]
        return [
            {name: entry[name] for name in Asked.model_fields if isinstance(entry.get(name), str)}
            for entry in written
            if isinstance(entry, dict)
        ]


class Questions(BaseModel):
    """Questions as the model writes them."""

    questions: list[str] = []


class AutoCurriculum:
    """Voyager's automatic curriculum (section 2.1): completed and failed tasks, a growing view, questions."""

    def __init__(self, recorder: Recorder, asker: Asker, answers: Answers, environment: Environment) -> None:
        self._recorder = recorder
        self._asker = asker
        self._answers = answers
        self._environment = environment
        self._settings = recorder.run.settings
        self._facts = KnownFacts(recorder)

    def propose(self) -> Task | None:
        """The next task: room in the inventory first, else what the model chooses."""
        state = self._recorder.state
        urgent = chore(state, self._environment.spec)
        if urgent is not None:
            return _informed(urgent, self._answers)
        ask_first = self._asks_first()
        known = self._answered(ask_first=ask_first) if self._shown("answers") else {"answers": []}
        try:
            proposal = self._asker.parsed(
                "curriculum",
                "curriculum_task",
                self._read,
                shape=Proposal,
                limit=0 if ask_first else self._settings.questions,
                refused=state.refused_proposals,
                stall=state.stall_hint,
                **known,
                **self._situation(),
            )
        except DoneBefore:
            other = self._other_than_done()
            if other is None:
                raise
            proposal = Proposal(task=f"Obtain 1 {other}", goal=ItemGoal(item=other))
        questions = () if ask_first else self._answers.note(proposal.questions[: self._settings.questions])
        return Task(
            words=proposal.task,
            reason=proposal.reasoning,
            context=self._answers.on_task(proposal.task).answer,
            goal=proposal.goal,
            questions=questions,
        )

    def _other_than_done(self) -> str | None:
        """An item by chance, where the model insisted on what was done often enough."""
        state, settings = self._recorder.state, self._settings
        if len(state.refused_proposals) < min(CHANCE_AFTER, settings.model_failures - 1):
            return None
        return never_held(state, self._environment, settings.seed)

    def _asks_first(self) -> bool:
        """Whether questions are asked before the proposal; a recorded call of an earlier version decides."""
        asked = self._recorder.upcoming(e.ModelAsked)
        if asked is not None and asked.template in {"curriculum_questions", "curriculum_task"}:
            return asked.template == "curriculum_questions"
        return self._settings.ask_first

    def _answered(self, *, ask_first: bool) -> dict[str, Any]:
        """What is known, once the questions that are open now have been answered."""
        answers = self._recorder.state.answers
        for question in self._questions() if ask_first else tuple(self._recorder.state.questions):
            self._answers.ask(question)
        return known_answers(answers.values(), self._open())

    def _questions(self) -> list[str]:
        limit = self._settings.questions
        if not limit:
            return []
        try:
            found = self._asker.parsed(
                "curriculum",
                "curriculum_questions",
                lambda answer: parse_json(answer, Questions),
                shape=Questions,
                limit=limit,
                **asked_before(self._recorder.state.answers.values()),
                **self._situation(),
            )
        except AnswerUnusable:
            return []
        return [question[:300] for question in found.questions[:limit]]

    def _read(self, answer: str) -> Proposal:
        proposal = parse_json(answer, Proposal)
        state, spec = self._recorder.state, self._environment.spec
        check_goal(proposal.goal, spec, state.observation)
        if not self._was_accepted():
            refuse_waiting(proposal.task, proposal.goal, state)
            refuse_done(proposal.task, proposal.goal, state)
            refuse_hopeless(
                proposal.task, proposal.goal, state=state, names=spec.names, settings=self._settings
            )
        return proposal

    def _was_accepted(self) -> bool:
        """Whether the journal goes on with the task: what was decided is not decided again."""
        asked = self._recorder.upcoming(e.ModelAsked)
        decided = asked is not None and asked.role == "answerer"
        return decided or any(self._recorder.upcoming(kind) for kind in (e.QuestionAnswered, e.TaskProposed))

    def _situation(self) -> dict[str, Any]:
        state, spec = self._recorder.state, self._environment.spec
        said = remembered(self._recorder, self._open())
        return {
            "world": spec.description,
            "names": spec.names,
            "goals": spec.goals,
            "observation": self._observed().text(self._fields()),
            **reached(self._recorder),
            "failed": [
                *chosen(failures(state, refused_wordings(state, spec.names, self._settings))),
                *waiting(state),
            ],
            **said,
            "facts": self._facts.to_choose(said=said["said"]),
            "people": shown(state.steering.words),
        }

    def _open(self) -> Callable[[str], bool]:
        return is_open(self._recorder, self._answers.names)

    def _observed(self) -> Observation:
        """The observation, with no more than the core of the inventory until the rest has its turn."""
        seen, core = self._recorder.state.observation, self._settings.core_items
        if not core or self._shown("other_items"):
            return seen
        shown = {item: count for item, count in seen.inventory.items() if re.search(core, item)}
        return seen.model_copy(update={"inventory": shown})

    def _fields(self) -> set[str]:
        return {name for name in Observation.model_fields if self._shown(name)} | set(
            self._recorder.state.observation.extra
        )

    def _shown(self, field: str) -> bool:
        return len(self._recorder.state.completed) >= self._settings.warm_up.get(field, 0)


class RandomCurriculum:
    """The ablation "random curriculum" (section 3.4): any item never held, by chance.

    It differs from the automatic one in the choice alone: room in the inventory comes first, and the
    task's context is asked for.
    """

    def __init__(self, recorder: Recorder, answers: Answers, environment: Environment) -> None:
        self._recorder = recorder
        self._answers = answers
        self._environment = environment

    def propose(self) -> Task | None:
        """A random item never held; `None` once all were held."""
        state = self._recorder.state
        urgent = chore(state, self._environment.spec)
        if urgent is not None:
            return _informed(urgent, self._answers)
        item = never_held(state, self._environment, self._recorder.run.settings.seed)
        if item is None:
            return None
        words = f"Obtain 1 {item}"
        context = self._answers.on_task(words).answer
        return Task(words=words, goal=ItemGoal(item=item), context=context, origin="random")


def never_held(state: RunState, environment: Environment, seed: int) -> str | None:
    """An item that was never held, by chance; `None` once all were."""
    left = [item for item in environment.spec.names.items if item not in state.progress.items]
    return random.Random(f"{seed}:{state.task_number}").choice(left) if left else None  # noqa: S311


def _informed(task: Task, answers: Answers) -> Task:
    """A task that makes room, with what is known of what it takes, but where it only puts things away."""
    if isinstance(task.goal, RoomGoal):
        return task
    known = answers.on_task(task.words).answer
    return task.model_copy(update={"context": "\n".join(filter(None, [known, task.context]))})


class OpenCurriculum:
    """One aim over and over, as ReAct and Reflexion are given it (section 3.1)."""

    def __init__(self, recorder: Recorder) -> None:
        self._aim = recorder.run.settings.tasks[0]

    def propose(self) -> Task | None:
        """The aim, always."""
        return Task(words=self._aim.task, goal=self._aim.goal, origin="open")


class FixedCurriculum:
    """The settings' list of tasks, each once, in order."""

    def __init__(self, recorder: Recorder, answers: Answers) -> None:
        self._recorder = recorder
        self._answers = answers

    def propose(self) -> Task | None:
        """The next of the list."""
        tasks, state = self._recorder.run.settings.tasks, self._recorder.state
        done = state.task_number - state.steering.tasks_begun - state.repeated
        if done >= len(tasks):
            return None
        entry = tasks[done]
        context = self._answers.on_task(entry.task).answer
        return Task(words=entry.task, goal=entry.goal, context=context, origin="fixed")


class HumanCurriculum:
    """A person at the terminal sets each task; an empty line ends the run."""

    def __init__(self, recorder: Recorder, ask: Callable[[str], str]) -> None:
        self._recorder = recorder
        self._ask = ask

    def propose(self) -> Task | None:
        """What the person says, in words."""
        question = "Next task (empty line ends the run)"
        answer = self._recorder.effect(
            e.HumanAsked(question=question),
            (e.HumanAnswered,),
            lambda: e.HumanAnswered(text=entered(self._ask(question), SAID_BY_PERSON)),
        )
        words = answer.text.strip()[:500]
        return Task(words=words, origin="human") if words else None


def check_names(goal: Goal | None, spec: EnvironmentSpec) -> None:
    """Refuse a goal of a kind that the world cannot check, or that names something the world does not know.

    Raises:
        AnswerUnusable: the message gives the kinds, or the nearest names.
    """
    names = spec.names
    if goal is not None and goal.kind not in (*spec.goals, "room"):
        kinds = ", ".join(spec.goals)
        raise AnswerUnusable(f"goal: this world cannot check the kind {goal.kind!r}; it can check {kinds}")
    match goal:
        case ItemGoal() | GainGoal():
            name, known = goal.item, names.items
        case PlaceGoal() | MineGoal():
            name, known = goal.block, names.blocks
        case KillGoal():
            name, known = goal.mob, names.mobs
        case _:
            return
    if known and name not in known:
        kind = {"gain": "item", "mine": "block"}.get(goal.kind, goal.kind)
        raise AnswerUnusable(f"goal: the world has no {kind} {name!r}{nearest(name, known)}")


def check_goal(goal: Goal | None, spec: EnvironmentSpec, now: Observation) -> None:
    """Refuse a goal that the world does not know (`check_names`), or that is met before anything was done.

    Raises:
        AnswerUnusable: the message names the nearest names, or what is held already.
    """
    check_names(goal, spec)
    match goal:
        case ItemGoal():
            met = now.inventory.get(goal.item, 0) >= goal.count
        case ReachGoal():
            here = now.position
            met = here is not None and here.distance(goal.position) <= goal.within
        case RoomGoal():
            met = (now.slots_total or 0) - (now.slots_used or 0) >= goal.slots
        case _:
            met = False
    if met:
        raise AnswerUnusable(f"goal: {goal} is met already; ask for more, or for something else")

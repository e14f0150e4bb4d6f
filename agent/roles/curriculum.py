"""Who sets the tasks: the model with novelty as its aim, a fixed list, chance, a person, or a plan."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any, Protocol

from pydantic import BaseModel, Field

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.journal.setbacks import goal_key
from fieldcraft.agent.journal.state import Answered, RunState
from fieldcraft.agent.prompts.rendering import AnswerUnusable, parse_json
from fieldcraft.agent.roles.done_tasks import DoneBefore, refuse_done, told
from fieldcraft.agent.roles.hopeless import chosen, failures, refuse_hopeless, refused_wordings
from fieldcraft.agent.roles.model_calls import Asker
from fieldcraft.agent.roles.questions import Answers, on_each
from fieldcraft.agent.roles.storage_tasks import care_for_inventory
from fieldcraft.agent.task import Task
from fieldcraft.common.text import entered
from fieldcraft.envs import (
    Environment,
    GainGoal,
    Goal,
    ItemGoal,
    KillGoal,
    MineGoal,
    Names,
    Observation,
    PlaceGoal,
    ReachGoal,
    nearest,
)

CHANCE_AFTER = 2
"""Answers in vain, each with its repairs, after which a model that insists on what was done is not asked."""

ANSWERS_SHOWN = 100
QUESTIONS_SHOWN = 60
SAID_SHOWN = 40
SAID_OF_HELD = 20
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
    """A task as the model writes it."""

    reasoning: str = ""
    task: str = Field(min_length=3, max_length=300)
    goal: Goal | None = None


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

    def propose(self) -> Task | None:
        """The next task: room in the inventory first, else what the model chooses."""
        state = self._recorder.state
        urgent = care_for_inventory(state.observation, self._environment.spec, state.finished_tasks)
        if urgent is not None:
            return _informed(urgent, self._answers)
        known = self._ask_questions() if self._shown("answers") else []
        try:
            proposal = self._asker.parsed(
                "curriculum",
                "curriculum_task",
                self._read,
                shape=Proposal,
                answers=known,
                refused=state.refused_proposals,
                stall=state.stall_hint,
                **self._situation(),
            )
        except DoneBefore:
            other = never_held(state, self._environment, self._settings.seed)
            if other is None or len(state.refused_proposals) < min(
                CHANCE_AFTER, self._settings.model_failures - 1
            ):
                raise
            proposal = Proposal(task=f"Obtain 1 {other}", goal=ItemGoal(item=other))
        context = self._answers.on_task(proposal.task).answer
        return Task(words=proposal.task, reason=proposal.reasoning, context=context, goal=proposal.goal)

    def _ask_questions(self) -> list[Answered]:
        limit = self._settings.questions
        if not limit:
            return []
        state = self._recorder.state
        answers = list(state.answers.values())
        try:
            found = self._asker.parsed(
                "curriculum",
                "curriculum_questions",
                lambda answer: parse_json(answer, Questions),
                shape=Questions,
                limit=limit,
                asked=_once(answers)[-QUESTIONS_SHOWN:],
                **self._situation(),
            )
        except AnswerUnusable:
            return _latest(answers)
        fresh = [self._answers.ask(question[:300]) for question in found.questions[:limit]]
        return _latest([*answers, *fresh])

    def _read(self, answer: str) -> Proposal:
        proposal = parse_json(answer, Proposal)
        state, names = self._recorder.state, self._environment.spec.names
        check_goal(proposal.goal, names, state.observation)
        if not self._was_accepted():
            refuse_done(proposal.task, proposal.goal, state)
            refuse_hopeless(proposal.task, proposal.goal, state=state, names=names, settings=self._settings)
        return proposal

    def _was_accepted(self) -> bool:
        """Whether the journal goes on with the task: what was decided is not decided again."""
        asked = self._recorder.upcoming(e.ModelAsked)
        decided = asked is not None and asked.role == "answerer"
        return decided or any(self._recorder.upcoming(kind) for kind in (e.QuestionAnswered, e.TaskProposed))

    def _situation(self) -> dict[str, Any]:
        state, spec = self._recorder.state, self._environment.spec
        return {
            "world": spec.description,
            "names": spec.names,
            "observation": self._observed().text(self._fields()),
            "completed": told(state.completed),
            "failed": chosen(failures(state, refused_wordings(state, spec.names, self._settings))),
            "items": [_with_most(item, state) for item in sorted(state.progress.items)],
            "said": lately(self._recorder),
        }

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


def _with_most(item: str, state: RunState) -> str:
    """An item ever held with the most at once, and whether it was the goal of a task that was done."""
    most = state.most_held.get(item, 1)
    done = goal_key("", ItemGoal(item=item)) in state.done
    remark = " ".join(filter(None, [str(most) if most > 1 else "", "done" if done else ""]))
    return f"{item} ({remark})" if remark else item


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
        urgent = care_for_inventory(state.observation, self._environment.spec, state.finished_tasks)
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
    """A task that makes room, with what is known of it where it names nothing itself."""
    return task if task.context else task.model_copy(update={"context": answers.on_task(task.words).answer})


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
        tasks = self._recorder.run.settings.tasks
        done = self._recorder.state.task_number
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


def check_names(goal: Goal | None, names: Names) -> None:
    """Refuse a goal that names something the world does not know, where the world lists its names.

    Raises:
        AnswerUnusable: the message gives the nearest names.
    """
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


def check_goal(goal: Goal | None, names: Names, now: Observation) -> None:
    """Refuse a goal whose name the world does not know, or that is met before anything was done.

    Raises:
        AnswerUnusable: the message names the nearest names, or what is held already.
    """
    check_names(goal, names)
    match goal:
        case ItemGoal():
            met = now.inventory.get(goal.item, 0) >= goal.count
        case ReachGoal():
            here = now.position
            met = here is not None and here.distance(goal.position) <= goal.within
        case _:
            met = False
    if met:
        raise AnswerUnusable(f"goal: {goal} is met already; ask for more, or for something else")


def lately(recorder: Recorder) -> list[str]:
    """What the world said last, and earlier on what is held now, oldest first.

    What failed long ago because a thing was missing is worth another look once that is in hand. Nothing
    where no answers of the world are to be shown.
    """
    if not recorder.run.settings.evidence:
        return []
    said = list(recorder.state.evidence.values())
    earlier, latest = said[:-SAID_SHOWN], said[-SAID_SHOWN:]
    of_held = set(on_each(recorder.state.observation.inventory, earlier, SAID_OF_HELD))
    return [*(line for line in earlier if line in of_held), *latest]


def _latest(answers: list[Answered]) -> list[Answered]:
    known = [entry for entry in _once(answers) if entry.answer.strip(". ").lower() != "unknown"]
    return known[-ANSWERS_SHOWN:]


def _once(answers: list[Answered]) -> list[Answered]:
    """The latest answer to each question, in the order of these answers."""
    by_question: dict[str, Answered] = {}
    for entry in answers:
        by_question.pop(entry.question, None)
        by_question[entry.question] = entry
    return list(by_question.values())

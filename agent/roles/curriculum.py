"""Who sets the tasks: the model with novelty as its aim, a fixed list, chance, a person, or a plan."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

from pydantic import BaseModel, Field, field_validator

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.prompts.rendering import AnswerUnusable, parse_json
from fieldcraft.agent.prompts.world_words import from_world, some
from fieldcraft.agent.roles.facts import KnownFacts
from fieldcraft.agent.roles.model_calls import Asker
from fieldcraft.agent.roles.proposals.by_chance import instead, never_reached, words_for
from fieldcraft.agent.roles.proposals.done_tasks import refuse_done
from fieldcraft.agent.roles.proposals.goals import check_goal, known_goal, shape_with_goals
from fieldcraft.agent.roles.proposals.hopeless import in_vain, refuse_hopeless
from fieldcraft.agent.roles.proposals.shown import asked_before, is_open, known_answers, reached, remembered
from fieldcraft.agent.roles.proposals.waiting import refuse_waiting, waiting
from fieldcraft.agent.roles.questions import Answers, Asked
from fieldcraft.agent.roles.storage_tasks import chore
from fieldcraft.agent.steering.words import shown
from fieldcraft.agent.task import Task
from fieldcraft.common.text import cut_text, entered
from fieldcraft.envs import BrokenEnvironment, Environment, Goal, Observation, RoomGoal

INSISTED_ON_OTHERS = "the model insisted on what was done before, or fails over and over"
"""Why the curriculum set a task itself."""

OF_EPISODE = "episodes"
"""The curriculum that takes its tasks from the world, one an episode, and the origin of these tasks."""

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
        other = instead(state, self._environment.spec, self._settings)
        if other is not None:
            words = words_for(other)
            context = self._answers.on_task(words).answer
            return Task(words=words, goal=other, reason=INSISTED_ON_OTHERS, context=context)
        ask_first = self._asks_first()
        known = self._answered(ask_first=ask_first) if self._shown("answers") else {"answers": []}
        proposal = self._asker.parsed(
            "curriculum",
            "curriculum_task",
            self._read,
            shape=shape_with_goals(Proposal, self._environment),
            limit=0 if ask_first else self._settings.questions,
            refused=state.refused_proposals,
            stall=state.stall_hint,
            goal_forms=list(self._environment.goal_forms()),
            **known,
            **self._situation(),
        )
        questions = () if ask_first else self._answers.note(proposal.questions[: self._settings.questions])
        return Task(
            words=proposal.task,
            reason=proposal.reasoning,
            context=self._answers.on_task(proposal.task, proposal.goal).answer,
            goal=proposal.goal,
            questions=questions,
        )

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
        goal = known_goal(proposal.goal, self._environment)
        check_goal(goal, spec, state.observation, state.progress)
        proposal = proposal.model_copy(update={"goal": goal})
        if not self._was_accepted():
            refuse_waiting(proposal.task, proposal.goal, state)
            refuse_done(proposal.task, proposal.goal, state, per_episode=spec.achievements_per_episode)
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
            **some(
                from_world(self._environment, self._settings.aim),
                "aim",
                "examples",
                "has_items",
            ),
            "observation": self._observed().text(self._fields(), items=spec.has_items),
            **reached(self._recorder),
            "failed": [*in_vain(state, spec.names, self._settings), *waiting(state)],
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
    """The ablation "random curriculum" (section 3.4): an item or achievement never reached.

    It differs from the automatic one in the choice alone: room in the inventory comes first, and the
    task's context is asked for.
    """

    def __init__(self, recorder: Recorder, answers: Answers, environment: Environment) -> None:
        self._recorder = recorder
        self._answers = answers
        self._environment = environment

    def propose(self) -> Task | None:
        """Something random that was never reached; `None` once all was."""
        state = self._recorder.state
        urgent = chore(state, self._environment.spec)
        if urgent is not None:
            return _informed(urgent, self._answers)
        goal = never_reached(state, self._environment.spec, self._recorder.run.settings.seed)
        if goal is None:
            return None
        words = words_for(goal)
        context = self._answers.on_task(words).answer
        return Task(words=words, goal=goal, context=context, origin="random")


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


class EpisodeCurriculum:
    """The task that the world gives in each episode, as benchmarks set them: one an episode."""

    def __init__(self, recorder: Recorder, answers: Answers, environment: Environment) -> None:
        self._recorder = recorder
        self._answers = answers
        self._environment = environment

    def propose(self) -> Task | None:
        """The task of the present episode, with the goal by which the world checks it if it gives one.

        Raises:
            BrokenEnvironment: the world gives no task.
        """
        seen = self._recorder.state.observation
        if not seen.task:
            raise BrokenEnvironment(
                f"environment {self._environment.spec.id!r} gives no task (Observation.task) in episode "
                f"{self._recorder.state.episodes.number}; leave out --curriculum {OF_EPISODE}"
            )
        try:
            goal = known_goal(seen.goal, self._environment)
        except AnswerUnusable as problem:
            raise BrokenEnvironment(
                f"environment {self._environment.spec.id!r} gives a task whose {problem}"
            ) from problem
        context = self._answers.on_task(seen.task, goal).answer
        return Task(words=cut_text(seen.task, 500), goal=goal, context=context, origin=OF_EPISODE)


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
        context = self._answers.on_task(entry.task, entry.goal).answer
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

"""Solving one given task: break it into steps, do them, replan from what failed."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, Field, create_model

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.journal.state import Answered
from fieldcraft.agent.prompts.rendering import AnswerUnusable, parse_json
from fieldcraft.agent.prompts.world_words import from_world, some
from fieldcraft.agent.roles.facts import KnownFacts
from fieldcraft.agent.roles.model_calls import Asker
from fieldcraft.agent.roles.proposals.done_tasks import summed_up
from fieldcraft.agent.roles.proposals.goals import check_goal, known_goal, shape_with_goals
from fieldcraft.agent.roles.proposals.hopeless import failures
from fieldcraft.agent.roles.proposals.shown import lately
from fieldcraft.agent.roles.questions import Answers
from fieldcraft.agent.settings import FixedTask
from fieldcraft.agent.steering.words import shown
from fieldcraft.agent.task import Task
from fieldcraft.envs import Environment
from fieldcraft.skills import Skill, SkillLibrary

STEPS = 12
STALLED_LIMIT = 3
"""Sub-goals in a row without a new item after which AutoGPT makes a new plan."""


class Step(FixedTask):
    """A step as the model writes it."""

    task: str = Field(min_length=1, max_length=500)


class Plan(BaseModel):
    """A plan as the model writes it; its last step is the task itself."""

    reasoning: str = ""
    steps: list[Step] = Field(min_length=1)


def shape_with_steps(environment: Environment) -> type[BaseModel] | None:
    """The class of a plan whose steps have the goals that the world checks; see `shape_with_goals`."""
    step = shape_with_goals(Step, environment)
    return None if step is None else create_model("Plan", __base__=Plan, steps=(list[step], ...))  # type: ignore[valid-type]


class Planner:
    """Has the curriculum's model break a task into steps that can be checked and are not done already."""

    def __init__(self, recorder: Recorder, asker: Asker, environment: Environment) -> None:
        self._recorder = recorder
        self._asker = asker
        self._environment = environment
        self._facts = KnownFacts(recorder)

    def plan(self, task: str, skills: Sequence[Skill] = (), answers: Sequence[Answered] = ()) -> None:
        """Make a plan, at most `STEPS` long, and record it.

        Args:
            task: in words.
            skills: that may help.
            answers: what is known about it.

        Raises:
            AnswerUnusable: no usable plan, repairs included.
            ModelsSilent, BudgetExhausted: as `Asker.parsed`.
        """
        state, spec = self._recorder.state, self._environment.spec
        said = lately(self._recorder)
        plan = self._asker.parsed(
            "curriculum",
            "decompose",
            self._read,
            shape=shape_with_steps(self._environment),
            task=task,
            world=spec.description,
            names=spec.names,
            goals=spec.goals,
            **some(from_world(self._environment), "examples", "goal_forms", "has_items"),
            limit=STEPS,
            observation=state.observation.text(items=spec.has_items),
            completed=summed_up(state.completed),
            failed=failures(state),
            said=said,
            facts=self._facts.on(f"{task} {' '.join(state.failed[-5:])}", said=said, lines=16, deeper=True),
            people=shown(state.steering.words),
            skills=skills,
            answers=answers,
        )
        self._recorder.record(e.PlanMade(steps=list(plan.steps[:STEPS])))

    def _read(self, answer: str) -> Plan:
        plan = parse_json(answer, Plan)
        spec, state = self._environment.spec, self._recorder.state
        steps = []
        for step in plan.steps:
            try:
                goal = known_goal(step.goal, self._environment)
                check_goal(goal, spec, state.observation, state.progress)
            except AnswerUnusable as problem:
                if "met already" not in str(problem):
                    raise
                continue
            steps.append(step.model_copy(update={"goal": goal}))
        if not steps:
            raise AnswerUnusable("every step is done already; the last step must be the task itself")
        return plan.model_copy(update={"steps": steps})


class SolveCurriculum:
    """Voyager's decomposition of a given task (its `inference` mode), which never gave up.

    The plan is part of the run's state. A step that is done is never done again, and a failed step throws
    the rest of the plan away: the next plan is made with what that failure taught.
    """

    def __init__(
        self,
        recorder: Recorder,
        asker: Asker,
        answers: Answers,
        environment: Environment,
        library: SkillLibrary,
    ) -> None:
        self._recorder = recorder
        self._planner = Planner(recorder, asker, environment)
        self._answers = answers
        self._environment = environment
        self._library = library

    def propose(self) -> Task | None:
        """The plan's next step; `None` once the task is done or given up."""
        state = self._recorder.state
        if state.solved or self._given_up():
            return None
        if not state.plan:
            self._make_plan()
        step = state.plan[0]
        context = self._answers.on_task(step.task).answer
        return Task(words=step.task, goal=step.goal, context=context, origin="plan")

    def _given_up(self) -> bool:
        limit = self._recorder.run.settings.give_up_after
        latest = self._recorder.state.finished_tasks[-limit:]
        return len(latest) == limit and not any(success for _, success in latest)

    def _make_plan(self) -> None:
        whole, state = self._recorder.run.settings.tasks[0].task, self._recorder.state
        limit = self._recorder.run.settings.retrieved
        environment = self._environment.spec.id
        matches = self._library.search(whole, k=limit, environment=environment) if limit else []
        questions = [whole, *dict.fromkeys(state.failed[-3:])]
        self._planner.plan(
            whole,
            skills=[match.skill for match in matches],
            answers=[self._answers.on_task(words) for words in questions],
        )


class SubgoalCurriculum:
    """AutoGPT as Voyager's paper set it up (section 3.1): sub-goals of one aim, done or not, each once.

    A new plan is made when there are none left, and when `STALLED_LIMIT` of them in a row brought no item
    that was never held.
    """

    def __init__(self, recorder: Recorder, asker: Asker, environment: Environment) -> None:
        self._recorder = recorder
        self._planner = Planner(recorder, asker, environment)

    def propose(self) -> Task | None:
        """The plan's next sub-goal."""
        state = self._recorder.state
        if not state.plan or state.stalled_tasks >= STALLED_LIMIT:
            self._planner.plan(self._recorder.run.settings.tasks[0].task)
        step = state.plan[0]
        return Task(words=step.task, goal=step.goal, origin="subgoal")

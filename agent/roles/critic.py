"""Judging whether a task was done: by the world where it can check, else by a model or a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pydantic import BaseModel

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.prompts.rendering import AnswerUnusable, parse_json
from fieldcraft.agent.roles.facts import KnownFacts
from fieldcraft.agent.roles.model_calls import Asker
from fieldcraft.agent.roles.visibility import visible_execution
from fieldcraft.agent.roles.whereabouts import whereabouts
from fieldcraft.agent.settings import RunSettings
from fieldcraft.agent.task import Task, Verdict
from fieldcraft.common.text import entered, visible_line, visible_lines
from fieldcraft.envs import Environment, EnvironmentSpec, Happening, ItemGoal, Observation, Progress
from fieldcraft.envs.faults import told
from fieldcraft.envs.observation import counts_text
from fieldcraft.skills import Execution

LONGEST_CRITIQUE = 2_000
"""Characters of a person's critique that are kept."""


class Moment(BaseModel):
    """The world at one time: what was seen, what had been reached, and its snapshot if it has one.

    `happened` is what the world reports since the task in progress began.
    """

    observation: Observation
    progress: Progress
    snapshot: str | None = None
    happened: list[Happening] = []


class Judge(Protocol):
    """What the loop asks whether a task was done."""

    def judge(self, task: Task, before: Moment, run: Execution, after: Moment) -> Verdict:
        """Compare the world at the task's start with the world now.

        Returns:
            The verdict; on failure its critique tells the actor what to change.

        Raises:
            ModelsSilent: the model gave no answer within its retries. What it cost is on the budget; the
                run can be resumed.
        """


class ModelVerdict(BaseModel):
    """A verdict as the model writes it."""

    reasoning: str = ""
    success: bool
    critique: str = ""


class EnvironmentCritic:
    """The world's own check where the task has a goal, else `fallback`."""

    def __init__(self, environment: Environment, fallback: Judge) -> None:
        self._environment = environment
        self._fallback = fallback

    def judge(self, task: Task, before: Moment, run: Execution, after: Moment) -> Verdict:
        """Check the goal in the world as it is now."""
        if task.goal is None:
            return self._fallback.judge(task, before, run, after)
        try:
            found = self._environment.check(task.goal, before.progress)
        except Exception as error:
            fault = told(error)[:300]
            return Verdict(success=False, critique=f"The environment failed to check the goal: {fault}")
        if found.met:
            return Verdict(success=True, reasoning=found.detail)
        gained = counts_text(_gained(before.observation.inventory, after.observation.inventory))
        critique = f"The goal is not met: {found.detail}."
        if self._environment.spec.has_items:
            critique += f" Since the task began the agent gained: {gained}."
        if isinstance(task.goal, ItemGoal):
            critique = f"{critique} {whereabouts(task.goal.item, after.happened)}".rstrip()
        return Verdict(success=False, reasoning=found.detail, critique=critique)


class ModelCritic:
    """Self-verification by a model (Voyager, section 2.3)."""

    def __init__(
        self,
        asker: Asker,
        settings: RunSettings,
        facts: KnownFacts | None = None,
        *,
        world: EnvironmentSpec | None = None,
    ) -> None:
        self._asker = asker
        self._settings = settings
        self._facts = facts
        self._world = world

    def judge(self, task: Task, before: Moment, run: Execution, after: Moment) -> Verdict:
        """Ask the critic's model; an unusable answer counts as failure."""
        run = visible_execution(run, self._settings)
        items = self._world is None or self._world.has_items
        facts = self._facts.on(task.words, lines=6, room=700) if self._facts is not None else []
        try:
            found = self._asker.parsed(
                "critic",
                "critic",
                lambda answer: parse_json(answer, ModelVerdict),
                shape=ModelVerdict,
                task=task,
                facts=facts,
                before=before.observation.text(items=items),
                after=after.observation.text(items=items),
                has_items=items,
                error=run.error_text(),
                log=run.log[-2000:].strip(),
                results=[str(result) for result in run.results],
            )
        except AnswerUnusable as problem:
            return Verdict(success=False, reasoning=f"no usable verdict: {problem}")
        critique = "" if found.success else found.critique
        return Verdict(success=found.success, reasoning=found.reasoning, critique=critique)


class HumanCritic:
    """A person at the terminal judges."""

    def __init__(self, recorder: Recorder, ask: Callable[[str], str]) -> None:
        self._recorder = recorder
        self._ask = ask

    def judge(self, task: Task, before: Moment, run: Execution, after: Moment) -> Verdict:
        """Show the task and what changed; an answer of `y` is success, any other text is the critique."""
        gained = counts_text(_gained(before.observation.inventory, after.observation.inventory))
        question = (
            f"Task: {visible_line(task.words, 500)}\nGained: {visible_line(gained, LONGEST_CRITIQUE)}\n"
            f"Error: {_lines(run.error_text() or 'none')}\nDone? (y, or what to change)"
        )
        answer = self._recorder.effect(
            e.HumanAsked(question=question),
            (e.HumanAnswered,),
            lambda: e.HumanAnswered(text=entered(self._ask(question), LONGEST_CRITIQUE)),
        )
        text = answer.text.strip()
        success = text.lower() in {"y", "yes"}
        return Verdict(success=success, reasoning="a person's word", critique="" if success else text)


class NoCritic:
    """The ablation "without self-verification": a program without an error did its task."""

    def judge(self, task: Task, before: Moment, run: Execution, after: Moment) -> Verdict:  # noqa: ARG002
        """Success where nothing was raised and nothing was killed."""
        return Verdict(success=run.ok, reasoning="no error" if run.ok else "an error")


class NeverCritic:
    """Nobody judges: the author goes on refining for as many attempts as there are (ReAct)."""

    def judge(self, task: Task, before: Moment, run: Execution, after: Moment) -> Verdict:  # noqa: ARG002
        """Never success, and nothing to change."""
        return Verdict(success=False, reasoning="nobody judges")


def _lines(text: str) -> str:
    return "\n".join(visible_lines(text, LONGEST_CRITIQUE))


def _gained(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {item: count - before.get(item, 0) for item, count in after.items() if count > before.get(item, 0)}

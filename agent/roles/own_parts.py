"""Curricula, actors, critics, retrievers and sandboxes of a user's own, as the loop calls them.

What they return is checked, and recorded like what a built-in part decides: on resume the recorded task,
program or verdict counts, and they are called again only for what the record does not hold.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.prompts.rendering import AnswerUnusable, parse_code
from fieldcraft.agent.protocols import (
    Actor,
    Assignment,
    Critic,
    Curriculum,
    Outcome,
    Retriever,
    Situation,
)
from fieldcraft.agent.redact import redact
from fieldcraft.agent.roles.actor import Written, improved
from fieldcraft.agent.roles.critic import Moment
from fieldcraft.agent.roles.model_calls import AnswerWithheld, Asker
from fieldcraft.agent.roles.part_calls import SHOWN, Asking, attributes_of, called, shown
from fieldcraft.agent.roles.proposals.goals import known_goal
from fieldcraft.agent.roles.questions import Answers
from fieldcraft.agent.roles.skills.known import Shown
from fieldcraft.agent.steering.words import shown as shown_words
from fieldcraft.agent.task import Attempt, Task, Verdict
from fieldcraft.agent.tooling.offering.topics import topic_of
from fieldcraft.common.plugins import BrokenPart
from fieldcraft.common.text import cut_text, valid_text, visible_line
from fieldcraft.envs import Environment, Observation
from fieldcraft.skills import Execution, Program, ProgramError, Skill, SkillLibrary, parse_program
from fieldcraft.skills.program.source import SOURCE_LIMIT, Language
from fieldcraft.skills.sandbox.base import Sandbox

logger = logging.getLogger(__name__)

_LONGEST_WORDS, _LONGEST_CRITIQUE = 500, 2_000


class OwnCurriculum:
    """Asks a user's curriculum for each task."""

    def __init__(
        self,
        part: Curriculum,
        name: str,
        *,
        recorder: Recorder,
        asker: Asker,
        answers: Answers,
        environment: Environment,
        library: SkillLibrary,
    ) -> None:
        self._part, self._name = part, f"curriculum {name}"
        self._recorder = recorder
        self._ask = Asking(asker, "curriculum")
        self._answers = answers
        self._environment = environment
        self._library = library
        self._warned = False

    def propose(self) -> Task | None:
        """The recorded task, else the part's.

        Raises:
            BrokenPart: it raised, or returned what is no task.
        """
        recorded = self._recorder.upcoming(e.TaskProposed)
        if recorded is not None:
            return recorded.task
        before = {} if self._warned else attributes_of(self._part)
        task = self._as_task(self._ask.called(self._name, lambda: self._part.propose(self._situation())))
        self._warn_of_changes(before)
        if task is None or task.context:
            return task
        return task.model_copy(update={"context": self._answers.on_task(task.words).answer})

    def _situation(self) -> Situation:
        state = self._recorder.state
        return Situation(
            number=state.task_number + 1 - state.steering.tasks_begun,
            observation=state.observation,
            progress=state.progress,
            completed=tuple(state.completed),
            failed=tuple(state.failed),
            finished=tuple(state.finished_tasks),
            names=self._environment.spec.names,
            skills=tuple(self._library),
            seed=self._recorder.run.settings.seed,
            ask=self._ask,
            said=tuple(shown_words(state.steering.words)),
            aim=self._recorder.run.settings.aim or self._environment.spec.aim,
            episode=state.episodes.number,
        )

    def _as_task(self, found: Any) -> Task | None:
        if isinstance(found, str) and found.strip():
            found = Task(words=cut_text(valid_text(found.strip()), _LONGEST_WORDS), origin="own")
        if found is not None and not isinstance(found, Task):
            raise BrokenPart(
                f"{self._name} returned {shown(found)}; "
                "`propose` must return a Task, its words, or None at the end"
            )
        if found is not None:
            try:
                goal = known_goal(found.goal, self._environment)
            except AnswerUnusable as problem:
                raise BrokenPart(f"{self._name} set the task {found.words!r}: {problem}") from None
            return found.model_copy(update={"goal": goal})
        return None

    def _warn_of_changes(self, before: dict[str, str]) -> None:
        if self._warned:
            return
        after = attributes_of(self._part)
        changed = sorted(name for name in after if after[name] != before.get(name))
        if changed:
            self._warned = True
            self._recorder.record_metadata(
                e.Warned(
                    text=f"{self._name} keeps {', '.join(changed[:5])} in its own attributes, which a "
                    "resume in another process does not have; work it out from what `propose` is shown, "
                    "such as `number`, `finished` and `progress`"
                )
            )


class OwnActor:
    """Asks a user's actor for each program."""

    def __init__(
        self,
        part: Actor,
        name: str,
        *,
        recorder: Recorder,
        asker: Asker,
        environment: Environment,
        tools: Callable[[str], str],
        language: Language,
    ) -> None:
        self._part, self._name = part, f"actor {name}"
        self._recorder = recorder
        self._ask = Asking(asker, "actor")
        self._environment = environment
        self._tools = tools
        self._language = language

    def write(
        self, task: Task, observation: Observation, known: Shown, attempts: Sequence[Attempt]
    ) -> Written:
        """The recorded program, else the part's.

        Raises:
            BrokenPart: it raised, or returned what is no text.
        """
        reference = (
            f"{self._environment.api_reference()}\n\n{self._tools(topic_of({'task': task}, ()))}".strip()
        )
        now = Assignment(
            task=task,
            observation=observation,
            skills=tuple(known.skills),
            attempts=tuple(attempts),
            reference=reference,
            names=self._environment.spec.names,
            language=self._language,
            ask=self._ask,
            said=tuple(shown_words(self._recorder.state.steering.words)),
        )
        written = self._recorded()
        if written is None:
            try:
                answer = self._ask.called(self._name, lambda: self._part.write(now))
            except AnswerWithheld as refusal:
                return Written(source=None, program=None, problem=str(refusal))
            written = self._recorded() or self._read(answer)
        return written

    def _recorded(self) -> Written | None:
        """What the journal says that it answered, where that comes next."""
        if executed := self._recorder.upcoming(e.ExecutionStarted):
            return replace(self._parsed(executed.source), improves=executed.improves)
        if refused := self._recorder.upcoming(e.AnswerRefused):
            return Written(source=None, program=None, problem=refused.problem)
        if finished := self._recorder.upcoming(e.TaskFinished):
            return Written(
                source=None, program=None, problem=None, given_up=finished.given_up or "no program"
            )
        if self._recorder.upcoming(e.FactsLearned):
            return Written(source=None, program=None, problem=None, given_up=f"{self._name} wrote no program")
        return None

    def _read(self, answer: Any) -> Written:
        if answer is None:
            return Written(source=None, program=None, problem=None, given_up=f"{self._name} wrote no program")
        if not isinstance(answer, str):
            raise BrokenPart(
                f"{self._name} returned {shown(answer)}; `write` must return source, or None to give up"
            )
        answer = redact(answer)
        if "```" not in answer:
            return self._parsed(answer)
        try:
            return replace(self._parsed(parse_code(answer, self._language)), improves=improved(answer))
        except AnswerUnusable as problem:
            return Written(source=None, program=None, problem=str(problem))

    def _parsed(self, source: str) -> Written:
        source = cut_text(source, SOURCE_LIMIT + 1)
        try:
            return Written(source=source, program=parse_program(source, self._language), problem=None)
        except ProgramError as problem:
            return Written(source=source, program=None, problem=str(problem))


class OwnCritic:
    """Asks a user's critic for each verdict."""

    def __init__(self, part: Critic, name: str, *, asker: Asker, environment: Environment) -> None:
        self._part, self._name = part, f"critic {name}"
        self._ask = Asking(asker, "critic")
        self._environment = environment

    def judge(self, task: Task, before: Moment, run: Execution, after: Moment) -> Verdict:
        """The part's verdict.

        Raises:
            BrokenPart: it raised, or returned what is no verdict.
        """
        now = Outcome(
            task=task,
            before=before.observation,
            after=after.observation,
            reached_before=before.progress,
            reached=after.progress,
            execution=run,
            goal_met=self._goal_met(task, before),
            ask=self._ask,
        )
        try:
            found = self._ask.called(self._name, lambda: self._part.judge(now))
        except AnswerWithheld as refusal:
            return Verdict(success=False, reasoning=f"no usable verdict: {refusal}")
        if isinstance(found, bool):
            return Verdict(success=found, reasoning=f"{self._name} judged")
        if not isinstance(found, Verdict):
            raise BrokenPart(
                f"{self._name} returned {shown(found)}; `judge` must return a Verdict, or True or False"
            )
        critique = "" if found.success else cut_text(found.critique, _LONGEST_CRITIQUE)
        return found.model_copy(update={"critique": critique})

    def _goal_met(self, task: Task, before: Moment) -> bool | None:
        if task.goal is None:
            return None
        try:
            return self._environment.check(task.goal, before.progress).met
        except Exception:
            return None


class OwnRetriever:
    """Asks a user's retriever for the skills that suit a task."""

    def __init__(
        self, part: Retriever, name: str, *, environment: Environment, library: SkillLibrary
    ) -> None:
        self._part, self._name = part, f"retriever {name}"
        self._languages = environment.spec.languages
        self._library = library

    def search(self, query: str, k: int) -> list[Skill]:
        """At most `k` skills of the library, best first, each once.

        Raises:
            BrokenPart: it raised, or returned something other than skills that it was shown.
        """
        offered = self._library.usable(self._languages)
        found = called(self._name, lambda: list(self._part.search(query, tuple(offered), k)))
        digests = {skill.digest for skill in offered}
        for skill in found:
            if not isinstance(skill, Skill) or skill.digest not in digests:
                raise BrokenPart(
                    f"{self._name} returned {shown(skill)}; "
                    "`search` must return some of the skills it is given"
                )
        return list({skill.digest: skill for skill in found}.values())[:k]


class OwnSandbox:
    """Runs programs in a user's sandbox."""

    def __init__(self, part: Sandbox, name: str) -> None:
        self._part, self._name = part, f"sandbox {name}"

    @property
    def name(self) -> str:
        """The part's own name."""
        return self._part.name

    def run(self, program: Program, environment: Environment, **how: Any) -> Execution:
        """Run a program as `Sandbox.run` does.

        Raises:
            BrokenPart: the part raised, or returned what is no execution.
        """
        found = called(self._name, lambda: self._part.run(program, environment, **how))
        if not isinstance(found, Execution):
            raise BrokenPart(f"{self._name} returned {shown(found)}; `run` must return an Execution")
        return found

    def cancel(self) -> None:
        """End the running program soon."""
        self._part.cancel()

    def close(self) -> None:
        """End its processes. A failure harms nothing that the run did, so it is only logged."""
        try:
            self._part.close()
        except Exception as error:
            problem = visible_line(redact(f"{type(error).__name__}: {error}"), SHOWN)
            logger.warning("%s cannot be closed: %s", self._name, problem)

"""The author of programs: task, observation, skills and all earlier attempts in; source out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fieldcraft.agent.prompts.rendering import AnswerUnusable, SeveralPrograms, parse_code
from fieldcraft.agent.roles.facts import KnownFacts
from fieldcraft.agent.roles.model_calls import Asker
from fieldcraft.agent.task import Attempt, Task
from fieldcraft.envs import Environment, Observation
from fieldcraft.envs.programs import RunsPrograms
from fieldcraft.skills import Program, ProgramError, Skill, parse_program
from fieldcraft.skills.program.source import Language

SOURCE_SHOWN = 8000
_GIVES_UP = re.compile(r"^GIVE UP:\s*(\S.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Written:
    """An actor's answer: its source as far as there is one, and a program or the problem with it.

    Where the author gives the task up, `given_up` is the reason, and there is nothing else.
    """

    source: str | None
    program: Program | None
    problem: str | None
    given_up: str = ""


class Author(Protocol):
    """What the loop asks for programs."""

    def write(
        self, task: Task, observation: Observation, known: Sequence[Skill], attempts: Sequence[Attempt]
    ) -> Written:
        """One program for the task, or the problem with the answer, or the reason to give the task up."""


class ModelActor:
    """Writes one program for each attempt (Voyager, section 2.3: iterative prompting)."""

    def __init__(
        self,
        asker: Asker,
        environment: Environment,
        tools: str = "",
        *,
        attempts_shown: int = 6,
        language: Language = "python",
        facts: KnownFacts | None = None,
    ) -> None:
        self._asker = asker
        self._environment = environment
        self._tools = tools
        self._attempts_shown = attempts_shown
        self._language = language
        self._facts = facts

    def write(
        self, task: Task, observation: Observation, known: Sequence[Skill], attempts: Sequence[Attempt]
    ) -> Written:
        """Ask for a program.

        An answer with several goes back once; one without any is a problem, which the next attempt is shown.
        After an attempt the author may give the task up instead, with one line of its answer.

        Raises:
            ModelsSilent: the model did not answer.
            BudgetExhausted: before the call.
        """
        spec = self._environment.spec
        try:
            return self._asker.parsed(
                "actor",
                "actor" if self._language == "python" else "actor_javascript",
                lambda answer: self._read(answer, may_give_up=bool(attempts)),
                repairs=1,
                repairable=SeveralPrograms,
                world=spec.description,
                **self._reference(),
                names=spec.names,
                language=self._language,
                skills=known,
                failure_limit=spec.failure_limit,
                tick_limit=spec.tick_limit,
                task=task,
                observation=observation.text(),
                facts=self._known(task, attempts),
                attempts=[_shortened(attempt) for attempt in attempts[-self._attempts_shown :]],
            )
        except AnswerUnusable as problem:
            return Written(source=None, program=None, problem=str(problem))

    def _known(self, task: Task, attempts: Sequence[Attempt]) -> list[str]:
        """The facts on the task, its goal and what its last attempt lacked, and how to get what they name."""
        if self._facts is None:
            return []
        lacking = attempts[-1].failed_calls[-3:] if attempts else []
        said = [message for attempt in attempts for message in attempt.failed_calls]
        question = " ".join([task.words, str(task.goal or ""), *lacking])
        return self._facts.on(question, lines=16, room=2_000, said=said, deeper=True)

    def _read(self, answer: str, *, may_give_up: bool) -> Written:
        reason = _GIVES_UP.search(answer) if may_give_up and "```" not in answer else None
        if reason is not None:
            return Written(source=None, program=None, problem=None, given_up=reason[1].strip()[:300])
        source = parse_code(answer, self._language)
        try:
            return Written(source=source, program=parse_program(source, self._language), problem=None)
        except ProgramError as problem:
            return Written(source=source, program=None, problem=str(problem))

    def _reference(self) -> dict[str, Any]:
        """What the prompt says of how programs reach the world and the tools."""
        if self._language != "python" and isinstance(self._environment, RunsPrograms):
            return {"reference": self._environment.program_reference()}
        return {"primitives": self._environment.api_reference(), "tools": self._tools}


def _shortened(attempt: Attempt) -> Attempt:
    if attempt.source is None or len(attempt.source) <= SOURCE_SHOWN:
        return attempt
    return attempt.model_copy(update={"source": attempt.source[:SOURCE_SHOWN] + "\n# (cut here)"})

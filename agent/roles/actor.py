"""The author of programs: task, observation, skills and all earlier attempts in; source out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fieldcraft.agent.prompts.rendering import AnswerUnusable, MoreWanted, SeveralPrograms, parse_code
from fieldcraft.agent.prompts.world_words import from_world, some
from fieldcraft.agent.roles.facts import KnownFacts
from fieldcraft.agent.roles.model_calls import Asker
from fieldcraft.agent.roles.skills.known import Shown
from fieldcraft.agent.task import Attempt, Task
from fieldcraft.agent.tooling.offering.topics import topic_of
from fieldcraft.agent.tooling.skill_reading import SkillReader
from fieldcraft.envs import Environment, Observation
from fieldcraft.envs.programs import RunsPrograms
from fieldcraft.skills import Program, ProgramError, parse_program
from fieldcraft.skills.program.source import Language

SOURCE_SHOWN = 8000
_GIVES_UP = re.compile(r"^GIVE UP:\s*(\S.*)$", re.MULTILINE)
_READS = re.compile(r"^[ \t>*`-]*READ SKILLS?:[ \t*]*(\S.*)$", re.MULTILINE)
_IMPROVES = re.compile(
    r"^[ \t>*`#/-]*improves[*`]*:[ \t*`]*([A-Za-z_$][\w$-]*)", re.MULTILINE | re.IGNORECASE
)
_NAME = re.compile(r"[\w$-]+")
_LONGEST_REQUEST = 1_000


@dataclass(frozen=True)
class Written:
    """An actor's answer: its source as far as there is one, and a program or the problem with it.

    Where the author gives the task up, `given_up` is the reason, and there is nothing else. `improves` is the
    name of the skill in whose place the program is to be kept, as its author has it. `known` says that the
    program only calls a skill that was kept, and no model wrote it. `again` is the iteration in which it ran
    before its task was set aside, 0 where it did not.
    """

    source: str | None
    program: Program | None
    problem: str | None
    given_up: str = ""
    improves: str = ""
    known: bool = False
    again: int = 0


class Author(Protocol):
    """What the loop asks for programs."""

    def write(
        self, task: Task, observation: Observation, known: Shown, attempts: Sequence[Attempt]
    ) -> Written:
        """One program for the task, or the problem with the answer, or the reason to give the task up."""


class ModelActor:
    """Writes one program for each attempt (Voyager, section 2.3: iterative prompting)."""

    def __init__(
        self,
        asker: Asker,
        environment: Environment,
        tools: Callable[[str], str] = lambda _: "",
        *,
        reader: SkillReader | None = None,
        not_kept: Callable[[], Sequence[str]] = tuple,
        attempts_shown: int = 6,
        language: Language = "python",
        facts: KnownFacts | None = None,
        people: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._asker = asker
        self._environment = environment
        self._tools = tools
        self._reader = reader
        self._not_kept = not_kept
        self._attempts_shown = attempts_shown
        self._language = language
        self._facts = facts
        self._people = people

    def write(
        self, task: Task, observation: Observation, known: Shown, attempts: Sequence[Attempt]
    ) -> Written:
        """Ask for a program.

        An answer that asks to read skills gets their code; one with several programs goes back once; one
        without any is a problem, which the next attempt is shown. After an attempt the author may give the
        task up instead, with one line of its answer.

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
                **self._reference(task),
                **some(from_world(self._environment), "examples", "has_places"),
                names=spec.names,
                language=self._language,
                skills=known.skills,
                in_full=known.in_full,
                other_skills=known.named,
                others_left_out=known.left_out,
                settled_skills=len(known.skills) if known.settled is None else known.settled,
                not_kept=self._not_kept(),
                failure_limit=spec.failure_limit,
                tick_limit=spec.tick_limit,
                task=task,
                observation=observation.text(items=spec.has_items),
                facts=self._known(task, attempts),
                people=list(self._people()),
                attempts=[_shortened(attempt) for attempt in attempts[-self._attempts_shown :]],
            )
        except AnswerUnusable as problem:
            return Written(source=None, program=None, problem=str(problem))

    def _known(self, task: Task, attempts: Sequence[Attempt]) -> list[str]:
        """The facts on the task, its goal and what its last attempt lacked, and how to get what they name.

        Then those on the body: what kills, and what can be eaten.
        """
        if self._facts is None:
            return []
        lacking = attempts[-1].failed_calls[-3:] if attempts else []
        said = [message for attempt in attempts for message in attempt.failed_calls]
        said += task.context.splitlines()
        question = " ".join([task.words, str(task.goal or ""), *lacking])
        found = self._facts.on(question, lines=16, room=2_000, said=said, deeper=True)
        return list(dict.fromkeys([*found, *self._facts.of_the_body()]))

    def _read(self, answer: str, *, may_give_up: bool) -> Written:
        reason = _GIVES_UP.search(answer) if may_give_up and "```" not in answer else None
        if reason is not None:
            return Written(source=None, program=None, problem=None, given_up=reason[1].strip()[:300])
        self._check_reading(answer)
        source = parse_code(answer, self._language)
        try:
            program = parse_program(source, self._language)
            return Written(source=source, program=program, problem=None, improves=improved(answer))
        except ProgramError as problem:
            return Written(source=source, program=None, problem=str(problem))

    def _check_reading(self, answer: str) -> None:
        """Raise `MoreWanted` where an answer has no program, and asks for the code of skills."""
        wanted = _READS.search(answer) if self._reader is not None and "```" not in answer else None
        if wanted is None or self._reader is None:
            return
        found, problems = self._reader.read(_NAME.findall(wanted[1][:_LONGEST_REQUEST]))
        raise MoreWanted(
            "it asks for the code of skills again; write the program with what was shown",
            "read_skills",
            {"skills": found, "problems": problems},
        )

    def _reference(self, task: Task) -> dict[str, Any]:
        """What the prompt says of how programs reach the world and the tools."""
        if self._language != "python" and isinstance(self._environment, RunsPrograms):
            return {"reference": self._environment.program_reference()}
        return {
            "primitives": self._environment.api_reference(),
            "tools": self._tools(topic_of({"task": task}, ())),
        }


def improved(answer: str) -> str:
    """The skill that an answer's program is said to improve; empty where none is."""
    found = _IMPROVES.search(answer)
    return "" if found is None or found[1].lower() in ("none", "nothing", "name") else found[1][:200]


def _shortened(attempt: Attempt) -> Attempt:
    if attempt.source is None or len(attempt.source) <= SOURCE_SHOWN:
        return attempt
    return attempt.model_copy(update={"source": attempt.source[:SOURCE_SHOWN] + "\n# (cut here)"})

"""The skills that the author of a program is shown: by name, for the task, and those in use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, chain, islice
from typing import Protocol

from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.task import Attempt, Task
from fieldcraft.envs import Environment
from fieldcraft.skills import Skill, SkillLibrary
from fieldcraft.skills.library.skill import folder_name
from fieldcraft.skills.program.summary import signature

NEEDS_SEARCHED = 600
"""Characters of a task's context, and of what its last attempt lacked, by which skills are searched."""

IN_FULL, CODE = 2, 3_000
"""The most skills whose code is shown, those that suit the task best, and the most characters of it in all.

Of the others it can be asked for."""

IN_USE = 8
"""Skills that are described because programs call them, whatever the task is."""

ROUTINES, ROUTINE_CALLERS, ROUTINE_SHARE = 3, 3, 0.1
"""The most skills that count as routines, how many skills call each at least, and what share of all."""

NAMED, LONGEST_NAME = 60, 120
"""Skills of which the name and the parameters are shown, and the most characters of each."""


@dataclass(frozen=True)
class Shown:
    """The skills of a prompt.

    Attributes:
        skills: those that are described, the ones that suit the task first.
        in_full: how many of them, the first ones, are shown with their code.
        settled: how many of them, the first ones, every attempt at the task is shown; `None` for all.
        named: how skills are called, these and others, in the order learned: so a prompt begins as the one
            before it did.
        left_out: how many are not among `named`.
    """

    skills: Sequence[Skill] = ()
    in_full: int = IN_FULL
    settled: int | None = None
    named: Sequence[str] = field(default=())
    left_out: int = 0


class Retriever(Protocol):
    """What finds skills in place of the library: an `OwnRetriever`."""

    def search(self, query: str, k: int) -> list[Skill]:
        """At most `k` skills, best first."""


class KnownSkills:
    """Chooses from the library for each program.

    A skill that one of the last programs called is always among what is shown, and so is one that many
    skills call: words of a task do not crowd them out. What the first attempt at a task was shown stays in
    its place for the later ones, and what suits those comes after it.

    Args:
        recorder: of the run.
        library: its skills.
        environment: the world.
        retriever: a user's own, which then decides alone.
    """

    def __init__(
        self,
        recorder: Recorder,
        library: SkillLibrary,
        environment: Environment,
        retriever: Retriever | None = None,
    ) -> None:
        self._recorder = recorder
        self._library = library
        self._spec = environment.spec
        self._retriever = retriever
        self._first: tuple[int, str, Shown] | None = None

    def suited(self, task: Task, attempts: Sequence[Attempt]) -> Shown:
        """Skills for the task and for what the last attempt lacked; none where none are to be retrieved."""
        limit = self._recorder.run.settings.retrieved
        if not limit:
            return Shown()
        if self._retriever is not None:
            return Shown(self._retriever.search(_query(task, attempts), limit))
        if not attempts:
            return self._at_first(task)
        first = self._as_at_first(task)
        shown = {skill.entry for skill in first.skills}
        found = [skill for skill in self._found(task, attempts) if skill.entry not in shown]
        return replace(first, skills=(*first.skills, *found), settled=len(first.skills))

    def _at_first(self, task: Task) -> Shown:
        """What the first attempt at a task is shown."""
        found = self._found(task, ())
        shown = {skill.entry: skill for skill in found}
        in_use = [skill for skill in self._in_use() if skill.entry not in shown]
        shown |= {skill.entry: skill for skill in in_use[:IN_USE]}
        first = self._with_names(tuple(shown.values()), _in_full(found))
        self._first = (self._recorder.state.task_number, task.words, first)
        return first

    def _as_at_first(self, task: Task) -> Shown:
        """The same, as the library has it by now."""
        if self._first is None or self._first[:2] != (self._recorder.state.task_number, task.words):
            return self._at_first(task)
        before = self._first[2]
        skills = self._library.with_entries(skill.entry for skill in before.skills)
        return self._with_names(tuple(filter(self._usable, skills)), before.in_full)

    def _found(self, task: Task, attempts: Sequence[Attempt]) -> list[Skill]:
        records = {
            folder_name(entry): (record.successes, record.failures)
            for entry, record in self._recorder.state.records.items()
        }
        found = self._library.search(
            _query(task, attempts),
            k=self._recorder.run.settings.retrieved,
            environment=self._spec.id,
            languages=self._spec.languages,
            records=records,
        )
        return [match.skill for match in found]

    def _with_names(self, skills: tuple[Skill, ...], in_full: int) -> Shown:
        named = sorted(islice(self._most_used(self._in_use()), NAMED), key=self._when_learned)
        return Shown(
            skills,
            in_full=in_full,
            named=tuple(map(_briefly, named)),
            left_out=len(self._library) - len(named),
        )

    def _when_learned(self, skill: Skill) -> tuple[bool, str, int, str]:
        """Those of other runs come first, then this run's by iteration."""
        origin = skill.provenance
        return (origin.run == self._recorder.run.id, origin.run, origin.iteration, skill.entry)

    def _in_use(self) -> list[Skill]:
        """What the last programs called, the latest first, then the library's routines."""
        called = [name for program in reversed(self._recorder.state.called_lately) for name in program]
        least = max(ROUTINE_CALLERS, ROUTINE_SHARE * len(self._library))
        routines = [skill for skill, callers in self._library.most_called(ROUTINES) if callers >= least]
        found = {skill.entry: skill for skill in (*self._library.with_entries(called), *routines)}
        return [skill for skill in found.values() if self._usable(skill)]

    def _most_used(self, in_use: list[Skill]) -> Iterator[Skill]:
        """The skills that can be called: those in use, then by how often they worked, then by name.

        Numbers of like size count alike, so that the choice changes seldom.
        """
        records = self._recorder.state.records
        used = sorted(records, key=lambda entry: (-records[entry].successes.bit_length(), entry))
        seen: set[str] = set()
        for skill in chain(in_use, self._library.with_entries(used), self._library):
            if skill.entry not in seen:
                seen.add(skill.entry)
                if self._usable(skill):
                    yield skill

    def _usable(self, skill: Skill) -> bool:
        return self._library.can_run(skill, self._spec.languages)


def _in_full(skills: Sequence[Skill]) -> int:
    """How many of the first are shown with their code."""
    sizes = accumulate(len(skill.source) for skill in skills[:IN_FULL])
    return sum(size <= CODE for size in sizes)


def _briefly(skill: Skill) -> str:
    called = signature(skill)
    return called if len(called) <= LONGEST_NAME else f"{skill.entry[:LONGEST_NAME]}(bot, ...)"


def _query(task: Task, attempts: Sequence[Attempt]) -> str:
    lacking = ""
    if attempts:
        last = attempts[-1]
        lacking = " ".join(part for part in (last.error, *last.failed_calls, last.critique) if part)
    return f"{task.words} {task.context[:NEEDS_SEARCHED]} {lacking[:NEEDS_SEARCHED]}".strip()

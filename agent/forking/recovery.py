"""Skills that are in no library any more, put together again from the journal that says how they were kept.

A journal has the program of every iteration and the words of the describer; the digest proves what they make.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress

from pydantic import ValidationError

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.redact import redact
from fieldcraft.agent.settings import RunSettings
from fieldcraft.agent.task import Task
from fieldcraft.common.text import visible_line
from fieldcraft.skills import Execution, Program, ProgramError, Provenance, Skill, parse_program
from fieldcraft.skills.program.renaming import renamed
from fieldcraft.skills.program.summary import raised_remark

RAISED_SHOWN = 200
LONGEST = 1024
"""Characters of a description."""


def recovered(events: Iterable[e.Event], wanted: Collection[str], *, last: int) -> Iterator[Skill]:
    """The skills with the `wanted` digests that the events up to the number `last` lead to."""
    maker = _Maker()
    left = set(wanted)
    for event in events:
        if event.number > last or not left:
            return
        maker.take(event)
        if isinstance(event, e.SkillKept) and event.digest in left:
            skill = maker.skill(event)
            if skill is not None:
                left.discard(event.digest)
                yield skill


class _Maker:
    """Remembers what the latest program was, did, and was described as."""

    def __init__(self) -> None:
        self._run = ""
        self._settings = RunSettings()
        self._task: Task | None = None
        self._started: e.ExecutionStarted | None = None
        self._execution = Execution()
        self._described = ""

    def take(self, event: e.Event) -> None:
        match event:
            case e.RunStarted() | e.Checkpoint() | e.RunForked():
                self._run, self._settings = event.run, event.settings
            case e.RunResumed():
                self._settings = event.settings
            case e.TaskProposed():
                self._task = event.task
            case e.ExecutionStarted():
                self._started, self._execution, self._described = event, Execution(), ""
            case e.ExecutionFinished():
                self._execution = event.execution
            case e.ModelAnswered() if event.role == "describer":
                self._described = event.text.strip()
            case _:
                pass

    def skill(self, kept: e.SkillKept) -> Skill | None:
        """The skill that was kept of that program, if it has the recorded digest."""
        started = self._started
        if started is None:
            return None
        with suppress(ProgramError, ValidationError, ValueError):
            program = parse_program(started.source, started.language)
            if kept.improves:
                program = renamed(program, kept.entry)
            for words in (self._described, program.docstring, self._task.words if self._task else ""):
                skill = self._made(kept, started, program, redact(words))
                if words and skill.digest == kept.digest:
                    return skill
        return None

    def _made(self, kept: e.SkillKept, started: e.ExecutionStarted, program: Program, words: str) -> Skill:
        raised = visible_line(self._execution.error_text(), RAISED_SHOWN)
        remark = "" if self._execution.ok else redact(raised_remark(raised))
        called = {call.name for call in self._execution.calls if call.name.startswith("tools.")}
        tools = {name.removeprefix("tools.") for name in called} | program.tools
        task, settings = self._task, self._settings
        return Skill(
            name=kept.name,
            description=(words[: LONGEST - len(remark)] + remark) or kept.name,
            source=program.source,
            entry=kept.entry,
            language=program.language,
            environment=settings.environment,
            dependencies=started.skills,
            tools=tuple(sorted(tools)),
            verified=kept.verified,
            provenance=Provenance(
                run=self._run,
                iteration=kept.iteration,
                task=redact(task.words) if task else "",
                goal=task.goal.model_dump() if task and task.goal else None,
                model=settings.model_for("actor"),
                seed=settings.seed,
            ),
        )

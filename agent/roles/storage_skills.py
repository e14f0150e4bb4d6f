"""Making room with a skill that the library has, so that the chore costs no model call."""

from __future__ import annotations

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.journal.state import SkillRecord
from fieldcraft.agent.roles.storage_tasks import ORIGIN
from fieldcraft.agent.task import Task
from fieldcraft.envs import Environment, Goal
from fieldcraft.skills import Program, ProgramError, Skill, SkillLibrary, Verified, parse_program

_WORKS = 0.5
"""A skill whose calls succeed less often than this is not called; unknown ones count as two in three."""

_CALLS = {
    "python": "def {entry}_again(bot):\n    return {entry}(bot)\n",
    "javascript": "async function {entry}Again(bot) {{\n  return await {entry}(bot);\n}}\n",
}


class StorageSkills:
    """Finds the skill that was kept for such a task before."""

    def __init__(self, recorder: Recorder, library: SkillLibrary, environment: Environment) -> None:
        self._recorder = recorder
        self._library = library
        self._environment = environment

    def program(self, task: Task) -> Program | None:
        """A program that calls the skill which fits best; `None` where the actor has to write one.

        In a resumed run, as it was recorded.
        """
        if task.origin != ORIGIN or task.goal is None or self._recorder.upcoming(e.ModelAsked) is not None:
            return None
        recorded = self._recorder.upcoming(e.ExecutionStarted)
        if recorded is not None:
            return _parsed(recorded.source, recorded.language)
        skill = self._fitting(task.goal)
        return (
            None
            if skill is None
            else _parsed(_CALLS[skill.language].format(entry=skill.entry), skill.language)
        )

    def _fitting(self, goal: Goal) -> Skill | None:
        settings = self._recorder.run.settings
        if not (settings.retrieved and settings.keep_skills):
            return None
        fitting = [
            (self._worked(skill), skill.name, skill)
            for skill in self._library.usable({settings.language})
            if skill.environment == self._environment.spec.id
            and skill.verified != Verified.NO
            and _kept_for(skill, goal)
        ]
        share, _, best = max(fitting, key=lambda row: row[:2], default=(0.0, "", None))
        return best if share >= _WORKS else None

    def _worked(self, skill: Skill) -> float:
        record = self._recorder.state.records.get(skill.entry, SkillRecord())
        return (record.successes + 2) / (record.successes + record.failures + 3)


def _kept_for(skill: Skill, goal: Goal) -> bool:
    """Whether the skill was kept for such a goal, in whatever number."""
    wanted = goal.model_dump(exclude={"count", "slots"})
    return {name: (skill.provenance.goal or {}).get(name) for name in wanted} == wanted


def _parsed(source: str, language: str) -> Program | None:
    try:
        return parse_program(source, "javascript" if language == "javascript" else "python")
    except ProgramError:
        return None

"""Bringing the skills of one library into another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fieldcraft.skills.errors import BrokenSkill, SkillRefused
from fieldcraft.skills.skill import Skill

if TYPE_CHECKING:
    from fieldcraft.skills.library import SkillLibrary


@dataclass
class MergeReport:
    """What a merge did, by skill name. `versions` were added beside a current one of ours."""

    added: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def merge(ours: SkillLibrary, theirs: SkillLibrary) -> MergeReport:
    """Adopt every skill of `theirs`, each after the versions it depends on. Needs the write lock."""
    report = MergeReport()
    for skill in theirs:
        waiting = [_adopt(skill, ours, theirs, report, is_current=True)]
        while waiting:
            called = next(waiting[-1], None)
            if called is None:
                waiting.pop()
            else:
                waiting.append(_adopt(called, ours, theirs, report, is_current=False))
    for problem in theirs.problems():
        report.refused.setdefault(problem.name, problem.reason)
    return report


def _adopt(
    skill: Skill, ours: SkillLibrary, theirs: SkillLibrary, report: MergeReport, *, is_current: bool
) -> Iterator[Skill]:
    """Adopt one version of a skill, after giving each that must be adopted before.

    An older one that others call comes before its current one.
    """
    if skill.name in report.refused:
        return
    if ours.has(skill.name, skill.digest):
        if is_current and skill.name not in (*report.added, *report.versions):
            report.same.append(skill.name)
        return
    try:
        for entry in sorted(skill.dependencies):
            yield theirs.dependency(skill, entry)
        newcomer = ours.current(skill.name) is None
        ours.adopt(skill, library=theirs.path, current=newcomer or skill.name in report.added)
    except (SkillRefused, BrokenSkill) as error:
        report.refused[skill.name] = str(error)
        return
    names = report.added if newcomer else report.versions
    if skill.name not in (*report.added, *report.versions):
        names.append(skill.name)

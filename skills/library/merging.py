"""Merge the skills of one library into another without replacing any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Protocol

from fieldcraft.skills.library.admission import Walked
from fieldcraft.skills.library.errors import BrokenSkill
from fieldcraft.skills.library.reader import SkillShelf
from fieldcraft.skills.library.skill import STANDING, Skill


@dataclass
class MergeReport:
    """The result of a merge, by skill name.

    `versions` were added to existing skills. `better` says, for each name that both have, which side's
    current version is better verified by its own record: `ours`, `theirs` or `neither`.
    """

    added: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    better: dict[str, str] = field(default_factory=dict)


@dataclass
class Adopted:
    """What `adopt` did: whether the skill was new here, the versions written, why others were refused."""

    new: bool = False
    written: list[Skill] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Adopter(Protocol):
    """A library that takes in skills of others; see `SkillLibrary` for what the methods do."""

    def current(self, name: str) -> Skill | None:
        """The current version of a sound skill of exactly this name."""

    def has(self, name: str, digest: str) -> bool:
        """Whether a skill of that name is kept in that version."""

    def claimed_entries(self) -> dict[str, str]:
        """Entry function to name of the skills that cannot be loaded now."""

    def adopt(
        self,
        versions: Sequence[Skill],
        *,
        library: Path,
        claimed: Mapping[str, str] | None = None,
        walked: Walked | None = None,
        grows: bool = False,
    ) -> Adopted:
        """Write versions of one skill of another `library`, oldest first."""


def merge(ours: Adopter, theirs: SkillShelf) -> MergeReport:
    """Adopt every skill of `theirs`, each after the versions it depends on. Needs the write lock."""
    report = MergeReport()
    report.refused = {problem.name: problem.reason for problem in theirs.unusable()}
    wanted = _wanted(theirs, report)
    claimed, walked = ours.claimed_entries(), Walked()
    added, touched = set[str](), set[str]()
    for versions in _batches(wanted, theirs):
        name = versions[-1].name
        grows = name in added and theirs.current(name) == versions[-1]
        lacking = [skill for skill in versions if not ours.has(name, skill.digest)]
        adopted = ours.adopt(lacking, library=theirs.path, claimed=claimed, walked=walked, grows=grows)
        for reason in adopted.refused:
            report.refused.setdefault(name, reason)
        if adopted.written and name not in touched:
            touched.add(name)
            if adopted.new:
                added.add(name)
            (report.added if adopted.new else report.versions).append(name)
    touched |= report.refused.keys()
    report.same = [skill.name for skill in theirs if skill.name not in touched]
    report.better = dict(_compared(ours, theirs))
    return report


def _wanted(theirs: SkillShelf, report: MergeReport) -> dict[str, dict[str, Skill]]:
    """By name and digest: the current skills and every version that one of these calls, the current last."""
    wanted: dict[str, dict[str, Skill]] = {}
    for root in theirs:
        reached: dict[str, Skill] = {}
        waiting = [root]
        try:
            while waiting:
                skill = waiting.pop()
                if skill.digest in reached or skill.digest in wanted.get(skill.name, {}):
                    continue
                reached[skill.digest] = skill
                waiting.extend(theirs.dependency(skill, entry) for entry in skill.dependencies)
        except BrokenSkill as error:
            report.refused.setdefault(root.name, str(error))
            continue
        for skill in reached.values():
            wanted.setdefault(skill.name, {})[skill.digest] = skill
    for name, versions in wanted.items():
        current = theirs.current(name)
        if current is not None and current.digest in versions:
            versions[current.digest] = versions.pop(current.digest)
    return wanted


def _batches(wanted: dict[str, dict[str, Skill]], theirs: SkillShelf) -> Iterator[list[Skill]]:
    """All versions of a name together, after the names they call; one by one where names call each other.

    Together, a new skill is added in one step, so that an interrupted merge that is repeated gives the same
    result as an uninterrupted one.
    """
    by_name = {
        name: {
            theirs.dependency(skill, entry).name
            for skill in versions.values()
            for entry in skill.dependencies
        }
        for name, versions in wanted.items()
    }
    try:
        names = list(TopologicalSorter(by_name).static_order())
    except CycleError:
        skills = {skill.digest: skill for versions in wanted.values() for skill in versions.values()}
        graph = {digest: set(skill.dependencies.values()) for digest, skill in skills.items()}
        order = TopologicalSorter(graph).static_order()
        yield from ([skills[digest]] for digest in order)
    else:
        yield from (list(wanted[name].values()) for name in names)


def _compared(ours: Adopter, theirs: SkillShelf) -> Iterator[tuple[str, str]]:
    for skill in theirs:
        here = ours.current(skill.name)
        if here is None or here.digest == skill.digest:
            continue
        margin = STANDING[here.verified] - STANDING[skill.verified]
        yield skill.name, "ours" if margin > 0 else "theirs" if margin < 0 else "neither"

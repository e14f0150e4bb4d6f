"""What a library folder holds, in memory: read once, then only what changed on disk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from fieldcraft.skills.formats.agent_skills import Stored
from fieldcraft.skills.library.errors import BrokenSkill
from fieldcraft.skills.library.folder import SkillFolder
from fieldcraft.skills.library.opened import Signature
from fieldcraft.skills.library.skill import Skill


@dataclass(frozen=True)
class Problem:
    """A skill folder that everything else skips: why, and what to do about it."""

    name: str
    reason: str
    cure: str

    def __str__(self) -> str:
        return f"{self.name} {self.reason}; {self.cure}"


class Catalogue:
    """The sound skills of a folder by name, entry, likeness and goal, and the problems of the others."""

    def __init__(self, folder: SkillFolder) -> None:
        self._folder = folder
        self._signatures: dict[str, Signature] = {}
        self._stamp: tuple[int, ...] = ()
        self._stored: dict[str, Stored] = {}
        self._names: dict[str, str] = {}
        self._current: dict[str, Skill] = {}
        self._alike: dict[str, set[str]] = {}
        self._goals: dict[str, set[str]] = {}
        self._broken: dict[str, Problem] = {}
        self._capital: dict[str, str] = {}
        self.generation = 0

    def refresh(self, *, thorough: bool = False) -> None:
        """Read what changed. Unless `thorough`, an edit made by hand inside a skill may be overlooked."""
        stamp = self._folder.stamp()
        if not thorough and stamp == self._stamp and self.generation:
            return
        self._stamp = stamp
        with self._folder.reading():
            present = self._folder.names()
            for name in self._signatures.keys() - set(present):
                self._forget(name)
            for name in present:
                self.reread(name)
        self.generation += 1

    def reread(self, name: str) -> None:
        """Read one skill again if its files changed."""
        signature = self._folder.signature(name)
        if signature is None:
            self._forget(name)
            return
        if self._signatures.get(name) == signature:
            return
        self._forget(name)
        self._signatures[name] = signature
        if (lower := name.casefold()) != name:
            self._capital[lower] = name
        try:
            self._add(self._folder.read(name, signature))
        except BrokenSkill as error:
            self._broken[name] = Problem(name, error.reason, error.cure)
        self.generation += 1

    def wrote(self, name: str) -> None:
        """Take note of a write of our own, without looking at the rest of the folder."""
        self.reread(name)
        self._stamp = self._folder.stamp()

    def removed(self, name: str) -> None:
        """Take note that a skill was removed by us."""
        self._forget(name)
        self._stamp = self._folder.stamp()
        self.generation += 1

    def skill(self, name: str) -> Skill | None:
        """The current version of a sound skill."""
        stored = self._stored.get(name)
        return stored.skill if stored else None

    def version(self, name: str) -> int:
        """The number of a sound skill's current version, from 1."""
        return self._stored[name].version

    def digest(self, name: str) -> str:
        """The digest of a sound skill's current version."""
        return self._stored[name].digest

    def current(self) -> dict[str, Skill]:
        """All sound skills by the digest of their current version; a copy."""
        return dict(self._current)

    def with_digest(self, digest: str) -> Skill | None:
        """The sound skill whose current version this is."""
        return self._current.get(digest)

    def problem(self, name: str) -> Problem | None:
        """What is wrong with a skill of this name, if anything is."""
        return self._broken.get(name)

    def problems(self) -> list[Problem]:
        """What is wrong with each skill that cannot be used, by name."""
        return [self._broken[name] for name in sorted(self._broken)]

    def differs_in_case(self, name: str) -> str | None:
        """A folder whose name is this one but for capital letters."""
        return self._capital.get(name)

    def holds(self, name: str) -> bool:
        """Whether there is a folder of this name, sound or not."""
        return name in self._signatures

    def owner(self, entry: str) -> str | None:
        """The name of the skill whose current entry function this is."""
        return self._names.get(entry)

    def alike(self, likeness: str) -> list[str]:
        """The names of the skills with this normalised code, sorted."""
        return sorted(self._alike.get(likeness, ()))

    def with_goal(self, goal: str) -> list[Skill]:
        """The skills whose task had this goal (as canonical JSON), by name."""
        return [self._stored[name].skill for name in sorted(self._goals.get(goal, ()))]

    def __iter__(self) -> Iterator[Skill]:
        return (self._stored[name].skill for name in sorted(self._stored))

    def __len__(self) -> int:
        return len(self._stored)

    def _add(self, stored: Stored) -> None:
        skill = stored.skill
        other = self._names.get(skill.entry)
        if other is not None:
            cure = f"rename one of them, or `fieldcraft skills remove {skill.name}`"
            self._broken[skill.name] = Problem(
                skill.name, f"has the entry {skill.entry!r} of {other!r}", cure
            )
            return
        self._stored[skill.name] = stored
        self._names[skill.entry] = skill.name
        self._current[stored.digest] = skill
        self._alike.setdefault(stored.likeness, set()).add(skill.name)
        if goal := goal_key(skill):
            self._goals.setdefault(goal, set()).add(skill.name)

    def _forget(self, name: str) -> None:
        self._signatures.pop(name, None)
        self._broken.pop(name, None)
        if self._capital.get(name.casefold()) == name:
            del self._capital[name.casefold()]
        stored = self._stored.pop(name, None)
        if stored is None:
            return
        del self._names[stored.skill.entry]
        del self._current[stored.digest]
        self._alike[stored.likeness].discard(name)
        if goal := goal_key(stored.skill):
            self._goals[goal].discard(name)


def goal_key(skill: Skill) -> str:
    """The goal of a skill's task as canonical text, empty where it had none."""
    goal = skill.provenance.goal
    return f"{skill.environment} {json.dumps(goal, sort_keys=True)}" if goal else ""

"""An in-memory catalogue of a library folder: read once, then updated with changes on disk."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from fieldcraft.skills.formats.agent_skills import Stored
from fieldcraft.skills.library.errors import BrokenSkill
from fieldcraft.skills.library.folder import SkillFolder
from fieldcraft.skills.library.opened import Signature
from fieldcraft.skills.library.skill import Skill


@dataclass(frozen=True)
class Problem:
    """A skill folder that cannot be used: the reason and the remedy."""

    name: str
    reason: str
    cure: str

    def __str__(self) -> str:
        return f"{self.name} {self.reason}; {self.cure}"


class Catalogue:
    """The valid skills of a folder by name, entry, likeness and goal, and the problems of the others."""

    def __init__(self, folder: SkillFolder) -> None:
        self._folder = folder
        self._signatures: dict[str, Signature] = {}
        self._stamp: tuple[int, ...] = ()
        self._stored: dict[str, Stored] = {}
        self._names: dict[str, str] = {}
        self._current: dict[str, Skill] = {}
        self._alike: dict[str, set[str]] = {}
        self._goals: dict[str, set[str]] = {}
        self._callers: Counter[str] = Counter()
        self._broken: dict[str, Problem] = {}
        self._capital: dict[str, str] = {}
        self.generation = 0

    def refresh(self, *, thorough: bool = False) -> None:
        """Read changed skills again. Unless `thorough`, a manual edit inside a skill may be missed."""
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
        """Update the catalogue after a write of this process, without reading the rest of the folder."""
        self.reread(name)
        self._stamp = self._folder.stamp()

    def removed(self, name: str) -> None:
        """Update the catalogue after this process removed a skill."""
        self._forget(name)
        self._stamp = self._folder.stamp()
        self.generation += 1

    def skill(self, name: str) -> Skill | None:
        """The current version of a valid skill."""
        stored = self._stored.get(name)
        return stored.skill if stored else None

    def version(self, name: str) -> int:
        """The number of a valid skill's current version, from 1."""
        return self._stored[name].version

    def digest(self, name: str) -> str:
        """The digest of a valid skill's current version."""
        return self._stored[name].digest

    def current(self) -> dict[str, Skill]:
        """A copy of all valid skills by the digest of their current version."""
        return dict(self._current)

    def with_digest(self, digest: str) -> Skill | None:
        """The valid skill whose current version has this digest."""
        return self._current.get(digest)

    def problem(self, name: str) -> Problem | None:
        """The problem of a skill of this name, if any."""
        return self._broken.get(name)

    def problems(self) -> list[Problem]:
        """The problems of all unusable skills, by name."""
        return [self._broken[name] for name in sorted(self._broken)]

    def differs_in_case(self, name: str) -> str | None:
        """A folder whose name differs from this one only in case."""
        return self._capital.get(name)

    def holds(self, name: str) -> bool:
        """Whether there is a skill folder of this name, valid or not."""
        return name in self._signatures

    def owner(self, entry: str) -> str | None:
        """The name of the skill whose current entry function this is."""
        return self._names.get(entry)

    def alike(self, likeness: str) -> list[str]:
        """The names of the skills with this normalised code, sorted."""
        return sorted(self._alike.get(likeness, ()))

    def callers(self, entry: str) -> int:
        """How many current skills call this entry function, in any version."""
        return self._callers[entry]

    def most_called(self, count: int) -> list[tuple[str, int]]:
        """The entry functions that most current skills call, with how many do, by name where equal."""
        ranked = sorted(self._callers.items(), key=lambda called: (-called[1], called[0]))
        return [(entry, calls) for entry, calls in ranked[:count] if calls > 0 and entry in self._names]

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
        self._callers.update(skill.dependencies.keys())
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
        self._callers.subtract(stored.skill.dependencies.keys())
        if goal := goal_key(stored.skill):
            self._goals[goal].discard(name)


def goal_key(skill: Skill) -> str:
    """The goal of a skill's task as canonical text; empty if it had none."""
    goal = skill.provenance.goal
    return f"{skill.environment} {json.dumps(goal, sort_keys=True)}" if goal else ""

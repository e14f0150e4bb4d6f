"""Bind calls to versions: skills by digest, and all skills that a program can reach through them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from fieldcraft.skills.library.catalogue import Catalogue
from fieldcraft.skills.library.errors import BrokenSkill, UnknownSkill
from fieldcraft.skills.library.folder import SkillFolder
from fieldcraft.skills.library.skill import Skill
from fieldcraft.skills.sandbox.base import BoundSkill, SkillSet


class Bindings:
    """Resolves digests to skills. A version never changes, so each is read once."""

    def __init__(self, folder: SkillFolder, catalogue: Catalogue) -> None:
        self._folder = folder
        self._catalogue = catalogue
        self._read: dict[tuple[str, str], Skill] = {}
        self._homes: dict[str, str | None] = {}
        self._homes_of = -1

    def closure(self, roots: Mapping[str, Skill]) -> SkillSet:
        """These skills by entry name, with all skills that they call, directly or indirectly.

        Raises:
            BrokenSkill: a version that one of them depends on is missing or cannot be loaded.
        """
        digests = {entry: skill.digest for entry, skill in roots.items()}
        modules: dict[str, BoundSkill] = {}
        waiting = [(digests[entry], skill) for entry, skill in roots.items()]
        while waiting:
            digest, skill = waiting.pop()
            if digest in modules:
                continue
            modules[digest] = BoundSkill(
                name=skill.name,
                digest=digest,
                entry=skill.entry,
                source=skill.source,
                language=skill.language,
                dependencies=skill.dependencies,
            )
            waiting.extend(
                (called, self.dependency(skill, entry))
                for entry, called in skill.dependencies.items()
                if called not in modules
            )
        return SkillSet(roots=digests, modules=modules)

    def dependency(self, skill: Skill, entry: str) -> Skill:
        """The version of another skill that `skill` calls as `entry`.

        Raises:
            BrokenSkill: the library lacks that version, or it cannot be loaded.
        """
        digest = skill.dependencies[entry]
        found = self.called(entry, digest)
        if found is None:
            cure = f"keep or merge {entry} again"
            raise BrokenSkill(skill.name, f"needs {entry} {digest[:12]}, which the library lacks", cure)
        return found

    def called(self, entry: str, digest: str) -> Skill | None:
        """The version that is called as `entry`; `None` where the library lacks it.

        Raises:
            BrokenSkill: it cannot be loaded.
        """
        owner = self._catalogue.owner(entry)
        current = self._catalogue.with_digest(digest)
        if current is not None and current.name == owner:
            return current
        if owner is None or not self._folder.has_version(owner, digest):
            owner = self._home(digest)
        return None if owner is None else self._past(owner, digest)

    def tools_of(self, skill: Skill) -> frozenset[str]:
        """The tools that a skill needs, including those of the skills that it calls."""
        found: set[str] = set()
        waiting, seen = [skill], set[str]()
        while waiting:
            needing = waiting.pop()
            found.update(needing.tools)
            for entry, digest in needing.dependencies.items():
                if digest not in seen:
                    seen.add(digest)
                    with suppress(BrokenSkill):
                        waiting.append(self.dependency(needing, entry))
        return frozenset(found)

    def unbound(self, skill: Skill) -> list[str]:
        """The entry names that `skill` calls whose bound version is not available."""
        missing = []
        for entry in sorted(skill.dependencies):
            try:
                self.dependency(skill, entry)
            except BrokenSkill:
                missing.append(entry)
        return missing

    def version(self, name: str, digest: str) -> Skill:
        """The version of a skill whose digest is, or begins with, `digest`.

        Raises:
            UnknownSkill: none, or more than one; the message lists them.
        """
        current = self._catalogue.with_digest(digest)
        if current is not None and current.name == name:
            return current
        if self._folder.has_version(name, digest):
            return self._past(name, digest)
        known = self._folder.versions(name)
        matching = [candidate for candidate in known if digest and candidate.startswith(digest)]
        if len(matching) == 1:
            return self._past(name, matching[0])
        short = ", ".join(candidate[:12] for candidate in matching or known)
        what = "several versions" if matching else "no version"
        raise UnknownSkill(f"{name} has {what} {digest!r}; it has {short}")

    def forget(self, name: str) -> None:
        """Forget the versions of a skill that was removed."""
        self._read = {key: skill for key, skill in self._read.items() if key[0] != name}

    def _home(self, digest: str) -> str | None:
        """The name of the skill that holds a version; the result is cached until the library changes."""
        if self._homes_of != self._catalogue.generation:
            self._homes = {}
            self._homes_of = self._catalogue.generation
        if digest not in self._homes:
            self._homes[digest] = self._folder.find_version(digest)
        return self._homes[digest]

    def _past(self, name: str, digest: str) -> Skill:
        key = (name, digest)
        if key not in self._read:
            self._read[key] = self._folder.read_version(name, digest).skill
        return self._read[key]

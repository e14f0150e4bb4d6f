"""Read a skill library: its skills, the bindings of calls to versions, and search."""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fieldcraft.common.suggest import close_names
from fieldcraft.skills.library.binding import Bindings
from fieldcraft.skills.library.catalogue import Catalogue, Problem
from fieldcraft.skills.library.errors import BrokenSkill, UnknownSkill
from fieldcraft.skills.library.folder import SkillFolder
from fieldcraft.skills.library.skill import Skill
from fieldcraft.skills.program.source import SOURCE_LIMIT
from fieldcraft.skills.sandbox.base import SkillSet

if TYPE_CHECKING:
    from fieldcraft.skills.search.embeddings import TextEmbeddings
    from fieldcraft.skills.search.retrieval import Match, Retriever


class SkillShelf:
    """Read access to a library. Needs no lock, and works on a read-only folder.

    Its arguments are those of `SkillLibrary`.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        environment: str = "",
        embeddings: str | TextEmbeddings | None = None,
        reserved: Collection[str] = (),
        tools: Collection[str] | None = None,
        chroma_url: str | None = None,
        owners: Collection[str] = (),
    ) -> None:
        self.path = Path(path)
        self.environment = environment
        self.reserved = frozenset(reserved)
        self.tools = None if tools is None else frozenset(tools)
        self._embeddings = embeddings
        self._chroma_url = chroma_url or os.environ.get("FIELDCRAFT_CHROMA_URL") or None
        self._folder = SkillFolder(self.path, owners)
        self._catalogue = Catalogue(self._folder)
        self._bindings = Bindings(self._folder, self._catalogue)
        self._retriever: Retriever | None = None

    def get(self, name_or_entry: str, digest: str | None = None) -> Skill:
        """The skill of that name or entry function; the version whose digest starts with `digest`, if given.

        Raises:
            UnknownSkill: there is no such skill or version.
            BrokenSkill: it exists, but cannot be loaded.
        """
        name = self._resolve(name_or_entry)
        if digest is not None:
            return self._bindings.version(name, digest)
        self._catalogue.reread(name)
        if problem := self._catalogue.problem(name):
            raise BrokenSkill(name, problem.reason, problem.cure)
        skill = self._catalogue.skill(name)
        if skill is None:
            raise self._unknown(name_or_entry)
        return skill

    def names(self) -> list[str]:
        """The names of all valid skills, sorted."""
        return [skill.name for skill in self]

    def entries(self, language: str = "python") -> dict[str, str]:
        """The current skills of one language: entry function to digest."""
        return {
            skill.entry: self._catalogue.digest(skill.name) for skill in self if skill.language == language
        }

    def digests_of(self, names: Iterable[str], languages: Collection[str] = ("python",)) -> dict[str, str]:
        """The given names that are entries of current skills in these languages, with their digests."""
        self._catalogue.refresh()
        found = {}
        for name in sorted(set(names)):
            owner = self._catalogue.owner(name)
            skill = self._catalogue.skill(owner) if owner else None
            if skill is not None and skill.language in languages:
                found[name] = self._catalogue.digest(skill.name)
        return found

    def __iter__(self) -> Iterator[Skill]:
        self._catalogue.refresh()
        return iter(self._catalogue)

    def __len__(self) -> int:
        self._catalogue.refresh()
        return len(self._catalogue)

    def __contains__(self, name_or_entry: object) -> bool:
        self._catalogue.refresh()
        name = str(name_or_entry)
        return self._catalogue.skill(name) is not None or self._catalogue.owner(name) is not None

    def problems(self) -> list[Problem]:
        """All unusable skills by name, with the reason and the remedy. Reads all files.

        Other findings are included: unexpected entries among versions, programs too long to be parsed.
        """
        found = self.unusable()
        found += [Problem(*oddity) for oddity in self._folder.oddities()]
        for skill in self._catalogue:
            if (size := len(skill.source)) > SOURCE_LIMIT:
                reason = f"has a program of {size:,} characters; at most {SOURCE_LIMIT:,} are read"
                found.append(Problem(skill.name, reason, "split it into several skills"))
        return sorted(found, key=lambda problem: problem.name)

    def unusable(self) -> list[Problem]:
        """The skills that cannot be loaded, or that call a missing skill. Reads all files."""
        self._catalogue.refresh(thorough=True)
        found = self._catalogue.problems()
        for skill in self._catalogue:
            if missing := self.unbound(skill):
                cure = f"keep or merge {missing[0]} again, or `fieldcraft skills remove {skill.name}`"
                found.append(
                    Problem(skill.name, f"needs {', '.join(missing)}, which the library lacks", cure)
                )
        return sorted(found, key=lambda problem: problem.name)

    def versions(self, name_or_entry: str) -> list[str]:
        """The digests of a skill's versions, oldest first."""
        return self._folder.versions(self._resolve(name_or_entry))

    def diff(self, name_or_entry: str, old: str, new: str) -> str:
        """A unified diff of two versions (digests or their beginnings)."""
        texts = []
        for digest in (old, new):
            skill = self.get(name_or_entry, digest)
            head = f"description: {skill.description}\n"
            calls = "".join(
                f"calls: {entry} {bound}\n" for entry, bound in sorted(skill.dependencies.items())
            )
            texts.append((head + calls + "\n" + skill.source).splitlines(keepends=True))
        before, after = texts
        lines = difflib.unified_diff(
            before, after, f"{name_or_entry}@{old[:12]}", f"{name_or_entry}@{new[:12]}"
        )
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)

    def bind(self, entries: Iterable[str]) -> SkillSet:
        """The skills that a program calls by these entry names, with all skills that they call.

        Raises:
            UnknownSkill: an entry is not that of a current skill.
            BrokenSkill: one of them, or a version it depends on, cannot be loaded.
        """
        return self._bindings.closure({entry: self.get(entry) for entry in sorted(set(entries))})

    def bind_as(self, versions: Mapping[str, str]) -> SkillSet:
        """The skills that a program called when it ran, by entry name and digest, with all that these call.

        Where the library lacks a version, the current skill of that entry name takes its place.

        Raises:
            UnknownSkill: there is no such skill either.
            BrokenSkill: one of them, or a version it depends on, cannot be loaded.
        """
        self._catalogue.refresh()
        called = self._bindings.called
        return self._bindings.closure(
            {entry: called(entry, digest) or self.get(entry) for entry, digest in sorted(versions.items())}
        )

    def bind_for(self, skill: Skill) -> SkillSet:
        """The skills that `skill` calls, in their bound versions, with all skills that these call.

        Raises:
            BrokenSkill: a version that is needed is missing, or cannot be loaded.
        """
        return self._bindings.closure({entry: self.dependency(skill, entry) for entry in skill.dependencies})

    def dependency(self, skill: Skill, entry: str) -> Skill:
        """The version of another skill that `skill` calls as `entry`.

        Raises:
            BrokenSkill: the library lacks that version, or it cannot be loaded.
        """
        return self._bindings.dependency(skill, entry)

    def unbound(self, skill: Skill) -> list[str]:
        """The entry names that `skill` calls whose bound version is not available."""
        return self._bindings.unbound(skill)

    def tools_of(self, skill: Skill) -> frozenset[str]:
        """The tools that a skill needs, including those of the skills that it calls."""
        return self._bindings.tools_of(skill)

    def dependents(self, name_or_entry: str) -> list[str]:
        """The names of the current skills that call any version of this one, sorted."""
        name = self._resolve(name_or_entry)
        skill = self._catalogue.skill(name)
        entries = {skill.entry} if skill else set()
        digests = set(self._folder.versions(name))
        return [
            other.name
            for other in self
            if other.name != name
            and (entries & other.dependencies.keys() or digests & set(other.dependencies.values()))
        ]

    def current(self, name: str) -> Skill | None:
        """The current version of the valid skill of exactly this name."""
        self._catalogue.refresh()
        return self._catalogue.skill(name)

    def owner(self, entry: str) -> str | None:
        """The name of the skill whose entry function this is."""
        self._catalogue.refresh()
        return self._catalogue.owner(entry)

    def has(self, name: str, digest: str) -> bool:
        """Whether a skill of that name is kept in that version."""
        return self._folder.has_version(name, digest)

    def search(
        self,
        query: str,
        k: int = 5,
        *,
        environment: str | None = None,
        tools: Collection[str] | None = None,
        records: Mapping[str, tuple[int, int]] | None = None,
        languages: Collection[str] | None = None,
    ) -> list[Match]:
        """The `k` skills most useful for what `query` asks, best first; ties by name.

        Args:
            query: a task, a question, feedback: any text.
            k: the most results.
            environment: ranks skills of this environment first; by default the library's.
            tools: the available tools; by default the library's. A skill that needs another tool, directly
                or through a skill that it calls, is left out.
            records: skill name to (successes, failures) of its use in this environment.
            languages: only skills in these languages.
        """
        from fieldcraft.skills.search.retrieval import Request, Retriever

        if self._retriever is None:
            self._retriever = Retriever(self.path, self._embeddings, self._chroma_url)
        self._catalogue.refresh()
        at_hand = self.tools if tools is None else frozenset(tools)
        request = Request(
            query=query,
            k=k,
            environment=self.environment if environment is None else environment,
            tools=at_hand,
            records=records or {},
            languages=None if languages is None else frozenset(languages),
        )
        return self._retriever.search(request, self._catalogue, lambda skill: self._can_run(skill, at_hand))

    def with_entries(self, entries: Iterable[str]) -> list[Skill]:
        """The current skills that have these entry functions, in this order; others are left out."""
        self._catalogue.refresh()
        owners = (self._catalogue.owner(entry) for entry in entries)
        return [skill for owner in owners if owner and (skill := self._catalogue.skill(owner)) is not None]

    def most_called(self, count: int) -> list[tuple[Skill, int]]:
        """The skills that most others call, with how many others do; of equals the first by entry."""
        self._catalogue.refresh()
        found = []
        for entry, callers in self._catalogue.most_called(count):
            skill = self._catalogue.skill(self._catalogue.owner(entry) or "")
            if skill is not None:
                found.append((skill, callers))
        return found

    def can_run(self, skill: Skill, languages: Collection[str]) -> bool:
        """Whether a current skill is in one of these languages and can be run with the library's tools."""
        return skill.language in languages and self._can_run(skill, self.tools)

    def usable(self, languages: Collection[str]) -> list[Skill]:
        """The current skills in these languages that can be run with the library's tools, by name."""
        return [skill for skill in self if self.can_run(skill, languages)]

    def close(self) -> None:
        """Close the search index, so that another process can use it. A search opens it again."""
        if self._retriever is not None:
            self._retriever.close()
            self._retriever = None

    def _can_run(self, skill: Skill, tools: frozenset[str] | None) -> bool:
        if not skill.dependencies:
            return tools is None or tools.issuperset(skill.tools)
        return not self.unbound(skill) and (tools is None or tools >= self.tools_of(skill))

    def _resolve(self, name_or_entry: str) -> str:
        self._catalogue.refresh()
        if self._catalogue.skill(name_or_entry) or self._catalogue.problem(name_or_entry):
            return name_or_entry
        owner = self._catalogue.owner(name_or_entry)
        if owner is None:
            raise self._unknown(name_or_entry)
        return owner

    def _unknown(self, name: str) -> UnknownSkill:
        known = {word: skill.name for skill in self for word in (skill.name, skill.entry)}
        nearest = list(dict.fromkeys(known[word] for word in close_names(name, known, most=6)))
        hint = f"; nearest: {', '.join(nearest[:3])}" if nearest else f"; the library has {len(self)} skills"
        return UnknownSkill(f"no skill {name!r} in {self.path}{hint}")

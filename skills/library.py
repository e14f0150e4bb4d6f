"""The skill library: keeps programs that worked, finds them again, and hands them to programs to call."""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fieldcraft.skills.admission import check_admissible, find_twin
from fieldcraft.skills.binding import Bindings
from fieldcraft.skills.catalogue import Catalogue, Problem
from fieldcraft.skills.errors import BrokenSkill, SkillRefused, UnknownSkill
from fieldcraft.skills.folder import SkillFolder
from fieldcraft.skills.formats.agent_skills import read_edited
from fieldcraft.skills.merging import MergeReport, merge
from fieldcraft.skills.sandbox.base import SkillSet
from fieldcraft.skills.skill import Provenance, Skill, Verified

if TYPE_CHECKING:
    from fieldcraft.skills.retrieval import Match, Retriever

_LOCK_SECONDS = 10.0
_STANDING = {Verified.FULL: 2, Verified.PARTIAL: 1, Verified.NO: 0}


@dataclass(frozen=True)
class Kept:
    """What `keep` did. `skill` is the one in the library: for a "duplicate", the one that was there."""

    skill: Skill
    status: Literal["new", "new version", "same", "duplicate"]
    duplicate_of: str | None = None


class SkillLibrary:
    """A folder of skills in the Agent Skills format, with search over it.

    Reading and searching need no lock and work on a read-only folder; writing takes the folder's one lock for
    the length of the call, or of a `writing()` block. Skills that cannot be loaded are left out of everything
    and listed by `problems()`. Objects are not shared between threads.

    Args:
        path: the folder; made on the first write where it does not exist.
        environment: the id of the world at hand. Its skills rank before those of other worlds.
        embeddings: how descriptions become vectors, see `fieldcraft.skills.embeddings.load_embeddings`;
            the ones that ship with Fieldcraft where omitted.
        reserved: names that a skill's entry may not have besides Python's builtins and the sandbox's own:
            the environment's primitives.
        chroma_url: a Chroma server shared by several processes; `FIELDCRAFT_CHROMA_URL` where omitted, else
            an index of this library's own in the user's cache.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        environment: str = "",
        embeddings: str | None = None,
        reserved: Collection[str] = (),
        chroma_url: str | None = None,
    ) -> None:
        self.path = Path(path)
        self.environment = environment
        self.reserved = frozenset(reserved)
        self._embeddings = embeddings
        self._chroma_url = chroma_url or os.environ.get("FIELDCRAFT_CHROMA_URL") or None
        self._folder = SkillFolder(self.path)
        self._catalogue = Catalogue(self._folder)
        self._bindings = Bindings(self._folder, self._catalogue)
        self._retriever: Retriever | None = None

    def writing(self, timeout: float = _LOCK_SECONDS) -> AbstractContextManager[None]:
        """Hold the write lock over several calls, or over a whole run.

        Args:
            timeout: seconds to wait for another writer.

        Raises:
            LibraryLocked: another process holds it; the message names that process.
            LibraryNotWritable: the folder is read-only, or the disk is full.
        """
        return self._folder.writing(timeout)

    def keep(self, skill: Skill) -> Kept:
        """Store a skill durably: when this returns, a crash does not lose it.

        Keeping the same digest again changes nothing, except that it may become better verified. Another
        program under a known name becomes its current version; the older ones can still be called by digest.

        Raises:
            SkillRefused: a reserved or taken name, a missing dependency, a cycle, no runnable program.
            LibraryLocked: another process is writing.
            LibraryNotWritable: the folder is read-only, or the disk is full.
        """
        with self.writing():
            self._catalogue.refresh()
            self._catalogue.reread(skill.name)
            if self._catalogue.problem(skill.name):
                raise SkillRefused(
                    f"the library has a broken skill called {skill.name!r}; choose another function name"
                )
            current = self._catalogue.skill(skill.name)
            if current is not None and current.digest == skill.digest:
                return Kept(self._raise_standing(current, skill), "same")
            check_admissible(skill, self)
            twin = find_twin(skill, self._catalogue)
            if twin is not None:
                return Kept(twin, "duplicate", twin.name)
            self._folder.write(skill)
            self._catalogue.wrote(skill.name)
            if self._retriever is not None:
                self._retriever.follow(self._catalogue)
            return Kept(skill, "new version" if current else "new")

    def get(self, name_or_entry: str, digest: str | None = None) -> Skill:
        """The skill of that name or entry function; the version whose digest starts with `digest`, if given.

        Raises:
            UnknownSkill: there is none.
            BrokenSkill: it is there, but cannot be loaded.
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
        """The names of all sound skills, sorted."""
        return [skill.name for skill in self]

    def entries(self, language: str = "python") -> dict[str, str]:
        """The current skills of one language: entry function to digest."""
        return {
            skill.entry: self._catalogue.digest(skill.name) for skill in self if skill.language == language
        }

    def digests_of(self, names: Iterable[str], languages: Collection[str] = ("python",)) -> dict[str, str]:
        """Those of these names that are entries of current skills in these languages, with their digests."""
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
        """Every skill that cannot be used, with the reason and the cure, by name. Looks at all files."""
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
        """What changed between two versions (digests or their beginnings), as a unified diff."""
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
        """The skills a program calls by these entry names, with everything they call in turn.

        Raises:
            UnknownSkill: an entry that is no current skill.
            BrokenSkill: one of them, or a version it depends on, cannot be loaded.
        """
        return self._bindings.closure({entry: self.get(entry) for entry in sorted(set(entries))})

    def dependency(self, skill: Skill, entry: str) -> Skill:
        """The version of another skill that `skill` calls as `entry`.

        Raises:
            BrokenSkill: the library lacks that version, or it cannot be loaded.
        """
        return self._bindings.dependency(skill, entry)

    def unbound(self, skill: Skill) -> list[str]:
        """The entry names that `skill` calls and that cannot be had in the version it was bound to."""
        return self._bindings.unbound(skill)

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

    def remove(self, name_or_entry: str, *, force: bool = False) -> None:
        """Delete a skill with all its versions.

        Raises:
            SkillRefused: others call it, and `force` is not given.
        """
        with self.writing():
            name = self._resolve(name_or_entry)
            callers = self.dependents(name)
            if callers and not force:
                raise SkillRefused(
                    f"{name} is called by {', '.join(callers)}; remove those first, or use force"
                )
            self._folder.remove(name)
            self._bindings.forget(name)
            self._catalogue.removed(name)

    def mark(
        self, name_or_entry: str, *, verified: Verified | None = None, trusted: bool | None = None
    ) -> Skill:
        """Set how far the current version of a skill is verified here, and whether it is trusted."""
        changes: dict[str, object] = {}
        if verified is not None:
            changes["verified"] = verified
        if trusted is not None:
            changes["trusted"] = trusted
        with self.writing():
            return self._update(self.get(name_or_entry), changes)

    def accept(self, name: str) -> Skill:
        """Take a hand-edited or hand-written skill as it now stands, as a new version that is not verified.

        Raises:
            BrokenSkill: it cannot be read even so.
            SkillRefused: it is no skill the library may keep.
        """
        with self.writing():
            if name not in self._folder.names():
                raise self._unknown(name)
            edited = read_edited(self.path / name, name)
            provenance = edited.provenance.model_copy(update={"source": "written"})
            skill = edited.model_copy(update={"verified": Verified.NO, "provenance": provenance})
            check_admissible(skill, self)
            self._folder.write(skill)
            self._catalogue.wrote(name)
            return skill

    def merge(self, other: SkillLibrary) -> MergeReport:
        """Copy the skills of another library, with the versions they depend on.

        They arrive untrusted and not verified. Where both have a skill of that name, ours stays current and
        theirs becomes one of its versions.
        """
        with self.writing():
            return merge(self, other)

    def adopt(self, skill: Skill, *, current: bool = True) -> None:
        """Write a skill of another library as imported: untrusted, not verified, its digest unchanged.

        Raises:
            SkillRefused: it may not be kept here.
        """
        provenance = Provenance.model_validate({**skill.provenance.model_dump(), "source": "imported"})
        changes = {"trusted": False, "verified": Verified.NO, "provenance": provenance}
        with self.writing():
            check_admissible(skill, self)
            self._folder.write(skill.model_copy(update=changes), current=current)
            self._catalogue.wrote(skill.name)

    def current(self, name: str) -> Skill | None:
        """The current version of a sound skill of exactly this name."""
        return self._catalogue.skill(name)

    def owner(self, entry: str) -> str | None:
        """The name of the skill whose entry function this is."""
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
            k: how many at most.
            environment: ranks skills of this world first; the library's own where omitted.
            tools: the tools at hand. A skill that needs another one is left out. All are, where omitted.
            records: skill name to (successes, failures) of its use in this environment.
            languages: only skills in these languages.
        """
        from fieldcraft.skills.retrieval import Request, Retriever

        if self._retriever is None:
            self._retriever = Retriever(self.path, self._embeddings, self._chroma_url)
        self._catalogue.refresh()
        request = Request(
            query=query,
            k=k,
            environment=self.environment if environment is None else environment,
            tools=None if tools is None else frozenset(tools),
            records=records or {},
            languages=None if languages is None else frozenset(languages),
        )
        return self._retriever.search(request, self._catalogue, lambda skill: not self.unbound(skill))

    def close(self) -> None:
        """Let go of the search index, so that another process can use it. Searching opens it again."""
        if self._retriever is not None:
            self._retriever.close()
            self._retriever = None

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
        nearest = list(
            dict.fromkeys(known[word] for word in difflib.get_close_matches(name, known, n=6, cutoff=0.5))
        )
        hint = f"; nearest: {', '.join(nearest[:3])}" if nearest else f"; the library has {len(self)} skills"
        return UnknownSkill(f"no skill {name!r} in {self.path}{hint}")

    def _raise_standing(self, current: Skill, again: Skill) -> Skill:
        changes: dict[str, object] = {}
        if _STANDING[again.verified] > _STANDING[current.verified]:
            changes["verified"] = again.verified
        if again.trusted and not current.trusted:
            changes["trusted"] = True
        return self._update(current, changes)

    def _update(self, skill: Skill, changes: dict[str, object]) -> Skill:
        updated = skill.model_copy(update=changes)
        if updated != skill:
            self._folder.update(updated, self._catalogue.version(skill.name))
            self._catalogue.wrote(skill.name)
        return updated

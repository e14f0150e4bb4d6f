"""The skill library: stores programs that worked, finds them, and provides them to other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fieldcraft.skills.formats.agent_skills import render
from fieldcraft.skills.formats.limits import check_readable
from fieldcraft.skills.library.admission import Walked, check_admissible, find_twin
from fieldcraft.skills.library.errors import BrokenSkill, SkillRefused
from fieldcraft.skills.library.merging import Adopted, MergeReport, merge
from fieldcraft.skills.library.reader import SkillShelf
from fieldcraft.skills.library.skill import STANDING, Provenance, Skill, Verified

_LOCK_SECONDS = 10.0


@dataclass(frozen=True)
class Kept:
    """The result of `keep`. `skill` is the one in the library: for a "duplicate", the existing one."""

    skill: Skill
    status: Literal["new", "new version", "same", "duplicate"]
    duplicate_of: str | None = None


class SkillLibrary(SkillShelf):
    """A folder of skills in the Agent Skills format, with search over it.

    Reading and searching need no lock and work on a read-only folder; writing acquires the folder's lock for
    the length of the call, or of a `writing()` block. Skills that cannot be loaded are left out
    and listed by `problems()`. An object must not be shared between threads.

    Args:
        path: the folder; created on the first write.
        environment: the id of the current environment. Its skills rank before those of others.
        embeddings: the embedding model by name, see `skills.search.embeddings.load_embeddings`, or an object
            such as LangChain's; by default the one that ships with Fieldcraft.
        reserved: names that a skill's entry may not have, such as the environment's primitives; Python's
            builtins and the sandbox's names are always reserved.
        tools: the available tools: skills that need another one are not offered. By default all are.
        chroma_url: a Chroma server shared by several processes; by default `FIELDCRAFT_CHROMA_URL`, else
            a separate index in the user's cache.
        owners: other users and groups whose libraries may be written: user names and ids, groups as
            `@name` or `@id`.
    """

    def writing(self, timeout: float = _LOCK_SECONDS) -> AbstractContextManager[None]:
        """Hold the write lock over several calls, or over a whole run.

        Args:
            timeout: seconds to wait for another writer.

        Raises:
            LibraryLocked: another process holds it; the message names that process.
            LibraryNotWritable: the folder is read-only, or the disk is full.
        """
        return self._folder.writing(timeout)

    def keep(self, skill: Skill, *, instead: bool = False) -> Kept:
        """Store a skill durably: when this returns, a crash does not lose it.

        Keeping the same digest again changes nothing, except that it may become better verified. Another
        program under a known name becomes its current version; the older ones can still be called by digest.

        Args:
            skill: the skill.
            instead: it is meant to take the place of the skill of its name, and need not differ much from it.

        Raises:
            SkillRefused: a reserved or taken name, a missing dependency, a cycle, not a runnable program.
            LibraryLocked: another process is writing.
            LibraryNotWritable: the folder is read-only, or the disk is full.
        """
        with self.writing():
            self._catalogue.refresh()
            self._catalogue.reread(skill.name)
            self._check_sound(skill.name)
            current = self._catalogue.skill(skill.name)
            if current is not None and current.digest == skill.digest:
                return Kept(self._raise_standing(current, skill), "same")
            check_admissible(skill, self)
            twin = find_twin(skill, self._catalogue, instead=instead)
            if twin is not None:
                return Kept(twin, "duplicate", twin.name)
            try:
                self._folder.write(skill)
            except BrokenSkill as error:
                raise SkillRefused(f"no version can be added: {error}") from None
            self._catalogue.wrote(skill.name)
            if self._retriever is not None:
                self._retriever.follow(self._catalogue)
            return Kept(skill, "new version" if current else "new")

    def remove(self, name_or_entry: str, *, force: bool = False) -> None:
        """Delete a skill with all its versions and its folder.

        Raises:
            SkillRefused: other skills call it, or its folder holds other files, and `force` is not given.
        """
        with self.writing():
            name = self._resolve(name_or_entry)
            callers = self.dependents(name)
            if callers and not force:
                raise SkillRefused(
                    f"{name} is called by {', '.join(callers)}; remove those first, or use --force"
                )
            if not force and (foreign := self._folder.foreign_files(name)):
                raise SkillRefused(
                    f"the folder of {name} holds other files too ({', '.join(foreign[:3])}); "
                    "move them away, or use --force"
                )
            self._folder.remove(name)
            self._bindings.forget(name)
            self._catalogue.removed(name)

    def mark(
        self, name_or_entry: str, *, verified: Verified | None = None, trusted: bool | None = None
    ) -> Skill:
        """Set the verification and trust of a skill's current version."""
        changes: dict[str, object] = {}
        if verified is not None:
            changes["verified"] = verified
        if trusted is not None:
            changes["trusted"] = trusted
        with self.writing():
            return self._update(self.get(name_or_entry), changes)

    def accept(self, name: str) -> Skill:
        """Accept a hand-edited or hand-written skill as a new version that is not verified.

        If it equals a stored version, that version becomes current again with its verification.

        Raises:
            BrokenSkill: it cannot be read.
            SkillRefused: the library may not keep it.
        """
        with self.writing():
            if name not in self._folder.names():
                raise self._unknown(name)
            edited = self._folder.read_edited(name)
            self._catalogue.refresh()
            self._catalogue.reread(name)
            sound = self._catalogue.skill(name)
            if sound is not None and sound.digest == edited.digest:
                self._folder.update(sound, self._catalogue.version(name))
                return sound
            provenance = edited.provenance.model_copy(update={"source": "written"})
            skill = edited.model_copy(update={"verified": Verified.NO, "provenance": provenance})
            check_admissible(skill, self)
            accepted = self._folder.write(skill).skill
            self._catalogue.wrote(name)
            return self._update(accepted, {"environment": skill.environment, "tools": skill.tools})

    def merge(self, other: SkillLibrary) -> MergeReport:
        """Copy the skills of another library, with the versions they depend on.

        They are untrusted and not verified. If both have a skill of that name, the one of this library stays
        current and the other becomes one of its versions.
        """
        with self.writing():
            return merge(self, other)

    def adopt(
        self,
        versions: Sequence[Skill],
        *,
        library: Path,
        claimed: Mapping[str, str] | None = None,
        walked: Walked | None = None,
        grows: bool = False,
    ) -> Adopted:
        """Write versions of one skill of another `library`, oldest first: untrusted and not verified.

        Nothing in this library is replaced: the last version becomes current only if the name is new.
        Versions that may not be kept are left out, with the reason.

        Args:
            versions: the versions, whose digests do not change.
            library: the library that they come from.
            claimed: entry functions of this library's unusable skills, from `claimed_entries`.
            walked: a cache of followed calls, shared by the adoptions of one merge.
            grows: the skill came with the same import, so that the last version becomes current anyway.
        """
        adopted = Adopted()
        origin = {"source": "imported", "library": str(library)}
        with self.writing():
            self._catalogue.refresh()
            for skill in versions:
                try:
                    self._check_free(skill, claimed or {})
                    check_admissible(skill, self, walked)
                    check_readable(skill, render(skill, 1))
                except SkillRefused as refusal:
                    adopted.refused.append(str(refusal))
                    continue
                provenance = Provenance.model_validate({**skill.provenance.model_dump(), **origin})
                changes = {"trusted": False, "verified": Verified.NO, "provenance": provenance}
                adopted.written.append(skill.model_copy(update=changes))
            self._write_adopted(adopted, grows=grows)
        return adopted

    def _write_adopted(self, adopted: Adopted, *, grows: bool) -> None:
        if not adopted.written:
            return
        *older, last = adopted.written
        adopted.new = not self._catalogue.holds(last.name)
        try:
            if adopted.new:
                self._folder.write(last, older=older)
            else:
                for skill in adopted.written:
                    self._folder.write(skill, current=grows and skill is last)
        except (BrokenSkill, SkillRefused) as refusal:
            adopted.refused.append(str(refusal))
            adopted.written = [skill for skill in adopted.written if self.has(skill.name, skill.digest)]
        self._catalogue.wrote(last.name)

    def _check_free(self, skill: Skill, claimed: Mapping[str, str]) -> None:
        """Raise `SkillRefused` if adopting would change or block an unusable skill of this library."""
        self._catalogue.reread(skill.name)
        if problem := self._catalogue.problem(skill.name):
            raise SkillRefused(f"the library's own {problem}")
        if clash := self._catalogue.differs_in_case(skill.name):
            raise SkillRefused(f"the library has a folder {clash!r}, which differs in case only; rename it")
        holder = claimed.get(skill.entry, skill.name)
        if holder != skill.name:
            raise SkillRefused(f"the skill {holder!r} already has the entry function {skill.entry!r}")

    def claimed_entries(self) -> dict[str, str]:
        """Entry function -> name of the unusable skills whose code can still be parsed.

        Reads all files.
        """
        self._catalogue.refresh(thorough=True)
        claimed = {}
        for problem in self._catalogue.problems():
            with suppress(BrokenSkill):
                claimed[self._folder.read_edited(problem.name).entry] = problem.name
        return claimed

    def _check_sound(self, name: str) -> None:
        if self._catalogue.problem(name):
            raise SkillRefused(
                f"the library has a broken skill called {name!r}; choose another function name"
            )

    def _raise_standing(self, current: Skill, again: Skill) -> Skill:
        changes: dict[str, object] = {}
        if STANDING[again.verified] > STANDING[current.verified]:
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

"""The skill library: keeps programs that worked, finds them again, and hands them to programs to call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from fieldcraft.skills.formats.agent_skills import render
from fieldcraft.skills.formats.limits import check_readable
from fieldcraft.skills.library.admission import Walked, check_admissible, find_twin
from fieldcraft.skills.library.errors import BrokenSkill, SkillRefused
from fieldcraft.skills.library.merging import MergeReport, merge
from fieldcraft.skills.library.reader import SkillShelf
from fieldcraft.skills.library.skill import STANDING, Provenance, Skill, Verified

_LOCK_SECONDS = 10.0


@dataclass(frozen=True)
class Kept:
    """What `keep` did. `skill` is the one in the library: for a "duplicate", the one that was there."""

    skill: Skill
    status: Literal["new", "new version", "same", "duplicate"]
    duplicate_of: str | None = None


@dataclass
class Adopted:
    """What `adopt` did: whether the skill was new here, the versions written, why others were refused."""

    new: bool = False
    written: list[Skill] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class SkillLibrary(SkillShelf):
    """A folder of skills in the Agent Skills format, with search over it.

    Reading and searching need no lock and work on a read-only folder; writing takes the folder's one lock for
    the length of the call, or of a `writing()` block. Skills that cannot be loaded are left out of everything
    and listed by `problems()`. Objects are not shared between threads.

    Args:
        path: the folder; made on the first write where it does not exist.
        environment: the id of the world at hand. Its skills rank before those of other worlds.
        embeddings: how descriptions become vectors: a name, see `fieldcraft.skills.search.embeddings`, or an
            object such as LangChain's; the ones that ship with Fieldcraft where omitted.
        reserved: names that a skill's entry may not have besides Python's builtins and the sandbox's own:
            the environment's primitives.
        tools: the tools at hand: skills that need another one are not offered. All are, where omitted.
        chroma_url: a Chroma server shared by several processes; `FIELDCRAFT_CHROMA_URL` where omitted, else
            an index of this library's own in the user's cache.
        owners: whose libraries may be written besides one's own: user names and ids, groups as `@name` or
            `@id`.
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
            self._check_sound(skill.name)
            current = self._catalogue.skill(skill.name)
            if current is not None and current.digest == skill.digest:
                return Kept(self._raise_standing(current, skill), "same")
            check_admissible(skill, self)
            twin = find_twin(skill, self._catalogue)
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
        """Delete a skill with all its versions, and whatever else lies in its folder.

        Raises:
            SkillRefused: others call it, or others' files lie in its folder, and `force` is not given.
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

        Where its digest is that of a kept version, that one is current again, verified as it was.

        Raises:
            BrokenSkill: it cannot be read even so.
            SkillRefused: it is no skill the library may keep.
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

        They arrive untrusted and not verified. Where both have a skill of that name, ours stays current and
        theirs becomes one of its versions.
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

        Nothing that is here is replaced: only where there was nothing of the name does the last become
        current. What may not be kept here is left out, with the reason.

        Args:
            versions: their digests stay what they are.
            library: where they come from.
            claimed: entry functions of skills here that cannot be loaded now, by `claimed_entries`.
            walked: what was found of the calls in this library while skills before this one were adopted.
            grows: the skill came with the same import, so that the last becomes current all the same.
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
        """Raise `SkillRefused` where adopting would touch or lock out a skill here that is not sound."""
        self._catalogue.reread(skill.name)
        if problem := self._catalogue.problem(skill.name):
            raise SkillRefused(f"the library's own {problem}")
        if clash := self._catalogue.differs_in_case(skill.name):
            raise SkillRefused(f"the library has a folder {clash!r}, which differs in case only; rename it")
        holder = claimed.get(skill.entry, skill.name)
        if holder != skill.name:
            raise SkillRefused(f"the skill {holder!r} already has the entry function {skill.entry!r}")

    def claimed_entries(self) -> dict[str, str]:
        """Entry function to name of the skills that cannot be loaded now, as far as their code can be read.

        Looks at all files.
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

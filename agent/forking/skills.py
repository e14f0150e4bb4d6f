"""The library of a fork: the skills that its run had at the moment of the fork, by their digests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fieldcraft.agent.forking.moments import Past
from fieldcraft.skills import BrokenSkill, Skill, SkillRefused
from fieldcraft.skills.library.folder import SkillFolder

LOCK_SECONDS = 1.0


@dataclass
class Rebuilt:
    """A library that was made for a fork.

    Attributes:
        skills: how many there are in it.
        missing: those that the run had and that are nowhere any more, as `name digest`.
    """

    skills: int = 0
    missing: list[str] = field(default_factory=list)


def rebuild_library(
    source: Path | None,
    target: Path,
    past: Past,
    kept: Mapping[str, str],
    recover: Callable[[set[str]], Iterable[Skill]],
) -> Rebuilt:
    """Copy into a new library what the run's library held at the moment of the fork.

    That is every version but those that the run itself kept later, and what calls them; what the run had
    kept by then is current again, and verified as it was then.

    Args:
        source: the run's library as it is now; `None` where there is none.
        target: where the fork's library is made; nothing is there.
        past: what the fork shares with the run.
        kept: name -> digest of the skills that the run had kept by then.
        recover: puts skills with these digests together that are not in the library any more.

    Raises:
        LibraryError: a library cannot be read, or the new one cannot be written.
    """
    rebuilt = Rebuilt()
    found = {} if source is None else _versions(SkillFolder(source), past)
    have = {skill.digest for versions in found.values() for skill in versions}
    if lacking := past.verified.keys() - have:
        for skill in recover(set(lacking)):
            found.setdefault(skill.name, []).append(_as_it_was(skill, past))
            have.add(skill.digest)
    library = SkillFolder(target)
    with library.writing(LOCK_SECONDS):
        for name, versions in found.items():
            wanted = kept.get(name, "")
            current = next((skill for skill in versions if skill.digest == wanted), versions[-1])
            try:
                library.write(versions[-1], older=versions[:-1])
                if current is not versions[-1]:
                    library.write(current)
            except (BrokenSkill, SkillRefused):
                continue
            rebuilt.skills += 1
    rebuilt.missing = [f"{name} {digest[:12]}" for name, digest in kept.items() if digest not in have]
    return rebuilt


def _versions(library: SkillFolder, past: Past) -> dict[str, list[Skill]]:
    """The versions by the name of their skill, oldest first."""
    found: dict[str, list[Skill]] = {}
    with library.reading():
        for name in library.names():
            read = (_version(library, name, digest) for digest in library.versions(name))
            found[name] = [_as_it_was(skill, past) for skill in read if skill is not None]
    later = past.kept_later | _callers(found.values(), past)
    left = {name: [each for each in versions if each.digest not in later] for name, versions in found.items()}
    return {name: versions for name, versions in left.items() if versions}


def _callers(found: Iterable[list[Skill]], past: Past) -> set[str]:
    """The versions that call, directly or through others, what the run kept only later."""
    callers: dict[str, list[str]] = {}
    for versions in found:
        for skill in versions:
            for called in skill.dependencies.values():
                callers.setdefault(called, []).append(skill.digest)
    later, waiting = set[str](), list(past.kept_later)
    while waiting:
        for caller in callers.get(waiting.pop(), ()):
            if caller not in later and caller not in past.verified:
                later.add(caller)
                waiting.append(caller)
    return later


def _version(library: SkillFolder, name: str, digest: str) -> Skill | None:
    try:
        return library.read_version(name, digest).skill
    except BrokenSkill:
        return None


def _as_it_was(skill: Skill, past: Past) -> Skill:
    verified = past.verified.get(skill.digest)
    return skill if verified is None else skill.model_copy(update={"verified": verified})

"""Admission to a library: which skills `keep` refuses, and which ones are duplicates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from fieldcraft.common.suggest import close_names
from fieldcraft.skills.library.catalogue import Catalogue, goal_key
from fieldcraft.skills.library.errors import BrokenSkill, SkillRefused
from fieldcraft.skills.library.likeness import first_near, likeness
from fieldcraft.skills.library.reader import SkillShelf
from fieldcraft.skills.library.skill import Skill
from fieldcraft.skills.program.source import RESERVED, ProgramError, is_skill_name, parse_program

_SAME_GOAL_COMPARED = 20
_CHAIN_SHOWN = 10


@dataclass
class Walked:
    """A cache of versions whose calls were all followed, and the names of these calls.

    With it, adopting a chain of skills takes one step for each call instead of one for each pair of skills.
    It is valid as long as nothing is removed.
    """

    digests: set[str] = field(default_factory=set)
    entries: set[str] = field(default_factory=set)


def check_admissible(skill: Skill, library: SkillShelf, walked: Walked | None = None) -> None:
    """Raise `SkillRefused`, with a message for the program's author, unless the skill may be kept."""
    _check_name(skill, library)
    if skill.language == "python":
        _check_source(skill)
    else:
        _check_javascript(skill)
    _check_dependencies(skill, library, walked or Walked())


def find_twin(skill: Skill, catalogue: Catalogue, *, instead: bool = False) -> Skill | None:
    """A skill in the library with the same program, or with a similar one for the same goal.

    Where it is to stand `instead` of the one of its name, that one may be similar.
    """
    own = likeness(skill)
    alike = [name for name in catalogue.alike(own) if _has_likeness(catalogue.skill(name), own)]
    if alike:
        return catalogue.skill(skill.name if skill.name in alike else alike[0])
    goal = goal_key(skill)
    rivals = catalogue.with_goal(goal)[-_SAME_GOAL_COMPARED:] if goal else []
    return first_near(skill, [rival for rival in rivals if not (instead and rival.name == skill.name)])


def _has_likeness(found: Skill | None, wanted: str) -> bool:
    """Whether the recorded likeness is correct: it comes from an untrusted file, so it is recomputed."""
    return found is not None and likeness(found) == wanted


def _check_name(skill: Skill, library: SkillShelf) -> None:
    usable = (
        is_skill_name(skill.entry)
        if skill.language == "python"
        else skill.entry.replace("$", "_").isidentifier() and skill.entry not in RESERVED
    )
    if not usable or skill.entry in library.reserved:
        raise SkillRefused(
            f"the function name {skill.entry!r} is reserved (a primitive, a builtin or part of the sandbox); "
            "give the function another name"
        )
    holder = library.owner(skill.entry)
    if holder is not None and holder != skill.name:
        raise SkillRefused(
            f"the skill {holder!r} already has the entry function {skill.entry!r}; rename yours"
        )
    current = library.current(skill.name)
    if current is not None and (current.entry, current.language) != (skill.entry, skill.language):
        raise SkillRefused(
            f"the name {skill.name!r} belongs to the {current.language} skill {current.entry!r}; "
            "rename the function"
        )


def _check_source(skill: Skill) -> None:
    try:
        program = parse_program(skill.source)
    except ProgramError as error:
        raise SkillRefused(str(error)) from None
    if program.entry != skill.entry:
        raise SkillRefused(
            f"the last public function is {program.entry!r}, not {skill.entry!r}; the entry comes last"
        )
    unknown = sorted(program.names - set(skill.dependencies))
    if unknown:
        raise SkillRefused(_unknown_name(unknown[0]))


def _check_javascript(skill: Skill) -> None:
    """As for Python, except that an imported program may use undefined names, which fail when it runs."""
    from fieldcraft.skills.program.javascript import GIVEN, read_script

    try:
        script = read_script(skill.source)
    except ProgramError as error:
        raise SkillRefused(str(error)) from None
    if skill.entry not in script.functions:
        raise SkillRefused(f"no function at top level is called {skill.entry!r}")
    unknown = sorted(script.names.free - GIVEN - set(skill.dependencies))
    if unknown and skill.provenance.source != "imported":
        raise SkillRefused(_unknown_name(unknown[0]))


def _unknown_name(name: str) -> str:
    shown = repr(name[:200])
    return f"the program uses {shown}, which neither it nor the library defines; define it or leave it out"


def _check_dependencies(skill: Skill, library: SkillShelf, walked: Walked) -> None:
    """Check that every call is bound to an existing version, and that none leads back to the skill."""
    waiting = [(skill, _Step(entry, None)) for entry in sorted(skill.dependencies)]
    known = frozenset[str]() if skill.entry in walked.entries else walked.digests
    seen: set[str] = set()
    entries: set[str] = set()
    while waiting:
        caller, step = waiting.pop()
        if step.entry == skill.entry:
            raise SkillRefused(_circle(step))
        entries.add(step.entry)
        digest = caller.dependencies[step.entry]
        if digest in seen or digest in known:
            continue
        seen.add(digest)
        called = _called(caller, step.entry, library)
        waiting += [(called, _Step(entry, step)) for entry in sorted(called.dependencies)]
    walked.digests |= seen
    walked.entries |= entries


class _Step(NamedTuple):
    """A call, and the call that led to it."""

    entry: str
    before: _Step | None


def _circle(last: _Step) -> str:
    """Why a skill whose calls lead back to it is refused."""
    chain = []
    step: _Step | None = last
    while step is not None:
        chain.append(step.entry)
        step = step.before
    chain.reverse()
    shown = chain if len(chain) <= _CHAIN_SHOWN else [*chain[: _CHAIN_SHOWN - 1], "...", last.entry]
    words = " -> ".join([last.entry, *shown])
    return f"the skill would call itself ({words}); do that step without calling {chain[0]!r}"


def _called(caller: Skill, entry: str, library: SkillShelf) -> Skill:
    try:
        return library.dependency(caller, entry)
    except BrokenSkill:
        nearest = close_names(entry, library.entries(caller.language))
        hint = f"; nearest: {', '.join(nearest)}" if nearest else ""
        raise SkillRefused(
            f"the program calls {entry[:200]!r}, which is not in the library in that version{hint}; "
            "call a skill that is, or write the step out"
        ) from None

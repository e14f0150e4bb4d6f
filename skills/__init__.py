"""What the agent remembers (the skill library) and where its programs run (the sandbox)."""

from fieldcraft.skills.catalogue import Problem
from fieldcraft.skills.errors import (
    BrokenSkill,
    LibraryError,
    LibraryLocked,
    LibraryNotWritable,
    SkillRefused,
    UnknownSkill,
)
from fieldcraft.skills.execution import CallRecord, Execution, KillReason, ProgramFault
from fieldcraft.skills.library import Kept, SkillLibrary
from fieldcraft.skills.merging import MergeReport
from fieldcraft.skills.program import Program, ProgramError, parse_program
from fieldcraft.skills.skill import Provenance, Skill, Verified

__all__ = [
    "BrokenSkill",
    "CallRecord",
    "Execution",
    "Kept",
    "KillReason",
    "LibraryError",
    "LibraryLocked",
    "LibraryNotWritable",
    "MergeReport",
    "Problem",
    "Program",
    "ProgramError",
    "ProgramFault",
    "Provenance",
    "Skill",
    "SkillLibrary",
    "SkillRefused",
    "UnknownSkill",
    "Verified",
    "parse_program",
]

"""Skills: the library that stores them, their search, and the sandbox in which programs run."""

from fieldcraft.skills.library.catalogue import Problem
from fieldcraft.skills.library.errors import (
    BrokenSkill,
    LibraryError,
    LibraryLocked,
    LibraryNotWritable,
    SkillRefused,
    UnknownSkill,
)
from fieldcraft.skills.library.library import Kept, SkillLibrary
from fieldcraft.skills.library.merging import MergeReport
from fieldcraft.skills.library.skill import Provenance, Skill, Verified
from fieldcraft.skills.program.execution import CallRecord, Execution, KillReason, ProgramFault
from fieldcraft.skills.program.source import Program, ProgramError, parse_program

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

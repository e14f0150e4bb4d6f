"""What the agent remembers (the skill library) and where its programs run (the sandbox)."""

from fieldcraft.skills.execution import CallRecord, Execution, KillReason, ProgramFault
from fieldcraft.skills.program import Program, ProgramError, parse_program
from fieldcraft.skills.skill import Provenance, Skill, Verified

__all__ = [
    "CallRecord",
    "Execution",
    "KillReason",
    "Program",
    "ProgramError",
    "ProgramFault",
    "Provenance",
    "Skill",
    "Verified",
    "parse_program",
]

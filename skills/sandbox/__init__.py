"""The sandboxes for programs: `open_sandbox` opens one, `probe` lists this machine's layers of isolation."""

from fieldcraft.skills.sandbox.base import (
    SANDBOX,
    BoundSkill,
    ProgramLimits,
    Sandbox,
    SandboxUnavailable,
    SkillSet,
    SystemUnsupported,
    ToolCaller,
)
from fieldcraft.skills.sandbox.confined import ConfinedLauncher, process_launcher
from fieldcraft.skills.sandbox.docker import DockerSandbox
from fieldcraft.skills.sandbox.docker.probe import probe_docker
from fieldcraft.skills.sandbox.probe import Layer, open_sandbox, probe, require_system
from fieldcraft.skills.sandbox.process import ProcessSandbox

__all__ = [
    "SANDBOX",
    "BoundSkill",
    "ConfinedLauncher",
    "DockerSandbox",
    "Layer",
    "ProcessSandbox",
    "ProgramLimits",
    "Sandbox",
    "SandboxUnavailable",
    "SkillSet",
    "SystemUnsupported",
    "ToolCaller",
    "open_sandbox",
    "probe",
    "probe_docker",
    "process_launcher",
    "require_system",
]

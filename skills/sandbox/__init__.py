"""Where programs run: `open_sandbox` gives what this machine allows, `probe` says what that is."""

from fieldcraft.skills.sandbox.base import (
    SANDBOX,
    BoundSkill,
    ProgramLimits,
    Sandbox,
    SandboxUnavailable,
    SkillSet,
    ToolCaller,
)
from fieldcraft.skills.sandbox.confined import ConfinedLauncher, process_launcher
from fieldcraft.skills.sandbox.docker import DockerSandbox
from fieldcraft.skills.sandbox.docker.probe import probe_docker
from fieldcraft.skills.sandbox.probe import Layer, open_sandbox, probe
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
    "ToolCaller",
    "open_sandbox",
    "probe",
    "probe_docker",
    "process_launcher",
]

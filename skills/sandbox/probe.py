"""Which layers of isolation hold on this machine, and the sandbox that they allow."""

from __future__ import annotations

import logging
import platform
import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from fieldcraft.envs import nearest
from fieldcraft.skills.sandbox import bubblewrap
from fieldcraft.skills.sandbox.base import Sandbox, SandboxUnavailable
from fieldcraft.skills.sandbox.process import ProcessSandbox
from fieldcraft.skills.sandbox.worker import lockdown, seccomp

KINDS = ("auto", "process", "docker", "unsafe")
SYSCALLS = Path(__file__).resolve().parent / "worker" / "syscalls.json"
UNSAFE_CURE = "use another machine, or --sandbox unsafe to run programs without isolation"

logger = logging.getLogger(__name__)


class Layer(BaseModel):
    """One layer of isolation: whether it holds here, and in words what it does or what is missing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    holds: bool
    detail: str


def probe() -> list[Layer]:
    """Try each layer. The process sandbox needs seccomp, rlimits, and Landlock or bubblewrap."""
    return [_seccomp(), _rlimits(), _landlock(), _bubblewrap()]


def open_sandbox(kind: str = "auto", *, pin: bool = True) -> Sandbox:
    """A sandbox of this kind; nothing is started before its first run.

    Args:
        kind: `auto` or `process` (locked-down processes), `docker`, or `unsafe` (no isolation at all).
        pin: keep the calling thread and the program on one core while a program runs.

    Raises:
        SandboxUnavailable: this machine lacks a layer; the message names it and the cure.
        ValueError: there is no such kind.
    """
    match kind:
        case "auto" | "process":
            return _process_sandbox(pin=pin)
        case "docker":
            return _docker_sandbox(pin=pin)
        case "unsafe":
            logger.warning("programs run without isolation: they can do whatever you can do on this machine")
            return ProcessSandbox("none", pin=pin)
    raise ValueError(f"there is no sandbox {kind!r}; there are {', '.join(KINDS)}{nearest(kind, KINDS)}")


def _docker_sandbox(*, pin: bool) -> Sandbox:
    from fieldcraft.skills.sandbox.docker import DockerSandbox

    return DockerSandbox(pin=pin)


def _process_sandbox(*, pin: bool) -> ProcessSandbox:
    missing = [layer for layer in (_seccomp(), _rlimits()) if not layer.holds]
    landlock = _landlock()
    if not missing and landlock.holds:
        return ProcessSandbox("landlock", pin=pin)
    wrapped = _bubblewrap()
    if not missing and wrapped.holds:
        return ProcessSandbox("bubblewrap", pin=pin)
    if not wrapped.holds and not landlock.holds:
        missing += [landlock, wrapped]
    reasons = "; ".join(f"{layer.name}: {layer.detail}" for layer in missing)
    raise SandboxUnavailable(f"this machine cannot isolate programs ({reasons}); {UNSAFE_CURE}")


def _seccomp() -> Layer:
    try:
        seccomp.machine_filter(str(SYSCALLS))
    except seccomp.UnsupportedArchitecture as error:
        return Layer(name="seccomp", holds=False, detail=str(error))
    if not sys.platform.startswith("linux") or not seccomp.supported():
        return Layer(name="seccomp", holds=False, detail="the kernel takes no system-call filters")
    return Layer(name="seccomp", holds=True, detail=f"system-call table for {platform.machine()}")


def _rlimits() -> Layer:
    holds = sys.platform.startswith("linux")
    detail = "memory, processor time, files, processes" if holds else f"not dependable on {sys.platform}"
    return Layer(name="rlimits", holds=holds, detail=detail)


def _landlock() -> Layer:
    abi = lockdown.landlock_abi()
    if abi == 0:
        return Layer(name="landlock", holds=False, detail="the kernel has no Landlock (Linux 5.13 or later)")
    return Layer(name="landlock", holds=True, detail=f"ABI {abi}")


def _bubblewrap() -> Layer:
    problem = bubblewrap.works()
    return Layer(name="bubblewrap", holds=problem is None, detail=problem or "makes namespaces")

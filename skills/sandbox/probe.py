"""Which layers of isolation hold on this machine, and the sandbox that they allow."""

from __future__ import annotations

import logging
import platform
import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from fieldcraft.common import plugins
from fieldcraft.skills.sandbox import bubblewrap
from fieldcraft.skills.sandbox.base import SANDBOX, Sandbox, SandboxUnavailable
from fieldcraft.skills.sandbox.docker import DockerSandbox
from fieldcraft.skills.sandbox.process import ProcessSandbox
from fieldcraft.skills.sandbox.worker import lockdown, seccomp

SYSCALLS = Path(__file__).resolve().parent / "worker" / "syscalls.json"
CURES = (
    "use --sandbox docker (with Docker or Podman), another machine, or --sandbox unsafe to run programs "
    "without isolation"
)

logger = logging.getLogger(__name__)


class Layer(BaseModel):
    """One layer of isolation: whether it holds here, what it does or what is missing, and the cure."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    holds: bool
    detail: str
    cure: str = ""


def probe() -> list[Layer]:
    """Try each layer. The process sandbox needs seccomp, rlimits, and Landlock or bubblewrap."""
    return [_seccomp(), _rlimits(), _landlock(), _bubblewrap()]


def open_sandbox(kind: str = "auto", *, pin: bool = True) -> Sandbox:
    """A sandbox of this kind; nothing is started before its first run.

    Args:
        kind: `process` (locked-down processes), `docker` (which reaches the engine and sees to the image at
            once), `auto` (the first of these that this machine can give), `unsafe` (no isolation at all), or
            one of your own: an announced name, or `module:Class`.
        pin: keep the calling thread and the program on one core while a program runs.

    Raises:
        SandboxUnavailable: this machine lacks a layer or an engine; the message names it and the cure.
        UnknownPart: there is no such kind.
        BrokenPart: a sandbox of your own cannot be made.
    """
    match kind:
        case "auto":
            return _best_sandbox(pin=pin)
        case "process":
            return _process_sandbox(pin=pin)
        case "docker":
            return DockerSandbox(pin=pin)
        case "unsafe":
            logger.warning("programs run without isolation: they can do whatever you can do on this machine")
            return ProcessSandbox("none", pin=pin)
    own: Sandbox = plugins.make(SANDBOX, kind)
    return own


def _best_sandbox(*, pin: bool) -> Sandbox:
    try:
        return _process_sandbox(pin=pin)
    except SandboxUnavailable as error:
        try:
            sandbox = DockerSandbox(pin=pin)
        except SandboxUnavailable as missing:
            raise SandboxUnavailable(f"{error} (docker: {missing})") from None
        logger.info("programs run in Docker: %s", error)
        return sandbox


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
    raise SandboxUnavailable(f"this machine cannot isolate programs ({reasons}); {CURES}")


def _seccomp() -> Layer:
    try:
        seccomp.machine_filter(str(SYSCALLS))
    except seccomp.UnsupportedArchitecture as error:
        cure = "x86-64 or arm64, or a table of its own in skills/sandbox/worker/syscalls.json"
        return Layer(name="seccomp", holds=False, detail=str(error), cure=cure)
    if not sys.platform.startswith("linux") or not seccomp.supported():
        return Layer(
            name="seccomp",
            holds=False,
            detail="the kernel takes no system-call filters",
            cure="a Linux kernel with CONFIG_SECCOMP_FILTER",
        )
    return Layer(name="seccomp", holds=True, detail=f"system-call table for {platform.machine()}")


def _rlimits() -> Layer:
    holds = sys.platform.startswith("linux")
    detail = "memory, processor time, files, processes" if holds else f"not dependable on {sys.platform}"
    return Layer(
        name="rlimits", holds=holds, detail=detail, cure="" if holds else "Linux, or --sandbox docker"
    )


def _landlock() -> Layer:
    abi = lockdown.landlock_abi()
    if abi == 0:
        detail = "the kernel has no Landlock, or was started without it"
        cure = "Linux 5.13 or later, started with lsm=landlock,... ; or install bubblewrap"
        return Layer(name="landlock", holds=False, detail=detail, cure=cure)
    return Layer(name="landlock", holds=True, detail=f"ABI {abi}")


def _bubblewrap() -> Layer:
    problem = bubblewrap.works()
    cure = (
        "" if problem is None else "install bubblewrap and allow user namespaces; not needed beside Landlock"
    )
    return Layer(name="bubblewrap", holds=problem is None, detail=problem or "makes namespaces", cure=cure)

"""The restrictions of every container that runs model-written code, in any language."""

from __future__ import annotations

from typing import Any

NOBODY = "65534:65534"
MEBIBYTE = 1024 * 1024
LIMITS = {"nofile": 1024, "nproc": 4096, "core": 0}
"""Named even where the container's own limits are tighter: Podman's defaults may be more than it may give."""


def hardened(*, memory: int, processes: int = 64, scratch: int = 16 * MEBIBYTE) -> dict[str, Any]:
    """Keyword arguments for `client.containers.create`.

    No network, no capability, no new privilege, no root, no swap, no log on disk; a read-only file system but
    for /tmp, whose files cannot be run. The engine's own system-call filter stays in force.

    Args:
        memory: bytes for everything in the container, /tmp and /dev/shm included.
        processes: processes and threads.
        scratch: bytes in /tmp.
    """
    from docker.types import LogConfig, Ulimit

    return {
        "user": NOBODY,
        "network_mode": "none",
        "ipc_mode": "private",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "mem_limit": memory,
        "memswap_limit": memory,
        "pids_limit": processes,
        "ulimits": [Ulimit(name=name, soft=most, hard=most) for name, most in LIMITS.items()],
        "tmpfs": {"/tmp": f"rw,noexec,nosuid,nodev,size={scratch},mode=1777"},  # noqa: S108 - the container's
        "shm_size": MEBIBYTE,
        "log_config": LogConfig(type="none"),
        "hostname": "sandbox",
    }

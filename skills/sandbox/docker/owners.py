"""The owner of a container, so that only containers of dead runs are removed."""

from __future__ import annotations

import logging
import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from fieldcraft.skills.sandbox.base import SandboxUnavailable
from fieldcraft.skills.sandbox.docker.engine import unusable

if TYPE_CHECKING:
    from docker import DockerClient

OWNER = "org.fieldcraft.owner"
"""The label: which machine and process namespace, which process, and when that began."""

logger = logging.getLogger(__name__)


def own_label() -> str:
    """The label of containers of this process."""
    pid = os.getpid()
    return f"{_namespace()}/{pid}/{_started(pid)}"


def remove_stale(client: DockerClient) -> int:
    """Remove the containers whose process is gone, not those of other machines. Returns how many.

    Raises:
        SandboxUnavailable: the engine does not answer.
    """
    from docker.errors import DockerException
    from requests import RequestException

    removed = 0
    try:
        for container in client.containers.list(all=True, filters={"label": OWNER}, ignore_removed=True):
            if _is_stale(str(container.labels.get(OWNER))):
                with suppress(DockerException):
                    container.remove(force=True)
                    removed += 1
                    logger.info("removed the container %s of a run that is gone", container.short_id)
    except (DockerException, RequestException) as error:
        raise SandboxUnavailable(unusable(error)) from None
    return removed


def _is_stale(label: str) -> bool:
    owner, _, started = label.rpartition("/")
    namespace, _, process = owner.rpartition("/")
    return namespace == _namespace() and process.isdecimal() and _started(int(process)) != started


def _namespace() -> str:
    """Where process numbers mean the same: this boot of this machine, in this process namespace."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return platform.node()


def _started(pid: int) -> str:
    """When the process began, in the system's own count; empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        if Path("/proc/self").exists():
            return ""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return "alive"
    except OSError:
        return ""
    return "alive"

"""Who owns a container: so that those of a dead run are removed, and nobody else's."""

from __future__ import annotations

import logging
import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

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
    """Remove the containers whose process is gone, not those of other machines. Returns how many."""
    from docker.errors import DockerException

    removed = 0
    for container in client.containers.list(all=True, filters={"label": OWNER}, ignore_removed=True):
        namespace, _, process = str(container.labels.get(OWNER)).rpartition("/")[0].rpartition("/")
        started = str(container.labels.get(OWNER)).rpartition("/")[2]
        if namespace == _namespace() and _started(int(process)) != started:
            with suppress(DockerException):
                container.remove(force=True)
                removed += 1
                logger.info("removed the container %s of a run that is gone", container.short_id)
    return removed


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

"""The command that reads compose files."""

from __future__ import annotations

import shutil
import subprocess

from machine import lacking


def compose() -> list[str]:
    """Docker's plugin, or the older program."""
    if shutil.which("docker"):
        plugin = subprocess.run(["docker", "compose", "version"], capture_output=True)
        if plugin.returncode == 0:
            return ["docker", "compose"]
    if not shutil.which("docker-compose"):
        lacking("docker compose")
    return ["docker-compose"]

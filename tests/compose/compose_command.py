"""The command that reads compose files."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest


def compose() -> list[str]:
    """Docker's plugin, or the older program."""
    if shutil.which("docker"):
        plugin = subprocess.run(["docker", "compose", "version"], capture_output=True)
        if plugin.returncode == 0:
            return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    assert not os.environ.get("CI"), "CI must have docker compose"
    pytest.skip("there is no docker compose")

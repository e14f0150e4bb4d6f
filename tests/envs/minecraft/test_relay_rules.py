"""What the relay lets through of a program's packets, in old and new versions of the protocol."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from machine import PATIENCE

from fieldcraft.envs.minecraft.packages import BRIDGE, find_packages


@pytest.mark.parametrize("version", ["1.12.2", "1.16.5", "1.18.2", "1.19.4", "1.20.4", "1.21.4"])
def test_a_players_packets_pass_and_an_operators_do_not(version: str) -> None:
    node = shutil.which("node")
    assert node is not None
    script = Path(__file__).with_name("relay_rules.js")
    done = subprocess.run(
        [node, script, BRIDGE, version],
        env={**os.environ, "NODE_PATH": str(find_packages())},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert json.loads(done.stdout) == {
        "plain": True,
        "compressed": True,
        "commands": [False] * 6,
        "long": False,
        "flood": 5,
        "players": True,
        "operators": [],
        "respawn": True,
        "statistics": False,
        "killed": [{"zombie": 1}, {}, {}],
        "lines": 20,
        "bomb": {"found": [], "gone": True},
        "endless": True,
    }

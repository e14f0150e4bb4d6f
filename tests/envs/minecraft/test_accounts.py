"""Accounts: the relay vouches for them and encrypts, and the bot's process sees neither token nor encryption.

Signing in itself needs Microsoft's servers and is not tested.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from machine import PATIENCE

from fieldcraft.envs.minecraft.packages import BRIDGE


def test_the_relay_answers_a_server_that_checks_accounts() -> None:
    node = shutil.which("node")
    assert node is not None
    script = Path(__file__).with_name("secured_login.js")
    done = subprocess.run(
        [node, script, BRIDGE], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert json.loads(done.stdout) == {
        "login": "login start",
        "verified": True,
        "hash": True,
        "token": "secret",
        "said": "heard welcome",
    }


def test_the_guard_reads_inside_the_encryption() -> None:
    node = shutil.which("node")
    assert node is not None
    script = Path(__file__).with_name("secured_login.js")
    command = [node, script, BRIDGE, "guarded"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    told = json.loads(done.stdout)
    assert (told["verified"], told["login"], told["said"]) == (
        True,
        "\x0blogin start",
        "\x0eheard \x07welcome",
    )


def test_the_hash_is_the_games_own() -> None:
    """Known values: https://minecraft.wiki/w/Java_Edition_protocol/Encryption."""
    node = shutil.which("node")
    assert node is not None
    source = (
        f"const {{ serverHash }} = require({json.dumps(str(BRIDGE / 'account.js'))});"
        "console.log(['Notch', 'jeb_', 'simon'].map((name) => serverHash(name, '', '')).join())"
    )
    done = subprocess.run([node, "-e", source], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout.strip().split(",") == [
        "4ed1f46bbe04bc756bcb17c0c7ce3e4632f06a48",
        "-7c9d5b0044c130109a5d7b5fb5c317c02b4e28c1",
        "88e16a1019277b15d58faf0541e11910eb756f6",
    ]

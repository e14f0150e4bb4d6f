"""Becoming another program (Node) that may do little: give rights up, then execute it.

Standard library alone.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from base64 import b64decode

from . import lockdown, seccomp


def main() -> None:
    """Lock this process down and execute a command in it.

    Takes one JSON argument: `command`, its `environment`, the `readable` paths, the `runnable` files,
    `limits` (names of the module `resource`), the system-call `filter` in base64, and the process `host` to
    end with.

    Raises:
        OSError: a layer does not hold on this machine.
    """
    wanted = json.loads(sys.argv[1])
    lockdown.die_with_parent(wanted["host"])
    lockdown.drop_privileges()
    for name, value in wanted["limits"].items():
        resource.setrlimit(getattr(resource, name), (value, value))
    lockdown.restrict_files(wanted["readable"], wanted["runnable"])
    seccomp.install(b64decode(wanted["filter"]))
    os.execve(wanted["command"][0], wanted["command"], wanted["environment"])  # noqa: S606

"""How a world starts processes of its own; what confines them comes from above (`Environment.confine`)."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol


class Launcher(Protocol):
    """Starts a process that may run a stranger's code.

    `confines` says whether that code is kept from the machine; `problem` says why where it is not.
    """

    confines: bool
    problem: str

    def start(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        readable: Sequence[Path],
        descriptors: Sequence[int],
        errors: IO[bytes] | int,
    ) -> subprocess.Popen[bytes]:
        """Start `command` with pipes as standard input and output.

        Args:
            command: an absolute path and arguments.
            environment: all the variables it gets.
            readable: the files and folders that it needs, besides the system's libraries.
            descriptors: open files that it inherits, under the same numbers.
            errors: takes its standard error.
        """


class PlainLauncher:
    """Starts it with nothing but its environment taken away.

    Args:
        problem: why it is not confined, with the cure; told to who wants to run a stranger's code.
        allowed: run a stranger's code all the same.
    """

    def __init__(self, problem: str = "nobody confined it", *, allowed: bool = False) -> None:
        self.problem = problem
        self.confines = allowed

    def start(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        readable: Sequence[Path],  # noqa: ARG002
        descriptors: Sequence[int],
        errors: IO[bytes] | int,
    ) -> subprocess.Popen[bytes]:
        """Start it; see `Launcher.start`."""
        return subprocess.Popen(
            list(command),
            env=dict(environment),
            pass_fds=list(descriptors),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )

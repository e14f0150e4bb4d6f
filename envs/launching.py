"""Launch a world's processes; the agent may provide a confining launcher (`Environment.confine`)."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol


class Launcher(Protocol):
    """Starts a process that may run untrusted code.

    `confines` says whether the code is confined; if not, `problem` gives the reason.
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
            environment: all its environment variables.
            readable: the files and folders that it needs, in addition to the system's libraries.
            descriptors: open files that it inherits with the same numbers.
            errors: the file for its standard error.
        """


class PlainLauncher:
    """Starts a process without confinement, with only the given environment variables.

    Args:
        problem: why it is not confined, with the remedy; the message for programs that are refused.
        allowed: run untrusted code anyway.
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

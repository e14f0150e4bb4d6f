"""Starting a process of another runtime (Node) as a sandbox: no files, no network, no processes of its own.

The layers are those of the Python sandbox: bubblewrap's namespaces, a system-call filter, resource limits.
What the process is given besides are the files it runs and the open descriptors that it inherits.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from fieldcraft.envs.launching import Launcher, PlainLauncher
from fieldcraft.skills.sandbox import bubblewrap
from fieldcraft.skills.sandbox.probe import SYSCALLS
from fieldcraft.skills.sandbox.worker import seccomp

V8_SYSCALLS = Path(__file__).with_name("v8_syscalls.json")
MEMORY, ERRORS_WRITTEN, OPEN_FILES = 2 << 30, 16 << 20, 256
"""Bytes of data (V8's address space is far larger than what it uses), bytes of standard error, open files."""


class ConfinedLauncher:
    """Starts a process inside bubblewrap under a filter that lets V8 run.

    Args:
        memory: bytes of data that the process may have.
    """

    confines = True
    problem = ""

    def __init__(self, *, memory: int = MEMORY) -> None:
        self._memory = memory
        self._filter = v8_filter()

    def start(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        readable: Sequence[Path],
        descriptors: Sequence[int],
        errors: IO[bytes] | int,
    ) -> subprocess.Popen[bytes]:
        """Start it; see `Launcher.start`."""
        program = os.memfd_create("seccomp")
        try:
            os.write(program, self._filter)
            os.lseek(program, 0, os.SEEK_SET)
            limits = [
                f"--data={self._memory}",
                "--core=0",
                f"--fsize={ERRORS_WRITTEN}",
                f"--nofile={OPEN_FILES}",
            ]
            return subprocess.Popen(
                ["prlimit", *limits, "--", *_wrapped(command, environment, readable, program)],
                env={"PATH": os.defpath},
                pass_fds=[*descriptors, program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        finally:
            os.close(program)


def process_launcher(kind: str = "auto") -> Launcher:
    """What starts the processes of a world, for a sandbox of this kind (`open_sandbox`).

    Where this machine cannot confine them they are started plainly: Python programs have a sandbox of their
    own, and programs in the world's language are refused unless the kind is `unsafe`.
    """
    if kind == "unsafe":
        return PlainLauncher(allowed=True)
    problem = why_not()
    return ConfinedLauncher() if problem is None else PlainLauncher(problem)


def why_not() -> str | None:
    """Why a process cannot be confined on this machine, with the cure; `None` where it can."""
    try:
        v8_filter()
    except seccomp.UnsupportedArchitecture as error:
        return str(error)
    if not seccomp.supported():
        return "the kernel takes no system-call filters"
    if shutil.which("prlimit") is None:
        return "prlimit is not installed (apt-get install util-linux)"
    return bubblewrap.works()


def v8_filter() -> bytes:
    """The system-call filter under which V8 runs, for this machine.

    Raises:
        UnsupportedArchitecture: there is no table for it.
    """
    table = seccomp.load_table(str(SYSCALLS))
    more: dict[str, Any] = json.loads(V8_SYSCALLS.read_text(encoding="utf-8"))
    table["allow"] = [*table["allow"], *more["allow"]]
    table["arguments"] = {**table["arguments"], **more["arguments"]}
    for architecture, numbers in more["numbers"].items():
        table["architectures"][architecture]["numbers"].update(numbers)
    return seccomp.build_filter(table, platform.machine())


def _wrapped(
    command: Sequence[str], environment: Mapping[str, str], readable: Sequence[Path], program: int
) -> list[str]:
    """`command` inside bubblewrap, which sees system libraries and the readable paths."""
    arguments = [*bubblewrap.NAMESPACES, "--die-with-parent", "--hostname", "sandbox", "--clearenv"]
    for name, value in environment.items():
        arguments += ["--setenv", name, value]
    seen = [Path(path) for path in bubblewrap.SYSTEM_LIBRARIES if Path(path).is_dir()]
    for path in dict.fromkeys([*seen, Path(command[0]), *readable]):
        arguments += ["--ro-bind", str(path), str(path)]
    return [
        "bwrap",
        *arguments,
        "--remount-ro",
        "/",
        "--chdir",
        "/",
        "--seccomp",
        str(program),
        "--",
        *command,
    ]

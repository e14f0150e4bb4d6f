"""Start a process of another runtime (Node) in a sandbox: no files, no network, no child processes.

The layers are those of the Python sandbox: bubblewrap's namespaces or Landlock, a system-call filter,
resource limits. In addition the process may use the files that it runs and the descriptors that it inherits.
"""

from __future__ import annotations

import functools
import json
import os
import platform
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Literal

from fieldcraft.common.paths import find_program
from fieldcraft.envs.launching import Launcher, PlainLauncher
from fieldcraft.skills.sandbox import bubblewrap
from fieldcraft.skills.sandbox.fork_process import HERE, INTERPRETER_FLAGS
from fieldcraft.skills.sandbox.probe import SYSCALLS
from fieldcraft.skills.sandbox.worker import lockdown, seccomp

Way = Literal["bubblewrap", "landlock"]

V8_SYSCALLS = Path(__file__).with_name("v8_syscalls.json")
MEMORY, ERRORS_WRITTEN, OPEN_FILES = 2 << 30, 16 << 20, 256
"""Limits on data in bytes (V8's address space is far larger), standard error in bytes, and open files."""

BOOTSTRAP = "import sys; sys.path.insert(0, sys.argv.pop(1)); from worker import starter; starter.main()"
LOADED = re.compile(r"^\s*(?:\S+ => )?(/.+) \(0x[0-9a-f]+\)$", re.MULTILINE)
"""A line of the dynamic loader about a library, or about itself."""

NO_OPENSSL_SETTINGS = {"OPENSSL_CONF": os.devnull}
"""Node does not start if OpenSSL's settings exist but are not readable."""

NO_LANDLOCK = (
    "there is no Landlock (Linux 5.13 or later has it; in a container the engine's profile must allow it, "
    "as that of Docker 20.10.24 does)"
)


class ConfinedLauncher:
    """Starts a process inside bubblewrap, or under Landlock, with a filter that lets V8 run.

    Args:
        way: `landlock` also works in containers; `bubblewrap` also hides which files exist.
        memory: the most bytes of data of the process.
    """

    confines = True
    problem = ""

    def __init__(self, way: Way = "bubblewrap", *, memory: int = MEMORY) -> None:
        self.way = way
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
            if self.way == "bubblewrap":
                starting = [*self._limited(), *_wrapped(command, environment, readable, program)]
            else:
                starting = self._locked(command, environment, readable)
            return subprocess.Popen(
                starting,
                env=_starters_environment(),
                cwd="/",
                pass_fds=[*descriptors, *([program] if self.way == "bubblewrap" else [])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        finally:
            os.close(program)

    def _limited(self) -> list[str]:
        limits = [f"--data={self._memory}", "--core=0", f"--fsize={ERRORS_WRITTEN}", f"--nofile={OPEN_FILES}"]
        return [find_program("prlimit") or "prlimit", *limits, "--"]

    def _locked(
        self, command: Sequence[str], environment: Mapping[str, str], readable: Sequence[Path]
    ) -> list[str]:
        """`command` after an interpreter that locks itself down before it becomes it (worker/starter.py)."""
        wanted = {
            "command": list(command),
            "environment": {**NO_OPENSSL_SETTINGS, **environment},
            "readable": [os.devnull, *map(str, readable)],
            "runnable": [command[0], *_libraries(command[0])],
            "limits": {
                "RLIMIT_DATA": self._memory,
                "RLIMIT_CORE": 0,
                "RLIMIT_FSIZE": ERRORS_WRITTEN,
                "RLIMIT_NOFILE": OPEN_FILES,
            },
            "filter": b64encode(self._filter).decode(),
            "host": os.getpid(),
        }
        interpreter = sys._base_executable  # type: ignore[attr-defined]
        return [interpreter, *INTERPRETER_FLAGS, "-c", BOOTSTRAP, str(HERE), json.dumps(wanted)]


def process_launcher(kind: str = "auto") -> Launcher:
    """The launcher of a world's processes, for a sandbox of this kind (`open_sandbox`).

    If this machine cannot confine them, they are started without confinement: Python programs have their own
    sandbox, and programs in the world's language are refused unless the kind is `unsafe`.
    """
    if kind == "unsafe":
        return PlainLauncher(allowed=True)
    problems: list[str] = []
    for way in ("bubblewrap", "landlock"):
        problem = why_not(way)
        if problem is None:
            return ConfinedLauncher(way)
        problems.append(problem)
    return PlainLauncher("; ".join(dict.fromkeys(problems)))


def why_not(way: Way) -> str | None:
    """The reason why this way of confinement is not available, with the remedy; `None` if it is."""
    if not sys.platform.startswith("linux"):
        return "processes can be confined on Linux only"
    try:
        v8_filter()
    except seccomp.UnsupportedArchitecture as error:
        return str(error)
    if not seccomp.supported():
        return "the kernel takes no system-call filters"
    if way == "landlock":
        return None if lockdown.landlock_abi() else NO_LANDLOCK
    if find_program("prlimit") is None:
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


def _starters_environment() -> dict[str, str]:
    """The environment of the confining programs, which the confined process does not get."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return {"PATH": os.defpath, **kept}


@functools.cache
def _libraries(program: str) -> list[str]:
    """The shared libraries of a program and their loader, as listed by the loader (ld.so(8))."""
    environment = {"LD_TRACE_LOADED_OBJECTS": "1"}
    listed = subprocess.run(
        [program, "--version"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return LOADED.findall(listed.stdout)


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
        bubblewrap.program(),
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

"""The process sandbox: programs in locked-down processes of this machine."""

from __future__ import annotations

from fieldcraft.skills.sandbox.fork_process import Isolation, start_process
from fieldcraft.skills.sandbox.fork_server import ForkServer
from fieldcraft.skills.sandbox.forking import ForkingSandbox


class ProcessSandbox(ForkingSandbox):
    """Runs programs in processes of this machine. See docs/security.md for the layers."""

    def __init__(self, isolation: Isolation = "landlock", *, pin: bool = True) -> None:
        """Choose the isolation; nothing is started yet.

        Args:
            isolation: `landlock` or `bubblewrap` (seccomp and rlimits come with both), or `none`.
            pin: keep the calling thread and the program on one core while a program runs.
        """
        super().__init__(pin=pin)
        self._isolation: Isolation = isolation

    @property
    def name(self) -> str:
        """`process`, or `unsafe` if programs are not locked down."""
        return "unsafe" if self._isolation == "none" else "process"

    def _another(self) -> ProcessSandbox:
        return ProcessSandbox(self._isolation, pin=False)

    def _start_server(self, memory: int) -> ForkServer:  # noqa: ARG002 - each worker is limited by itself
        return start_process(self._isolation)

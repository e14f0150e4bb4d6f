"""Drive worker processes, one request at a time each; a worker that dies costs one trial."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from fieldcraft.agent.journal.folders import inside
from fieldcraft.study.trials import Ended, Request, Step


class Worker:
    """A process that runs trials, started with the first request and again after it died.

    Args:
        log: the file for its standard error.
        module: what it runs.
    """

    def __init__(self, log: Path, module: str = "fieldcraft.study.worker") -> None:
        self._log = log
        self._module = module
        self._process: subprocess.Popen[str] | None = None
        self._closed = False

    def run(self, request: Request, report: Callable[[Step], None]) -> Ended:
        """Run one trial in the process; blocks until the trial has ended."""
        try:
            process = self._running()
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(request.model_dump_json() + "\n")
            process.stdin.flush()
            for line in process.stdout:
                answer = json.loads(line)
                if "ended" in answer:
                    return Ended.model_validate(answer["ended"])
                report(Step.model_validate(answer["step"]))
        except (OSError, ValueError) as error:
            return self._died(f"{type(error).__name__}: {error}")
        return self._died("")

    def stop(self) -> None:
        """Stop the run in progress at its next event, and the process with it."""
        self._closed = True
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                self._process.stdin.close()

    def kill(self) -> None:
        """End the process at once; its run can be resumed."""
        self._closed = True
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """Stop the trial in progress at its next event, and wait until the process has ended."""
        self.stop()
        if self._process is not None:
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()

    def _running(self) -> subprocess.Popen[str]:
        """The process, in its own session, so that Ctrl-C at the terminal reaches only the parent process."""
        if self._closed:
            raise ValueError("the study was stopped")
        if self._process is None or self._process.poll() is not None:
            with _appending(self._log) as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", self._module],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    start_new_session=True,
                )
        return self._process

    def _died(self, cause: str) -> Ended:
        code = None if self._process is None else self._process.wait()
        if self._closed:
            return Ended(outcome="stopped", reason="the study was stopped")
        return Ended(outcome="failed", reason=f"its process ended with code {code} {cause}; see {self._log}")


def _appending(log: Path) -> BinaryIO:
    """Open the log for appending; it must be a regular file without hard links."""
    with inside(log.parent) as folder:
        return os.fdopen(folder.open_file(log.name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, own=True), "ab")

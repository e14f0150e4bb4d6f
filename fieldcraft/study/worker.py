"""A process that runs trials: `python -m fieldcraft.study.worker`, driven by `workers.py`.

It reads one request a line from standard input, and writes to standard output a line for each step
of progress and one for the end, `{"step": ...}` and `{"ended": ...}`. When its input ends, because its parent
process stopped or died, it stops its run at the next event.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import Protocol, TextIO

from fieldcraft.common.error_output import Formatter, guard_error_output, print_error
from fieldcraft.common.secrets.redaction import redact
from fieldcraft.study.trials import Ended, Step, TrialRequest, TrialRun

Report = Callable[[Step], None]


class Running(Protocol):
    """A trial that is run."""

    def run(self) -> Ended:
        """Run it until it is done, stopped or failed."""

    def stop(self, reason: str) -> None:
        """Stop it soon. Safe from any thread."""


Begin = Callable[[str, Report], Running]
"""Makes a trial of a request's line, and of a function to report its progress with."""


def trial_run(request: str, report: Report) -> Running:
    """A trial of a study."""
    return TrialRun(TrialRequest.model_validate_json(request), report)


class _Work:
    """The queue of requests, and the trial in progress."""

    def __init__(self, requests: TextIO) -> None:
        self._requests = requests
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._run: Running | None = None
        self._over = False
        threading.Thread(target=self._read, daemon=True).start()

    def next(self) -> str | None:
        """Wait for the next request; `None` at the end of the input."""
        return self._queue.get()

    def attend(self, run: Running) -> None:
        """Stop this trial when the input ends."""
        self._run = run
        if self._over:
            run.stop("the study was stopped")

    def _read(self) -> None:
        for line in self._requests:
            self._queue.put(line)
        self._over = True
        if self._run is not None:
            self._run.stop("the study was stopped")
        self._queue.put(None)


def serve(requests: TextIO, answers: TextIO, begin: Begin) -> None:
    """Run each requested trial in turn until the input ends."""

    def send(kind: str, data: Step | Ended) -> None:
        answers.write(json.dumps({kind: data.model_dump(mode="json")}) + "\n")
        answers.flush()

    work = _Work(requests)
    while (request := work.next()) is not None:
        run = begin(request, lambda step: send("step", step))
        work.attend(run)
        try:
            ended = run.run()
        except Exception as error:
            print_error(error)
            ended = Ended(outcome="failed", reason=redact(f"{type(error).__name__}: {error}")[:1000])
        send("ended", ended)


def main(begin: Begin = trial_run) -> None:
    """Serve requests; other output to standard output goes to standard error."""
    guard_error_output()
    log = logging.StreamHandler(sys.stderr)
    log.setFormatter(Formatter(logging.BASIC_FORMAT))
    logging.basicConfig(level=logging.WARNING, handlers=[log])
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        serve(sys.stdin, answers, begin)


if __name__ == "__main__":
    main()

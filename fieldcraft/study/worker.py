"""A process that lives trials: `python -m fieldcraft.study.worker`, driven by `workers.py`.

It reads an `Order` a line from standard input and answers on standard output with a line for each step
and one for the end, `{"step": ...}` and `{"ended": ...}`. When its input ends, because whoever started it
stopped or died, it stops its life at the next event.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import sys
import threading
from typing import TextIO

from fieldcraft.common.error_output import Formatter, guard_error_output, print_error
from fieldcraft.common.redaction import redact
from fieldcraft.study.lives import Ended, Life, Order, Step


class _Work:
    """The orders still to come, and the life in progress."""

    def __init__(self, orders: TextIO) -> None:
        self._orders = orders
        self._queue: queue.Queue[Order | None] = queue.Queue()
        self._life: Life | None = None
        self._over = False
        threading.Thread(target=self._read, daemon=True).start()

    def next(self) -> Order | None:
        """The next order; `None` at the end of the input."""
        return self._queue.get()

    def attend(self, life: Life) -> None:
        """Have this life stopped when the input ends."""
        self._life = life
        if self._over:
            life.stop("the study was stopped")

    def _read(self) -> None:
        for line in self._orders:
            self._queue.put(Order.model_validate_json(line))
        self._over = True
        if self._life is not None:
            self._life.stop("the study was stopped")
        self._queue.put(None)


def serve(orders: TextIO, answers: TextIO) -> None:
    """Live each order in turn until the input ends."""

    def send(kind: str, data: Step | Ended) -> None:
        answers.write(json.dumps({kind: data.model_dump(mode="json")}) + "\n")
        answers.flush()

    work = _Work(orders)
    while (order := work.next()) is not None:
        life = Life(order, lambda step: send("step", step))
        work.attend(life)
        try:
            ended = life.live()
        except Exception as error:
            print_error(error)
            ended = Ended(outcome="failed", reason=redact(f"{type(error).__name__}: {error}")[:1000])
        send("ended", ended)


def main() -> None:
    """Serve, with whatever else writes to standard output kept out of the answers."""
    guard_error_output()
    log = logging.StreamHandler(sys.stderr)
    log.setFormatter(Formatter(logging.BASIC_FORMAT))
    logging.basicConfig(level=logging.WARNING, handlers=[log])
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        serve(sys.stdin, answers)


if __name__ == "__main__":
    main()

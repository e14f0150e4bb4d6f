"""A deadline for calls of packages that keep none themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, ask: Callable[[], T]) -> T:
    """Run `ask()` on a separate thread, and abandon it after `seconds`.

    A provider's own timeout counts the pauses between bytes, so a server that sends a byte from time
    to time would block it forever. An abandoned thread ends with its connection, or with the process.
    """
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(ask())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, name="fieldcraft-model", daemon=True).start()
    return future.result(timeout=seconds)

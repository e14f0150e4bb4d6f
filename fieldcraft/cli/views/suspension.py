"""A live view that sleeps (Ctrl-Z) or whose terminal changes its size: it is drawn from the top again."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from types import FrameType

from rich.console import Console, ConsoleDimensions
from rich.control import Control

_SHOW_CURSOR, _HIDE_CURSOR = b"\x1b[?25h\n", b"\x1b[?25l"


class Suspension:
    """Watches for both while a view is on the screen.

    The view moves the cursor up by as many lines as it last drew. After a change of the size, or what a shell
    printed in between, that is another place: so the screen is cleared first.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._size = console.size
        self._before: object = None
        self._watching = False

    def begin(self) -> None:
        """Take Ctrl-Z, where the system has it and a signal can be taken in this thread."""
        self._size = self._console.size
        if hasattr(signal, "SIGTSTP") and threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTSTP, self._sleep)
            self._watching = True

    def end(self) -> None:
        """Leave Ctrl-Z as it was."""
        if self._watching:
            signal.signal(signal.SIGTSTP, self._before)  # type: ignore[arg-type]
            self._watching = False

    def clear_if_changed(self) -> None:
        """Clear the screen where its size changed, or the view slept, since it was last drawn."""
        size = self._console.size
        if size != self._size:
            self._size = size
            self._console.control(Control.clear(), Control.home())

    def _sleep(self, _number: int, _frame: FrameType | None) -> None:
        """Give the cursor back, stop until somebody continues this process, and have all drawn again.

        It takes no lock and writes past every buffer, since it may interrupt the drawing.
        """
        self._write(_SHOW_CURSOR)
        os.kill(os.getpid(), signal.SIGSTOP)
        self._write(_HIDE_CURSOR)
        self._size = ConsoleDimensions(0, 0)

    def _write(self, code: bytes) -> None:
        with contextlib.suppress(OSError, ValueError):
            os.write(self._console.file.fileno(), code)

"""A console that survives a closed pipe."""

from __future__ import annotations

import os

from rich.console import Console
from typing_extensions import override


class Screen(Console):
    """A console that discards its output once its reader has gone (`explore | head`).

    Attributes:
        unread: whether the reader has gone.
    """

    unread = False

    @override
    def on_broken_pipe(self) -> None:
        """Discard all output from now on, including what the stream has buffered."""
        self.unread = self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)

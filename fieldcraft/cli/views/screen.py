"""A console that outlives its reader."""

from __future__ import annotations

import os

from rich.console import Console
from typing_extensions import override


class Screen(Console):
    """A console that goes on in silence once nobody reads it (`explore | head`), and says so.

    Attributes:
        unread: whoever read it has gone.
    """

    unread = False

    @override
    def on_broken_pipe(self) -> None:
        """Write to nowhere from now on; what is still in the stream's buffer goes there too."""
        self.unread = self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)

"""The page: all runs of a folder, and each of them live, served on this machine only."""

from fieldcraft.serve.server import PageServer, open_page

__all__ = ["PageServer", "open_page"]

"""Tools in separate processes, which end reliably at a timeout or after a crash, with all child processes.

A fork server (`server`), single-threaded and warm, forks for every worker a keeper and the worker itself.
The worker calls the tool; the keeper adopts processes that the worker leaves behind, and ends them.
"""

from __future__ import annotations

STARTING = 60.0
"""Seconds until the fork server must be ready. A call that waits for it keeps its full timeout."""

"""Tools in processes of their own, which really end: at a timeout, after a crash, with whatever they forked.

A fork server (`server`), single-threaded and warm, forks for every worker a keeper and the worker itself.
The worker calls the tool; the keeper adopts what the worker leaves behind, and ends it.
"""

from __future__ import annotations

STARTING = 60.0
"""Seconds that the fork server has to be ready; a call that waits for it meanwhile loses none of its own."""

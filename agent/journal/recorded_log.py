"""The log of what a run's events say too, which a view of the run on the same screen silences.

It is one logger by name, which modules use in place of their own, so that no list of modules has to be kept.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

recorded = logging.getLogger("fieldcraft.recorded")


@contextmanager
def silenced() -> Iterator[None]:
    """Log none of it in the block."""
    recorded.addFilter(_nothing)
    try:
        yield
    finally:
        recorded.removeFilter(_nothing)


def _nothing(_record: logging.LogRecord) -> bool:
    return False

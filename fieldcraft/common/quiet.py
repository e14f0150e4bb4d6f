"""Reading Python that others wrote: its warnings concern nobody here, and would spoil what is printed."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_ALONE = threading.Lock()
"""The filters of warnings are the process's, not a thread's."""


@contextmanager
def without_warnings() -> Iterator[None]:
    """Print no warning, such as of an invalid escape sequence, while a source is parsed in the block."""
    with _ALONE, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield

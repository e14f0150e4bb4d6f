"""What a reader of foreign data is to the fuzzer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass


@dataclass(frozen=True)
class Reader:
    """How one kind of foreign data is read.

    Attributes:
        seeds: honest inputs, the first of which is read without error.
        read: reads one input.
        errors: what it may raise.
    """

    seeds: list[bytes]
    read: Callable[[bytes], object]
    errors: tuple[type[Exception], ...] = ()


Opened = Callable[[], AbstractContextManager[Reader]]
"""Opens a reader in the process that fuzzes it."""

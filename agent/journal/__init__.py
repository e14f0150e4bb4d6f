"""The record of a run: its events, its folder, and the state computed from the events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fieldcraft.common.moved import names_from

if not TYPE_CHECKING:
    __getattr__ = names_from(
        __name__, "fieldcraft.agent.journal.store", names="Journal JournalError SEGMENT_BYTES"
    )

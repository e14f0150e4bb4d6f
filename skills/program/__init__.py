"""Programs: read before they run, and what came of running them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fieldcraft.common.moved import names_from

if not TYPE_CHECKING:
    __getattr__ = names_from(
        __name__,
        "fieldcraft.skills.program.source",
        names="Language MissingParser Parameter Program ProgramError RESERVED is_skill_name parse_program",
    )

"""The skill library: its folder, admission of skills, binding of calls to versions, and merging."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fieldcraft.common.moved import names_from

if not TYPE_CHECKING:
    __getattr__ = names_from(__name__, "fieldcraft.skills.library.library", names="Kept SkillLibrary")

"""Opening the skill library that a command works on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fieldcraft.cli.errors import UsageProblem

if TYPE_CHECKING:
    from fieldcraft.skills import SkillLibrary


def open_library(
    folder: str | None, owners: list[str] | None = None, *, must_exist: bool = True
) -> SkillLibrary:
    """The library of the flags or of the settings.

    Raises:
        UsageProblem: there is no such folder.
    """
    from fieldcraft.cli.options.config import load_settings
    from fieldcraft.cli.options.flags import keeping
    from fieldcraft.skills import SkillLibrary

    settings = load_settings(keeping(folder, owners))
    path = Path(settings.library)
    if must_exist and not path.is_dir():
        what = f"{path} is a file, not a library's folder" if path.exists() else f"there is no library {path}"
        raise UsageProblem(f"{what}; name one with --library, or let `fieldcraft explore` make it")
    return SkillLibrary(path, owners=settings.library_owners)

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
    if must_exist:
        check_library(path)
    return SkillLibrary(path, owners=settings.library_owners)


def check_library(path: Path) -> None:
    """Refuse a folder of something else; an empty one is a library without skills.

    Raises:
        UsageProblem: no skill is in it, and no library was made there.
    """
    from fieldcraft.skills.library.folder import is_library

    try:
        empty = not any(path.iterdir())
    except OSError as error:
        raise UsageProblem(f"the library {path} cannot be read ({error.strerror}); name another") from error
    if not (empty or is_library(path)):
        raise UsageProblem(
            f"{path} is no skill library: none of its folders holds a SKILL.md; name one with --library"
        )

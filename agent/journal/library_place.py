"""Which folder is the library of a run that is resumed, perhaps from elsewhere than it was started."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from fieldcraft.agent.journal.run import Run, absolute_path
from fieldcraft.skills.library.folder import is_library


def find_library(run: Run) -> tuple[str, str]:
    """The library of a run that goes on, and a line for a person where its name does not lead there.

    A relative name leads elsewhere from another folder. The library with skills that the run has kept is
    taken, else any library: where the name leads, where it was when the run last began, or beside the
    folder of runs. Where there is none, the name stays, and a library is made there as for a new run.
    """
    given, kept = run.settings.library, run.state.kept
    if not given:
        return given, ""
    below = Path(given).name if Path(given).is_absolute() else given
    beside = run.folder.absolute().parent.parent / below
    others = [place for place in (run.library_at, absolute_path(str(beside))) if place]
    libraries = [place for place in (given, *others) if is_library(Path(place))]
    place = next((place for place in libraries if _holds_any(place, kept)), next(iter(libraries), ""))
    if not place:
        return given, _lost(given, len(kept)) if kept else ""
    if absolute_path(place) != absolute_path(given):
        return place, _led_away(given, place)
    return given, _without_them(place, kept)


def _led_away(given: str, place: str) -> str:
    return f"the run's library {given} is not in this folder; going on with {place}"


def _without_them(place: str, kept: Collection[str]) -> str:
    if not kept or _holds_any(place, kept):
        return ""
    return (
        f"the library {place} holds none of the {len(kept)} skills that this run has kept; if they are in "
        "another, stop and resume with --library FOLDER"
    )


def _lost(given: str, kept: int) -> str:
    return (
        f"there is no library {given} here, though this run has kept {kept} "
        f"skill{'' if kept == 1 else 's'}; a new one is made. If it is elsewhere, stop and resume with "
        "--library FOLDER"
    )


def _holds_any(place: str, kept: Collection[str]) -> bool:
    """Whether a skill of one of these names lies there. They come from a journal, and may be no names."""
    names = [name for name in kept if Path(name).name == name]
    return any(os.path.isfile(os.path.join(place, name, "SKILL.md")) for name in names)  # noqa: PTH113, PTH118

"""The files of a folder of prompts, read as a stranger's: plain files only, bounded, known by name."""

from __future__ import annotations

from pathlib import Path

from fieldcraft.agent.prompts.variables import VARIABLES
from fieldcraft.common.errors import InputError
from fieldcraft.common.files import Folder, UnsafeFile
from fieldcraft.common.suggest import nearest
from fieldcraft.common.text import visible_line

FILE_LIMIT = 200_000
"""Bytes of a template."""
FILES_LIMIT = 200
"""Entries of the folder."""
_NOTES = frozenset({"readme", "notes", "changelog", "license"})


class BadPrompts(InputError, ValueError):
    """A folder of prompts, or one of its templates, cannot be used; the message names file, line and cure."""


def read_templates(folder: Path) -> dict[str, str]:
    """The templates in a folder, by the names of their files.

    Raises:
        BadPrompts: the folder or a file cannot be read, or a file is no template.
    """
    try:
        with Folder.open(folder) as place:
            entries = place.names()
            if len(entries) > FILES_LIMIT:
                raise BadPrompts(
                    f"the folder of prompts {folder} holds more than {FILES_LIMIT} files; name one that "
                    "holds prompts only"
                )
            names = [name for name in entries if _is_template(folder, name)]
            texts = {name: _text(place, name) for name in names}
    except OSError as error:
        raise BadPrompts(
            f"the folder of prompts {visible_line(str(folder), 300)} cannot be read "
            f"({error.strerror or error}); name one with --prompts"
        ) from error
    if not texts:
        raise BadPrompts(
            f"the folder {folder} holds no prompts; `fieldcraft prompts copy {folder}` puts the built-in "
            "ones there"
        )
    return texts


def _is_template(folder: Path, name: str) -> bool:
    stem, dot, suffix = name.rpartition(".")
    if name.startswith(".") or not dot or suffix.lower() != "md" or stem.lower() in _NOTES:
        return False
    if suffix == "md" and (stem in VARIABLES or stem.startswith("_")):
        return True
    raise BadPrompts(
        f"{visible_line(str(folder / name), 300)}: no prompt is called {stem!r}"
        f"{nearest(stem, VARIABLES) or '.'} Prompts: {', '.join(VARIABLES)}; parts of your own begin with _"
    )


def _text(place: Folder, name: str) -> str:
    try:
        return place.read(name, limit=FILE_LIMIT).decode("utf-8-sig")
    except UnsafeFile as error:
        raise BadPrompts(f"prompt {error}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadPrompts(
            f"prompt {place.path / name}, line {line}: it is no UTF-8 text; save it as UTF-8"
        ) from error

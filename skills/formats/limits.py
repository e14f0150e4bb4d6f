"""The size limits of a skill's files, checked when they are read and before they are written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fieldcraft.common.data import DataError, Limits, bounded
from fieldcraft.common.text import visible_line
from fieldcraft.common.yaml import read_yaml
from fieldcraft.skills.formats.keeping import FENCE
from fieldcraft.skills.library.errors import SkillRefused
from fieldcraft.skills.library.skill import Skill

FRONT_LIMIT = 256_000
"""The most bytes of frontmatter."""
DOCUMENT_LIMIT = 1_000_000
"""The most bytes of a `SKILL.md`."""
SCRIPT_LIMIT = 4_000_000
"""The most bytes of a program."""
ENTRY_LIMIT = 200
"""The most characters of the name of an entry function."""
FRONT = Limits(size=FRONT_LIMIT, items=20_000)
"""The limits of frontmatter and of the JSON texts in it."""


def is_called_name(name: str) -> bool:
    """Whether this is a valid function name; names appear in messages and suggested commands."""
    return name.replace("$", "_").isidentifier()


def check_readable(skill: Skill, files: Mapping[Path, str]) -> None:
    """Refuse a skill whose rendered `files` could not be read again.

    Raises:
        SkillRefused: the message says what is too large or not a valid text.
    """
    try:
        bounded(skill.provenance.model_dump(mode="json"), FRONT)
        sizes = {path: len(text.encode()) for path, text in files.items()}
    except DataError as error:
        raise SkillRefused(f"what the skill was made for cannot be kept: {error}") from None
    except UnicodeEncodeError:
        raise SkillRefused(
            "the program or its description holds half a character (a lone surrogate); write the whole one"
        ) from None
    for path, size in sizes.items():
        is_script = bool(path.parts[:-1])
        _check_size(str(path), size, SCRIPT_LIMIT if is_script else DOCUMENT_LIMIT)
        if not is_script:
            front = files[path].replace("\r\n", "\n").removeprefix(FENCE).partition("\n" + FENCE)[0]
            _check_size(f"the frontmatter of {path}", len(front.encode()), FRONT_LIMIT)
            _check_front(front)
    for name in (*skill.dependencies, *skill.tools):
        if not is_called_name(name):
            raise SkillRefused(f"it calls {visible_line(name, 60)!r}, which is no name of a function")
    if len(skill.entry) > ENTRY_LIMIT:
        raise SkillRefused(f"the function name has more than {ENTRY_LIMIT} characters; shorten it")


def _check_front(front: str) -> None:
    try:
        read_yaml(front, FRONT)
    except DataError as error:
        raise SkillRefused(f"its frontmatter would not be read again: {error}; shorten it") from None


def _check_size(what: str, size: int, limit: int) -> None:
    if size > limit:
        raise SkillRefused(f"{what} would have {size:,} bytes; at most {limit:,} are kept, so shorten it")

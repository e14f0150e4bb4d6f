"""The Agent Skills folder format: `SKILL.md` with YAML frontmatter, the program under `scripts/`.

Other agents read `name` and `description`; Fieldcraft's own fields are under `metadata`, whose values
are strings as the format requires (dependencies and provenance as JSON text).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from fieldcraft.common.data import DataError, read_json
from fieldcraft.common.files import Folder, UnsafeFile
from fieldcraft.common.suggest import reason
from fieldcraft.common.text import visible_line
from fieldcraft.common.yaml import read_yaml
from fieldcraft.skills.formats.keeping import FENCE, kept_document, new_document
from fieldcraft.skills.formats.limits import DOCUMENT_LIMIT, ENTRY_LIMIT, FRONT, SCRIPT_LIMIT, is_called_name
from fieldcraft.skills.library.errors import BrokenSkill
from fieldcraft.skills.library.likeness import likeness
from fieldcraft.skills.library.skill import Skill
from fieldcraft.skills.program.source import Language, MissingParser, ProgramError, parse_program

DOCUMENT = "SKILL.md"
SCRIPTS: dict[Language, Path] = {"python": Path("scripts/skill.py"), "javascript": Path("scripts/skill.js")}
_MOST_VERSIONS = 1_000_000_000


class Stored(NamedTuple):
    """A skill as it was read: its digest, its place among the versions of its name, and its likeness."""

    skill: Skill
    digest: str
    version: int
    likeness: str


def render(
    skill: Skill, version: int, *, written: str | None = None, earlier: Iterable[Skill] = ()
) -> dict[Path, str]:
    """The files of a skill folder, by path inside it.

    Args:
        skill: the skill to write.
        version: its number among the versions of its name, from 1.
        written: an existing SKILL.md; only Fieldcraft's fields in it are replaced.
        earlier: earlier versions, whose text `written` may contain.

    Raises:
        BrokenSkill: the frontmatter of `written` cannot be read.
    """
    metadata = {
        "entry": skill.entry,
        "language": skill.language,
        "environment": skill.environment,
        "version": str(version),
        "digest": skill.digest,
        "likeness": likeness(skill),
        "dependencies": json.dumps(skill.dependencies, sort_keys=True),
        "tools": " ".join(skill.tools),
        "verified": skill.verified.value,
        "trusted": str(skill.trusted).lower(),
        "provenance": json.dumps(_origin(skill), sort_keys=True),
    }
    front = {
        "name": skill.name,
        "description": skill.description,
        **({"compatibility": _needs(skill)} if skill.tools else {}),
        "metadata": metadata,
    }
    script = {SCRIPTS[skill.language]: skill.source}
    if written is None:
        return {Path(DOCUMENT): new_document(front, _text(skill)), **script}
    try:
        text = kept_document(written, front, _text(skill), (_text(each) for each in earlier))
    except DataError as error:
        cure = f"correct {DOCUMENT}, so that what you wrote there can be kept"
        raise BrokenSkill(skill.name, f"has frontmatter that cannot be read: {error}", cure) from None
    return {Path(DOCUMENT): text, **script}


def _origin(skill: Skill) -> dict[str, Any]:
    """The provenance as data, without items where none are known of."""
    data = skill.provenance.model_dump(mode="json")
    return {name: value for name, value in data.items() if value or name not in ("used", "gave")}


def _text(skill: Skill) -> str:
    """The generated text of a SKILL.md below its frontmatter."""
    script = SCRIPTS[skill.language]
    text = f"\n# {skill.name}\n\n{skill.description}\n\n"
    text += f"The program is `{skill.entry}` in [{script}]({script}).\n"
    if skill.dependencies:
        text += f"It calls: {', '.join(sorted(skill.dependencies))}.\n"
    if skill.tools:
        text += f"{_needs(skill)}.\n"
    return text


def _needs(skill: Skill) -> str:
    """The requirements of the skill in plain text for any agent (at most 500 characters)."""
    return f"Needs the tools {', '.join(skill.tools)} of Fieldcraft"[:500]


def read_skill(folder: Folder, name: str) -> Stored:
    """Read and check the skill in `folder`.

    Raises:
        BrokenSkill: it is unreadable or incomplete, or does not match its digest.
    """
    front, metadata = _frontmatter(folder, name)
    source = _script(folder, name, str(metadata.get("language", "")))[1]
    accept = f"review it, then `fieldcraft skills accept {name}`"
    if "digest" not in metadata or "entry" not in metadata:
        raise BrokenSkill(name, "was written by hand and has no entry or digest", accept)
    skill = _skill(name, front, metadata, source)
    digest = skill.digest
    if digest != metadata["digest"]:
        raise BrokenSkill(name, "was changed by hand (its digest does not match)", accept)
    return Stored(skill, digest, _version(metadata, name), str(metadata.get("likeness", "")))


def read_edited(folder: Folder, name: str) -> Skill:
    """Read a hand-edited or hand-written skill without checking its digest; the entry comes from its source.

    Raises:
        BrokenSkill: it cannot be read.
    """
    front, metadata = _frontmatter(folder, name)
    language, source = _script(folder, name, str(metadata.get("language", "")))
    try:
        program = parse_program(source, language)
    except MissingParser as error:
        raise BrokenSkill(name, "is JavaScript", str(error)) from None
    except ProgramError as error:
        raise BrokenSkill(name, f"is no runnable program: {error}", "correct the script") from None
    read = {"entry": program.entry, "language": language, "tools": " ".join(sorted(program.tools))}
    return _skill(name, front, {**metadata, **read}, source)


def _frontmatter(folder: Folder, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    cure = f"correct {DOCUMENT}, or restore it from versions/ or git"
    try:
        text = folder.read_text(DOCUMENT, limit=DOCUMENT_LIMIT).replace("\r\n", "\n")
    except FileNotFoundError:
        raise BrokenSkill(name, f"has no {DOCUMENT}", cure) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenSkill(name, f"has an unreadable {DOCUMENT}: {_why(error)}", cure) from None
    head, fence, _ = text.removeprefix(FENCE).partition("\n" + FENCE)
    if not text.startswith(FENCE) or not fence:
        raise BrokenSkill(name, f"has no YAML frontmatter between two `---` lines in {DOCUMENT}", cure)
    try:
        front = read_yaml(head, FRONT)
    except DataError as error:
        raise BrokenSkill(name, f"has frontmatter that cannot be read: {error}", cure) from None
    metadata = front.get("metadata") if isinstance(front, dict) else None
    if not isinstance(front, dict) or not isinstance(metadata or {}, dict):
        raise BrokenSkill(name, "has frontmatter that is no mapping", cure)
    if front.get("name") != name:
        called = visible_line(front.get("name"), 80)
        raise BrokenSkill(name, f"calls itself {called!r}", "rename the folder or the skill")
    return front, dict(metadata or {})


def _script(folder: Folder, name: str, language: str) -> tuple[Language, str]:
    candidates: list[Language] = [known for known in SCRIPTS if known == language] or list(SCRIPTS)
    for candidate in candidates:
        path = SCRIPTS[candidate]
        try:
            with folder.inside(*path.parts[:-1]) as scripts:
                return candidate, scripts.read_text(path.name, limit=SCRIPT_LIMIT)
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            unreadable = f"has an unreadable {path.name}: {_why(error)}"
            raise BrokenSkill(name, unreadable, "restore the script") from None
    wanted = " or ".join(str(SCRIPTS[candidate]) for candidate in candidates)
    raise BrokenSkill(name, f"has no {wanted}", "restore it from versions/ or git, or remove the skill")


def _why(error: OSError | UnicodeDecodeError) -> str:
    """The error of a file, without its path."""
    if isinstance(error, UnsafeFile):
        found, other_kind, _ = error.problem.partition(", not a plain file")
        return f"it is no plain file but {found.removeprefix('is ')}" if other_kind else f"it {found}"
    return error.strerror or str(error) if isinstance(error, OSError) else f"it is not UTF-8: {error.reason}"


def _version(metadata: dict[str, Any], name: str) -> int:
    """The number of a version: 1 to 10**9, as text or as an integer."""
    text = str(metadata.get("version", 1))
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 1 <= int(text) <= _MOST_VERSIONS):
        raise BrokenSkill(name, f"has a bad version: {visible_line(text, 40)!r}", f"correct {DOCUMENT}")
    return int(text)


def _skill(name: str, front: dict[str, Any], metadata: dict[str, Any], source: str) -> Skill:
    try:
        _check_entry(metadata["entry"])
        dependencies, tools = _json(metadata.get("dependencies")), _names(metadata.get("tools"))
        _check_called(dependencies, tools)
        return Skill.model_validate(
            {
                "name": name,
                "description": front.get("description"),
                "source": source,
                "entry": metadata["entry"],
                "language": metadata.get("language", "python"),
                "environment": metadata.get("environment") or "",
                "dependencies": dependencies,
                "tools": tools,
                "verified": _word(metadata.get("verified", "no")),
                "trusted": _word(metadata.get("trusted", "false")) in {"true", "yes"},
                "provenance": _json(metadata.get("provenance")),
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BrokenSkill(name, f"has a bad {where}: {reason(first['msg'])}", f"correct {DOCUMENT}") from None
    except (ValueError, TypeError) as error:
        raise BrokenSkill(name, f"has metadata that cannot be read: {error}", f"correct {DOCUMENT}") from None


def _check_entry(entry: object) -> None:
    """Check an entry, which becomes the name of a function, and of a file in an export."""
    plain = isinstance(entry, str) and len(entry) <= ENTRY_LIMIT and entry.replace("$", "_").isidentifier()
    if not plain:
        raise ValueError(f"the entry {visible_line(entry, 60)!r} is no name of a function")


def _check_called(dependencies: object, tools: tuple[str, ...]) -> None:
    for name in (*(dependencies if isinstance(dependencies, dict) else ()), *tools):
        if not is_called_name(name):
            raise ValueError(f"it calls {visible_line(name, 60)!r}, which is no name of a function")


def _json(value: object) -> object:
    """Parse data from its JSON text; a hand-written YAML mapping is used directly."""
    return (read_json(value, FRONT) if value else {}) if isinstance(value, str) else (value or {})


def _names(value: object) -> tuple[str, ...]:
    """Split names at blanks; a hand-written YAML list is used directly."""
    return tuple(map(str, value)) if isinstance(value, list) else tuple(str(value or "").split())


def _word(value: object) -> str:
    """The text of a YAML scalar: unquoted `yes`, `no`, `true` and `false` are parsed as booleans."""
    if isinstance(value, bool):
        return "true" if value else "no"
    return str(value)

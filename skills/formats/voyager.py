"""Import and export Voyager's library format."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fieldcraft.common.files import Folder
from fieldcraft.skills.formats.voyager_linking import COPIED, link
from fieldcraft.skills.formats.voyager_reading import CODE, DESCRIPTION, JSON, read_published
from fieldcraft.skills.library.admission import Walked
from fieldcraft.skills.library.errors import LibraryError
from fieldcraft.skills.library.skill import Skill

if TYPE_CHECKING:
    from fieldcraft.skills.library.library import SkillLibrary


@dataclass
class ImportReport:
    """The result of an import.

    `added`, `updated` (new versions) and `same` are skill names; `versions` counts written versions.
    By place in the published library: `refused` skills with the reason, `unresolved` names (they are not
    defined, so the skill fails when it uses them), and other `notes`. `helpers` maps a function
    that others call to the skill that defines it; `copied` lists functions copied to break a circle of calls.
    """

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    versions: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    unresolved: dict[str, list[str]] = field(default_factory=dict)
    helpers: dict[str, str] = field(default_factory=dict)
    copied: dict[str, list[str]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class ExportReport:
    """The result of an export: the written skills, and the reasons why others were left out."""

    written: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def import_voyager(folder: Path, library: SkillLibrary) -> ImportReport:
    """Import a published library with all versions, untrusted and not verified.

    If the library already has a skill of a name, also from an earlier import, its current version stays
    current.

    Raises:
        NoVoyagerLibrary: the folder holds no such library.
        LibraryError: the JavaScript parser is missing, or the library cannot be written.
    """
    published = read_published(folder)
    linked = link(published)
    report = ImportReport(
        refused=published.refused,
        unresolved=linked.unresolved,
        helpers=linked.helpers,
        copied=linked.copied,
        notes=published.notes,
    )
    with library.writing():
        claimed, walked = library.claimed_entries(), Walked()
        for entry, versions in linked.skills.items():
            _adopt(entry, versions, library, report, folder, claimed, walked)
    return report


def _adopt(
    entry: str,
    versions: list[Skill],
    library: SkillLibrary,
    report: ImportReport,
    folder: Path,
    claimed: dict[str, str],
    walked: Walked,
) -> None:
    name = versions[0].name
    lacking = [skill for skill in versions if not library.has(name, skill.digest)]
    adopted = library.adopt(lacking, library=folder, claimed=claimed, walked=walked)
    for reason in adopted.refused:
        report.refused[entry] = reason
    report.versions += len(adopted.written)
    if adopted.written:
        (report.added if adopted.new else report.updated).append(name)
    elif entry not in report.refused:
        report.same.append(name)


def export_voyager(library: SkillLibrary, folder: Path) -> ExportReport:
    """Write the JavaScript skills as a published library, under `folder/skill`.

    Nothing is written through a link; the export is refused if there is one.

    Raises:
        LibraryError: the folder is not empty, since exports are not mixed, or cannot be written.
    """
    try:
        with Folder.open(folder, create=True) as top, top.folder("skill", create=True) as root:
            if not root.is_empty():
                raise LibraryError(f"{root.path} is not empty; name a new folder")
            with (
                root.folder(CODE, create=True) as code,
                root.folder(DESCRIPTION, create=True) as descriptions,
            ):
                report, listed = _write_all(library, code, descriptions)
            _write_text(root, JSON, json.dumps(listed, ensure_ascii=False, indent=4) + "\n")
    except OSError as error:
        raise LibraryError(f"cannot write to {folder}: {error}; name a new folder") from error
    return report


def _write_all(
    library: SkillLibrary, code: Folder, descriptions: Folder
) -> tuple[ExportReport, dict[str, dict[str, str]]]:
    """Write every version of every skill; returns the report, and the list of the current ones."""
    report = ExportReport()
    listed = {}
    for skill in library:
        if skill.language != "javascript":
            report.left_out[skill.name] = f"it is {skill.language}; Voyager runs JavaScript only"
            continue
        if code.kind(f"{skill.entry}.js") is not None:
            report.left_out[skill.name] = f"another skill has the file {CODE}/{skill.entry}.js already"
            continue
        for number, digest in enumerate(library.versions(skill.name), start=1):
            name = skill.entry if number == 1 else f"{skill.entry}V{number}"
            version = library.get(skill.name, digest)
            _write_text(code, f"{name}.js", published_code(version))
            _write_text(descriptions, f"{name}.txt", published_description(version))
        listed[skill.entry] = {"code": published_code(skill), "description": published_description(skill)}
        report.written.append(skill.name)
    return report, listed


def published_code(skill: Skill) -> str:
    """The original code, without copied functions."""
    return skill.source.split(COPIED)[0]


def published_description(skill: Skill) -> str:
    """The description in the form that Voyager stores: the comment of a function of that name."""
    comment = "\n".join(f"    // {line}".rstrip() for line in skill.description.split("\n"))
    return f"async function {skill.entry}(bot) {{\n{comment}\n}}"


def _write_text(folder: Folder, name: str, text: str) -> None:
    folder.write(name, text.encode())

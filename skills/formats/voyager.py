"""Voyager's library format, in and out."""

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
    """What an import did.

    `added`, `updated` (got other versions) and `same` are skill names; `versions` counts what was written.
    By place in the published library: what was `refused` and why, which names are `unresolved` (nobody
    defines them, so the skill will fail where it reaches them), and other `notes`. `helpers` maps a function
    that others call to the skill it stands in; `copied` lists what was copied to break a circle of calls.
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
    """What an export wrote: skill names, and why others were left out."""

    written: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def import_voyager(folder: Path, library: SkillLibrary) -> ImportReport:
    """Take in a published library, with all versions: untrusted, and not verified until they are tried.

    Where the library has a skill of a name already, its current version stays what it is, be it of an earlier
    import.

    Raises:
        NoVoyagerLibrary: there is none in this folder.
        LibraryError: JavaScript cannot be read on this machine, or nothing more can be written.
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

    Nothing is written through a link: where one stands in the way, the export is refused.

    Raises:
        LibraryError: there are files already, since an export never mixes with another; or nothing can be
            written there.
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
    """Write every version of every skill; what was done, and the list of the current ones."""
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
    """The code as it was before anything was copied into it."""
    return skill.source.split(COPIED)[0]


def published_description(skill: Skill) -> str:
    """The description in the form that Voyager stores: the comment of a function of that name."""
    comment = "\n".join(f"    // {line}".rstrip() for line in skill.description.split("\n"))
    return f"async function {skill.entry}(bot) {{\n{comment}\n}}"


def _write_text(folder: Folder, name: str, text: str) -> None:
    folder.write(name, text.encode())

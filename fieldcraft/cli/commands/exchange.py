"""`fieldcraft skills import` and `skills export`: libraries in other programs' formats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fieldcraft.cli.errors import FAILURE, UsageProblem
from fieldcraft.cli.libraries import open_library
from fieldcraft.cli.options import shared as o

if TYPE_CHECKING:
    from fieldcraft.skills.formats.voyager import ImportReport

Format = Annotated[Literal["voyager"], typer.Option("--format", help="The format; only `voyager` is known.")]


def import_skills(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The folder of the published library, or its `skill/`.")
    ],
    library: o.Library = None,
    owner: o.LibraryOwner = None,
    form: Format = "voyager",
    as_json: o.Json = False,
) -> int:
    """Import a library of JavaScript skills. They are untrusted and not verified until they are replayed.

    The exit code is 1 if no skill could be imported.
    """
    from fieldcraft.cli.views.console import print_json
    from fieldcraft.skills.formats.voyager import import_voyager

    if not folder.is_dir():
        raise UsageProblem(f"there is no folder {folder}; name the one that holds the library")
    opened = open_library(library, owner, must_exist=False)
    report = import_voyager(folder, opened)
    if as_json:
        print_json(vars(report))
    else:
        _report(report, form, str(opened.path))
    return 0 if report.added or report.updated or report.same else FAILURE


def export_skills(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The folder to write to; `skill/` is created in it.")
    ],
    library: o.Library = None,
    form: Format = "voyager",
    as_json: o.Json = False,
) -> int:
    """Write the JavaScript skills of a library in another program's format."""
    from fieldcraft.cli.views.console import console, counted, print_json, say
    from fieldcraft.skills.formats.voyager import export_voyager

    report = export_voyager(open_library(library), folder)
    if as_json:
        print_json(vars(report))
        return 0
    written = len(report.written)
    are = f"{counted(written, 'skill')} {'is' if written == 1 else 'are'}"
    console().print(say(f"{are} in {folder / 'skill'}, as a {form} library", "good"))
    for name, reason in report.left_out.items():
        console().print(say(f"  left out: {name}, {reason}", "quiet"))
    return 0


def _report(report: ImportReport, form: str, library: str) -> None:
    from fieldcraft.cli.options.naming import program
    from fieldcraft.cli.views.console import console, counted, one_line, say, table

    shown = table("result", "#how many", "skills", whole=2)
    for words, names in (
        ("new here", report.added),
        ("new versions added", report.updated),
        ("known already", report.same),
    ):
        shown.add_row(words, str(len(names)), say(", ".join(names)))
    console().print(shown)
    rows = [
        *(("refused", "bad", place, reason) for place, reason in report.refused.items()),
        *(
            ("incomplete", "warn", place, f"{', '.join(names)} not defined anywhere")
            for place, names in report.unresolved.items()
        ),
        *(("helper", "quiet", name, f"defined in {home}") for name, home in report.helpers.items()),
        *(
            ("copied", "quiet", place, f"{', '.join(names)}, since they call each other")
            for place, names in report.copied.items()
        ),
        *(("note", "quiet", place, words) for place, notes in report.notes.items() for words in notes),
    ]
    if rows:
        remarks = table("remark", "on", "what", whole=1)
        for kind, style, place, words in rows:
            remarks.add_row(say(kind, style), say(place), say(one_line(words, 300)))
        console().print(remarks)
    taken = len(report.added) + len(report.updated) + len(report.same)
    console().print(
        say(
            f"{counted(taken, 'skill')} of a {form} library, "
            f"{counted(report.versions, 'version')} written to {library}",
            "head",
        )
    )
    if taken:
        words = (
            f"They are untrusted until `{program()} replay --library {library} --env minecraft-v1 --mark`."
        )
        console().print(say(words, "quiet"))

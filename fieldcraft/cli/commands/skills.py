"""`fieldcraft skills ...`: list, search, check and edit a skill library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fieldcraft.cli.commands.exchange import export_skills, import_skills
from fieldcraft.cli.errors import FAILURE, UsageProblem
from fieldcraft.cli.libraries import open_library
from fieldcraft.cli.options import shared as o

if TYPE_CHECKING:
    from fieldcraft.skills import Provenance, Skill, SkillLibrary

EXAMPLES = """
Examples:

  fieldcraft skills list --library library

  fieldcraft skills search "something to dig stone with" -k 3

  fieldcraft skills show mine-cobblestone

  fieldcraft skills check                        every skill that cannot be used, and the cure

  fieldcraft skills merge ../other/library       import what another agent learned

  fieldcraft skills import --format voyager trial1    import a published Voyager library
"""

app = typer.Typer(
    help="List, search, check and edit the skills of a library.", epilog=EXAMPLES, no_args_is_help=True
)
app.command("import")(import_skills)
app.command("export")(export_skills)

_NAMES_SHOWN = 10
"""How many names of unusable skills a list of the usable ones shows."""

Skilled = Annotated[str, typer.Argument(metavar="SKILL", help="The skill's name, or its entry function.")]
Digest = Annotated[
    str | None,
    typer.Option("--version", help="The version's digest or its beginning; the current version if omitted."),
]


@app.command("list")
def list_skills(library: o.Library = None, as_json: o.Json = False) -> int:
    """List every skill with its description."""
    from fieldcraft.cli.options.naming import program
    from fieldcraft.cli.views.console import console, counted, print_json, say, table

    opened = open_library(library)
    skills = sorted(opened, key=lambda skill: skill.name)
    problems = opened.problems()
    if as_json:
        print_json([_summary(skill) for skill in skills])
        return 0
    shown = table(
        "skill",
        "does",
        "verified",
        "calls",
        title=f"{counted(len(skills), 'skill')} in {opened.path}",
        whole=1,
    )
    for skill in skills:
        standing = str(skill.verified) + ("" if skill.trusted else ", untrusted")
        calls = ", ".join(_calls(opened, skill))
        shown.add_row(say(skill.name, "name"), say(skill.description), say(standing), say(calls, "quiet"))
    console().print(shown)
    if problems:
        names = ", ".join(problem.name for problem in problems[:_NAMES_SHOWN])
        if len(problems) > _NAMES_SHOWN:
            names += f" and {len(problems) - _NAMES_SHOWN:,} more"
        check_them = f"`{program()} skills check --library {opened.path}`"
        words = f"{len(problems)} cannot be used: {names}. See {check_them}"
        console(stderr=True).print(say(words, "warn"))
    return 0


@app.command()
def show(skill: Skilled, library: o.Library = None, version: Digest = None, as_json: o.Json = False) -> int:
    """Show one skill: where it comes from, what it calls, and its code."""
    from fieldcraft.cli.views.console import console, one_line, print_code, print_json, say

    opened = open_library(library)
    found = opened.get(skill, version)
    versions = opened.versions(found.name)
    if as_json:
        print_json({**_summary(found), "source": found.source, "versions": versions})
        return 0
    rows = {
        "does": found.description,
        "entry": f"{found.entry}  ({found.language}, {found.environment or 'any world'})",
        "digest": f"{found.digest[:16]}  ({len(versions)} version{'s' if len(versions) != 1 else ''})",
        "verified": str(found.verified) + ("" if found.trusted else ", untrusted"),
        "calls": ", ".join(_calls(opened, found)) or "no other skill",
        "called by": ", ".join(opened.dependents(found.name)) or "no other skill",
        "tools": ", ".join(found.tools) or "none",
        "from": _origin(found.provenance),
    }
    console().print(say(found.name, "head"))
    for name, words in rows.items():
        console().print(say(f"  {name:<10}", "quiet"), say(one_line(words, 4000)), sep="", soft_wrap=True)
    print_code(found.source, found.language)
    return 0


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="A task, a question, or any text.")],
    library: o.Library = None,
    k: Annotated[int, typer.Option("-k", min=1, max=50, help="How many.")] = 5,
    env: o.Env = None,
    as_json: o.Json = False,
) -> int:
    """Find the skills that help with something, the best first."""
    from fieldcraft.cli.views.console import console, print_json, say, table

    if not query.strip():
        raise UsageProblem('the query is empty; say what the skill is for, such as "dig stone"')
    matches = open_library(library).search(query, k=k, environment=env)
    if as_json:
        print_json(
            [
                {
                    **_summary(match.skill),
                    "score": match.score,
                    "dense": match.dense,
                    "lexical": match.lexical,
                }
                for match in matches
            ]
        )
        return 0
    shown = table("#score", "skill", "does", title=f"for: {query}", whole=2)
    for match in matches:
        shown.add_row(f"{match.score:.3f}", say(match.skill.name, "name"), say(match.skill.description))
    console().print(shown if matches else say("the library holds no skill yet", "quiet"))
    return 0


@app.command()
def check(library: o.Library = None, as_json: o.Json = False) -> int:
    """List every unusable skill with the reason and the remedy. The exit code is 1 if there is one."""
    from fieldcraft.cli.options.naming import as_typed
    from fieldcraft.cli.views.console import console, print_json, say, table

    opened = open_library(library)
    problems = opened.problems()
    if as_json:
        print_json([{"skill": p.name, "reason": p.reason, "cure": p.cure} for p in problems])
    elif problems:
        shown = table("skill", "problem", "what to do", whole=1)
        for problem in problems:
            shown.add_row(say(problem.name, "bad"), say(problem.reason), say(as_typed(problem.cure)))
        console().print(shown)
    else:
        console().print(say(f"all {len(opened)} skills of {opened.path} are valid", "good"))
    return FAILURE if problems else 0


@app.command()
def accept(
    skill: Skilled, library: o.Library = None, owner: o.LibraryOwner = None, as_json: o.Json = False
) -> int:
    """Accept a hand-edited skill as a new version; your other changes to its files are kept."""
    accepted = open_library(library, owner).accept(skill)
    return _done(
        f"{accepted.name} is now version {accepted.digest[:16]}", _summary(accepted), as_json=as_json
    )


@app.command()
def diff(
    skill: Skilled,
    old: Annotated[
        str | None,
        typer.Argument(
            help="The older version's digest or its beginning; by default the one before the newest."
        ),
    ] = None,
    new: Annotated[
        str | None, typer.Argument(help="The newer version's digest or its beginning; by default the newest.")
    ] = None,
    library: o.Library = None,
    as_json: o.Json = False,
) -> int:
    """Show what changed between two versions of a skill."""
    from fieldcraft.cli.views.console import print_code, print_json

    opened = open_library(library)
    versions = opened.versions(skill)
    if old is None and len(versions) < 2:
        raise UsageProblem(f"{skill} has only one version; there is nothing to compare")
    before, after = old or versions[-2], new or versions[-1]
    text = opened.diff(skill, before, after)
    if as_json:
        print_json({"skill": skill, "old": before, "new": after, "diff": text})
    else:
        print_code(text, "diff")
    return 0


@app.command()
def remove(
    skill: Skilled,
    library: o.Library = None,
    owner: o.LibraryOwner = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Delete it even if other skills call it or its folder holds other files."
        ),
    ] = False,
    as_json: o.Json = False,
) -> int:
    """Delete a skill with all its versions."""
    opened = open_library(library, owner)
    opened.remove(skill, force=force)
    return _done(f"{skill} is removed from {opened.path}", {"removed": skill}, as_json=as_json)


@app.command()
def merge(
    other: Annotated[Path, typer.Argument(metavar="FOLDER", help="The library to take skills from.")],
    library: o.Library = None,
    owner: o.LibraryOwner = None,
    as_json: o.Json = False,
) -> int:
    """Import another library's skills: untrusted, not verified, and replacing none of yours."""
    from fieldcraft.cli.views.console import console, print_json, say, table

    report = open_library(library, owner, must_exist=False).merge(open_library(str(other)))
    taken = report.added or report.versions or report.same
    code = 1 if report.refused and not taken else 0
    if as_json:
        print_json(vars(report))
        return code
    shown = table("what became of them", "#how many", "skills")
    for words, names in (
        ("new here", report.added),
        ("another version of one of yours", report.versions),
        ("known already", report.same),
    ):
        shown.add_row(words, str(len(names)), say(", ".join(names)))
    if better := [name for name, side in report.better.items() if side == "theirs"]:
        words = "the other one is better verified, by its own record"
        shown.add_row(say(words, "warn"), str(len(better)), say(", ".join(better)))
    for name, reason in report.refused.items():
        shown.add_row(say("refused", "bad"), "1", say(f"{name}: {reason}"))
    console().print(shown)
    return code


def _calls(library: SkillLibrary, skill: Skill) -> list[str]:
    """The names of the skills that `skill` calls; a missing one is given by the name in the call."""
    from fieldcraft.skills.library.errors import LibraryError

    found = set()
    for entry in skill.dependencies:
        try:
            found.add(library.dependency(skill, entry).name)
        except LibraryError:
            found.add(entry)
    return sorted(found)


def _origin(provenance: Provenance) -> str:
    """`imported from old; learned for: Mine 3 logs (run first, iteration 4)`, as far as known."""
    learned = f"for: {provenance.task}" if provenance.task else ""
    if provenance.run:
        learned += f" (run {provenance.run}, iteration {provenance.iteration})"
    if provenance.source != "imported":
        return f"{provenance.source} {learned}".strip()
    place = f"imported from {provenance.library}" if provenance.library else "imported"
    return f"{place}; learned {learned.strip()}" if learned else place


def _summary(skill: Skill) -> dict[str, Any]:
    return {**skill.model_dump(mode="json", exclude={"source"}), "digest": skill.digest}


def _done(words: str, data: dict[str, Any], *, as_json: bool) -> int:
    from fieldcraft.cli.views.console import console, print_json, say

    if as_json:
        print_json(data)
    else:
        console().print(say(words, "good"))
    return 0

"""`fieldcraft prompts ...`: the built-in prompts, and what each is given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from fieldcraft.cli.errors import CommandFailed, UsageProblem
from fieldcraft.cli.options import shared as o

EXAMPLES = """
Examples:

  fieldcraft prompts list                       every prompt, and what its template is given

  fieldcraft prompts show critic

  fieldcraft prompts copy my-prompts critic     one to change; all of them where none is named

  fieldcraft prompts check my-prompts

  fieldcraft explore --prompts my-prompts
"""

app = typer.Typer(
    help="The prompts of models, and how to write your own.", epilog=EXAMPLES, no_args_is_help=True
)

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Of prompts.")]


@app.command("list")
def list_prompts(as_json: o.Json = False) -> int:
    """Every prompt: what it is for, and the variables that its template is given."""
    from fieldcraft.agent.prompts.variables import PURPOSES, VARIABLES
    from fieldcraft.cli.views.console import console, print_json, say, table

    if as_json:
        print_json(
            [
                {"name": name, "purpose": PURPOSES[name], "variables": dict(VARIABLES[name])}
                for name in VARIABLES
            ]
        )
        return 0
    shown = table("prompt", "is to", "variables", whole=1)
    for name, given in VARIABLES.items():
        shown.add_row(
            say(name, "name"), say(PURPOSES[name]), say(", ".join(sorted(given)) or "none", "quiet")
        )
    console().print(shown)
    return 0


@app.command()
def show(name: Annotated[str, typer.Argument(metavar="NAME", help="Of a prompt.")]) -> int:
    """The built-in template of one prompt, and its variables in words."""
    from fieldcraft.agent.prompts.rendering import built_in_text
    from fieldcraft.agent.prompts.variables import VARIABLES
    from fieldcraft.cli.views.console import console, say, table

    (name,) = _known([name])
    screen = console()
    screen.print(say(built_in_text(name)), soft_wrap=True)
    if VARIABLES[name]:
        shown = table("variable", "is", whole=1)
        for variable, words in sorted(VARIABLES[name].items()):
            shown.add_row(say(variable, "name"), say(words))
        screen.print(shown)
    return 0


@app.command()
def copy(
    folder: Folder,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Of the prompts to copy; all where omitted."),
    ] = None,
) -> int:
    """Put built-in prompts into a folder, to change them there; no file is written over."""
    from fieldcraft.agent.prompts.rendering import built_in_text
    from fieldcraft.agent.prompts.variables import VARIABLES
    from fieldcraft.cli.views.console import console, counted, say
    from fieldcraft.common import files

    wanted = _known(names or list(VARIABLES))
    try:
        with files.Folder.open(folder, create=True) as place:
            taken = [name for name in wanted if place.kind(f"{name}.md") is not None]
            if taken:
                raise UsageProblem(
                    f"{folder} holds {', '.join(f'{name}.md' for name in taken)} already; move them away, or "
                    "name the prompts to copy"
                )
            for name in wanted:
                place.write(f"{name}.md", built_in_text(name).encode())
    except OSError as error:
        raise CommandFailed(f"{folder} cannot be written ({error.strerror or error})") from error
    console().print(say(f"{counted(len(wanted), 'prompt')} in {folder}; use them with --prompts {folder}"))
    return 0


@app.command()
def check(folder: Folder) -> int:
    """Check a folder of prompts as a run does when it begins."""
    from fieldcraft.agent.prompts.rendering import Prompts
    from fieldcraft.cli.views.console import console, say

    Prompts(folder)
    console().print(say(f"the prompts in {folder} are sound", "good"))
    return 0


def _known(names: Sequence[str]) -> list[str]:
    from fieldcraft.agent.prompts.variables import VARIABLES
    from fieldcraft.common.suggest import nearest

    for name in names:
        if name.removesuffix(".md") not in VARIABLES:
            close = nearest(name, VARIABLES) or "."
            raise UsageProblem(f"no prompt is called {name!r}{close} Prompts: {', '.join(VARIABLES)}")
    return list(dict.fromkeys(name.removesuffix(".md") for name in names))

"""`fieldcraft envs ...`: the worlds there are, and whether one keeps the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fieldcraft.cli import flags as f
from fieldcraft.cli import options as o
from fieldcraft.cli.errors import FAILURE, UsageProblem

if TYPE_CHECKING:
    from fieldcraft.envs import Environment

EXAMPLES = """
Examples:

  fieldcraft envs list

  fieldcraft envs show gridworld-v1             its primitives, as the model reads them

  fieldcraft envs check my_package.world:MyWorld
"""

app = typer.Typer(
    help="The worlds, and whether one keeps the contract.", epilog=EXAMPLES, no_args_is_help=True
)

World = Annotated[str, typer.Argument(metavar="WORLD", help="Id or module:Class.")]


@app.command("list")
def list_worlds(as_json: o.Json = False) -> int:
    """Every world that is built in or that an installed package announces."""
    from fieldcraft.cli.console import console, print_json, say, table
    from fieldcraft.envs import BrokenEnvironment, UnknownEnvironment, available

    rows = []
    for name, point in available().items():
        try:
            description, sound = _made(name, 0, None).spec.description, True
        except (BrokenEnvironment, UnknownEnvironment) as error:
            description, sound = str(error), False
        rows.append({"id": name, "class": point.value, "description": description, "sound": sound})
    if as_json:
        print_json(rows)
        return 0
    shown = table("world", "class", "is")
    for row in rows:
        style = "" if row["sound"] else "bad"
        shown.add_row(say(row["id"], "name"), say(row["class"], "quiet"), say(row["description"], style))
    console().print(shown)
    return 0


@app.command()
def show(world: World, option: o.Option = None, as_json: o.Json = False) -> int:
    """One world: what it is, what programs may call in it, the names it knows."""
    from fieldcraft.cli.console import console, print_json, say

    environment = _made(world, 0, option)
    spec = environment.spec
    if as_json:
        print_json({**spec.model_dump(mode="json"), "primitives": environment.api_reference()})
        return 0
    can = [
        "can be saved and restored"
        if spec.can_snapshot
        else "cannot be saved (a cut-off program is not run again)",
        "draws pictures" if spec.can_render else "draws no pictures",
        f"a program ends after {spec.tick_limit} ticks or {spec.failure_limit} failed calls",
    ]
    screen = console()
    screen.print(say(spec.id, "head"))
    screen.print(say(spec.description))
    screen.print(say("; ".join(can), "quiet"))
    screen.print(say("\nPrimitives", "head"))
    screen.print(say(environment.api_reference()))
    for kind, names in spec.names.model_dump().items():
        screen.print(say(f"\n{len(names)} {kind}", "head"))
        screen.print(say(", ".join(names) or "none"))
    return 0


@app.command()
def check(world: World, seed: o.Seed = None, option: o.Option = None, as_json: o.Json = False) -> int:
    """Try every promise of the environment contract. The exit code is 1 where one is not kept."""
    from fieldcraft.cli.console import console, print_json, say, table
    from fieldcraft.envs import check_environment

    problems = check_environment(_made(world, seed or 0, option), seed=seed or 0)
    if as_json:
        print_json([vars(problem) for problem in problems])
    elif problems:
        shown = table("promise", "problem", title=f"{world} does not keep the contract")
        for problem in problems:
            shown.add_row(say(problem.promise, "bad"), say(problem.detail))
        console().print(shown)
    else:
        console().print(say(f"{world} keeps every promise of the contract", "good"))
    return FAILURE if problems else 0


def _made(world: str, seed: int, option: list[str] | None) -> Environment:
    from fieldcraft.envs import make

    environment = make(world)
    options: dict[str, Any] = f.pairs("--option", option, parse_json=True)
    if options:
        try:
            environment.reset(seed=seed, options=options)
        except ValueError as error:
            raise UsageProblem(f"{world}: {error}") from error
    return environment

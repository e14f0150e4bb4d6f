"""`fieldcraft envs ...`: list and show environments, and check one against the contract."""

from __future__ import annotations

import json
import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fieldcraft.cli.errors import FAILURE, CommandFailed, Stopped, UsageProblem
from fieldcraft.cli.options import flags as f
from fieldcraft.cli.options import shared as o

if TYPE_CHECKING:
    from fieldcraft.envs import Environment
    from fieldcraft.envs.apart import WorldApart

EXAMPLES = """
Examples:

  fieldcraft envs list

  fieldcraft envs show gridworld-v1             its options, primitives and names

  fieldcraft envs show gridworld-v1 --option variant=desert

  fieldcraft envs map gridworld-v1 map.png --seed 3 --option variant=islands

  fieldcraft envs permute rules.json --seed 3   rules with other names and recipes

  fieldcraft envs install minecraft-v1          what it needs from npm

  fieldcraft envs check my_package.world:MyWorld

  fieldcraft envs check gym:FrozenLake-v1       any environment of Gymnasium
"""

app = typer.Typer(
    help="List and show environments, and check one against the contract.",
    epilog=EXAMPLES,
    no_args_is_help=True,
)

World = Annotated[
    str, typer.Argument(metavar="WORLD", help="An environment's id, module:Class, or gym:ENV_ID.")
]


@app.command("list")
def list_worlds(as_json: o.Json = False) -> int:
    """List every environment that is built in or provided by an installed package."""
    from fieldcraft.cli.views.console import console, print_json, say, table
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
    """Show one environment: its options, what programs may call in it, and the names it knows."""
    from fieldcraft.cli.views.console import console, print_json, say

    environment = _made(world, 0, option)
    spec = environment.spec
    if as_json:
        options = [option.model_dump(mode="json") for option in environment.option_reference()]
        print_json(
            {
                **spec.model_dump(mode="json"),
                "reset_options": options,
                "remarks": environment.remarks(),
                "primitives": environment.api_reference(),
            }
        )
        return 0
    can = [
        "can be saved and restored"
        if spec.can_snapshot
        else "cannot be saved (an interrupted program is not run again)",
        "draws pictures" if spec.can_render else "draws no pictures",
        f"a program ends after {spec.tick_limit} ticks or {spec.failure_limit} failed calls",
    ]
    screen = console()
    screen.print(say(spec.id, "head"))
    screen.print(say(spec.description))
    screen.print(say("; ".join(can), "quiet"))
    for remark in environment.remarks():
        screen.print(say(remark, "quiet"))
    _show_options(environment)
    screen.print(say("\nPrimitives", "head"))
    screen.print(say(environment.api_reference()))
    known = spec.names.model_dump()
    if not any(known.values()):
        screen.print(say("\nItems, blocks and mobs: known once connected to a server", "quiet"))
        return 0
    for kind, names in known.items():
        screen.print(say(f"\n{len(names)} {kind}", "head"))
        screen.print(say(", ".join(names) or "none"))
    return 0


def _show_options(environment: Environment) -> None:
    """The options of a reset as they are typed, and their allowed values."""
    from fieldcraft.cli.views.console import console, say, table

    options = environment.option_reference()
    if not options:
        return
    chosen = environment.spec.options
    screen = console()
    screen.print(say("\nOptions: --option NAME=VALUE", "head"))
    shown = table("option", "is", "here")
    for option in options:
        here = json.dumps(chosen.get(option.name, option.default))
        shown.add_row(say(option.name, "name"), say(option.about), say(here, "quiet"))
    screen.print(shown)
    for option in options:
        if option.choices:
            screen.print(say(f"\n{option.name} may be", "head"))
            choices = table("name", "is")
            for name, about in option.choices.items():
                choices.add_row(say(name, "name"), say(about))
            screen.print(choices)


@app.command("map")
def draw_map(
    world: World,
    output: Annotated[Path, typer.Argument(metavar="FILE", help="The picture to write (PNG).")],
    seed: o.Seed = None,
    option: o.Option = None,
) -> int:
    """Draw a whole new world from above; a ring marks where an agent would start."""
    from fieldcraft.cli.options.config import load_settings
    from fieldcraft.cli.views.console import console, say

    lived = load_settings(f.given(seed=seed)).seed
    environment = _made(world, lived, option, new=True)
    try:
        drawn = environment.chart(whole=True)
    except NotImplementedError as error:
        raise UsageProblem(f"{error}; `envs show` lists what it can do") from error
    _write(output, drawn.png)
    size = f"{drawn.across:g} by {drawn.down:g} blocks"
    console().print(say(f"wrote {output}: seed {lived}, {size}"), soft_wrap=True)
    return 0


@app.command()
def permute(
    output: Annotated[Path, typer.Argument(metavar="FILE", help="The rules file (JSON) to write.")],
    seed: Annotated[int, typer.Option("--seed", help="The seed of the made-up names and recipes.")] = 1,
    rules: Annotated[
        Path | None,
        typer.Option(
            "--rules",
            metavar="FILE",
            help="The rules file to permute; the grid world's own rules if omitted.",
        ),
    ] = None,
) -> int:
    """Write rules of the grid world that no model knows: all names made up, ingredients permuted.

    Every item stays obtainable, in as many steps. `--option rules=FILE` uses such a file;
    `--option permutation=SEED` does the same without a file.
    """
    from fieldcraft.cli.options.naming import program
    from fieldcraft.cli.views.console import console, say
    from fieldcraft.envs.gridworld.loading import RulesError
    from fieldcraft.envs.gridworld.scramble import scrambled_rules

    try:
        text = scrambled_rules(rules, seed=seed)
    except RulesError as error:
        raise UsageProblem(f"--rules: {error}") from error
    _write(output, text.encode())
    console().print(
        say(f"wrote {output}; try them: {program()} explore --option rules={shlex.quote(str(output))}")
    )
    return 0


@app.command()
def install(
    world: World,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Also install what drawing pictures needs.")
    ] = False,
) -> int:
    """Install what an environment needs besides Python packages."""
    from fieldcraft.cli.views.console import console, say
    from fieldcraft.envs import load

    try:
        done = load(world).install(pictures=pictures)
    except ValueError as error:
        raise CommandFailed(f"{world}: {error}") from error
    except KeyboardInterrupt:
        raise Stopped(f"{world}: stopped before all was installed; the same command starts over") from None
    console().print(say(f"{world}: {done}", "good"))
    return 0


@app.command()
def check(world: World, seed: o.Seed = None, option: o.Option = None, as_json: o.Json = False) -> int:
    """Check every rule of the environment contract. The exit code is 1 if one is broken."""
    from fieldcraft.cli.views.console import console, print_json, say, table
    from fieldcraft.envs import check_environment
    from fieldcraft.envs.apart.trial import fatal_calls
    from fieldcraft.envs.checker import check_closing

    options: dict[str, Any] = f.pairs("--option", option, parse_json=True)
    with ExitStack() as stack:
        apart = _apart(world, stack)
        environment = _made(world, seed or 0, option)
        problems = []
        if apart is not None:
            problems = fatal_calls(apart, environment, seed=seed or 0, options=options)
        problems += check_environment(environment, seed=seed or 0, options=options, name=world)
        problems += check_closing(environment)
    if as_json:
        print_json([vars(problem) for problem in problems])
    elif problems:
        shown = table("promise", "problem", title=f"{world} does not keep the contract")
        for problem in problems:
            shown.add_row(say(problem.promise, "bad"), say(problem.detail))
        console().print(shown)
    else:
        console().print(say(f"{world} keeps every rule of the contract", "good"))
    return FAILURE if problems else 0


def _apart(world: str, stack: ExitStack) -> WorldApart | None:
    """The world in a process of its own, where it can live in one and can be reset there."""
    from fieldcraft.envs.apart import WorldApart
    from fieldcraft.envs.apart.world import NotApart

    try:
        apart = WorldApart(world)
    except NotApart:
        return None
    stack.callback(apart.close)
    return apart


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageProblem(f"{path} cannot be written ({error.strerror}); choose another place") from error


def _made(world: str, seed: int, option: list[str] | None, *, new: bool = False) -> Environment:
    """The environment, reset if it is to be `new` or options are given."""
    from fieldcraft.envs import make

    environment = make(world)
    options: dict[str, Any] = f.pairs("--option", option, parse_json=True)
    if options or new:
        try:
            environment.reset(seed=seed, options=options)
        except ValueError as error:
            raise UsageProblem(f"{world}: {error}") from error
    return environment

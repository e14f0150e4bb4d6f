"""`fieldcraft tools ...`: list tools, call one by hand, and check that all configured ones are available."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fieldcraft.cli.errors import FAILURE
from fieldcraft.cli.open_tools import effect_of, name_of, open_tools, settings_here, sound_tools, used_by_runs
from fieldcraft.cli.options import flags as f
from fieldcraft.cli.options import shared as o
from fieldcraft.cli.options.tool_arguments import rows_of, schema_of, typed_arguments

if TYPE_CHECKING:
    from fieldcraft.cli.options.config import Settings

EXAMPLES = """
Examples:

  fieldcraft tools list                                  all tools and where they come from

  fieldcraft tools show calculator                       its arguments, and how it is called

  fieldcraft tools call calculator '400/1400'            what a model would see

  fieldcraft tools call my_tools:word_count text=hello   a function of yours, in my_tools.py

  fieldcraft tools add files -- npx -y @modelcontextprotocol/server-filesystem .

  fieldcraft tools add shop.yaml --server http://localhost:8080

  fieldcraft tools check                                 connect to everything in fieldcraft.toml
"""

app = typer.Typer(
    help="The tools that models and programs may call: list them, try one, add your own, check them all.",
    epilog=EXAMPLES,
    no_args_is_help=True,
)

Named = Annotated[str, typer.Argument(metavar="TOOL", help="The tool's name, or module:function.")]
Further = Annotated[
    list[str] | None,
    typer.Option(
        "--tools",
        metavar="NAME",
        help="Add this: a tool, module:function, an mcpServers file or an OpenAPI document; repeatable.",
    ),
]


@app.command("list")
def list_tools(tools: Further = None, as_json: o.Json = False) -> int:
    """List every tool: built in, provided by a package, or of a source in fieldcraft.toml.

    The tools that a run with the current settings may call are marked.
    """
    from fieldcraft.cli.views.console import console, print_json, say, table
    from fieldcraft.tools.calls.describing import purpose

    with open_tools(tools) as (settings, registry):
        used = used_by_runs(settings, registry)
        rows = [
            {
                "name": name,
                "origin": registry.origin(name),
                "effect": effect_of(registry, name),
                "in_use": name in used,
                "description": purpose(tool),
            }
            for name, tool in sound_tools(registry)
        ]
        problems = {problem.name: problem.message for problem in registry.problems}
    if as_json:
        print_json({"tools": rows, "problems": problems})
        return 0
    shown = table("", "tool", "from", "effect", "is", whole=3)
    for row in rows:
        mark = "✓" if row["in_use"] else ""
        cells = (say(row["origin"], "quiet"), say(row["effect"], "quiet"), say(row["description"]))
        shown.add_row(say(mark, "good"), say(row["name"], "name"), *cells)
    console().print(shown)
    console().print(say("✓ may be called in a run here; `tools = [...]` or --tools adds others", "quiet"))
    _print_problems(problems)
    return 0


@app.command()
def show(tool: Named, tools: Further = None, as_json: o.Json = False) -> int:
    """Show one tool: its purpose, its arguments, its declared traits, and how to call it."""
    from fieldcraft.cli.options.naming import program
    from fieldcraft.cli.views.console import console, print_json, say, table
    from fieldcraft.tools import traits_of

    with open_tools(tools, tool) as (_, registry):
        name = name_of(registry, tool)
        found = registry.get(name)
        traits, origin, schema = traits_of(found), registry.origin(name), schema_of(found)
    if as_json:
        described = {"name": name, "origin": origin, "description": found.description}
        print_json({**described, **traits.model_dump(mode="json"), "schema": schema})
        return 0
    screen = console()
    screen.print(say(name, "head"))
    screen.print(say(found.description))
    how = [f"from: {origin}", f"effect: {traits.effect}", f"runs: {traits.isolation or 'as it is made'}"]
    if traits.timeout:
        how.append(f"timeout: {traits.timeout:g} s")
    screen.print(say("; ".join(how), "quiet"))
    if rows := rows_of(schema):
        shown = table("argument", "type", "default", "is")
        for key, kind, default, about in rows:
            shown.add_row(say(key, "name"), say(kind), say(default, "quiet"), say(about))
        screen.print(shown)
    given = [f"{key}=..." for key in schema.get("properties", {})]
    screen.print(say(f"\nby hand:       {' '.join([program(), 'tools call', tool, *given])}", "command"))
    screen.print(say(f"in a program:  tools.{name}({', '.join(given)})", "command"))
    return 0


@app.command()
def call(
    tool: Named,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ARGUMENT]...",
            help="name=value each (in JSON or as text), one JSON object, or the first argument alone.",
        ),
    ] = None,
    tools: Further = None,
    corpus: o.Corpus = None,
    approve: o.Approve = None,
    model: o.Model = None,
    env: o.Env = None,
    library: o.Library = None,
    as_json: o.Json = False,
) -> int:
    """Call a tool and show what a model would see. The exit code is 1 if the call failed."""
    from fieldcraft.cli.tools_reach import Reach
    from fieldcraft.cli.views.console import print_json
    from fieldcraft.tools import ToolError, ToolExecutor, outcome_text

    flags = {**f.tools(None, corpus, approve), **f.given(model=model, environment=env, library=library)}
    with ExitStack() as stack:
        settings, registry = stack.enter_context(open_tools(tools, tool, flags))
        name = name_of(registry, tool)
        given = typed_arguments(registry.get(name), arguments or [])
        executor = ToolExecutor(
            registry,
            context=Reach(settings, stack).context(),
            policy=settings.tool_policy,
            ask_person=_ask if sys.stdin.isatty() else None,
        )
        stack.callback(executor.close)
        outcome: dict[str, Any]
        try:
            outcome = {"value": executor.call(name, given)}
        except ToolError as error:
            outcome = {"error": str(error)}
    if as_json:
        print_json({"tool": name, "arguments": given, **outcome})
    else:
        from fieldcraft.cli.views.console import console, say

        console().print(say(outcome_text(name, given, **outcome)), soft_wrap=True)
    return FAILURE if "error" in outcome else 0


@app.command()
def check(tools: Further = None, as_json: o.Json = False) -> int:
    """Connect to every configured tool source. The exit code is 1 if one is not available.

    What models cannot be offered as it is, and what offering all tools would cost, is said too.
    """
    from fieldcraft.agent.tooling.offering.fit_report import cost_of_all, fits_of
    from fieldcraft.cli.views.console import console, print_json, say, table
    from fieldcraft.cli.views.lines import BAD, GOOD
    from fieldcraft.tools import load_tools

    settings = settings_here(tools)
    with load_tools(settings.all_tools(), settings.tool_sources) as registry:
        sound = Counter(registry.origin(name) for name, _ in sound_tools(registry))
        fits = fits_of(registry)
        problems = {problem.name: problem.message for problem in registry.problems}
    lacks = _lacking(settings, problems)
    for origin, message in _silent(settings, problems).items():
        del sound[origin]
        problems[origin] = message
    fits = {origin: fit for origin, fit in fits.items() if origin in sound}
    if as_json:
        offers = {origin: asdict(fit) for origin, fit in fits.items()}
        print_json({"sound": sound, "problems": problems, "credentials": lacks, "offers": offers})
        return FAILURE if problems or lacks else 0
    shown = table("", "what", "found", whole=2)
    for origin, count in sound.items():
        found = f"{count} tool{'s' * (count != 1)}, about {fits[origin].tokens:,} tokens if all are offered"
        shown.add_row(say(GOOD, "good"), say(origin, "name"), say(found))
        for remark in fits[origin].remarks():
            shown.add_row(say("~", "quiet"), say(""), say(f"made to fit: {remark}", "quiet"))
    for name, message in problems.items():
        shown.add_row(say(BAD, "bad"), say(name, "name"), say(message))
    for name, message in lacks.items():
        shown.add_row(say("!", "warn"), say(name, "name"), say(message))
    if sound or problems:
        console().print(shown)
        if fits:
            console().print(say(cost_of_all(fits, settings.tool_search), "quiet"), soft_wrap=True)
    else:
        console().print(say("no tool is configured here; `tools add` adds one"))
    return FAILURE if problems or lacks else 0


def _silent(settings: Settings, problems: Mapping[str, str]) -> dict[str, str]:
    """The web APIs whose documents are valid but whose servers do not answer: origin to reason."""
    documents = settings.tool_sources.openapi
    reached = {f"openapi.{name}": document for name, document in documents.items()}
    reached = {origin: document for origin, document in reached.items() if origin not in problems}
    if not reached:
        return {}
    from fieldcraft.tools.sources.openapi.reaching import unreachable

    return unreachable(reached)


def _lacking(settings: Settings, problems: Mapping[str, str]) -> dict[str, str]:
    """The web APIs with operations that need credentials nobody gave, by origin, and which."""
    from fieldcraft.tools.errors import BrokenTool
    from fieldcraft.tools.sources.openapi.credentials import lacking

    found: dict[str, str] = {}
    for name, document in settings.tool_sources.openapi.items():
        if f"openapi.{name}" not in problems:
            with suppress(BrokenTool):
                found[f"openapi.{name}"] = lacking(document)
    return {origin: message for origin, message in found.items() if message}


def _ask(question: str) -> str:
    from fieldcraft.agent.redact import clean

    sys.stderr.write(clean(question))
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line


def _print_problems(problems: Mapping[str, str]) -> None:
    from fieldcraft.cli.views.console import console, say

    for name, message in problems.items():
        console(stderr=True).print(say(f"{name} is not available: {message}", "warn"), soft_wrap=True)

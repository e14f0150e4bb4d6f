"""`fieldcraft runs cost` and `fieldcraft runs prompts`: what a run's model calls took, and what they said."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fieldcraft.cli.errors import CommandFailed, UsageProblem
from fieldcraft.cli.options import shared as o

if TYPE_CHECKING:
    from fieldcraft.agent.costs import Cost, RunCosts
    from fieldcraft.agent.transcript import KeptCall

RunName = Annotated[str, typer.Argument(metavar="RUN", help="The run's name, its folder, or `latest`.")]
ROWS = 20
"""Rows of the table by iteration: more iterations than that are put together."""


def cost(run: RunName = "latest", runs: o.Runs = None, as_json: o.Json = False) -> int:
    """Show what a run's model calls cost: tokens, the share from a cache and money, by role and iteration."""
    from fieldcraft.agent.costs import costs_of
    from fieldcraft.agent.journal.run import find_run
    from fieldcraft.agent.journal.store import Journal
    from fieldcraft.cli.views.console import console, print_json, say

    folder = find_run(_folder(runs), run)
    costs = costs_of(Journal(folder).events())
    if as_json:
        print_json(_as_data(folder.name, costs))
        return 0
    screen = console()
    if not costs.total.calls:
        screen.print(say("no model was called in this run", "quiet"))
        return 0
    screen.print(_by_role(folder.name, costs))
    if len(costs.models) > len(costs.roles):
        screen.print(_by_model(costs))
    screen.print(_by_iteration(costs))
    return 0


def prompts(
    run: RunName = "latest",
    role: Annotated[str | None, typer.Option("--role", help="Only the calls of this role.")] = None,
    call: Annotated[
        int | None, typer.Option("--call", min=1, help="Print the messages of this call of the role.")
    ] = None,
    runs: o.Runs = None,
    as_json: o.Json = False,
) -> int:
    """List the model calls whose messages a run kept, or print the messages of one."""
    from fieldcraft.agent.journal.run import find_run
    from fieldcraft.agent.transcript import kept_calls
    from fieldcraft.cli.views.console import console, print_code, print_json, table

    if call is not None and role is None:
        raise UsageProblem(f"--call {call} of which role? Name it with --role")
    folder = find_run(_folder(runs), run)
    kept = [each for each in kept_calls(folder) if role in (None, each.role) and call in (None, each.call)]
    if not kept:
        if role:
            cure = f"`runs prompts {folder.name}` lists those that it kept"
            raise UsageProblem(f"run {folder.name} kept no such messages; {cure}")
        raise CommandFailed(
            f"run {folder.name} kept no messages; a run keeps them unless it has --no-keep-prompts"
        )
    if as_json:
        print_json([_call_data(each, whole=call is not None) for each in kept])
    elif call is not None:
        print_code(kept[-1].text, "markdown")
    else:
        shown = table("role", "#call", "prompt", "#characters", title=f"messages of {folder.name}")
        for each in kept:
            shown.add_row(each.role, str(each.call), each.template, f"{_characters(each):,}")
        console().print(shown)
    return 0


def _as_data(name: str, costs: RunCosts) -> dict[str, Any]:
    return {
        "run": name,
        "total": _data(costs.total),
        "roles": {role: _data(cost) for role, cost in costs.roles.items()},
        "models": [_data(cost) for cost in costs.models],
        "iterations": [
            {"iteration": number, "roles": {role: _data(cost) for role, cost in roles.items()}}
            for number, roles in sorted(costs.iterations.items())
        ],
    }


def _data(cost: Cost) -> dict[str, Any]:
    return {**asdict(cost), "cached_share": round(cost.cached_share, 4)}


def _by_role(name: str, costs: RunCosts) -> Any:
    from fieldcraft.cli.views.console import table

    shown = table("role", *_COLUMNS, title=f"model calls of {name}", whole=1)
    for role, cost in sorted(costs.roles.items(), key=lambda row: -row[1].input_tokens):
        shown.add_row(role, *_cells(cost))
    shown.add_row("in all", *_cells(costs.total))
    return shown


def _by_model(costs: RunCosts) -> Any:
    """Which model answered for a role, from which iteration on."""
    from fieldcraft.cli.views.console import table

    shown = table("role", "model", "#from iteration", *_COLUMNS, whole=1)
    for cost in sorted(costs.models, key=lambda row: (row.role, row.since)):
        shown.add_row(cost.role, cost.model, str(cost.since), *_cells(cost))
    return shown


def _by_iteration(costs: RunCosts) -> Any:
    from fieldcraft.agent.costs import Cost
    from fieldcraft.cli.views.console import table

    last = max(costs.iterations)
    width = -(-last // ROWS)
    shown = table("#iterations", *_COLUMNS, whole=1)
    for first in range(1, last + 1, width):
        together = Cost()
        for number in range(first, min(first + width, last + 1)):
            for cost in costs.iterations.get(number, {}).values():
                together.add(cost)
        until = min(first + width - 1, last)
        shown.add_row(str(first) if until == first else f"{first}-{until}", *_cells(together))
    return shown


_COLUMNS = ("#calls", "#input", "#cached", "#output", "#money", "#seconds")


def _cells(cost: Cost) -> list[str]:
    money = f"${cost.money:.4f}" + ("?" if cost.unpriced else "")
    calls = f"{cost.calls:,}" + (f" ({cost.failed} failed)" if cost.failed else "")
    estimated = "~" if cost.estimated else ""
    return [
        calls,
        f"{estimated}{cost.input_tokens:,}",
        f"{cost.cached_share:.0%}",
        f"{estimated}{cost.output_tokens:,}",
        money,
        f"{cost.seconds:,.1f}",
    ]


def _call_data(call: KeptCall, *, whole: bool) -> dict[str, Any]:
    shown = {"role": call.role, "call": call.call, "prompt": call.template, "characters": _characters(call)}
    if whole:
        shown["messages"] = [{"role": role, "text": text} for role, text in call.messages]
    return shown


def _characters(call: KeptCall) -> int:
    return sum(len(text) for _, text in call.messages)


def _folder(runs: str | None) -> Path:
    from fieldcraft.cli.options.config import load_settings

    return Path(load_settings({} if runs is None else {"runs": runs}).runs)

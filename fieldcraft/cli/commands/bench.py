"""`fieldcraft bench`: a benchmark of the field by its own protocol, with and without a kept library."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from fieldcraft.cli.batches import Asked, check_drawing, run_batch, tell_json
from fieldcraft.cli.errors import UsageProblem
from fieldcraft.cli.options import batch_flags as b
from fieldcraft.cli.options import flags as f
from fieldcraft.cli.options import shared as o
from fieldcraft.cli.options.pricing import check_prices
from fieldcraft.cli.options.study_flags import read_seeds, refuse_nothing, split

if TYPE_CHECKING:
    from fieldcraft.agent.settings import BudgetLimits
    from fieldcraft.bench.bench import Bench
    from fieldcraft.bench.plan import BenchPlan

EXAMPLES = """
Examples:

  fieldcraft bench list                                     which there are, and what each needs

  fieldcraft bench crafter --player random --episodes 200   shows that the scoring is right

  fieldcraft bench babyai --player expert --jobs 2

  fieldcraft bench crafter --model openai:gpt-5 --episodes 5 --money 20

  fieldcraft bench babyai --model openai:gpt-5 --keep-library --variants BabyAI-GoToLocal-v0

The same command resumes what was stopped or killed. docs/benchmarks.md explains the results.
"""
PROTOCOL = "The protocol, by default the benchmark's own"

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The benchmark: a name that `bench list` shows, or module:NAME.")
]
Player = Annotated[
    Literal["model", "random", "expert"],
    typer.Option(
        help="model: an agent that writes programs; random and expert: the benchmark's own players."
    ),
]
Library = Annotated[
    bool | None,
    typer.Option(
        "--keep-library/--fresh-library",
        help="Only with the library kept from episode to episode, or only with an empty one for each; by "
        "default both are compared.",
    ),
]
Variants = Annotated[
    str | None,
    typer.Option(
        "--variants",
        metavar="LIST",
        help="Only these levels, games or tasks of the benchmark, separated by commas.",
        rich_help_panel=PROTOCOL,
    ),
]
Episodes = Annotated[
    int | None,
    typer.Option(
        "--episodes",
        metavar="N",
        min=1,
        help="How many of each variant and seed.",
        rich_help_panel=PROTOCOL,
    ),
]
Seeds = Annotated[
    str | None,
    typer.Option(
        "--seeds",
        metavar="N",
        help="How many seeds, from 1 on (5); or which ones (1,4,9 or 11-15).",
        rich_help_panel=PROTOCOL,
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(
        "--steps", metavar="N", min=1, help="Steps after which an episode ends.", rich_help_panel=PROTOCOL
    ),
]
Iterations = Annotated[
    int | None,
    typer.Option(
        "--iterations",
        metavar="N",
        min=1,
        help="The most programs that a model writes in an episode.",
        rich_help_panel=PROTOCOL,
    ),
]
Folder = Annotated[
    Path,
    typer.Option(
        "--out",
        metavar="FOLDER",
        help="The folder of benchmarks and their runs.",
        rich_help_panel=o.KEEPING,
    ),
]


def bench(
    name: Name = "list",
    player: Player = "model",
    library: Library = None,
    variants: Variants = None,
    episodes: Episodes = None,
    seeds: Seeds = None,
    steps: Steps = None,
    iterations: Iterations = None,
    model: o.Model = None,
    role_model: o.RoleModel = None,
    base_url: o.BaseUrl = None,
    see: o.See = None,
    tokens: o.Tokens = None,
    money: o.Money = None,
    minutes: o.Minutes = None,
    jobs: b.Jobs = 1,
    out: Folder = Path("benches"),
    called: b.BatchName = None,
    fresh: b.Fresh = False,
    sandbox: o.Sandbox = None,
    figures: b.Figures = True,
    plain: o.Plain = False,
    as_json: o.Json = False,
) -> int:
    """Play a benchmark of the field, and score it as its paper does, beside what others published.

    Tokens, money and minutes limit the whole. Ctrl-C stops after the current events, and the same command
    resumes. `bench list` lists the benchmarks, also those whose world is not installed.
    """
    if name == "list":
        return _list(as_json=as_json)
    given = f.given(model=model, role_model=role_model, base_url=base_url, see=see, sandbox=sandbox)
    limits = f.budget(None, tokens, money, minutes)
    if player != "model":
        _only_for_models(
            {
                **given,
                "keep-library or --fresh-library": library,
                "iterations": iterations,
                **limits.get("budget", {}),
            }
        )
    plan, budget = _planned(
        name,
        player,
        {**f.models(model, role_model, base_url, None, None, see), **limits, **f.given(sandbox=sandbox)},
        {
            "arms": None if library is None else ("kept" if library else "fresh",),
            "variants": split("--variants", variants),
            "seeds": None if seeds is None else read_seeds(seeds),
            "episodes": episodes,
            "steps": steps,
            "iterations": iterations,
        },
    )
    if figures:
        check_drawing()
    return _run(plan, budget, Asked(out, called, jobs, fresh, figures, plain, as_json))


def _only_for_models(given: dict[str, Any]) -> None:
    for flag, value in given.items():
        if value is not None:
            raise UsageProblem(
                f"--{flag.replace('_', '-')} is for a model; leave it out, or take --player model"
            )


def _planned(
    name: str, player: Any, flags: dict[str, Any], protocol: dict[str, Any]
) -> tuple[BenchPlan, BudgetLimits]:
    """The plan, and the budget of the whole."""
    from fieldcraft.agent.settings import BudgetLimits
    from fieldcraft.bench import benchmark
    from fieldcraft.bench.plan import plan_of
    from fieldcraft.cli.options.config import load_settings

    if player != "model":
        return plan_of(benchmark(name), player=player, **protocol), BudgetLimits()
    settings = load_settings(flags)
    refuse_nothing(settings)
    if settings.budget.money is not None:
        check_prices(settings)
    own = settings.for_run(
        budget=BudgetLimits(), library="", seed=0, environment="", options={}, elsewhere=(), tasks=()
    )
    return plan_of(benchmark(name), settings=own, **protocol), settings.budget


def _list(*, as_json: bool) -> int:
    from fieldcraft.bench import benchmarks
    from fieldcraft.cli.views.bench_view import print_benchmarks
    from fieldcraft.cli.views.console import print_json

    known = benchmarks()
    if not as_json:
        print_benchmarks(known)
        return 0
    rows = [
        {
            "name": each.name,
            "title": each.title,
            "source": each.source,
            "environment": each.environment,
            "measures": each.measures,
            "unit": each.unit,
            "variants": [variant.name for variant in each.variants],
            "episodes": each.protocol.episodes,
            "seeds": each.protocol.seeds,
            "steps": each.protocol.steps,
            "limits_steps": bool(each.steps_option),
            "extra": each.extra,
            "missing": each.missing,
        }
        for each in known
    ]
    print_json(rows)
    return 0


def _run(plan: BenchPlan, budget: BudgetLimits, asked: Asked) -> int:
    from fieldcraft.bench.bench import open_bench
    from fieldcraft.bench.results import write_results
    from fieldcraft.cli.views import bench_view

    with open_bench(plan, asked.folder, name=asked.name, fresh=asked.fresh) as opened:
        return run_batch(
            opened,
            bench_view.wording(opened),
            asked,
            budget,
            write=lambda: write_results(opened, figures=asked.figures),
            tell=lambda files: _tell(opened, files, asked),
        )


def _tell(opened: Bench, files: Sequence[Path], asked: Asked) -> None:
    from fieldcraft.bench.results import as_data, protocol
    from fieldcraft.bench.scoring import found
    from fieldcraft.bench.tables import tables
    from fieldcraft.cli.views.console import console, say
    from fieldcraft.cli.views.trials_view import print_tables

    arms = found(opened)
    if asked.as_json:
        tell_json(as_data(opened, arms), files)
        return
    console().print(say(protocol(opened), "head"), soft_wrap=True)
    print_tables(opened, tables(opened, arms), files)

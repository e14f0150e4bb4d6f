"""`fieldcraft study`: run many trials of several methods, and compare them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fieldcraft.cli.batches import Asked, check_drawing, run_batch, tell_json
from fieldcraft.cli.options import flags as f
from fieldcraft.cli.options import shared as o
from fieldcraft.cli.options.pricing import check_prices
from fieldcraft.cli.options.study_flags import make_plan, only_new_world, read_seeds, read_worlds, split

if TYPE_CHECKING:
    from fieldcraft.agent.settings import BudgetLimits
    from fieldcraft.study import Study, StudyPlan

EXAMPLES = """
Examples:

  fieldcraft study items --seeds 3 --iterations 40          seven methods, three worlds

  fieldcraft study techtree --seeds 3 --iterations 40       the same trials, measured by tool tiers

  fieldcraft study newworld --seeds 1,2 --jobs 2            what a library is worth in a new world

  fieldcraft study items --methods full,voyager+without-critic --seeds 11-15 --scramble 3

  fieldcraft study items --model openai:gpt-5-mini --methods full,react --seeds 1 --money 5

The same command resumes a study that was stopped or killed. docs/studies.md explains the results.
"""
COMPARED = "What is compared"
NEW_WORLD = "Only for `study newworld`"

Kind = Annotated[
    Literal["items", "techtree", "newworld"],
    typer.Argument(
        help="items: distinct items over iterations; techtree: iterations to each tier of tools; "
        "newworld: goals in a new world, with and without a kept library."
    ),
]
Methods = Annotated[
    str | None,
    typer.Option(
        "--methods",
        metavar="LIST",
        help="The methods, separated by commas; the others are compared with the first.",
        rich_help_panel=COMPARED,
    ),
]
Seeds = Annotated[
    str,
    typer.Option(
        "--seeds",
        metavar="N",
        help="How many seeds, from 1 on (5); or which ones (1,4,9 or 11-15).",
        rich_help_panel=COMPARED,
    ),
]
Scramble = Annotated[
    list[int] | None,
    typer.Option(
        "--scramble",
        metavar="SEED",
        help="Repeat the trials in a world with made-up names and permuted recipes of this seed; repeatable.",
        rich_help_panel=COMPARED,
    ),
]
OnlyScrambled = Annotated[
    bool,
    typer.Option(
        "--only-scrambled",
        help="Run only the worlds of --scramble, not the regular one.",
        rich_help_panel=COMPARED,
    ),
]
Goals = Annotated[
    str | None,
    typer.Option(
        "--goals", metavar="LIST", help="The items to obtain, separated by commas.", rich_help_panel=NEW_WORLD
    ),
]
GoalIterations = Annotated[
    int | None,
    typer.Option(
        "--goal-iterations",
        metavar="N",
        help="The most iterations for each goal; 50 by default.",
        rich_help_panel=NEW_WORLD,
    ),
]
Shift = Annotated[
    int | None,
    typer.Option(
        "--shift",
        metavar="N",
        help="Added to a library's seed to make the seed of its new world; 1000 by default.",
        rich_help_panel=NEW_WORLD,
    ),
]
NewOption = Annotated[
    list[str] | None,
    typer.Option(
        "--new-option",
        metavar="KEY=VALUE",
        help="An option of the new world only, with its value in JSON; repeatable.",
        rich_help_panel=NEW_WORLD,
    ),
]
Library = Annotated[
    str | None,
    typer.Option(
        "--library",
        metavar="FOLDER",
        help="Use these skills instead of filling a library for each seed.",
        rich_help_panel=NEW_WORLD,
    ),
]
Jobs = Annotated[
    int, typer.Option("--jobs", "-j", metavar="N", min=1, help="How many trials to run at a time.")
]
Folder = Annotated[
    Path,
    typer.Option(
        "--studies",
        metavar="FOLDER",
        help="The folder of studies and their runs.",
        rich_help_panel=o.KEEPING,
    ),
]
Name = Annotated[
    str | None,
    typer.Option(
        "--name", help="The name of the study; made from its plan if omitted.", rich_help_panel=o.KEEPING
    ),
]
Fresh = Annotated[
    bool,
    typer.Option(
        "--fresh", help="Delete the results there are, and run every trial again.", rich_help_panel=o.KEEPING
    ),
]
Figures = Annotated[
    bool,
    typer.Option("--figures/--no-figures", help="Draw the results as figures.", rich_help_panel=o.OUTPUT),
]


def study(
    kind: Kind,
    methods: Methods = None,
    seeds: Seeds = "3",
    scramble: Scramble = None,
    only_scrambled: OnlyScrambled = False,
    goals: Goals = None,
    goal_iterations: GoalIterations = None,
    shift: Shift = None,
    new_option: NewOption = None,
    library: Library = None,
    env: o.Env = None,
    option: o.Option = None,
    world_process: o.WorldProcess = None,
    model: o.Model = None,
    role_model: o.RoleModel = None,
    base_url: o.BaseUrl = None,
    iterations: o.Iterations = None,
    tokens: o.Tokens = None,
    money: o.Money = None,
    minutes: o.Minutes = None,
    jobs: Jobs = 1,
    studies: Folder = Path("studies"),
    name: Name = None,
    fresh: Fresh = False,
    sandbox: o.Sandbox = None,
    figures: Figures = True,
    plain: o.Plain = False,
    as_json: o.Json = False,
) -> int:
    """Compare methods over many trials: what they find, how fast, and what a kept library is worth.

    --iterations limits each trial; tokens, money and minutes limit the whole study.
    Ctrl-C stops the study after the current events, and the same command resumes it.
    """
    from fieldcraft.cli.options.config import load_settings

    only_new_world(
        kind,
        goals=goals,
        goal_iterations=goal_iterations,
        shift=shift,
        new_option=new_option,
        library=library,
    )
    settings = load_settings(
        {
            **f.world(env, option, None, world_process),
            **f.models(model, role_model, base_url, None, None),
            **f.budget(iterations, tokens, money, minutes),
            **f.given(sandbox=sandbox),
        }
    )
    compared = {
        "methods": split("--methods", methods),
        "seeds": read_seeds(seeds),
        "worlds": read_worlds(scramble, only_scrambled=only_scrambled),
        "goals": split("--goals", goals),
        "goal_iterations": goal_iterations,
        "shift": shift,
        "new_options": f.pairs("--new-option", new_option, parse_json=True),
        "library": library,
    }
    plan = make_plan(kind, settings, f.given(**compared))
    if settings.budget.money is not None:
        check_prices(plan.settings)
    if figures:
        check_drawing()
    asked = Asked(studies, name, jobs, fresh=fresh, figures=figures, plain=plain, as_json=as_json)
    return _run(plan, settings.budget, asked)


def _run(plan: StudyPlan, budget: BudgetLimits, asked: Asked) -> int:
    from fieldcraft.cli.views import study_view
    from fieldcraft.cli.views.trials_view import print_tables
    from fieldcraft.study import open_study, tables, write_results
    from fieldcraft.study.results import as_data

    def tell(opened: Study, files: Sequence[Path]) -> None:
        if asked.as_json:
            tell_json(as_data(opened), files)
        else:
            print_tables(opened, tables(opened), files)

    with open_study(plan, asked.folder, name=asked.name, fresh=asked.fresh) as opened:
        return run_batch(
            opened,
            study_view.wording(opened),
            asked,
            budget,
            write=lambda: write_results(opened, figures=asked.figures),
            tell=lambda files: tell(opened, files),
        )

"""The flags that studies and benchmarks share."""

from __future__ import annotations

from typing import Annotated

import typer

from fieldcraft.cli.options import shared as o

Jobs = Annotated[
    int, typer.Option("--jobs", "-j", metavar="N", min=1, help="How many trials to run at a time.")
]
BatchName = Annotated[
    str | None,
    typer.Option(
        "--name", help="The name of its own folder; made from its plan if omitted.", rich_help_panel=o.KEEPING
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

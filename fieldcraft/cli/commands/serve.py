"""`fieldcraft serve`: all runs of a folder as a page in a browser of this machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from fieldcraft.cli.errors import UsageProblem
from fieldcraft.cli.options import shared as o

EXAMPLES = """
Examples:

  fieldcraft serve                       prints the address of the page, and serves it until Ctrl-C

  fieldcraft serve --open                opens it in a browser too

  fieldcraft serve --read-only           to watch: no notes to runs, no answers to calls

  fieldcraft serve --runs elsewhere/runs --port 0
"""

Port = Annotated[
    int,
    typer.Option("--port", metavar="N", min=0, max=65_535, help="The port; 0 takes any that is free."),
]
ReadOnly = Annotated[bool, typer.Option("--read-only", help="Show runs only; refuse notes to them.")]
Open = Annotated[bool, typer.Option("--open", help="Open the page in a browser.")]


def serve(
    runs: o.Runs = None,
    port: Port = 8420,
    read_only: ReadOnly = False,
    show: Open = False,
    as_json: o.Json = False,
) -> int:
    """Serve a page of all runs, each of them live, to browsers of this machine only.

    The printed address holds a token. Whoever has it can see all runs and steer them; without it nothing is
    shown.
    """
    from fieldcraft.cli.options.config import load_settings
    from fieldcraft.cli.views.console import console, print_json, say
    from fieldcraft.cli.views.lines import lines
    from fieldcraft.serve import open_page

    place = Path(load_settings({} if runs is None else {"runs": runs}).runs)
    if place.exists() and not place.is_dir():
        raise UsageProblem(f"{place} is a file; --runs names the folder that holds runs")
    page = open_page(place, describe=lines, port=port, read_only=read_only)
    if as_json:
        print_json({"address": page.address, "runs": str(place), "read_only": read_only})
    else:
        console().print(say(page.address), soft_wrap=True)
        console().print(say(f"shows the runs in {place} until Ctrl-C", "quiet"), soft_wrap=True)
    sys.stdout.flush()
    if show:
        import webbrowser

        webbrowser.open(page.address)
    page.run()
    return 0

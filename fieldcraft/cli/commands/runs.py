"""`fieldcraft runs ...`: list, show, watch, fork, compare, export and steer runs; costs, prompts, reports."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fieldcraft.cli.commands.run import approvals, calls, export, forks, notes
from fieldcraft.cli.errors import UsageProblem
from fieldcraft.cli.options import shared as o
from fieldcraft.cli.options.optional_value import WithOtel

if TYPE_CHECKING:
    from fieldcraft.agent.journal.overview import Overview

EXAMPLES = """
Examples:

  fieldcraft runs list

  fieldcraft runs show latest --tasks 10

  fieldcraft runs watch latest             from another terminal, while it is running

  fieldcraft runs cost latest              tokens and money, by role and by iteration

  fieldcraft runs prompts latest --role actor --call 3

  fieldcraft runs approvals latest         tool calls that wait for a person

  fieldcraft runs approve latest 3f9a12c0 --note "only this once"

  fieldcraft runs report latest --out report.html

  fieldcraft runs compare monday tuesday --out comparison.html

  fieldcraft runs fork latest --at 40 --model openai:gpt-5-mini

  fieldcraft runs diff monday monday-at-40  where they part, and what each did after

  fieldcraft runs export latest --otel http://localhost:4318

  fieldcraft runs say latest "keep away from the lake"     to a run that another process runs

  fieldcraft runs task latest "Craft 1 furnace"

  fieldcraft runs pause latest             then: step, go-on, skip, stop
"""

app = typer.Typer(
    help="List, show, watch, steer, fork and compare runs, and write reports.",
    epilog=EXAMPLES,
    no_args_is_help=True,
)

app.command()(calls.cost)
app.command()(calls.prompts)
app.command()(forks.fork)
app.command()(forks.diff)
app.command(cls=WithOtel)(export.export)
notes.add_to(app)
app.command()(approvals.approvals)
app.command()(approvals.approve)

RunName = calls.RunName
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="The HTML file to write.")]


@app.command("list")
def list_runs(runs: o.Runs = None, as_json: o.Json = False) -> int:
    """List every run with what it reached, the oldest first."""
    from fieldcraft.agent.journal.run import list_runs as folders
    from fieldcraft.agent.journal.store import JournalError
    from fieldcraft.cli.options.naming import program
    from fieldcraft.cli.views import figures
    from fieldcraft.cli.views.console import console, one_line, print_json, say, table
    from fieldcraft.cli.views.ending import as_data
    from fieldcraft.cli.views.following import read_overview, standing

    place = _folder(runs)
    if place.exists() and not place.is_dir():
        raise UsageProblem(f"{place} is a file; --runs names the folder that holds runs")
    data: list[dict[str, Any]] = []
    columns = ("run", "begun", "world", "model", "#seed", "#iterations", "#items", "#skills", "status")
    shown = table(*columns, title=str(place), whole=4)
    for folder in folders(place):
        try:
            view = read_overview(folder)
        except JournalError as error:
            data.append({"run": folder.name, "stands": "damaged", "problem": str(error)})
            shown.add_row(say(folder.name, "name"), *[""] * 7, say(one_line(error, 120), "bad"))
            continue
        stands = standing(folder, view)
        data.append({**as_data(view, place), "stands": stands, "begun": view.began})
        state, settings = view.state, view.settings
        shown.add_row(
            say(folder.name, "name"),
            figures.moment(view.began),
            say(one_line(settings.environment, 24)),
            say(one_line(settings.model, 24)),
            str(settings.seed),
            figures.of_limit(state.spent.iterations, settings.budget.iterations),
            str(len(state.found())),
            str(len(state.kept)),
            say(one_line(stands, 60)),
        )
    if as_json:
        print_json(data)
    elif data:
        console().print(shown)
    else:
        console().print(say(f"no runs in {place}; start one with `{program()} explore`", "quiet"))
    return 0


@app.command()
def show(
    run: RunName,
    runs: o.Runs = None,
    tasks: Annotated[int, typer.Option("--tasks", min=0, help="How many of the latest tasks to show.")] = 20,
    as_json: o.Json = False,
) -> int:
    """Show one run: what it reached, its latest tasks, and how to resume it."""
    from fieldcraft.agent.journal.run import find_run
    from fieldcraft.cli.views.console import console, print_json
    from fieldcraft.cli.views.ending import as_data, print_next, print_summary
    from fieldcraft.cli.views.following import read_overview, standing

    folder = find_run(_folder(runs), run)
    view = read_overview(folder)
    view.outcome = standing(folder, view)
    if as_json:
        done = [
            {"task": words, "success": success, "tools": view.state.tools_used.get(number, {})}
            for number, (words, success) in enumerate(view.state.finished_tasks, 1)
        ]
        current = view.state.task
        begun = {"task": current.words, "attempts": view.attempt} if current else None
        print_json(
            {
                **as_data(view, folder.parent),
                "stands": view.outcome,
                "finished_tasks": done,
                "unfinished_task": begun,
            }
        )
        return 0
    print_summary(view, folder.parent)
    if tasks and (view.state.finished_tasks or view.state.task):
        console().print(_tasks(view, tasks))
    print_next(view, folder.parent)
    return 0


def _tasks(view: Overview, count: int) -> Any:
    from fieldcraft.cli.views.console import counted, one_line, say, table
    from fieldcraft.cli.views.lines import BAD, GOOD
    from fieldcraft.envs.observation import counts_text

    finished = list(enumerate(view.state.finished_tasks, 1))
    columns = ("#task", "", "what", *(["tool calls"] if view.state.tools_used else []))
    all_of_them = counted(len(finished), "finished task")
    latest = f"the latest {count} of {all_of_them}" if len(finished) > count else all_of_them
    shown = table(*columns, title=latest)
    for number, (words, success) in finished[-count:]:
        calls = counts_text(view.state.tools_used.get(number, {}))
        used = "" if calls == "empty" else one_line(calls)
        row: list[Any] = [
            str(number),
            say(GOOD if success else BAD, "good" if success else "bad"),
            say(one_line(words, 500)),
        ]
        shown.add_row(*row, *([say(used)] if view.state.tools_used else []))
    if view.state.task is not None:
        tried = f", {counted(view.attempt, 'attempt')} so far" if view.attempt else ""
        words = f"{one_line(view.state.task.words, 500)} (not finished{tried})"
        shown.add_row(str(view.state.task_number), say("…", "quiet"), say(words))
    return shown


@app.command()
def watch(run: RunName = "latest", runs: o.Runs = None, plain: o.Plain = False) -> int:
    """Watch a run of another process, until it stops or you press Ctrl-C."""
    from fieldcraft.agent.journal.run import find_run
    from fieldcraft.cli.running import choose_view
    from fieldcraft.cli.views.console import console
    from fieldcraft.cli.views.ending import print_summary
    from fieldcraft.cli.views.following import follow, read_overview, standing

    folder = find_run(_folder(runs), run)
    overview = read_overview(folder)
    with choose_view(overview, plain=plain, as_json=False, watching=True) as view:
        try:
            for event in follow(folder, overview):
                view.take(event)
                if console().unread:
                    return 0
        except KeyboardInterrupt:
            return 0
    overview.outcome = standing(folder, overview)
    print_summary(overview, folder.parent)
    return 0


@app.command()
def report(run: RunName = "latest", runs: o.Runs = None, out: Out = None, as_json: o.Json = False) -> int:
    """Write one run as a single web page, `report.html` in its folder: figures, skills, every iteration."""
    from fieldcraft.agent.journal.run import find_run
    from fieldcraft.cli.views.following import standing
    from fieldcraft.report import land_of, read_story, report_page

    folder = find_run(_folder(runs), run)
    story = read_story(folder)
    story.land = land_of(folder, story)
    page = report_page(story, stands=standing(folder, story.overview))
    _write_page(out or folder / "report.html", page, as_json=as_json)
    return 0


@app.command()
def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="A run: its name, its folder, or `latest`.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    runs: o.Runs = None,
    out: Out = None,
    as_json: o.Json = False,
) -> int:
    """Compare two runs in one web page: curves, milestones and costs side by side."""
    from fieldcraft.agent.journal.run import find_run
    from fieldcraft.cli.views.ending import as_data
    from fieldcraft.report import comparison_page, read_story

    place = _folder(runs)
    folders = [find_run(place, name) for name in (first, second)]
    stories = [read_story(folder) for folder in folders]
    name = "-and-".join(story.overview.run for story in stories)
    data = [
        as_data(story.overview, folder.parent)
        | {"refused_answers": story.refused_answers, "cut_answers": story.cut_answers}
        for story, folder in zip(stories, folders, strict=True)
    ]
    page = comparison_page(*stories)
    _write_page(out or place / f"{name}.html", page, as_json=as_json, more={"runs": data})
    return 0


def _write_page(
    path: Path, page: str, *, as_json: bool, more: Mapping[str, Any] = MappingProxyType({})
) -> None:
    from fieldcraft.agent.journal.folders import write_file
    from fieldcraft.cli.errors import CommandFailed
    from fieldcraft.cli.views.console import console, print_json, say

    content = page.encode()
    try:
        write_file(path, content, sync=False)
    except OSError as error:
        raise CommandFailed(
            f"{path} cannot be written ({error.strerror}); name another place with --out"
        ) from error
    if as_json:
        print_json({"page": str(path), "bytes": len(content), **more})
    else:
        console().print(say(f"{path} ({_size(len(content))}); open it in a browser"), soft_wrap=True)


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"


def _folder(runs: str | None) -> Path:
    from fieldcraft.cli.options.config import load_settings

    return Path(load_settings({} if runs is None else {"runs": runs}).runs)

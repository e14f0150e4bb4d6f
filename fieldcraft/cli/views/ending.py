"""The summary of a stopped run: what was reached, where it is kept, and what to do next."""

from __future__ import annotations

import shlex
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fieldcraft.agent.approvals.reducing import open_calls
from fieldcraft.agent.journal.course.news import without_news
from fieldcraft.agent.journal.overview import shortened_prompts
from fieldcraft.cli.options.flags import pair
from fieldcraft.cli.options.naming import program
from fieldcraft.cli.views import figures
from fieldcraft.cli.views.console import console, counted, one_line, say
from fieldcraft.cli.views.lines import BAD, GOOD

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from fieldcraft.agent.journal.overview import Overview

ITEMS_SHOWN = 40
LONGEST_ROW = 4_000
"""The most characters of a row: forty names, or a path."""
MORE_ITERATIONS = 80
"""How many further iterations the suggested resume command allows."""


def as_data(overview: Overview, runs: Path) -> dict[str, Any]:
    """A run's figures for `--json`."""
    state, settings = overview.state, overview.settings
    return {
        "run": overview.run,
        "folder": str(runs / overview.run),
        "environment": settings.environment,
        "seed": settings.seed,
        "model": settings.model,
        "library": settings.library,
        "finished": state.finished,
        "solved": state.solved,
        "outcome": overview.outcome,
        "iterations": state.spent.iterations,
        "episodes": state.episodes.model_dump(mode="json", include={"outcomes", "latest", "best"}),
        "tasks": {"completed": len(state.completed), "failed": len(state.failed)},
        "milestones": state.reached,
        "items": sorted(state.found()),
        "skills": dict(sorted(state.kept.items())),
        "input_tokens": state.spent.input_tokens,
        "output_tokens": state.spent.output_tokens,
        "cached_tokens": state.spent.cached_tokens,
        "reasoning_tokens": state.spent.reasoning_tokens,
        "estimated_answers": state.spent.estimated,
        "money": state.spent.money,
        "unpriced_answers": state.spent.unpriced,
        "shortened_prompts": state.shortened,
        "refused_answers": state.refused_answers,
        "seconds": round(state.spent.seconds, 3),
        "waited": round(state.spent.waited, 3),
        "ticks": state.observation.tick,
        "distance": round(state.progress.distance, 1),
        "deaths": state.progress.deaths,
        "calls_waiting": len(open_calls(state)),
        "newest": {"what": state.newest, "iterations_since": without_news(state)},
        "budget": settings.budget.model_dump(),
    }


def print_summary(overview: Overview, runs: Path, *, title: str = "") -> None:
    """The panel that shows what was reached."""
    from rich.panel import Panel

    finished = overview.state.finished or overview.state.solved
    console().print(
        Panel(
            _figures(overview, runs),
            title=say(title or f"run {overview.run}", "head"),
            title_align="left",
            border_style="good" if finished or overview.state.reached else "quiet",
            padding=(0, 1),
        )
    )


def _figures(overview: Overview, runs: Path) -> Table:
    from rich.table import Table

    state, settings = overview.state, overview.settings
    milestones = [f"{name} (iteration {at})" for name, at in islice(state.reached.items(), ITEMS_SHOWN)]
    rows = [("Task", _given_task(overview))] if settings.curriculum == "solve" else []
    rows += [
        *([("Reached", ", ".join(milestones))] if milestones else []),
        (state.nouns.capitalize(), _some("different", sorted(state.found()))),
        ("Skills", _some("kept", sorted(state.kept))),
        ("New", figures.newest(overview)),
        ("Tasks", f"{len(state.completed)} done, {len(state.failed)} failed"),
        *([("Episodes", episodes)] if (episodes := figures.episodes(overview)) else []),
        ("Iterations", figures.of_limit(state.spent.iterations, settings.budget.iterations)),
        ("Spent", _spent(overview)),
        *([("Window", shortened)] if (shortened := shortened_prompts(state)) else []),
        *([("Refused", counted(state.refused_answers, "answer"))] if state.refused_answers else []),
        *([("Waiting", waits)] if (waits := _waiting(overview)) else []),
        ("World", _world(overview)),
        ("Run", str(runs / overview.run)),
        ("Library", settings.library),
        *([("Status", overview.outcome)] if overview.outcome else []),
    ]
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="quiet", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, words in rows:
        grid.add_row(name, say(one_line(words, LONGEST_ROW)))
    return grid


def _waiting(overview: Overview) -> str:
    """How many calls wait for a person, and how to answer them."""
    count = len(open_calls(overview.state))
    calls = f"{counted(count, 'tool call')} for a person: {program()} runs approvals {overview.run}"
    return calls if count else ""


def _given_task(overview: Overview) -> str:
    words = "; ".join(entry.task for entry in overview.settings.tasks)
    return f"{GOOD} done: {words}" if overview.state.solved else f"{BAD} not done: {words}"


def _some(kind: str, names: list[str]) -> str:
    """How many names there are, and the first of them."""
    if not names:
        return "none yet"
    more = f" and {len(names) - ITEMS_SHOWN} more" if len(names) > ITEMS_SHOWN else ""
    return f"{len(names)} {kind}: {', '.join(one_line(name, 80) for name in names[:ITEMS_SHOWN])}{more}"


def _spent(overview: Overview) -> str:
    spent = overview.state.spent
    return f"{figures.tokens(spent)}, {figures.money(spent)}, {figures.seconds(spent)}"


def _world(overview: Overview) -> str:
    progress, seen = overview.state.progress, overview.state.observation
    settings = overview.settings
    deaths = (
        f", died {progress.deaths} times" if progress.deaths > 1 else ", died once" if progress.deaths else ""
    )
    somewhere = progress.distance or seen.position is not None
    walked = f", {progress.distance:,.0f} blocks walked" if somewhere else ""
    return f"{settings.world} seed {settings.seed}: {seen.tick:,} ticks{walked}{deaths}"


def print_next(overview: Overview, runs: Path, *, to: Console | None = None) -> None:
    """Print commands for the next steps, ready to be pasted."""
    screen = to or console()
    screen.print("What next:", style="head")
    for words, command in next_steps(overview, runs):
        screen.print(say(f"  {words}", "quiet"))
        screen.print(say(f"    {one_line(command, LONGEST_ROW)}", "command"), soft_wrap=True)


def next_steps(overview: Overview, runs: Path) -> list[tuple[str, str]]:
    """Suggested next steps: a description and a command each."""
    from fieldcraft.agent.extensions import objects_of

    settings = overview.settings
    if objects := objects_of(settings):
        return _from_python(overview, objects)
    library = shlex.quote(settings.library)
    world = "" if settings.environment == "gridworld-v1" else f" --env {shlex.quote(settings.environment)}"
    world += "".join(f" --option {shlex.quote(pair(*option))}" for option in settings.options.items())
    steps = []
    if not overview.state.finished:
        steps.append(("resume this run", resume_command(overview, runs)))
    if overview.state.kept:
        steps += [
            ("see what it learned", f"{program()} skills list --library {library}"),
            (
                "try every skill in a new world",
                f"{program()} replay --library {library}{world} --seed {settings.seed + 1}",
            ),
        ]
    if settings.model == "offline":
        steps.append(
            (
                "the same with a model of your own (or anthropic:…, ollama:…, --base-url)",
                f"{program()} explore --model openai:gpt-5-mini --library {library}{world}",
            )
        )
    return steps


def _from_python(overview: Overview, objects: list[str]) -> list[tuple[str, str]]:
    """The next steps after a run with objects, which a command line cannot give."""
    steps = []
    if not overview.state.finished:
        words = "resume this run, from Python, with the objects that it began with"
        spent, budget = overview.state.spent.iterations, overview.settings.budget.iterations
        more = f", iterations={spent + MORE_ITERATIONS}" if budget is not None and spent >= budget else ""
        again = more + "".join(f", {name}=..." for name in objects)
        steps.append((words, f"explore(resume={overview.run!r}{again})"))
    if overview.state.kept:
        library = shlex.quote(overview.settings.library)
        steps.append(("see what it learned", f"{program()} skills list --library {library}"))
    return steps


def resume_command(overview: Overview, runs: Path) -> str:
    """The command that resumes a run, with a larger budget if this one is used up."""
    command = f"{program()} explore --resume {shlex.quote(overview.run)}"
    if runs != Path("runs"):
        command += f" --runs {shlex.quote(str(runs))}"
    spent, budget = overview.state.spent, overview.settings.budget
    if budget.iterations is not None and spent.iterations >= budget.iterations:
        return f"{command} --iterations {spent.iterations + MORE_ITERATIONS}"
    for name, used, limit in (
        ("tokens", spent.tokens, budget.tokens),
        ("episodes", spent.episodes, budget.episodes),
    ):
        if limit is not None and used >= limit:
            return f"{command} --{name} {2 * used}"
    if budget.money is not None and spent.money >= budget.money:
        return f"{command} --money {2 * spent.money:.2f}"
    patience = budget.patience
    if patience is not None and without_news(overview.state) >= patience:
        return f"{command} --patience {2 * patience}"
    if budget.seconds is not None and spent.seconds >= budget.seconds:
        return f"{command} --minutes {max(1, round(2 * spent.seconds / 60))}"
    return command

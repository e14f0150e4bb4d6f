"""`fieldcraft facts ...`: what a run has learned of its world."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fieldcraft.cli.errors import UsageProblem
from fieldcraft.cli.options import shared as o

if TYPE_CHECKING:
    from fieldcraft.agent.memory.facts import Fact
    from fieldcraft.agent.memory.store import Memory

EXAMPLES = """
Examples:

  fieldcraft facts list                         the latest run's, newest last

  fieldcraft facts list monday --kind recipe --all

  fieldcraft facts show furnace                 everything on one thing, with its corrections

  fieldcraft facts search "what does a furnace take?" --run monday
"""

app = typer.Typer(help="What runs have learned of their worlds.", epilog=EXAMPLES, no_args_is_help=True)

RunName = Annotated[str, typer.Argument(metavar="[RUN]", help="The run's name, its folder, or `latest`.")]
OfRun = Annotated[str, typer.Option("--run", metavar="RUN", help="The run's name, its folder, or `latest`.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many facts to show at most.")]


@app.command("list")
def list_facts(
    run: RunName = "latest",
    runs: o.Runs = None,
    kind: Annotated[str | None, typer.Option("--kind", metavar="KIND", help="Of one kind only.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Corrected facts too.")] = False,
    limit: Limit = 100,
    as_json: o.Json = False,
) -> int:
    """The latest facts that a run has learned, the newest last."""
    from fieldcraft.agent.memory.facts import KINDS
    from fieldcraft.common.suggest import nearest

    if kind is not None and kind not in KINDS:
        close = nearest(kind, KINDS) or "."
        raise UsageProblem(f"no kind of fact is called {kind!r}{close} Kinds: {', '.join(KINDS)}")
    memory = _memory(run, runs)
    found = [fact for fact in memory if (every or not fact.wrong) and kind in (None, fact.kind)]
    return _print(found[-limit:], len(found), as_json=as_json)


@app.command()
def show(
    subject: Annotated[str, typer.Argument(metavar="NAME", help="Of an item, block or mob.")],
    run: OfRun = "latest",
    runs: o.Runs = None,
    as_json: o.Json = False,
) -> int:
    """Every fact on one thing, corrected ones too, with where each comes from."""
    from fieldcraft.common.suggest import nearest

    memory = _memory(run, runs)
    found = [fact for fact in memory if subject in (fact.subject, *fact.used, *fact.gave, *fact.tools)]
    if not found and len(memory):
        close = nearest(subject, {fact.subject for fact in memory if fact.subject}) or "."
        raise UsageProblem(f"the run knows nothing of {subject!r}{close} `facts list` shows what it knows")
    return _print(found, len(found), as_json=as_json)


@app.command()
def search(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="In words.")],
    run: OfRun = "latest",
    runs: o.Runs = None,
    limit: Limit = 12,
    as_json: o.Json = False,
) -> int:
    """The facts that answer a question best, as a role of the agent would be shown them."""
    from fieldcraft.agent.memory.retrieval import Question, relevant

    memory = _memory(run, runs)
    found = relevant(memory, Question(question[:2_000], lines=limit, room=500 * limit))
    return _print(found, len(found), as_json=as_json)


def _memory(run: str, runs: str | None) -> Memory:
    from fieldcraft.agent.journal.run import find_run
    from fieldcraft.agent.journal.stored.facts import read_facts
    from fieldcraft.cli.options.config import load_settings

    place = Path(load_settings({} if runs is None else {"runs": runs}).runs)
    return read_facts(find_run(place, run))


def _print(facts: Iterable[Fact], known: int, *, as_json: bool) -> int:
    from fieldcraft.cli.views.console import console, counted, one_line, print_json, say, table

    shown = list(facts)
    if as_json:
        print_json([fact.model_dump(mode="json") | {"wrong": fact.wrong} for fact in shown])
        return 0
    if not shown:
        console().print(say("no facts", "quiet"))
        return 0
    title = f"{len(shown):,} of {counted(known, 'fact')}"
    columns = table("kind", "fact", "from", "#seen", title=title, whole=1)
    for fact in shown:
        text: Any = say(one_line(fact.text, 500), "quiet" if fact.wrong else "")
        if fact.wrong:
            shown_since = f" wrong since iteration {fact.wrong_since}: {one_line(fact.corrected_by, 300)}"
            text.append_text(say(shown_since, "bad"))
        columns.add_row(say(fact.kind, "name"), text, say(_origin(fact), "quiet"), f"{fact.times:,}")
    console().print(columns)
    return 0


def _origin(fact: Fact) -> str:
    """Where a fact comes from, in a few words."""
    from fieldcraft.cli.views.console import one_line

    if fact.elsewhere:
        return f"learned elsewhere ({one_line(fact.elsewhere, 40)})"
    return f"iteration {fact.iteration}, {one_line(fact.event or fact.source, 40)}"

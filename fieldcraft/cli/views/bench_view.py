"""Tell a benchmark: its first line, how its episodes ended, and which benchmarks there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fieldcraft.cli.views import figures
from fieldcraft.cli.views.console import console, say, table
from fieldcraft.cli.views.trials_view import Wording, ended_line, opening_lines

if TYPE_CHECKING:
    from rich.text import Text

    from fieldcraft.bench import Benchmark
    from fieldcraft.bench.bench import Bench
    from fieldcraft.bench.plan import EpisodeTrial
    from fieldcraft.study.records import Record, Update


def wording(bench: Bench) -> Wording:
    """How a benchmark is told."""
    return Wording(lambda: opening(bench), lambda record: ended(bench, record), _doing, "episodes")


def opening(bench: Bench) -> Text:
    """The first line: what is played by whom, and how many episodes are already done."""
    from fieldcraft.bench.tables import player_of

    counts = bench.counts()
    known = f", {counts['done']} of them already done" if counts.get("done") else ""
    words = f"{len(bench.records)} episodes{known}, player {player_of(bench)}, in {bench.folder}"
    return opening_lines(bench, f"benchmark {bench.benchmark.name}: {words}")


def ended(bench: Bench, record: Record[EpisodeTrial]) -> Text:
    """How an episode ended, in a line."""
    found = record.measured
    if found is None:
        return ended_line(bench, record, "")
    scores = ", ".join(f"{name} {score:g}" for name, score in found.scores.items())
    end = str(found.ended) if found.ended else "not ended"
    words = f"{scores or 'no scores'}, {found.ticks:,} steps, {end}"
    if bench.plan.player == "model":
        words += (
            f", {found.spent.iterations} iterations, {found.spent.tokens:,} tokens, "
            f"{figures.money(found.spent)}"
        )
    return ended_line(bench, record, words)


def print_benchmarks(known: Sequence[Benchmark]) -> None:
    """Which benchmarks there are, and what is missing for each."""
    shown = table("name", "benchmark", "world", "measures", "protocol", "installed", whole=1)
    for each in known:
        missing = say(each.missing, "warn") if each.missing else say("yes", "good")
        protocol = f"{each.protocol.episodes} episodes"
        if len(each.variants) > 1:
            protocol += f" of each of {len(each.variants)} variants"
        if each.protocol.seeds > 1:
            protocol += f", {each.protocol.seeds} seeds"
        shown.add_row(
            say(each.name, "name"),
            say(f"{each.title} ({each.source})"),
            say(each.environment),
            say(f"{each.measures}, {each.unit}"),
            say(protocol),
            missing,
        )
    console().print(shown)


def _doing(update: Update) -> str:
    return f"{update.step.items if update.step else 0} found"

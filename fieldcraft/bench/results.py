"""Write the results of a benchmark into its folder: JSON, Markdown, figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fieldcraft.agent.journal.folders import write_file
from fieldcraft.bench.bench import Bench
from fieldcraft.bench.figures import write_figures
from fieldcraft.bench.scoring import ArmFound, found
from fieldcraft.bench.tables import player_of, tables
from fieldcraft.common.fields import FOR_FILES


def as_data(bench: Bench, arms: Sequence[ArmFound]) -> dict[str, Any]:
    """The data of a benchmark for `--json` and `bench.json`."""
    played = bench.benchmark
    return {
        "bench": bench.folder.name,
        "folder": str(bench.folder),
        "benchmark": played.name,
        "title": played.title,
        "source": played.source,
        "measures": played.measures,
        "unit": played.unit,
        "player": player_of(bench),
        "outcomes": bench.counts(),
        "stopped": bench.stopped,
        "spent": bench.spent.model_dump(),
        "plan": bench.plan.model_dump(mode="json", context=FOR_FILES),
        "arms": [_arm_data(arm) for arm in arms],
        "published": [asdict(other) for other in played.published],
        "tables": [asdict(table) for table in tables(bench, arms)],
        "trials": [record.model_dump(mode="json") for record in bench.records],
    }


def write_results(bench: Bench, *, figures: bool = True) -> list[Path]:
    """Write `bench.json`, `table.md` and the figures into the benchmark's folder.

    Raises:
        MissingExtra: `figures` is true and matplotlib is not installed; the other files are written.
        OSError: a file cannot be written.
    """
    arms = found(bench)
    data, page = bench.folder / "bench.json", bench.folder / "table.md"
    write_file(data, (json.dumps(as_data(bench, arms), indent=1) + "\n").encode(), sync=False)
    write_file(page, markdown(bench, arms).encode(), sync=False)
    return [data, page, *(write_figures(bench, arms) if figures else [])]


def markdown(bench: Bench, arms: Sequence[ArmFound]) -> str:
    """The tables as a Markdown page, with the protocol they belong to."""
    return "\n".join([f"{protocol(bench)}\n", *(table.markdown() for table in tables(bench, arms))])


def protocol(bench: Bench) -> str:
    """How the benchmark was played, in a line, and in what that differs from its own protocol."""
    plan, own = bench.plan, bench.benchmark.protocol
    seeds = ", ".join(str(seed) for seed in plan.seeds)
    of_each = f" of each of {len(plan.variants)} variants" if len(plan.variants) > 1 else ""
    words = [f"{plan.episodes} episodes{of_each}", f"seed{'s' if len(plan.seeds) > 1 else ''} {seeds}"]
    if plan.steps is not None:
        words.append(f"at most {plan.steps:,} steps")
    if plan.player == "model":
        words.append(f"at most {plan.iterations} programs an episode")
    asked = (plan.episodes, len(plan.seeds), plan.steps, len(plan.variants))
    defined = (own.episodes, own.seeds, own.steps, len(bench.benchmark.variants))
    other = "" if asked == defined else "; not the benchmark's own protocol"
    return (
        f"{bench.benchmark.title} ({bench.benchmark.source}), {player_of(bench)}: {', '.join(words)}{other}."
    )


def _arm_data(arm: ArmFound) -> dict[str, Any]:
    return {
        "arm": arm.arm,
        "planned": arm.planned,
        "score": None if arm.score is None else asdict(arm.score),
        "parts": arm.parts,
        "episodes": [
            {**asdict(one), "end": None if one.end is None else one.end.model_dump()} for one in arm.episodes
        ],
    }

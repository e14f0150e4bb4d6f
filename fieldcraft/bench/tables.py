"""The results of a benchmark as tables: what was measured here, and beside it what others published."""

from __future__ import annotations

from collections.abc import Sequence

from fieldcraft.bench.bench import Bench
from fieldcraft.bench.plan import LIBRARIES
from fieldcraft.bench.scoring import ArmFound
from fieldcraft.study.tables import COSTS, Table, cost_cells, cost_note, spread, troubles

HERE = "measured here"
NOTE = (
    "Score: mean over seeds of the score of a seed's episodes, with its standard deviation where there are "
    "several; 95 %: bootstrap over episodes. Steps: median (minimum-maximum)."
)
PUBLISHED = " What is published was measured by others, not here; mind where their protocol differs."


def tables(bench: Bench, found: Sequence[ArmFound]) -> list[Table]:
    """Every table of a benchmark."""
    made = [_scores(bench, found)]
    if any(arm.parts for arm in found):
        made.append(_parts(found, bench.benchmark.unit))
    if bench.plan.player == "model":
        made.append(_costs(bench))
    missing = troubles(bench.records)
    return [*made, *([missing] if missing.rows else [])]


def number(value: float) -> str:
    """A score with two digits behind the point, or one where it is large."""
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def player_of(bench: Bench) -> str:
    """Who played, in words."""
    return bench.plan.settings.model if bench.plan.player == "model" else bench.plan.player


def _scores(bench: Bench, found: Sequence[ArmFound]) -> Table:
    played = bench.benchmark
    table = Table(
        f"{played.title}: {played.measures} ({played.unit})",
        ["player", "library", "from", "score", "95 %", "over seeds", "episodes", "ended", "steps"],
        names=3,
        note=NOTE + (PUBLISHED if played.published else ""),
    )
    for arm in found:
        library = arm.arm if arm.arm in LIBRARIES else ""
        table.rows.append([player_of(bench), library, HERE, *_cells(arm)])
    for other in played.published:
        deviation = "" if other.spread is None else f"± {other.spread:g}"
        source = f"published: {other.source}{f' ({other.note})' if other.note else ''}"
        table.rows.append([other.who, "", source, f"{other.score:g}", "", deviation, "", "", ""])
    return table


def _cells(arm: ArmFound) -> list[str]:
    count = f"{len(arm.episodes)}/{arm.planned}"
    if arm.score is None:
        return ["-", "", "", count, "", ""]
    deviation = arm.score.deviation
    return [
        number(arm.score.score),
        f"{number(arm.score.low)} to {number(arm.score.high)}",
        "" if deviation is None else f"± {number(deviation)}",
        count,
        str(sum(episode.end is not None for episode in arm.episodes)),
        spread([episode.steps for episode in arm.episodes]),
    ]


def _parts(found: Sequence[ArmFound], unit: str) -> Table:
    names = dict.fromkeys(name for arm in found for name in arm.parts)
    table = Table(f"What the score consists of ({unit})", ["", *(arm.arm for arm in found)], names=1)
    for name in names:
        cells = [number(arm.parts[name]) if name in arm.parts else "-" for arm in found]
        table.rows.append([name, *cells])
    return table


def _costs(bench: Bench) -> Table:
    table = Table("Cost of an episode", ["library", *COSTS], names=1, note=cost_note(bench.records))
    for arm in bench.plan.arms:
        records = [record for record in bench.records if record.trial.arm == arm]
        table.rows.append([arm, *cost_cells(records)])
    return table

"""The figure of a benchmark: scores beside published ones, and how they grow with the episodes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fieldcraft.bench.bench import Bench
from fieldcraft.bench.plan import LIBRARIES
from fieldcraft.bench.scoring import ArmFound, learning
from fieldcraft.bench.tables import player_of
from fieldcraft.study.figures import DASHES, Palette, write_drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def write_figures(bench: Bench, found: Sequence[ArmFound]) -> list[Path]:
    """Draw the scores into the benchmark's folder; draws nothing if no episode is finished.

    Returns:
        The files that were written.

    Raises:
        MissingExtra: matplotlib is not installed.
        OSError: a file cannot be written.
    """
    shown = [arm for arm in found if arm.score is not None]
    if not shown:
        return []
    grows = bench.plan.episodes > 1
    rows = len(shown) + len(bench.benchmark.published)

    def draw(figure: Figure, palette: Palette) -> None:
        panels = figure.subplots(1, 1 + grows, squeeze=False, width_ratios=[3, 2][: 1 + grows])[0]
        _compared(panels[0], bench, shown, palette)
        if grows:
            _growing(panels[1], bench, shown, palette)

    size = (8.0 + 3.0 * grows, 1.4 + 0.34 * max(rows, 6))
    return write_drawn(bench.folder / "bench", size, draw)


def _compared(axes: Axes, bench: Bench, shown: Sequence[ArmFound], palette: Palette) -> None:
    """A row for each arm, with its interval and a mark for each seed, above one for each published score."""
    names = []
    for row, arm in enumerate(shown):
        assert arm.score is not None
        colour, score = palette.series[row % len(palette.series)], arm.score
        if score.low is not None and score.high is not None:
            axes.plot([score.low, score.high], [row, row], color=colour, linewidth=3, alpha=0.35)
        axes.plot(list(score.seeds.values()), [row] * len(score.seeds), "|", color=colour, markersize=9)
        axes.plot([score.score], [row], "o", color=colour, markersize=7)
        names.append(_label(bench, arm))
    for row, other in enumerate(bench.benchmark.published, start=len(shown)):
        axes.errorbar(
            [other.score], [row], xerr=other.spread, fmt="D", color=palette.quiet, markerfacecolor="none",
            markersize=5, elinewidth=1,
        )  # fmt: skip
        names.append(f"{other.who} (published)")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(left=0)
    if bench.benchmark.unit == "%":
        axes.set_xlim(right=min(axes.get_xlim()[1], 101))
    axes.set(title=bench.benchmark.title, xlabel=f"{bench.benchmark.measures} ({bench.benchmark.unit})")


def _growing(axes: Axes, bench: Bench, shown: Sequence[ArmFound], palette: Palette) -> None:
    """A line for each arm: the score over the first n episodes."""
    from matplotlib.ticker import MaxNLocator

    for row, arm in enumerate(shown):
        scores = learning(bench.benchmark, arm.episodes)
        axes.plot(
            range(1, len(scores) + 1),
            scores,
            color=palette.series[row % len(palette.series)],
            linestyle=DASHES[row % len(DASHES)],
            label=_label(bench, arm),
        )
    axes.set(title="over the first n episodes", xlabel="n", xlim=(1, bench.plan.episodes))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(bottom=0)
    axes.legend()


def _label(bench: Bench, arm: ArmFound) -> str:
    return f"{player_of(bench)}, library {arm.arm}" if arm.arm in LIBRARIES else f"{arm.arm} (here)"

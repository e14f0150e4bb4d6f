"""The comparison as a picture: accuracy by kind of task for each model, and over k."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fieldcraft.tools.toolformer.errors import MissingToolformer
from fieldcraft.tools.toolformer.evaluation.evaluation import Comparison, Row

_COLOURS = {"base": "#9a9a9a", "plain": "#6f8fb0", "disabled": "#d0a85c", "enabled": "#3c8d5a"}


def draw(comparison: Comparison, path: Path) -> None:
    """Write the picture (PNG, SVG or PDF, by the name's ending).

    Raises:
        MissingToolformer: matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        raise MissingToolformer("the picture needs matplotlib: pip install 'fieldcraft[toolformer]'")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    FigureCanvasAgg(figure)
    bars, lines = figure.subplots(1, 2, width_ratios=(3, 2))
    _draw_bars(bars, compared(comparison))
    _draw_lines(lines, [row for row in comparison.rows if row.model in {"disabled", "enabled"}])
    figure.savefig(path, dpi=150)


def compared(comparison: Comparison) -> list[Row]:
    """The rows that are set against each other: those without calls, and calls enabled at the chosen k."""
    enabled = [row for row in comparison.rows if row.model == "enabled"]
    chosen = [row for row in enabled if row.k == comparison.chosen_k] or enabled[-1:]
    return [row for row in comparison.rows if row.model != "enabled"] + chosen


def _draw_bars(axes: Any, rows: list[Row]) -> None:
    kinds = list(rows[0].cells)
    width = 0.8 / len(rows)
    for number, row in enumerate(rows):
        label = f"enabled, k = {row.k}" if row.model == "enabled" else row.model
        axes.bar(
            [place + number * width for place in range(len(kinds))],
            [100 * row.cells[kind].accuracy for kind in kinds],
            width,
            yerr=[100 * row.cells[kind].error for kind in kinds],
            color=_COLOURS.get(row.model),
            label=label,
        )
    middle = (len(rows) - 1) * width / 2
    axes.set_xticks([place + middle for place in range(len(kinds))], kinds)
    axes.set_ylabel("right, %")
    axes.set_ylim(0, 109)
    _legend_above(axes, len(rows))


def _draw_lines(axes: Any, rows: list[Row]) -> None:
    kinds = list(rows[0].cells)
    for number, kind in enumerate(kinds):
        accuracies = [100 * row.cells[kind].accuracy for row in rows]
        size = 4 + 2 * (len(kinds) - number)  # lines that lie on each other show as rings
        (line,) = axes.plot(range(len(rows)), accuracies, marker="o", markersize=size, label=kind)
        calls = [100 * row.cells[kind].calls for row in rows]
        axes.plot(range(len(rows)), calls, linestyle=":", color=line.get_color())
    axes.set_xticks(range(len(rows)), [f"k = {row.k}" for row in rows])
    axes.set_ylabel("right (line) and with a call (dotted), %")
    axes.set_ylim(-4, 109)
    _legend_above(axes, len(rows[0].cells))


def _legend_above(axes: Any, columns: int) -> None:
    """Where it covers nothing."""
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1), ncols=columns, fontsize="small", frameon=False,
        handlelength=1.2, columnspacing=1,
    )  # fmt: skip

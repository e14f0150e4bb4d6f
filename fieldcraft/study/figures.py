"""The figures of a study: PNG for light and dark pages, and one SVG for both colour schemes."""

from __future__ import annotations

import io
import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fieldcraft.agent.journal.folders import write_file
from fieldcraft.agent.models.errors import MissingExtra
from fieldcraft.study.design import Trial
from fieldcraft.study.study import Record, Study
from fieldcraft.study.tables import Group, groups, milestones

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Palette:
    """Colours of a figure. `series` differ in lightness too, and figures also use line styles."""

    paper: str
    ink: str
    quiet: str
    rule: str
    series: tuple[str, ...]


LIGHT = Palette(
    "#ffffff",
    "#1f2328",
    "#57606a",
    "#d8dee4",
    ("#0b5cad", "#c2570c", "#1b7837", "#8e44ad", "#b2182b", "#01757a", "#7a5c1e", "#5a6270"),
)
DARK = Palette(
    "#0d1117",
    "#e6edf3",
    "#9aa4ae",
    "#30363d",
    ("#6cb6ff", "#f4a261", "#7ee787", "#d2a8ff", "#ff8e86", "#5fd3d0", "#e3b75f", "#aab4be"),
)
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 1)), (0, (3, 3)))
Draw = Callable[["Figure", Palette], None]


def write_figures(study: Study) -> list[Path]:
    """Draw a study into its folder; draws nothing if no finished trial could be shown.

    Returns:
        The files that were written.

    Raises:
        MissingExtra: matplotlib is not installed.
        OSError: a file cannot be written.
    """
    shown = [record for record in study.records if record.trial.goal or study.plan.kind != "newworld"]
    if not any(record.measured for record in shown):
        return []
    kinds: dict[str, Callable[[Study], tuple[tuple[float, float], Draw]]] = {
        "items": _items,
        "techtree": _tech_tree,
        "newworld": _new_world,
    }
    size, draw = kinds[study.plan.kind](study)
    return write_drawn(study.folder / study.plan.kind, size, draw)


def _items(study: Study) -> tuple[tuple[float, float], Draw]:
    """Distinct items over iterations: a line for the median over seeds, a band from minimum to maximum."""
    worlds = list(dict.fromkeys(group.world for group in groups(study.records)))

    def draw(figure: Figure, palette: Palette) -> None:
        panels = figure.subplots(1, len(worlds), sharey=True, squeeze=False)[0]
        for axes, world in zip(panels, worlds, strict=True):
            chosen = [group for group in groups(study.records) if group.world == world and group.done]
            for number, group in enumerate(chosen):
                _curve(axes, group, number, palette, study.plan.iterations)
            axes.set(xlabel="iteration", title=world if len(worlds) > 1 else "")
            axes.set_xlim(0, study.plan.iterations)
            axes.set_ylim(bottom=0)
        panels[0].set_ylabel("distinct items")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)

    return (max(7.0, 4.6 * len(worlds)), 4.4), draw


def _curve(axes: Axes, group: Group, number: int, palette: Palette, iterations: int) -> None:
    trials = [list(record.measured.items.values()) for record in group.done if record.measured]
    steps = range(iterations + 1)
    counts = [[sum(at <= step for at in items) for items in trials] for step in steps]
    colour = palette.series[number % len(palette.series)]
    middle = [statistics.median(values) for values in counts]
    low, high = [min(values) for values in counts], [max(values) for values in counts]
    axes.fill_between(steps, low, high, color=colour, alpha=0.13, linewidth=0)
    axes.plot(steps, middle, color=colour, linestyle=DASHES[number % len(DASHES)], label=group.method)


def _tech_tree(study: Study) -> tuple[tuple[float, float], Draw]:
    """For each milestone, the iteration in which each seed of each method reached it."""
    rungs = milestones(study)
    rows = [
        (f"{group.method} ({group.world})" if len(study.plan.worlds) > 1 else group.method, group.done)
        for group in groups(study.records)
    ]

    def at(record: Record[Trial], rung: str) -> int | None:
        return record.measured.milestones.get(rung) if record.measured else None

    return _dots(rungs, rows, at, study.plan.iterations)


def _new_world(study: Study) -> tuple[tuple[float, float], Draw]:
    """For each goal, the iteration in which each seed reached it, with and without the library."""
    rows: list[tuple[str, list[Record[Trial]]]] = []
    for group in groups(record for record in study.records if record.trial.goal):
        name = group.method if len(study.plan.worlds) == 1 else f"{group.method} ({group.world})"
        for arm, words in ((True, "with the library"), (False, "without it")):
            chosen = [record for record in group.done if record.trial.with_library == arm]
            rows.append((f"{name}, {words}", chosen))

    def at(record: Record[Trial], _goal: str) -> int | None:
        return record.measured.goal_at if record.measured else None

    def of(records: list[Record[Trial]], goal: str) -> list[Record[Trial]]:
        return [record for record in records if record.trial.asked == goal]

    return _dots(list(study.plan.goals), rows, at, study.plan.goal_iterations, of)


def _dots(
    panels: Sequence[str],
    rows: Sequence[tuple[str, list[Record[Trial]]]],
    at: Callable[[Record[Trial], str], int | None],
    limit: int,
    of: Callable[[list[Record[Trial]], str], list[Record[Trial]]] = lambda records, _panel: records,
) -> tuple[tuple[float, float], Draw]:
    """A panel for each target, a row for each method, a dot for each seed, a bar at the median."""

    def draw(figure: Figure, palette: Palette) -> None:
        axeses = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
        for axes, panel in zip(axeses, panels, strict=True):
            for row, (_, records) in enumerate(rows):
                values = [at(record, panel) for record in of(records, panel)]
                known = [value for value in values if value is not None]
                colour = palette.series[row % len(palette.series)]
                axes.plot(
                    known, [row] * len(known), "o", color=colour, alpha=0.6, markersize=6, markeredgewidth=0
                )
                if known:
                    axes.plot([statistics.median(known)], [row], "|", color=palette.ink, markersize=15)
                axes.annotate(
                    f"{len(known)}/{len(values)}", (1.0, row), xycoords=("axes fraction", "data"),
                    xytext=(4, 0), textcoords="offset points", va="center", color=palette.quiet, size=8,
                )  # fmt: skip
            axes.set(title=panel.replace("_", " "), xlabel="iteration", xlim=(0, limit * 1.02))
        axeses[0].set_yticks(range(len(rows)), [name for name, _ in rows])
        axeses[0].set_ylim(len(rows) - 0.5, -0.5)

    return (2.0 + 2.2 * len(panels), 1.3 + 0.34 * len(rows)), draw


def write_drawn(stem: Path, size: tuple[float, float], draw: Draw) -> list[Path]:
    """Write a figure as PNG, as PNG for dark pages, and as one SVG for both.

    Args:
        stem: the files' path without `.png`, `-dark.png`, `.svg`.
        size: width and height in inches.
        draw: draws it with the colours of a palette.

    Raises:
        MissingExtra: matplotlib is not installed.
        OSError: a file cannot be written.
    """
    files = {}
    for suffix, palette in ((".png", LIGHT), ("-dark.png", DARK)):
        files[suffix] = _drawn(size, draw, palette, "png")
    files[".svg"] = _both(_drawn(size, draw, LIGHT, "svg").decode())
    written = []
    for suffix, content in files.items():
        path = stem.with_name(stem.name + suffix)
        write_file(path, content, sync=False)
        written.append(path)
    return written


def _drawn(size: tuple[float, float], draw: Draw, palette: Palette, kind: str) -> bytes:
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure as NewFigure
    except ImportError as error:
        raise MissingExtra(
            "figures need matplotlib, which is not installed: pip install 'fieldcraft[report]'"
        ) from error
    with mpl.rc_context(_style(palette)):
        figure = NewFigure(figsize=size, layout="constrained", facecolor=palette.paper)
        draw(figure, palette)
        file = io.BytesIO()
        metadata: dict[str, Any] = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
        figure.savefig(file, format=kind, dpi=160, metadata=metadata)
    return file.getvalue()


def _style(palette: Palette) -> dict[Any, Any]:
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": "study",
        "text.parse_math": False,
        "font.size": 9,
        "text.color": palette.ink,
        "axes.titlesize": 10,
        "axes.labelcolor": palette.quiet,
        "axes.edgecolor": palette.rule,
        "axes.facecolor": "none",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": palette.rule,
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "lines.linewidth": 1.8,
        "xtick.color": palette.quiet,
        "ytick.color": palette.quiet,
        "xtick.major.size": 0,
        "ytick.major.size": 0,
    }


def _both(drawn: str) -> bytes:
    """The light SVG with its colours as CSS variables, which take dark values in the dark colour scheme."""
    pairs = list(zip(_colours(LIGHT), _colours(DARK), strict=True))
    names = {light: f"--c{number}" for number, (light, _) in enumerate(pairs)}
    light = "".join(f"{names[colour]}:{colour};" for colour, _ in pairs)
    dark = "".join(f"{names[colour]}:{other};" for colour, other in pairs)
    style = f"<style>:root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}</style>"
    themed = re.sub("|".join(names), lambda found: f"var({names[found.group()]})", drawn, flags=re.IGNORECASE)
    return re.sub(r"(<svg[^>]*>)", lambda found: found.group() + style, themed, count=1).encode()


def _colours(palette: Palette) -> list[str]:
    return [palette.paper, palette.ink, palette.quiet, palette.rule, *palette.series]

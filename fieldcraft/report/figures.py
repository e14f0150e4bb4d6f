"""The figures of a report, as SVG that takes its colours from the page's style sheet."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from fieldcraft.agent.models.errors import MissingExtra
from fieldcraft.common.text import visible_line
from fieldcraft.envs import Chart
from fieldcraft.envs.pictures import read_picture
from fieldcraft.report.story import LearnedSkill, Story
from fieldcraft.report.templating import common_nouns, cut

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 4.8
"""The width of every figure in inches: its 9-point text stays readable on a phone."""
STEPS_SHOWN = 2_000
"""The most positions of a walk that are drawn."""
SKILLS_SHOWN = 40
"""The most skills in the figure of calls; the table lists all."""

INK, QUIET, RULE, PAPER, BAD = "#010101", "#020202", "#030303", "#040404", "#050505"
SERIES = ("#060606", "#070707")
_VARIABLES = {
    INK: "--ink",
    QUIET: "--quiet",
    RULE: "--rule",
    PAPER: "--paper",
    BAD: "--bad",
    SERIES[0]: "--first",
    SERIES[1]: "--second",
}
"""Placeholder colours for the style sheet's variables, so that figures follow the colour scheme."""

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": ["sans-serif"],
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": QUIET,
    "axes.edgecolor": RULE,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
}


def items_figure(stories: Sequence[Story]) -> str:
    """Distinct items, or what else is found, over iterations: one curve for each run.

    Milestones are numbered if there is one run.

    Raises:
        MissingExtra: matplotlib is not installed.
    """

    def draw(axes: Axes) -> None:
        from matplotlib.ticker import MaxNLocator

        for story, colour in zip(stories, SERIES, strict=False):
            numbers, counts = story.curve()
            axes.plot(numbers, counts, color=colour, drawstyle="steps-post", linewidth=2)
            axes.plot(numbers[-1], counts[-1], "o", color=colour, markersize=5, clip_on=False)
            if len(stories) == 1:
                axes.fill_between(numbers, counts, step="post", color=colour, alpha=0.12, linewidth=0)
                _badges(axes, _steps_reached(story), near=max(1.0, 0.03 * numbers[-1]))
        axes.set(xlabel="iteration", ylabel=f"distinct {_nouns(stories)}")
        axes.set_xlim(left=0)
        axes.set_ylim(0, 1.05 * max(1, *(len(story.held_at) for story in stories)))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))

    height = 4.4 if len(stories) > 1 else 4.1 if stories[0].land else 3.0
    return _svg("items", height, draw)


def map_figure(story: Story) -> str:
    """The path of the agent from above: east to the right, south down; older parts are fainter.

    Empty if the world has no positions. Straight lines join the places where programs ended.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    if not story.walked:
        return ""
    step = -(-len(story.walked) // STEPS_SHOWN)
    shown = [*story.walked[:-1][::step], story.walked[-1]]
    points = [(position.x, position.z) for _, position in shown]

    def draw(axes: Axes) -> None:
        _walk(axes, points, INK if story.land else SERIES[0])
        _place(axes, points[0], "start")
        if points[-1] != points[0]:
            _place(axes, points[-1], "end")
        _badges(axes, _places_reached(story), near=0.06 * _extent(points))
        axes.set(xlabel="x (east)", ylabel="z (south)")
        axes.margins(0.12)
        axes.set_aspect("equal", adjustable="datalim")
        axes.invert_yaxis()
        if story.land:
            _land(axes, story.land)

    return _svg("map", 4.4 if story.land else 3.6, draw)


def _walk(axes: Axes, points: Sequence[tuple[float, float]], colour: str) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.colors import to_rgba

    legs = list(pairwise(points))
    faded = [to_rgba(colour, 0.25 + 0.75 * (leg + 1) / len(legs)) for leg in range(len(legs))]
    axes.add_collection(LineCollection(legs, colors=faded, linewidths=1.4, capstyle="round"))
    axes.plot(*zip(*points, strict=True), "o", color=colour, markersize=3, markeredgewidth=0, zorder=2)


def _land(axes: Axes, land: Chart) -> None:
    """Draw the land that was seen, pale enough for the path to be readable in both colour schemes."""
    east, south = land.west + land.across, land.north + land.down
    axes.imshow(
        read_picture(land.png),
        extent=(land.west, east, south, land.north),
        alpha=0.6,
        interpolation="none",
        zorder=0,
    )
    axes.set(xlim=(land.west, east), ylim=(south, land.north))
    axes.set_aspect("equal", adjustable="box")
    axes.grid(visible=False)


def calls_figure(skills: Sequence[LearnedSkill]) -> str:
    """The call graph: skills in the order in which they were learned, an arc from each to those it calls.

    Only the latest skills that call or are called are drawn; empty if there is none.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    names = {skill.name for skill in skills}
    linked = [skill for skill in skills if skill.called_by or names.intersection(skill.calls)][-SKILLS_SHOWN:]
    if not linked:
        return ""
    rows = {skill.name: row for row, skill in enumerate(linked)}
    arcs = [(rows[skill.name], rows[name]) for skill in linked for name in skill.calls if name in rows]
    widest = max((abs(caller - called) for caller, called in arcs), default=1)

    def draw(axes: Axes) -> None:
        for caller, called in arcs:
            _arc(axes, caller, called, widest)
        for skill in linked:
            row = rows[skill.name]
            size = 4 + min(8, len(skill.called_by))
            axes.plot(0, row, "o", color=SERIES[0], markersize=size, clip_on=False)
            axes.text(-0.06, row, visible_line(skill.name, 40), ha="right", va="center")
        axes.set_xlim(-1.0, 0.9)
        axes.set_ylim(len(linked) - 0.4, -0.6)
        axes.set_axis_off()

    return _svg("calls", 0.4 + 0.21 * len(linked), draw)


def _nouns(stories: Sequence[Story]) -> str:
    """What the things are called that the runs found."""
    first, last = stories[0].overview.state, stories[-1].overview.state
    return cut(common_nouns(first, last), 40)


def _steps_reached(story: Story) -> list[tuple[float, float]]:
    """The iteration and number of items at each milestone."""
    return [
        (iteration, sum(at <= iteration for at in story.held_at.values()))
        for iteration in story.milestones.values()
    ]


def _places_reached(story: Story) -> list[tuple[float, float]]:
    """The position of the agent at each milestone."""
    places = [
        next((at for when, at in story.walked if when >= iteration), story.walked[-1][1])
        for iteration in story.milestones.values()
    ]
    return [(place.x, place.z) for place in places]


def _extent(points: Sequence[tuple[float, float]]) -> float:
    """The longer side of the box around the points."""
    columns, rows = [x for x, _ in points], [z for _, z in points]
    return max(max(columns) - min(columns), max(rows) - min(rows))


def _arc(axes: Axes, caller: int, called: int, widest: int) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Curve

    reach = 0.15 + 0.75 * abs(caller - called) / widest
    curve = Curve(
        [(0, caller), (reach * 1.3, caller), (reach * 1.3, called), (0, called)],
        [Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4],
    )
    axes.add_patch(PathPatch(curve, fill=False, edgecolor=SERIES[0], linewidth=1.2, alpha=0.45))


def _badges(axes: Axes, places: Sequence[tuple[float, float]], near: float) -> None:
    """Draw the milestones' numbers in discs; one within `near` of an earlier one is moved aside.

    The page lists next to the figure which milestone each number means.
    """
    for number, (x, y) in enumerate(places, 1):
        crowd = [place for place in places[: number - 1] if math.dist((x, y), place) <= near]
        axes.annotate(
            str(number),
            [*crowd, (x, y)][0],
            xytext=(16 * len(crowd), 0),
            textcoords="offset points",
            color=PAPER,
            ha="center",
            va="center_baseline",
            weight="bold",
            size=8,
            zorder=5,
            bbox={"boxstyle": "circle,pad=0.2", "facecolor": INK, "edgecolor": PAPER},
        )


def _place(axes: Axes, point: tuple[float, float], words: str) -> None:
    axes.plot(*point, "o", markersize=7, color=PAPER, markeredgecolor=SERIES[0], markeredgewidth=2, zorder=3)
    axes.annotate(words, point, xytext=(7, 6), textcoords="offset points", color=INK, zorder=6)


def _svg(name: str, height: float, draw: Callable[[Axes], None]) -> str:
    """An SVG element for a page; `name` keeps its ids distinct from those of other figures."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure as NewFigure
    except ImportError as error:
        raise MissingExtra(
            "a report needs matplotlib, which is not installed: pip install 'fieldcraft[report]'"
        ) from error
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = NewFigure(figsize=(WIDTH, height), layout="constrained")
        draw(figure.add_subplot())
        return _themed(_written(figure))


def _written(figure: Figure) -> str:
    file = io.StringIO()
    figure.savefig(
        file,
        format="svg",
        transparent=True,
        metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
    )
    drawn = file.getvalue()
    return drawn[drawn.index("<svg") :]


def _themed(drawn: str) -> str:
    return re.sub("|".join(_VARIABLES), lambda colour: f"var({_VARIABLES[colour.group()]})", drawn)

"""The report pages: stories and figures in a template that escapes all text."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from markupsafe import Markup

from fieldcraft.agent.journal.overview import shortened_prompts
from fieldcraft.agent.seeing import RunPictures
from fieldcraft.report import figures
from fieldcraft.report.highlighting import highlighted
from fieldcraft.report.story import Iteration, Story
from fieldcraft.report.templating import templates

IN_FULL = 200
"""How many of the latest iterations are shown with program and log."""
IN_FULL_CHARACTERS = 6_000_000
"""The most characters of HTML of all their programs; the oldest programs are left out first."""
PICTURES = 40
"""How many of the latest of them are shown with the picture that their author saw."""
LISTED = 10_000
"""How many of the latest iterations have their own line."""
BLOCK = 250
"""How many older iterations are summed up in one line."""


@dataclass
class Block:
    """Consecutive iterations, summed up in one line. `listed` are those that also have their own line."""

    first: int
    last: int
    done: int
    items: int
    listed: list[Iteration]


@dataclass
class Shown:
    """An iteration in full, with its program as HTML, and what its author saw as a `data:` address."""

    iteration: Iteration
    program: Markup
    picture: str = ""


def report_page(story: Story, *, stands: str) -> str:
    """The report of a run as one HTML page that loads nothing and runs no script.

    Args:
        story: the story of the run from `read_story`.
        stands: the status of the run in words: running, finished or paused.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    in_full = _in_full(story.iterations)
    for shown in in_full[-PICTURES:]:
        shown.picture = _picture(story, shown.iteration.picture)
    rest = story.iterations[: len(story.iterations) - len(in_full)]
    return (
        templates()
        .get_template("report.html")
        .render(
            story=story,
            stands=stands,
            shortened=shortened_prompts(story.overview.state),
            counted=[(name, f"{round(count):,}") for name, count in story.models_counts.items()],
            items=Markup(figures.items_figure([story])),  # noqa: S704 - SVG of ours
            map=Markup(figures.map_figure(story)),  # noqa: S704 - SVG of ours
            calls=Markup(figures.calls_figure(story.skills)),  # noqa: S704 - SVG of ours
            in_full=in_full,
            blocks=_blocks(rest, listed_from=len(story.iterations) - LISTED),
        )
    )


def comparison_page(first: Story, second: Story) -> str:
    """Compare two runs: their curves in one figure, and what each reached and spent.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    milestones = dict.fromkeys([*first.milestones, *second.milestones])
    return (
        templates()
        .get_template("comparison.html")
        .render(
            stories=[first, second],
            items=Markup(figures.items_figure([first, second])),  # noqa: S704 - SVG of ours
            milestones=list(milestones),
            counted=_counted(first, second),
            only=[
                [item for item in one.held_at if item not in other.held_at]
                for one, other in ((first, second), (second, first))
            ],
        )
    )


def _counted(first: Story, second: Story) -> list[tuple[str, list[str]]]:
    """What either run has counted of its models' answers, with the numbers of both."""
    runs = [
        {**story.models_counts, "shortened prompts": story.overview.state.shortened}
        for story in (first, second)
    ]
    names = dict.fromkeys(name for run in runs for name, count in run.items() if count)
    return [(name, [f"{round(run.get(name, 0)):,}" for run in runs]) for name in names]


def _in_full(iterations: list[Iteration]) -> list[Shown]:
    """The latest iterations in order, as many as the limits allow."""
    shown: list[Shown] = []
    characters = 0
    for iteration in reversed(iterations[-IN_FULL:]):
        program = highlighted(iteration.source) if iteration.source else Markup()
        characters += len(program)
        if characters > IN_FULL_CHARACTERS:
            break
        shown.append(Shown(iteration, program))
    return shown[::-1]


def _picture(story: Story, digest: str) -> str:
    png = RunPictures(story.folder).read(digest) if digest and story.folder else None
    return "" if png is None else f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _blocks(iterations: list[Iteration], *, listed_from: int) -> list[Block]:
    blocks = []
    for start in range(0, len(iterations), BLOCK):
        part = iterations[start : start + BLOCK]
        done = sum(iteration.outcome == "done" for iteration in part)
        found = sum(len(iteration.items) for iteration in part)
        listed = part[max(0, listed_from - start) :]
        blocks.append(Block(part[0].number, part[-1].number, done, found, listed))
    return blocks

"""What the pages about a run's past show: its iterations, its facts, and two runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from fieldcraft.agent.memory.keeping import FactsFile
from fieldcraft.report.highlighting import highlighted, style_sheet
from fieldcraft.report.story import Story
from fieldcraft.report.templating import cut, templates
from fieldcraft.serve.drawings import Point, items_curve, joined
from fieldcraft.serve.run_page import FOLDER, RunPage

LISTED = 50
"""Iterations on one page."""


@cache
def style() -> str:
    """The style sheet of all pages: the report's, that of programs, and the page's own."""
    own = templates(FOLDER)
    parts = [own.get_template("style.css").render(), str(style_sheet("default"))]
    parts += ["@media (prefers-color-scheme: dark) {", str(style_sheet("github-dark")), "}"]
    return "\n".join([*parts, ".code { background: var(--sunk); }", own.get_template("page.css").render()])


def rendered(template: str, **values: Any) -> str:
    """A page, with the style sheet in it: one request less before it is painted."""
    return templates(FOLDER).get_template(template).render(style=style, **values)


def warm_up() -> None:
    """Load what the first page would wait for: compiled templates, the style sheet, the highlighter."""
    for name in templates(FOLDER).list_templates(extensions=["html"]):
        templates(FOLDER).get_template(name)
    style()
    highlighted("pass")


def iterations_page(page: RunPage, last: int | None) -> dict[str, Any]:
    """A list of iterations up to number `last`, or the latest ones.

    Raises:
        JournalError: the journal is damaged.
    """
    newest = page.watched.overview.state.spent.iterations
    last = newest if last is None else min(max(last, 1), newest)
    return {
        "run": page.watched.overview.run,
        "newest": newest,
        "last": last,
        "listed": LISTED,
        "iterations": page.history.iterations(last, LISTED),
    }


def iteration_page(page: RunPage, number: int, pictures: str) -> dict[str, Any] | None:
    """One iteration in full; `None` if the run has none of this number. `pictures` is where pictures lie.

    Raises:
        JournalError: the journal is damaged.
    """
    newest = page.watched.overview.state.spent.iterations
    if not 1 <= number <= newest:
        return None
    found = page.history.iteration(number)
    if found is None:
        return None
    iteration, world = found
    return {
        "run": page.watched.overview.run,
        "nouns": cut(page.watched.overview.state.nouns, 40),
        "newest": newest,
        "iteration": iteration,
        "picture": f"{pictures}/{iteration.picture}.png" if iteration.picture else "",
        "program": _program(iteration.source) if iteration.source else Markup(),
        "world": world,
    }


def facts_page(page: RunPage) -> dict[str, Any]:
    """All that the run knows, by kind; `known` is `False` where the file of facts does not lead there."""
    story = Story(page.watched.overview)
    memory = FactsFile(page.watched.folder).read(page.watched.overview.state.facts)
    if memory is not None:
        story.memory = memory
    return {"run": page.watched.overview.run, "story": story, "known": memory is not None}


def comparison(pages: Sequence[RunPage]) -> dict[str, Any]:
    """Two runs side by side: their curves, and what each reached and spent."""
    views = [page.watched.overview for page in pages]
    curves: list[list[Point]] = []
    for page in pages:
        state = page.watched.overview.state
        now = (state.spent.iterations, len(state.found()))
        curves.append(joined(page.history.curve(), page.watched.points, [now]))
    milestones = dict.fromkeys(name for view in views for name in list(view.state.reached))
    items = [dict(view.state.found()) for view in views]
    return {
        "runs": [
            (view.run, quote(page.watched.folder.name, safe=""))
            for view, page in zip(views, pages, strict=True)
        ],
        "views": views,
        "curve": items_curve(curves),
        "milestones": list(milestones),
        "only": [
            [item for item in items[0] if item not in items[1]],
            [item for item in items[1] if item not in items[0]],
        ],
    }


@lru_cache(maxsize=64)
def _program(source: str) -> Markup:
    return highlighted(source)

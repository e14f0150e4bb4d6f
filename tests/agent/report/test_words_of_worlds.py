"""Pages call what was found as the world does, and speak of items only where there are any."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.run import Run
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.settings import RunSettings
from fieldcraft.agent.task import Task, Verdict
from fieldcraft.cli.views.lines import lines
from fieldcraft.envs import Observation, Progress
from fieldcraft.report import comparison_page, report_page
from fieldcraft.report.reading import tell
from fieldcraft.skills import Execution

ROOMS = Progress(achieved={"rooms": {"attic": 3, "cellar": 9}})
ITEMS = Progress(items={"wood": 3})
FOREIGN = ("item", "Item", "tech tree", "milestone", "Milestone", "blocks walked")


def life(progress: Progress) -> Iterator[e.Event]:
    """A run of one iteration that ended with this progress."""
    events = (
        e.RunStarted(run="one", settings=RunSettings(seed=7)),
        e.WorldReset(observation=Observation(), progress=Progress()),
        e.TaskProposed(task_number=1, task=Task(words="Look around")),
        e.ExecutionStarted(iteration=1, attempt=1, source="def look(bot):\n    pass\n"),
        e.ExecutionFinished(
            iteration=1, execution=Execution(), observation=Observation(tick=9), progress=progress
        ),
        e.Judged(iteration=1, verdict=Verdict(success=True)),
        e.TaskFinished(task_number=1, success=True, attempts=1),
    )
    for number, event in zip(count(1), events, strict=False):
        event.number, event.time = number, 1.0
        yield event


@pytest.mark.parametrize(
    ("progress", "nouns"),
    [
        (Progress(), "items"),
        (ITEMS, "items"),
        (ROOMS, "rooms"),
        (Progress(achieved={"dark_rooms": {}}), "dark rooms"),
        (Progress(achieved={"rooms": {"attic": 3}, "files": {"a.txt": 4}}), "things"),
        (Progress(items={"wood": 3}, achieved={"rooms": {"attic": 3}}), "things"),
    ],
)
def test_what_was_found_has_the_name_of_its_kind(progress: Progress, nouns: str) -> None:
    assert RunState(progress=progress).nouns == nouns


def test_the_report_of_a_world_without_items_speaks_of_none() -> None:
    page = report_page(tell(life(ROOMS)), stands="paused")
    body = page.partition("</style>")[2]
    assert "Rooms over iterations" in body and "<dt>distinct rooms</dt><dd>2</dd>" in body
    assert "2 rooms so far" in body and "attic (rooms)" in body
    assert [word for word in FOREIGN if word in body] == []


def test_the_report_of_a_world_with_items_speaks_of_them() -> None:
    page = report_page(tell(life(ITEMS)), stands="paused")
    for words in ("Items over iterations", "Up the tech tree", "No milestone yet", "1 items held so far"):
        assert words in page


def test_two_runs_are_compared_in_words_that_fit_both() -> None:
    rooms, wood = tell(life(ROOMS)), tell(life(ITEMS))
    assert "Rooms that only one of them reached" in comparison_page(rooms, tell(life(ROOMS)))
    assert "Things that only one of them reached" in comparison_page(rooms, wood)
    assert "Items that only one of them held" in comparison_page(wood, tell(life(ITEMS)))


def test_the_live_page_of_a_world_without_items_speaks_of_none(tmp_path: Path) -> None:
    pages = pytest.importorskip("fieldcraft.serve.run_page")
    land = pytest.importorskip("fieldcraft.serve.land").Land()
    with Run.create(tmp_path, RunSettings(), name="one") as run:
        for event in list(life(ROOMS))[1:]:
            run.journal.append(event, sync=False)
    page = pages.RunPage(tmp_path / "one", lines, land, None, read_only=True)
    page.step()
    shown = "".join(html for name, html in page.sections().items() if name != "now")
    assert "<dt>distinct rooms</dt><dd>2</dd>" in shown and "Rooms over iterations" in shown
    assert [word for word in FOREIGN if word in shown] == []

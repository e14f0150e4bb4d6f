"""The report says what people said to a run, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fieldcraft.agent import RunSettings, new_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.snapshots import Snapshots
from fieldcraft.agent.steering import Note, account, send
from fieldcraft.envs.gridworld import GridWorld
from fieldcraft.report import report_page
from fieldcraft.report.land import draw_land
from fieldcraft.report.reading import read_story


def test_each_note_is_listed_with_what_became_of_it(
    toy_settings: Callable[..., RunSettings], tmp_path: Path
) -> None:
    folder = tmp_path / "runs" / "toy"

    def person(event: e.Event) -> None:
        if isinstance(event, e.WorldReset):
            send(folder, Note(kind="say", text="mind the <b>lake</b>"))
            send(folder, Note(kind="task", text="Obtain 1 wood"))
        if isinstance(event, e.Judged) and event.iteration == 2:
            send(folder, Note(kind="skip"))

    with new_session(toy_settings(), runs=folder.parent, name="toy", listeners=(person,)) as session:
        session.explorer.explore()
    story = read_story(folder)

    said, asked, skipped = story.notes
    assert (said.kind, said.iteration, said.by, said.came_to) == ("say", 0, account(), "shown to the models")
    assert asked.text == "Obtain 1 wood" and asked.came_to.startswith("task 1, ")
    assert asked.came_to in ("task 1, done", "task 1, failed")
    assert skipped.came_to.startswith("task ") and skipped.came_to.endswith(" ended")
    page = report_page(story, stands="paused")
    assert "What people said" in page
    assert "mind the &lt;b&gt;lake&lt;/b&gt;" in page


def test_a_world_of_its_own_process_draws_the_same_map(tmp_path: Path) -> None:
    world = GridWorld()
    world.reset(seed=1)
    name = Snapshots(tmp_path).save(world.snapshot())
    apart = draw_land(tmp_path, name, "gridworld-v1", apart=True)
    assert apart is not None
    assert apart == draw_land(tmp_path, name, "gridworld-v1")

"""The story that a journal tells: what was found when, what it cost, and who calls whom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from long_life import long_life

from fieldcraft.agent import RunSettings, new_session
from fieldcraft.agent.journal.store import JournalError
from fieldcraft.report.reading import read_story, tell
from fieldcraft.report.story import Story


@pytest.fixture
def lived(toy_settings: Callable[..., RunSettings], tmp_path: Path) -> Story:
    """A real run: a success, a failure, an answer without a program, a repair, a skill that calls a skill."""
    with new_session(toy_settings(), runs=tmp_path / "runs", name="toy") as session:
        session.explorer.explore()
    return read_story(tmp_path / "runs" / "toy")


def test_tells_each_iteration_in_order(lived: Story) -> None:
    assert [iteration.number for iteration in lived.iterations] == [1, 2, 3, 4, 5]
    assert [iteration.attempt for iteration in lived.iterations] == [1, 1, 2, 3, 1]
    assert [iteration.outcome for iteration in lived.iterations] == [
        "done",
        "failed",
        "failed",
        "done",
        "done",
    ]
    first, _, refused, repaired, _ = lived.iterations
    assert first.task and first.task.words == "Chop 4 wood"
    assert first.execution and first.execution.log.startswith("chopped")
    assert refused.source is None and "no code block" in refused.problem
    assert repaired.kept == "saw-planks"


def test_every_token_is_told_once(lived: Story) -> None:
    told = sum(iteration.tokens for iteration in lived.iterations) + lived.tokens_aside
    assert told == lived.overview.state.spent.tokens > 0


def test_items_are_told_with_the_iteration_that_first_held_them(lived: Story) -> None:
    assert lived.held_at == {"wood": 1, "plank": 4}
    assert lived.curve() == ([0, 1, 4, 5], [0, 1, 2, 2])
    assert [iteration.items for iteration in lived.iterations] == [("wood",), (), (), ("plank",), ()]


def test_tells_who_calls_whom(lived: Story) -> None:
    chop, saw, *_ = lived.skills
    assert (chop.name, chop.called_by) == ("chop-wood", ["saw-planks"])
    assert saw.calls == ["chop-wood"]
    assert chop.uses >= 1


def test_stages_of_the_tech_tree_end_at_their_milestones() -> None:
    story = tell(long_life(1050))
    reached, since = story.stages()
    assert (reached.milestone, reached.iteration, len(reached.items)) == ("age 1", 1000, 100)
    assert since.milestone == ""
    assert [item for item, _ in since.items] == [f"item_{number}" for number in range(1010, 1060, 10)]


def test_what_is_asked_after_a_program_belongs_to_it() -> None:
    story = tell(long_life(2))
    assert [iteration.tokens for iteration in story.iterations] == [105, 105]


def test_a_run_cut_off_in_mid_program_has_an_open_iteration() -> None:
    events = long_life(2)
    while events[-1].type != "execution_started":
        events.pop()
    assert [iteration.outcome for iteration in tell(events).iterations] == ["done", "open"]


def test_a_secret_at_the_edge_of_what_is_held_is_not_half_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_API_KEY", "hunter2-hunter2-hunter2")
    log = "hunter2-hunter2-hunter2" + "x" * 3990
    story = tell(long_life(1, text=log))
    assert story.iterations[0].execution
    assert "hunter2" not in story.iterations[0].execution.log


def test_a_folder_without_a_journal_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="holds no journal"):
        read_story(tmp_path)

"""What a notebook shows of a run, by a real Jupyter kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

from fieldcraft.agent.journal.overview import Overview
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.progress import progress_html, progress_line
from fieldcraft.agent.settings import BudgetLimits, RunSettings
from fieldcraft.agent.task import Task


class Client(nbclient.NotebookClient):
    """Counts the messages by which a cell's output is replaced."""

    replaced = 0

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        self.replaced += msg["msg_type"] == "update_display_data"
        return super().process_message(msg, cell, cell_index)


def executed(folder: Path, *sources: str) -> tuple[list[list[Any]], int]:
    """The outputs of each cell, and how often one was replaced."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    client = Client(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    return [cell.outputs for cell in notebook.cells], client.replaced


@pytest.mark.slow
def test_a_cell_shows_progress_and_then_the_result(tmp_path: Path) -> None:
    cells, replaced = executed(
        tmp_path,
        "from fieldcraft import aexplore, explore\nexplore(iterations=3, name='one')",
        "result = await aexplore(iterations=1, name='two')",
        "explore(iterations=1, name='three', progress=False);",
    )
    progress, result = cells[0]
    assert progress.output_type == "display_data"
    assert "3 of 3 iterations" in progress.data["text/plain"]
    assert '<progress value="3" max="3">' in progress.data["text/html"]
    assert result.data["text/plain"].startswith("<RunResult one ended: budget")
    assert "<table>" in result.data["text/html"]
    assert "1 of 1 iteration," in cells[1][0].data["text/plain"]
    assert cells[2] == []
    assert replaced >= 3


def test_a_terminal_gets_lines_only_where_they_are_asked_for(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from fieldcraft import explore

    explore(iterations=1, runs=tmp_path / "runs", library=tmp_path / "library")
    assert capfd.readouterr() == ("", "")
    explore(iterations=1, runs=tmp_path / "runs", library=tmp_path / "library", name="one", progress=True)
    out, lines = capfd.readouterr()
    assert out == ""
    assert lines.splitlines()[0].startswith("one: gridworld-v1, seed 7, offline; 0 of 1 iteration")
    assert lines.splitlines()[-1].endswith("budget of 1 iterations used up")


def test_what_others_named_is_escaped_and_bounded() -> None:
    hostile = "<script>alert(1)</script>\x1b[31m\u202e\n" + "a" * 400
    overview = Overview(
        run=hostile,
        settings=RunSettings(environment=hostile, model=hostile, budget=BudgetLimits(iterations=5)),
        state=RunState(task=Task(words=hostile)),
        doing=hostile,
    )
    for text in (progress_html(overview), progress_line(overview)):
        assert len(text) < 1_500
        for piece in ("\x1b", "\u202e", "\n"):
            assert piece not in text
    assert "<script" not in progress_html(overview)

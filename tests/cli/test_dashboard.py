"""The dashboard and the summary fit narrow and wide terminals."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from cli_workshop import Workshop
from rich.cells import cell_len
from rich.console import Console
from rich.spinner import Spinner
from rich.theme import Theme

from fieldcraft.agent.journal.events import Held, NoteHeard
from fieldcraft.agent.journal.overview import Overview
from fieldcraft.cli.views.console import STYLES
from fieldcraft.cli.views.following import read_overview
from fieldcraft.cli.views.lines import lines
from fieldcraft.cli.views.live import dashboard


def drawn(view: Overview, width: int) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=width, theme=Theme(STYLES), markup=False).print(
        dashboard(view, Spinner("dots"), waited=4.0)
    )
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_dashboard_keeps_to_its_width_and_height(workshop: Workshop, width: int) -> None:
    workshop.explore("--tokens", "100000", "--money", "2", "--minutes", "5", "--seed", "12")
    view = read_overview(Path("runs/first"))
    rows = drawn(view, width)
    assert max(map(cell_len, rows)) == width
    assert len(rows) <= 20
    if width >= 80:
        text = "\n".join(rows)
        for words in ("first", "forest", "4 plank", "2 kept: saw-planks, chop-wood", "carpentry", "3/3"):
            assert words in text


def test_the_dashboard_of_a_run_that_has_not_begun(workshop: Workshop) -> None:
    text = "\n".join(drawn(Overview(run="first"), 80))
    for words in ("no task yet", "no verdict yet", "not seen yet", "0 kept", "no milestone yet"):
        assert words in text


def test_the_summary_fits_a_narrow_terminal(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    workshop.explore()
    lines = workshop.run("runs", "show", "first").out.splitlines()
    panel = [line for line in lines if line.startswith(("╭", "│", "╰"))]
    assert panel
    assert {cell_len(line) for line in panel} == {60}


def test_events_seen_before_change_nothing(workshop: Workshop) -> None:
    workshop.explore()
    view = read_overview(Path("runs/first"))
    before = view.state.model_dump()
    from fieldcraft.agent.journal.store import Journal

    events = Journal(Path("runs/first")).read()
    assert [view.take(event) for event in events] == [False] * len(events)
    assert view.state.model_dump() == before


def test_a_run_that_waits_for_a_person_says_who_paused_it() -> None:
    view = Overview(run="first")
    view.take(Held(number=1, by="ada\x1b[2J"))

    (shown,) = lines(Held(number=1, by="ada"), view)

    assert "paused by ada\\x1b[2J" in "\n".join(drawn(view, 80))
    assert shown.text().plain == " paused by ada  `runs go-on first` lets it go on".strip()
    view.take(NoteHeard(number=2, id="0" * 16, kind="go_on", by="ada"))
    assert (view.held_by, view.doing) == ("", "going on")

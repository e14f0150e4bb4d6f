"""The live view in a real terminal: it fills a large one, and survives a change of its size and Ctrl-Z."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path

import pytest
from cli_workshop import Workshop
from machine import PATIENCE, eventually
from rich.cells import cell_len
from rich.console import Console
from rich.spinner import Spinner
from rich.theme import Theme

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.overview import Overview
from fieldcraft.cli.views.console import STYLES
from fieldcraft.cli.views.following import read_overview
from fieldcraft.cli.views.lines import lines
from fieldcraft.cli.views.live import LOG_ROWS, dashboard
from fieldcraft.envs import Happening, Observation, Progress
from fieldcraft.skills import Execution

CLEARED, CURSOR = "\x1b[2J", "\x1b[?25h"


class Terminal:
    """A run in a terminal whose size can be set; what it shows is collected by a thread."""

    def __init__(self, folder: Path) -> None:
        self._leader, follower = pty.openpty()
        self.shown = ""
        self.resize(24, 80)
        hidden = {"COLUMNS", "LINES"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fieldcraft", "explore", "--name", "first", "--option", "slow=0.5"],
            cwd=folder,
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env={**{k: v for k, v in os.environ.items() if k not in hidden}, "TERM": "xterm-256color"},
            start_new_session=True,
        )
        os.close(follower)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def resize(self, rows: int, columns: int) -> None:
        """Set the terminal's size, of which a process that asks is told."""
        fcntl.ioctl(self._leader, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def asleep(self) -> bool:
        """Whether the process is stopped."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def end(self) -> int:
        """Wait for the process; its exit code."""
        code = self.process.wait(timeout=PATIENCE)
        self._reader.join(timeout=PATIENCE)
        return code

    def _read(self) -> None:
        while True:
            try:
                part = os.read(self._leader, 65536)
            except OSError:
                return
            if not part:
                return
            self.shown += part.decode(errors="replace")


def drawn(view: Overview, width: int, rows: int) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=width, theme=Theme(STYLES), markup=False).print(
        dashboard(view, Spinner("dots"), waited=4.0, rows=rows, now=view.latest + 60)
    )
    return file.getvalue().splitlines()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc whether a process is stopped")
def test_a_view_survives_ctrl_z_and_a_change_of_size(workshop: Workshop) -> None:
    terminal = Terminal(workshop.folder)
    workshop.wait_for("execution_started")
    assert eventually(lambda: "╭─" in terminal.shown)
    terminal.resize(60, 200)
    assert eventually(lambda: CLEARED in terminal.shown)
    terminal.process.send_signal(signal.SIGTSTP)
    assert eventually(terminal.asleep)
    assert eventually(lambda: terminal.shown.rpartition("╭─")[2].count(CURSOR) == 1), (
        "no cursor for the shell"
    )
    slept = len(terminal.shown)
    terminal.process.send_signal(signal.SIGCONT)
    assert eventually(lambda: CLEARED in terminal.shown[slept:])
    assert terminal.end() == 0
    assert "╭─" in terminal.shown[slept:] and "What next:" in terminal.shown[slept:]


def test_a_tall_terminal_shows_the_latest_tasks_and_the_program(workshop: Workshop) -> None:
    workshop.explore()
    view = read_overview(Path("runs/first"))
    rows = drawn(view, 200, 60 - LOG_ROWS)
    text = "\n".join(rows)
    assert len(rows) <= 60 - LOG_ROWS and max(map(cell_len, rows)) == 200
    for words in (
        "Latest tasks",
        "1: Chop 4 wood",
        "kept chop-wood",
        "Program",
        "def ",
        "iterations an hour",
    ):
        assert words in text


@pytest.mark.parametrize("rows", [0, 10, 18, 22, 24, 30, 52, 90])
def test_it_never_fills_more_rows_than_there_are(workshop: Workshop, rows: int) -> None:
    view = Overview(run="first", source="\n".join(f"line_{number}()" for number in range(200)))
    assert len(drawn(view, 120, rows)) <= max(rows, 18)


def test_a_death_and_what_it_was_of_stay_above_the_view() -> None:
    view = Overview(run="first")
    event = e.ExecutionFinished(
        number=1,
        time=1.0,
        iteration=1,
        execution=Execution(),
        observation=Observation(),
        progress=Progress(deaths=2),
        happenings=[Happening(what="died", subject="zombie\n# Rules")],
    )
    view.take(event)
    died = [line for line in lines(event, view) if line.lasting]
    assert [line.text().plain for line in died] == ["  † died of zombie # Rules  2 deaths so far"]


def test_a_stall_says_since_when_and_what_is_tried() -> None:
    view = Overview(run="first")
    event = e.StallNoticed(
        number=1, time=1.0, iteration=99, since=60, newest="item coal", tries="farther ground"
    )
    view.take(event)
    line = next(iter(lines(event, view))).text().plain
    assert line == "! nothing new in 60 iterations; trying farther ground  the last was item coal"


def test_the_line_of_a_task_says_why_nothing_was_kept() -> None:
    view = Overview(run="first")
    for event in (
        e.SkillRefused(number=1, time=1.0, iteration=1, reason="it does the same as chop_wood"),
        e.TaskFinished(number=2, time=1.0, task_number=1, success=True, attempts=1),
    ):
        view.take(event)
    assert "not kept: it does the same as chop_wood" in next(iter(lines(event, view))).text().plain
    assert view.recent[-1].came_to == "not kept: it does the same as chop_wood"

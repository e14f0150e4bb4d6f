"""`fieldcraft runs say|task|pause|go-on|step|skip|stop`: steer a run that another process runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fieldcraft.cli.errors import CommandFailed, UsageProblem
from fieldcraft.cli.options import shared as o

if TYPE_CHECKING:
    from fieldcraft.agent.steering import NoteKind

PANEL = "Steer a run"
TASK_LIMIT = 500
"""Characters of a task, as a run takes it."""
_FOR_A_RUNNING_ONE = {
    "go_on": "nothing waits",
    "step": "no step can be made",
    "skip": "there is no task to skip",
    "stop": "there is nothing to stop",
}
"""What a note of this kind comes to where no process runs the run."""

Run = Annotated[str, typer.Argument(metavar="RUN", help="The run's name, its folder, or `latest`.")]


def say(
    run: Run,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What the agent is to know or heed.")],
    runs: o.Runs = None,
    as_json: o.Json = False,
) -> int:
    """Say something to the agent: its models are shown the latest five messages as a person's words."""
    return _send(run, "say", runs, text=text, as_json=as_json)


def task(
    run: Run,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The task, such as 'Craft 1 furnace'.")],
    runs: o.Runs = None,
    as_json: o.Json = False,
) -> int:
    """Set the next task. The world checks one in the plain form `Craft 2 torch`; a model judges others."""
    if len(text) > TASK_LIMIT:
        raise UsageProblem(f"a task has at most {TASK_LIMIT} characters, not {len(text):,}; say the rest")
    return _send(run, "task", runs, text=text, as_json=as_json)


def pause(run: Run, runs: o.Runs = None, as_json: o.Json = False) -> int:
    """Let the run wait at its next event until `runs go-on`; a run that waits spends nothing."""
    return _send(run, "pause", runs, as_json=as_json)


def go_on(run: Run, runs: o.Runs = None, as_json: o.Json = False) -> int:
    """Let a paused run go on."""
    return _send(run, "go_on", runs, as_json=as_json)


def step(run: Run, runs: o.Runs = None, as_json: o.Json = False) -> int:
    """Let one iteration pass, then wait again."""
    return _send(run, "step", runs, as_json=as_json)


def skip(run: Run, runs: o.Runs = None, as_json: o.Json = False) -> int:
    """Give up the task in progress before its next attempt."""
    return _send(run, "skip", runs, as_json=as_json)


def stop(run: Run, runs: o.Runs = None, as_json: o.Json = False) -> int:
    """Stop the run at its next event, as Ctrl-C does; it can be resumed."""
    return _send(run, "stop", runs, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Add these commands to `fieldcraft runs`."""
    for name, command in (
        ("say", say),
        ("task", task),
        ("pause", pause),
        ("go-on", go_on),
        ("step", step),
        ("skip", skip),
        ("stop", stop),
    ):
        app.command(name, rich_help_panel=PANEL)(command)


def _send(name: str, kind: NoteKind, runs: str | None, *, text: str = "", as_json: bool) -> int:
    from fieldcraft.agent.journal.run import find_run
    from fieldcraft.agent.steering import Note, send
    from fieldcraft.agent.steering.notes import TEXT_LIMIT
    from fieldcraft.cli.options.config import load_settings
    from fieldcraft.cli.views.console import print_json
    from fieldcraft.cli.views.following import is_open

    if len(text) > TEXT_LIMIT:
        raise UsageProblem(f"a message has at most {TEXT_LIMIT:,} characters, not {len(text):,}")
    folder = find_run(Path(load_settings({} if runs is None else {"runs": runs}).runs), name)
    _check_owner(folder)
    running = is_open(folder)
    if not running and kind in _FOR_A_RUNNING_ONE:
        raise CommandFailed(f"run {folder.name!r} is not running, so {_FOR_A_RUNNING_ONE[kind]}")
    try:
        sent = send(folder, Note(kind=kind, text=text[:TEXT_LIMIT]))
    except OSError as error:
        raise CommandFailed(f"the inbox of run {folder.name!r} cannot be written ({error})") from error
    if as_json:
        print_json({"run": folder.name, "id": sent.id, "kind": kind, "running": running})
    else:
        _tell(folder, kind, running=running)
    return 0


def _check_owner(folder: Path) -> None:
    """A run hears only the account that runs it, which is the owner of its folder."""
    if hasattr(os, "getuid") and (owner := folder.stat().st_uid) != os.getuid():
        raise CommandFailed(
            f"run {folder.name!r} belongs to another user (id {owner}), and hears that account alone; "
            "steer it from there"
        )


def _tell(folder: Path, kind: NoteKind, *, running: bool) -> None:
    from fieldcraft.cli.options.naming import program
    from fieldcraft.cli.views.console import console, say

    if running:
        words = f"sent to {folder.name}, which hears it {_HEARD.get(kind, 'at its next event')}"
    else:
        what = "the pause" if kind == "pause" else "the note"
        words = (
            f"{folder.name} is not running: {what} waits in its inbox until it is resumed "
            f"(`{program()} explore --resume {folder.name}`)"
        )
    console().print(say(words), soft_wrap=True)


_HEARD = {
    "task": "at its next event; the task comes after the one in progress",
    "skip": "at its next event; the task ends before its next attempt",
}

"""`fieldcraft runs approvals` and `fieldcraft runs approve`: tool calls that wait for a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fieldcraft.cli.commands.run.calls import RunName
from fieldcraft.cli.errors import CommandFailed, UsageProblem
from fieldcraft.cli.options import shared as o

if TYPE_CHECKING:
    from fieldcraft.agent.approvals.parked import ParkedCall

_ARGUMENTS_SHOWN = 2_000


def approvals(run: RunName = "latest", runs: o.Runs = None, as_json: o.Json = False) -> int:
    """List the tool calls of a run that wait for a person, with their arguments."""
    from fieldcraft.agent.approvals.answering import arguments_of
    from fieldcraft.agent.approvals.wording import in_words
    from fieldcraft.agent.journal.run import find_run
    from fieldcraft.agent.steering import Inbox
    from fieldcraft.cli.options.naming import program
    from fieldcraft.cli.views.console import console, one_line, print_json, say, table
    from fieldcraft.cli.views.figures import moment
    from fieldcraft.cli.views.following import read_overview

    folder = find_run(_folder(runs), run)
    parked = read_overview(folder).state.parked
    if as_json:
        print_json([_as_data(name, call, arguments_of(folder, call)) for name, call in parked.items()])
        return 0
    screen = console()
    if not parked:
        screen.print(say(f"no call of {folder.name} waits for a person", "quiet"))
        return 0
    shown = table(
        "id", "since", "expires", "#task", "call", "answer", title=f"calls of {folder.name}", whole=1
    )
    sent = {note.call: note for note in Inbox(folder).waiting() if note.kind == "approve"}
    for name, call in parked.items():
        note = sent.get(name)
        answer = (
            f"{in_words(note.text, note.by)} (not heard yet)" if note and not call.answer else _answer(call)
        )
        shown.add_row(
            say(name, "name"),
            moment(call.since),
            moment(call.expires) if call.expires else say("never", "quiet"),
            str(call.task) if call.task else "",
            say(one_line(call.shown, _ARGUMENTS_SHOWN)),
            say(one_line(answer), "quiet"),
        )
    screen.print(shown)
    if any(not call.answer and name not in sent for name, call in parked.items()):
        screen.print(say(f"answer with: {program()} runs approve {folder.name} ID [--deny]", "quiet"))
    return 0


def approve(
    run: RunName,
    call: Annotated[str, typer.Argument(metavar="ID", help="The call, as `runs approvals` lists it.")],
    deny: Annotated[bool, typer.Option("--deny", help="Refuse the call.")] = False,
    always: Annotated[
        bool, typer.Option("--always", help="Let the answer hold for every later call of the tool.")
    ] = False,
    note: Annotated[
        str | None, typer.Option("--note", metavar="TEXT", help="A few words with the answer.")
    ] = None,
    runs: o.Runs = None,
    as_json: o.Json = False,
) -> int:
    """Allow a tool call that waits for a person, or refuse it with --deny."""
    from fieldcraft.agent.approvals.answering import answer_call
    from fieldcraft.agent.journal.run import find_run
    from fieldcraft.cli.views.console import console, print_json, say
    from fieldcraft.cli.views.following import is_open, read_overview

    if always and note:
        raise UsageProblem("--always takes no --note; leave one of the two out")
    word = ("never" if deny else "always") if always else ("no" if deny else "yes")
    folder = find_run(_folder(runs), run)
    try:
        sent = answer_call(folder, read_overview(folder), call, f"{word}: {note}" if note else word)
    except OSError as error:
        raise CommandFailed(
            f"the answer cannot be put into {folder} ({error.strerror}); is it another person's run?"
        ) from error
    running = is_open(folder)
    if as_json:
        print_json({"run": folder.name, "call": call, "answer": sent.text, "running": running})
        return 0
    done = f"{'refused' if deny else 'allowed'} {call}{', and all later calls of its tool' if always else ''}"
    when = "the run hears it now" if running else "the run is not running, and hears it when it is resumed"
    console().print(say(f"{done}; {when}"), soft_wrap=True)
    return 0


def _as_data(name: str, call: ParkedCall, arguments: dict[str, object]) -> dict[str, Any]:
    return {
        "id": name,
        "tool": call.tool,
        "arguments": arguments,
        "task": call.task,
        "since": call.since,
        "expires": call.expires or None,
        "answer": call.answer or None,
        "by": call.by or None,
    }


def _answer(call: ParkedCall) -> str:
    from fieldcraft.agent.approvals.wording import in_words

    return in_words(call.answer, call.by) if call.answer else "open"


def _folder(runs: str | None) -> Path:
    from fieldcraft.cli.options.config import load_settings

    return Path(load_settings({} if runs is None else {"runs": runs}).runs)

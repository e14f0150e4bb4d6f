"""Starting a run or going on with one, from flags to the exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fieldcraft.cli.errors import CommandFailed, Stopped, UsageProblem, explain
from fieldcraft.cli.options.pricing import check_prices

if TYPE_CHECKING:
    from fieldcraft.agent.journal.overview import Overview
    from fieldcraft.agent.session import Session
    from fieldcraft.cli.running import Drive

Open = Callable[["Drive"], AbstractContextManager["Session"]]
CHANGEABLE = {"budget", "prompts", "runs"}
"""What can be given again on resume; everything else is the run's own."""


@dataclass(frozen=True)
class Look:
    """How a run is shown."""

    plain: bool
    as_json: bool
    picture: Path | None

    def __post_init__(self) -> None:
        if self.picture is not None and not self.picture.absolute().parent.is_dir():
            raise UsageProblem(
                f"--picture {self.picture}: there is no folder {self.picture.parent}; make it first"
            )


@contextmanager
def _stopped_here(words: str) -> Iterator[None]:
    """Say `words` where Ctrl-C ends this part, in which no run listens for it."""
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped(words) from None


@_stopped_here("stopped before a run began")
def begin(flags: Mapping[str, Any], name: str | None, look: Look, *, solving: str | None = None) -> int:
    """Start a run; returns the exit code.

    Args:
        flags: settings from the command line.
        name: of the run.
        look: how it is shown.
        solving: the one task to do, where it is `fieldcraft solve`.
    """
    from fieldcraft.agent.session import new_session
    from fieldcraft.agent.settings import FixedTask
    from fieldcraft.cli.options.config import load_settings

    settings = load_settings(flags)
    changes: dict[str, Any] = {}
    if solving is not None:
        changes = {"curriculum": "solve", "tasks": (FixedTask(task=solving),)}
    elif settings.curriculum == "fixed" and not settings.tasks:
        raise UsageProblem("--curriculum fixed needs a list of tasks: --tasks FILE")
    run_settings, runs = settings.for_run(**changes), Path(settings.runs)
    if run_settings.budget.money is not None:
        check_prices(run_settings)

    def opener(drive: Drive) -> AbstractContextManager[Session]:
        return new_session(run_settings, runs=runs, name=name, ask_human=drive.ask, follow=drive.take)

    return _drive(opener, runs, look)


@_stopped_here("stopped before the run went on; the same command resumes it")
def go_on(
    name: str, flags: Mapping[str, Any], new_name: str | None, look: Look, *, trusted: bool = False
) -> int:
    """Resume a run, with more budget where flags say so; returns the exit code."""
    from fieldcraft.agent.journal.run import find_run, latest_settings
    from fieldcraft.agent.journal.store import Journal
    from fieldcraft.agent.session import resumed_session
    from fieldcraft.agent.settings import BudgetLimits, RunSettings
    from fieldcraft.agent.trust import vouch_for
    from fieldcraft.cli.options.config import load_settings
    from fieldcraft.cli.options.naming import program

    fixed = sorted(set(flags) - CHANGEABLE) + (["name"] if new_name else [])
    if fixed:
        raise UsageProblem(
            f"a resumed run keeps its own {', '.join(fixed)}; only its budget can change "
            "(--iterations, --tokens, --money, --minutes), and where its --prompts are. Start a new run for "
            "the rest"
        )
    here = load_settings({key: flags[key] for key in ("runs", "prompts") if key in flags})
    folder = find_run(Path(here.runs), name)
    budget = None
    if "budget" in flags:
        before = latest_settings(Journal(folder).events(last_segment=True), RunSettings())
        budget = BudgetLimits.model_validate({**before.budget.model_dump(), **flags["budget"]})
        if "money" in flags["budget"]:
            check_prices(before)

    vouch = vouch_for(
        here,
        trusted=trusted,
        cure=f"Look at it with `{program()} runs show`; add --trust-run if you trust whoever made it",
    )

    def opener(drive: Drive) -> AbstractContextManager[Session]:
        return resumed_session(
            folder.name,
            runs=folder.parent,
            budget=budget,
            sources=here,
            vouch=vouch,
            ask_human=drive.ask,
            follow=drive.take,
            prompts=flags.get("prompts", ""),
        )

    return _drive(opener, folder.parent, look)


def _drive(opener: Open, runs: Path, look: Look) -> int:
    from fieldcraft.agent.journal.overview import Overview
    from fieldcraft.cli.running import Drive, choose_view
    from fieldcraft.cli.views.ending import resume_command

    overview = Overview()
    drive = Drive(choose_view(overview, plain=look.plain, as_json=look.as_json))
    problem: CommandFailed | None = None

    def at_end(session: Session) -> None:
        nonlocal problem
        problem = _draw(session, look.picture)

    try:
        code = drive.run(opener(drive), at_end)
    except Exception as error:
        if drive.opened and explain(error) is not None:
            command = resume_command(overview, runs)
            raise CommandFailed(f"{str(error).rstrip('.')}. Then go on with: {command}") from error
        raise
    with _stopped_here("stopped; the run is kept"):
        _tell(overview, runs, look, stopped=drive.stopped, unread=drive.unread)
    if problem is not None:
        raise problem
    return code


def _tell(overview: Overview, runs: Path, look: Look, *, stopped: bool, unread: bool) -> None:
    from fieldcraft.cli.views.console import console, print_json, say
    from fieldcraft.cli.views.ending import as_data, print_next, print_summary, resume_command

    if unread or (look.as_json and stopped):
        console(stderr=True).print(say(f"go on with: {resume_command(overview, runs)}"), soft_wrap=True)
    if look.as_json:
        print_json(as_data(overview, runs))
        return
    print_summary(overview, runs)
    print_next(overview, runs)


def _draw(session: Session, picture: Path | None) -> CommandFailed | None:
    """Write the world's picture; a world that cannot, or a full disk, is told after the summary."""
    if picture is None:
        return None
    world = session.environment
    if not world.spec.can_render:
        why = "".join(f" ({remark})" for remark in world.remarks())
        return CommandFailed(f"{world.spec.id} draws no pictures{why}; leave --picture out")
    try:
        picture.write_bytes(world.render())
    except ValueError as error:
        return CommandFailed(f"--picture: {error}")
    except OSError as error:
        return CommandFailed(
            f"--picture {picture} cannot be written ({error.strerror}); choose another place"
        )
    return None

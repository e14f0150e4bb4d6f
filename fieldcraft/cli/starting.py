"""Start or resume a run, from the flags to the exit code."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fieldcraft.cli.errors import CommandFailed, Stopped, UsageProblem, explain
from fieldcraft.cli.options.pricing import check_prices, unused_prices
from fieldcraft.cli.views.console import warn

if TYPE_CHECKING:
    from fieldcraft.agent.journal.overview import Overview
    from fieldcraft.agent.session import Session
    from fieldcraft.agent.settings import BudgetLimits
    from fieldcraft.cli.options.config import Settings
    from fieldcraft.cli.running import Drive

Open = Callable[["Drive"], AbstractContextManager["Session"]]


@dataclass(frozen=True)
class Look:
    """How a run is shown, and where its picture is written."""

    plain: bool
    as_json: bool
    picture: Path | None

    def __post_init__(self) -> None:
        if self.picture is None:
            return
        folder = self.picture.absolute().parent
        if not folder.is_dir():
            raise UsageProblem(
                f"--picture {self.picture}: there is no folder {self.picture.parent}; create it first"
            )
        if self.picture.is_dir():
            raise UsageProblem(f"--picture {self.picture} is a folder; name a file in it")
        if not os.access(self.picture if self.picture.exists() else folder, os.W_OK):
            raise UsageProblem(f"--picture {self.picture} cannot be written; choose another place")


@contextmanager
def _stopped_here(words: str) -> Iterator[None]:
    """Report `words` if Ctrl-C ends this part, in which no run handles it."""
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped(words) from None


@_stopped_here("stopped before a run began")
def begin(flags: Mapping[str, Any], name: str | None, look: Look, *, solving: str | None = None) -> int:
    """Start a run; returns the exit code.

    Args:
        flags: settings from the command line.
        name: the name of the run.
        look: how the run is shown.
        solving: the one task to do, for `fieldcraft solve`.
    """
    from fieldcraft.agent.session import new_session
    from fieldcraft.agent.settings import FixedTask
    from fieldcraft.cli.options.config import load_settings
    from fieldcraft.cli.options.flags import check_owners
    from fieldcraft.skills.library.errors import LibraryLocked, LibraryNotWritable, UnsafeLibrary

    settings = load_settings(flags)
    check_owners("library_owners:", settings.library_owners)
    for flag, place in (("--library", settings.library), ("--runs", settings.runs)):
        if os.path.isfile(place):  # noqa: PTH113 - takes any name
            raise UsageProblem(f"{flag} {place} is a file; name a folder, which is made where it is missing")
    changes: dict[str, Any] = {}
    if solving is not None:
        changes = {"curriculum": "solve", "tasks": (FixedTask(task=solving),)}
    elif settings.curriculum == "fixed" and not settings.tasks:
        raise UsageProblem("--curriculum fixed needs a list of tasks: --tasks FILE")
    run_settings, runs = settings.for_run(**changes), Path(settings.runs)
    if run_settings.budget.money is not None:
        check_prices(run_settings)
    if unused := unused_prices(run_settings):
        warn(unused)

    def opener(drive: Drive) -> AbstractContextManager[Session]:
        return new_session(
            run_settings,
            runs=runs,
            name=name,
            ask_human=drive.person,
            follow=drive.take,
            otel=settings.otel,
            notice=settings.notice,
        )

    try:
        return _drive(opener, runs, look)
    except (LibraryLocked, LibraryNotWritable) as error:
        if not run_settings.keep_skills or isinstance(error, UnsafeLibrary):
            raise
        raise CommandFailed(
            f"{str(error).rstrip('.')}; or add --no-keep: the run uses the library and leaves it as it is"
        ) from error


@_stopped_here("stopped before the run resumed; the same command resumes it")
def go_on(
    name: str,
    flags: Mapping[str, Any],
    new_name: str | None,
    look: Look,
    *,
    trusted: bool = False,
    take: Sequence[str] = (),
) -> int:
    """Resume a run, with what flags change of its settings and its budget; returns the exit code.

    Args:
        name: of the run.
        flags: settings from the command line.
        new_name: the name that `--name` gave, if any.
        look: how the run is shown.
        trusted: the person trusts a run that was not made here.
        take: settings that are changed to what they are here.
    """
    from fieldcraft.agent.journal.run import find_run
    from fieldcraft.agent.session import resumed_session
    from fieldcraft.agent.settings import BudgetLimits
    from fieldcraft.agent.trust import vouch_for
    from fieldcraft.cli.options.config import load_settings
    from fieldcraft.cli.options.naming import program
    from fieldcraft.cli.options.resuming import changes_by
    from fieldcraft.skills.sandbox import require_system

    require_system()
    here = load_settings(flags)
    library = flags.get("library")
    if library is not None and not Path(library).is_dir():
        raise UsageProblem(f"there is no library {library}; name the folder of the run's skills")
    folder = find_run(Path(here.runs), name)
    if new_name not in (None, folder.name):
        raise UsageProblem(f"a resumed run keeps its own name ({folder.name}); leave --name out")
    changes = changes_by(flags, here, take)
    limits = here.budget.model_dump() if "budget" in take else flags.get("budget", {})
    budget = BudgetLimits.model_validate(limits)
    _look_ahead(folder, here, changes, take, budget)
    vouch = vouch_for(
        here,
        trusted=trusted,
        cure=f"Look at it with `{program()} runs show`; add --trust-run if you trust its author",
    )

    def opener(drive: Drive) -> AbstractContextManager[Session]:
        return resumed_session(
            folder.name,
            runs=folder.parent,
            budget=budget,
            library=library,
            sources=here,
            vouch=vouch,
            ask_human=drive.person,
            follow=drive.take,
            changes=changes,
            whole=take,
            otel=here.otel,
            notice=here.notice,
        )

    return _drive(opener, folder.parent, look)


def _look_ahead(
    folder: Path, here: Settings, changes: Mapping[str, Any], take: Sequence[str], budget: BudgetLimits
) -> None:
    """Refuse what the run cannot change, and say what it does not take up of the settings here."""
    from fieldcraft.agent.journal.run import latest_settings
    from fieldcraft.agent.journal.store import Journal
    from fieldcraft.agent.settings import ROLES, RunSettings
    from fieldcraft.agent.tooling.changed_settings import changed, with_budget
    from fieldcraft.cli.options.resuming import left_aside
    from fieldcraft.cli.views.console import console, say

    kept = latest_settings(Journal(folder).events(last_segment=True), RunSettings())
    settings = with_budget(changed(kept, changes, whole=take)[0], budget)
    others = any(settings.model_for(role) != kept.model_for(role) for role in ROLES)
    if settings.budget.money is not None and (others or "money" in budget.model_fields_set):
        check_prices(settings)
    for line in left_aside(here, settings):
        console(stderr=True).print(say(line), soft_wrap=True)


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
            what = str(error).rstrip(".").removesuffix("; mend it and resume the run")
            stop = "" if what.endswith("?") else "."
            raise CommandFailed(f"{what}{stop} Then resume with: {command}") from error
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
        console(stderr=True).print(say(f"resume with: {resume_command(overview, runs)}"), soft_wrap=True)
    if look.as_json:
        print_json(as_data(overview, runs))
        return
    print_summary(overview, runs)
    print_next(overview, runs)


def _draw(session: Session, picture: Path | None) -> CommandFailed | None:
    """Write the world's picture; if that fails, the message is shown after the summary."""
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

"""Forking a run: a new run with the same past, byte for byte, and a library of its own."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fieldcraft.agent.extensions import OBJECT
from fieldcraft.agent.forking.moments import Moment, Past, past_of
from fieldcraft.agent.forking.recovery import recovered
from fieldcraft.agent.forking.skills import Rebuilt, rebuild_library
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.folders import inside, why
from fieldcraft.agent.journal.library_place import find_library
from fieldcraft.agent.journal.marks import is_marked, mark_run
from fieldcraft.agent.journal.past.events import ForkNote
from fieldcraft.agent.journal.past.living_worlds import repeats
from fieldcraft.agent.journal.run import (
    FORKED,
    THIS_VERSION,
    Run,
    RunError,
    absolute_path,
    check_name,
    find_run,
)
from fieldcraft.agent.journal.snapshots import SnapshotDamaged, Snapshots
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.journal.tail import latest_snapshot
from fieldcraft.agent.models.errors import MissingKey
from fieldcraft.agent.models.of_roles import clients_of
from fieldcraft.agent.seeing import RunPictures
from fieldcraft.agent.settings import ROLES
from fieldcraft.agent.tooling.changed_settings import changed
from fieldcraft.agent.trust import Vouch
from fieldcraft.common.errors import FieldcraftError, InputError
from fieldcraft.common.files import Folder
from fieldcraft.envs import Environment
from fieldcraft.envs.apart import make_world
from fieldcraft.skills import Skill
from fieldcraft.skills.library.folder import is_library

LIBRARY = "library"
"""The folder of a fork's library inside its own."""
_TRIES = 1000
_ODD = re.compile(r"[^A-Za-z0-9._-]")


class CannotFork(RunError, InputError):
    """The world of a run cannot stand twice at one moment; the message names it and says why."""


@dataclass(frozen=True)
class Fork:
    """A run that was forked.

    Attributes:
        folder: its folder.
        of: the run that it was forked of.
        events: how many of its events are those of that run.
        iterations: how many lie in them.
        remark: why it begins earlier than was asked; else empty.
        skills: how many its library has.
        missing: skills that the run had kept and that are nowhere any more.
    """

    folder: Path
    of: str
    events: int
    iterations: int
    remark: str
    skills: int
    missing: tuple[str, ...]


def fork_run(
    name: str,
    *,
    at: str | int,
    runs: Path = Path("runs"),
    new_name: str | None = None,
    changes: Mapping[str, Any] | None = None,
    vouch: Vouch | None = None,
    environment: Environment | None = None,
) -> Fork:
    """Make a run that shares the past of another up to a moment, and no model is asked for it.

    It is a run of its own from then on: `resumed_session`, or `explore --resume`, goes on with it.

    Args:
        name: of the run, its folder, or `latest`; another process may have it open.
        at: the moment: `40` or `iteration:40` for the end of that iteration, `event:812` for an event. Within
            a task, the fork begins at that task's start.
        runs: the folder of runs, in which the fork is made.
        new_name: of the fork; made from the run's where omitted.
        changes: models and options of models from there on, as for `resumed_session`.
        vouch: called before anything is used that the run's settings name, as for `resumed_session`.
        environment: the world, where the run was started with an object.

    Raises:
        CannotFork: the world can neither take snapshots nor be begun again.
        NoSuchMoment, UnknownRun, BadRunName: the moment or a name is wrong; the message says what there is.
        UnknownModel, MissingExtra, BadScript: of a model that is changed.
        JournalError, LibraryError, RunError: what cannot be read or written.
    """
    source = find_run(runs, name)
    past = past_of(Journal(source).events(), Moment.of(at), source.name)
    new_name = _free_name(runs, source.name, past, new_name)
    with _in_the_making(runs, new_name) as made:
        Journal(source).copy_to(made, last=past.last)
        with Run.open(made.parent, made.name) as run:
            origin = Run(source, past.settings)
            origin.library_at, origin.state = past.library_at, run.state
            if vouch is not None:
                vouch(origin)
            _check_world(run, source.name, environment)
            _copy_snapshots(source, made, run, past)
            _copy_pictures(source, made, run)
            rebuilt = _library(origin, made, past)
            _begin(run, runs / new_name, source, changes or {})
        _write_note(
            made, ForkNote(of=source.name, event=past.last, iteration=past.iterations, time=time.time())
        )
    folder = runs / new_name
    if is_marked(source):
        mark_run(folder)
    return Fork(
        folder=folder,
        of=source.name,
        events=past.last,
        iterations=past.iterations,
        remark=past.remark,
        skills=rebuilt.skills,
        missing=tuple(rebuilt.missing),
    )


def _free_name(runs: Path, source: str, past: Past, given: str | None) -> str:
    if given is not None:
        check_name(given)
        if (runs / given).exists():
            raise RunError(f"a run {given!r} exists; choose another --name for the fork")
        return given
    stem = f"{_ODD.sub('-', source)[:60].lstrip('._-') or 'run'}-at-{past.iterations}"
    names = (stem if number == 1 else f"{stem}-{number}" for number in range(1, _TRIES))
    free = next((name for name in names if not (runs / name).exists()), None)
    if free is None:
        raise RunError(f"there are {_TRIES} forks called {stem}; choose a --name")
    return free


@contextmanager
def _in_the_making(runs: Path, name: str) -> Iterator[Path]:
    """A folder that takes its name at the end of the block, so that a killed fork leaves no run behind."""
    part = f".{name}.{secrets.token_hex(4)}.part"
    try:
        with Folder.open(runs, create=True) as place:
            place.make_folder(part)
            try:
                yield runs / part
                place.rename(part, name)
            except BaseException:
                with suppress(OSError):
                    place.remove_tree(part)
                raise
    except OSError as error:
        if isinstance(error, FieldcraftError):
            raise
        raise RunError(
            f"the fork {runs / name} cannot be made ({why(error)}); free space, or choose another --runs"
        ) from error


def _check_world(run: Run, source: str, given: Environment | None) -> None:
    """Refuse to fork a run whose world can neither take snapshots nor be begun again.

    Raises:
        CannotFork: the message names the world.
    """
    if latest_snapshot(run, unfinished=True) is not None:
        return
    name = run.settings.environment
    if given is None and name.startswith(OBJECT):
        raise CannotFork(
            f"run {source!r} was started with the world {name.removeprefix(OBJECT)} as an object, and keeps "
            "no snapshot of it; fork it from Python: fork_run(..., environment=...)"
        )
    world = given or make_world(name, apart=run.settings.world_process)
    try:
        forkable = repeats(world, run.settings.options)
    finally:
        if given is None:
            world.close()
    if not forkable:
        raise CannotFork(
            f"the world {world.spec.id} can neither take snapshots nor be begun again and brought back, so "
            f"it cannot stand where run {source!r} stood; start a new run, or give the world snapshots"
        )


def _copy_snapshots(source: Path, made: Path, run: Run, past: Past) -> None:
    """Copy the snapshot of the fork's moment, or else the latest before it, and those of segments' starts."""
    there, copies = Snapshots(source), Snapshots(made)
    shared, available = set(past.snapshots), set(there.names())
    for digest in there.starts():
        if digest in shared and _copied(there, copies, digest):
            copies.keep_start(digest)
    wanted = latest_snapshot(run, unfinished=True) or ""
    for digest in [wanted, *reversed(dict.fromkeys(past.snapshots))]:
        if digest in available and _copied(there, copies, digest):
            return


def _copy_pictures(source: Path, made: Path, run: Run) -> None:
    """Copy what the models are shown first, where they are shown pictures."""
    there, copies = RunPictures(source), RunPictures(made)
    for digest in {run.state.picture, *(getattr(event, "picture", "") for event in run.tape)}:
        if (png := there.read(digest)) is not None:
            copies.keep(png)


def _copied(there: Snapshots, copies: Snapshots, digest: str) -> bool:
    try:
        copies.save(there.load(digest))
    except SnapshotDamaged:
        return False
    return True


def _library(origin: Run, made: Path, past: Past) -> Rebuilt:
    place, _ = find_library(origin)
    library = Path(place) if place and is_library(Path(place)) else None

    def recover(wanted: set[str]) -> Iterator[Skill]:
        return recovered(Journal(made).events(), wanted, last=past.last)

    return rebuild_library(library, made / LIBRARY, past, origin.state.kept, recover)


def _begin(run: Run, folder: Path, source: Path, changes: Mapping[str, Any]) -> None:
    """Write the fork's first events of its own."""
    settings, remarks = changed(run.settings, changes)
    if any(settings.model_for(role) != run.settings.model_for(role) for role in ROLES):
        with suppress(MissingKey):
            clients_of(settings)
    library = str(folder / LIBRARY)
    settings = settings.model_copy(update={"library": library})
    forked = e.RunForked(
        run=folder.name,
        of=source.name,
        settings=settings,
        library_at=absolute_path(library),
        loop=e.LOOP,
        version=THIS_VERSION,
    )
    run.journal.append(forked, sync=True)
    for remark in remarks:
        run.journal.append(e.Warned(text=remark), sync=True)


def _write_note(made: Path, note: ForkNote) -> None:
    with inside(made) as folder:
        folder.write(FORKED, note.model_dump_json().encode())

"""A run's directory: journal, snapshots, lock. What a person lists, resumes and copies."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.folders import inside, why
from fieldcraft.agent.journal.lines import read_line
from fieldcraft.agent.journal.marks import mark_run
from fieldcraft.agent.journal.past.events import ForkNote
from fieldcraft.agent.journal.reducer import apply
from fieldcraft.agent.journal.snapshots import FOLDER as SNAPSHOTS
from fieldcraft.agent.journal.snapshots import SnapshotDamaged, Snapshots
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.journal.store import Journal, JournalError
from fieldcraft.agent.journal.stored.segments import first_line
from fieldcraft.agent.settings import RunSettings
from fieldcraft.common.data import DataError
from fieldcraft.common.errors import FieldcraftError, InputError, Unavailable
from fieldcraft.common.files import Folder, UnsafeFile
from fieldcraft.common.locks import FileLock, LockTimeout
from fieldcraft.common.suggest import nearest
from fieldcraft.common.text import visible_line

__all__ = [
    "Run",
    "RunError",
    "RunLocked",
    "SnapshotDamaged",
    "UnknownRun",
    "begun_at",
    "find_run",
    "list_runs",
]

LOCK = "run.lock"
FORKED = "forked.json"
"""The file of a fork's folder that says of what, where and when it was forked."""
THIS_VERSION: str = sys.modules["fieldcraft"].__version__
"""Of Fieldcraft. The package above is loaded by now; an import of it from here would be one upwards."""
TAPE_LIMIT = 1_000_000
"""Events since the last finished task."""
_NOTE = 10_000
"""The most bytes of the file that says what a run was forked from."""
_FIRST_LINE = 1_000_000
"""Bytes that are looked at for the time of a run's first event."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class RunError(FieldcraftError, RuntimeError):
    """A run cannot be created, found or opened; the message says what to do."""


class UnknownRun(RunError, InputError):
    """No run of this name; the message lists the nearest."""


class BadRunName(RunError, InputError):
    """A run cannot be called so; the message says of what a name is made."""


class RunLocked(RunError, Unavailable):
    """Another process has this run open."""


class Run:
    """One run on disk. Make it with `create` or `open`; use as a context manager to hold its lock.

    Attributes:
        settings: as they stand after the last resume.
        library_at: absolute path of the library when the run last began, empty where it is not known.
        state: folded from the journal up to the last finished task.
        tape: the events after that, in order: what a resume replays before it goes on live.
        writer: the version of Fieldcraft that wrote the last of them.
        other_writer: the one that wrote some of them by another loop than this version's, if any did.
        stopped_at: the number of the last event on the tape with which the run stopped by rule, 0 if none.
    """

    def __init__(self, folder: Path, settings: RunSettings) -> None:
        self.folder = folder
        self.settings = settings
        self.library_at = absolute_path(settings.library)
        self.state = RunState()
        self.tape: list[e.Event] = []
        self.writer = THIS_VERSION
        self.other_writer: str | None = None
        self.stopped_at = 0
        self.journal = Journal(folder)
        self._snapshots = Snapshots(folder)
        self._lock = FileLock(LOCK)

    @property
    def id(self) -> str:
        """The run's name: its folder's."""
        return self.folder.name

    @classmethod
    def create(cls, runs: Path, settings: RunSettings, *, name: str | None = None) -> Run:
        """Create a run under `runs` and take its lock.

        Raises:
            RunError: the name is taken, or the folder cannot be written.
        """
        if name is not None:
            check_name(name)
        name = name or f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
        folder = runs / name
        try:
            with Folder.open(runs, create=True) as place:
                place.make_folder(name)
                with place.inside(name) as made:
                    made.make_folder(SNAPSHOTS)
        except FileExistsError:
            raise RunError(
                f"a run {name!r} exists; resume it with --resume {name}, or choose another name"
            ) from None
        except OSError as error:
            raise RunError(
                f"the run folder {folder} cannot be made ({error.strerror}); choose another --runs"
            ) from error
        run = cls(folder, settings)
        run._take_lock()
        started = e.RunStarted(
            run=name, settings=settings, library_at=run.library_at, loop=e.LOOP, version=THIS_VERSION
        )
        try:
            run.journal.open(1)
            run.journal.append(started, sync=True)
        except BaseException:
            run.close()
            with contextlib.suppress(OSError), Folder.open(runs) as place:
                place.remove_tree(name)
            raise
        mark_run(folder)
        apply(run.state, started)
        return run

    @classmethod
    def open(cls, runs: Path, name: str) -> Run:
        """Open a run to go on with it, and take its lock.

        Raises:
            RunError: no such run (the nearest names are given).
            RunLocked: another process has it open.
            JournalError: its journal is damaged or of an unknown format.
        """
        run = cls(find_run(runs, name), RunSettings())
        run._take_lock()
        try:
            run._load()
        except BaseException:
            run.close()
            raise
        return run

    def _load(self) -> None:
        last, begun, loop = 0, False, e.LOOP
        for event in self.journal.events(last_segment=True):
            last = event.number
            if isinstance(event, e.WITH_SETTINGS):
                self.settings, self.library_at = event.settings, event.library_at
            if isinstance(event, e.WriterEvent):
                loop, self.writer = event.loop, visible_line(event.version, 40)
            elif loop != e.LOOP and not isinstance(event, _OUTSIDE_TASKS):
                self.other_writer = self.other_writer or self.writer
            if isinstance(event, e.Checkpoint):
                self.state = event.state.copied()
            self.tape.append(event)
            if isinstance(event, _BOUNDARIES) or not begun:
                self._fold_tape()
                begun = True
            if len(self.tape) > TAPE_LIMIT:
                raise JournalError(
                    f"{self.folder} holds more than {TAPE_LIMIT:,} events since its last finished task, "
                    "which no run does; get it from a source you trust, or start a new run"
                )
        if not last:
            raise JournalError(
                f"{self.folder} was never begun (its journal is empty); delete it and explore again"
            )
        self._tidy_tape()
        self.journal.open(last + 1)

    def _tidy_tape(self) -> None:
        """Leave what is played back: no pauses and warnings, and no notes that stand before all else."""
        self.stopped_at = max((each.number for each in self.tape if isinstance(each, e.RunPaused)), default=0)
        if self.stopped_at:
            self.state.steering.end_pause()
        self.tape = [event for event in self.tape if not isinstance(event, e.ASIDES)]
        first = next(
            (at for at, each in enumerate(self.tape) if not isinstance(each, e.NoteHeard)), len(self.tape)
        )
        for note in self.tape[:first]:
            apply(self.state, note)
            self.end_pause_before_stop(note)
        del self.tape[:first]

    def end_pause_before_stop(self, note: e.Event) -> None:
        """A pause ends where the run was stopped by rule after it: who resumes it wants it to go on."""
        if note.number < self.stopped_at:
            self.state.steering.end_pause()

    def _fold_tape(self) -> None:
        for event in self.tape:
            apply(self.state, event)
        self.tape.clear()
        self.other_writer = None

    def _take_lock(self) -> None:
        try:
            with inside(self.folder) as folder:
                self._lock.acquire(folder, timeout=0)
        except LockTimeout:
            raise RunLocked(
                f"run {self.id!r} is open in another process; watch it with `fieldcraft runs watch {self.id}`"
            ) from None
        except UnsafeFile as error:
            raise RunError(f"run {self.id!r} cannot be locked: {why(error)}") from error
        except OSError as error:
            raise RunError(
                f"run {self.id!r} cannot be locked ({error.strerror}): is its folder read-only?"
            ) from error

    def close(self) -> None:
        """Close the journal and let go of the lock. Safe to call twice."""
        self.journal.close()
        self._lock.release()

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def save_snapshot(self, snapshot: bytes) -> str:
        """Write a snapshot under its SHA-256 and return that name; see `Snapshots.save`."""
        return self._snapshots.save(snapshot)

    def load_snapshot(self, digest: str) -> bytes:
        """The snapshot of this name; raises `SnapshotDamaged` as `Snapshots.load` does."""
        return self._snapshots.load(digest)

    def keep_start(self, digest: str) -> None:
        """Keep the snapshot with which a segment of the journal begins; see `Snapshots.keep_start`."""
        self._snapshots.keep_start(digest)

    def thin_snapshots(self, latest: str) -> None:
        """Delete all but `latest`, the most recent snapshots, and those of segments' starts."""
        self._snapshots.thin(latest)


_OUTSIDE_TASKS = (*e.ASIDES, e.NoteHeard, e.WorldReset, e.RunFinished)
_BOUNDARIES = (e.TaskFinished, e.Checkpoint, e.TailSetAside)


def check_name(name: str) -> None:
    """Raise `BadRunName` where a run cannot be called so."""
    if not _NAME.fullmatch(name):
        raise BadRunName(f"{name!r} is no name for a run; use letters, digits, '.', '-' and '_' only")


def absolute_path(path: str) -> str:
    """Where a path leads whatever the working directory is; the links in it stay."""
    return os.path.abspath(path) if path else ""  # noqa: PTH100 - takes any name


def find_run(runs: Path, name: str) -> Path:
    """The folder of the run `name`, which may be a path or `latest`.

    Raises:
        UnknownRun: there is none; the message lists the nearest names.
    """
    known = list_runs(runs)
    if name == "latest" and known:
        return known[-1]
    for candidate in (runs / name, Path(name)):
        if os.path.isdir(candidate) and Journal(candidate).last_segment():  # noqa: PTH112 - takes any name
            return candidate
    names = [folder.name for folder in known]
    raise UnknownRun(
        f"no run {name!r} in {runs}{nearest(name, names) or '.'} "
        + (
            f"Latest: {', '.join(names[-3:])}."
            if names
            else "There are no runs yet; start one with `fieldcraft explore`."
        )
    )


def list_runs(runs: Path) -> list[Path]:
    """The run folders under `runs`, the oldest first. Links are none, nor are forks that were cut off."""
    if not runs.is_dir():
        return []
    with Folder.open(runs) as place:
        names = [name for name in place.names("folder") if not name.startswith(".")]
    found = {runs / name: begun_at(runs / name) for name in names}
    return sorted(
        (folder for folder, begun in found.items() if begun is not None),
        key=lambda folder: (found[folder], folder.name),
    )


def begun_at(folder: Path) -> float | None:
    """When a run's first own event was written, in seconds since the epoch, 0 where that cannot be read.

    `None` where the folder holds no journal.
    """
    try:
        segments = Journal(folder).segments()
        if not segments:
            return None
        with inside(folder) as place:
            if place.kind(FORKED) == "file":
                return float(ForkNote.model_validate_json(place.read(FORKED, limit=_NOTE)).time)
            status = place.status(segments[0].name)
            changed = 0.0 if status is None else status.st_mtime
            line = first_line(place, _FIRST_LINE)
    except (JournalError, OSError, ValidationError):
        return 0.0
    try:
        return float(read_line(line).time)
    except DataError:
        return changed


def latest_settings(events: Iterable[e.Event], default: RunSettings) -> RunSettings:
    """The settings in force after these events."""
    settings = default
    for event in events:
        if isinstance(event, e.WITH_SETTINGS):
            settings = event.settings
    return settings

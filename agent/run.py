"""A run's directory: journal, snapshots, lock. What a person lists, resumes and copies."""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from filelock import FileLock, Timeout

from fieldcraft.agent import events as e
from fieldcraft.agent.fold import apply
from fieldcraft.agent.journal import Journal, JournalError, write_atomically
from fieldcraft.agent.settings import RunSettings
from fieldcraft.agent.state import RunState
from fieldcraft.envs import nearest

RECENT_SNAPSHOTS = 8
"""Snapshots that are kept. Should all be damaged, the world is rebuilt from the journal."""


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class RunError(RuntimeError):
    """A run cannot be created, found or opened; the message says what to do."""


class UnknownRun(RunError):
    """No run of this name; the message lists the nearest."""


class RunLocked(RunError):
    """Another process has this run open."""


class SnapshotDamaged(RunError):
    """A snapshot file is missing, truncated or changed."""


class Run:
    """One run on disk. Make it with `create` or `open`; use as a context manager to hold its lock.

    Attributes:
        settings: as they stand after the last resume.
        state: folded from the journal up to the last finished task.
        tape: the events after that, in order: what a resume replays before it goes on live.
    """

    def __init__(self, folder: Path, settings: RunSettings) -> None:
        self.folder = folder
        self.settings = settings
        self.state = RunState()
        self.tape: list[e.Event] = []
        self.journal = Journal(folder)
        self._lock = FileLock(folder / "run.lock")

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
        if name is not None and not _NAME.fullmatch(name):
            raise RunError(f"{name!r} is no name for a run; use letters, digits, '.', '-' and '_' only")
        name = name or f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
        folder = runs / name
        try:
            folder.mkdir(parents=True)
            (folder / "snapshots").mkdir()
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
        started = e.RunStarted(run=name, settings=settings)
        try:
            run.journal.open(1)
            run.journal.append(started, sync=True)
        except BaseException:
            run.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise
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
        events = self.journal.read(last_segment=True)
        if not events:
            raise JournalError(
                f"{self.folder} was never begun (its journal is empty); delete it and explore anew"
            )
        self.settings = latest_settings(events, self.settings)
        boundary = max((i for i, event in enumerate(events) if isinstance(event, _BOUNDARIES)), default=0)
        first = events[0]
        if isinstance(first, e.Checkpoint):
            self.state = first.state.model_copy(deep=True)
        for event in events[: boundary + 1]:
            apply(self.state, event)
        self.tape = [event for event in events[boundary + 1 :] if not isinstance(event, e.ASIDES)]
        self.journal.open(events[-1].number + 1)

    def _take_lock(self) -> None:
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise RunLocked(
                f"run {self.id!r} is open in another process; watch it with `fieldcraft runs watch {self.id}`"
            ) from None
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
        """Write a snapshot under its SHA-256 and return that name. Idempotent.

        It is not synced: one that a power cut damages is rebuilt from the journal, which is.
        """
        digest = hashlib.sha256(snapshot).hexdigest()
        path = self._snapshot(digest)
        if self._content(digest) is None:
            try:
                path.parent.mkdir(exist_ok=True)
                write_atomically(path, snapshot, sync=False)
            except OSError as error:
                raise JournalError(
                    f"{path} cannot be written ({error.strerror}); nothing acknowledged is lost. "
                    "Free space or fix the permissions, then resume the run."
                ) from error
        return digest

    def load_snapshot(self, digest: str) -> bytes:
        """The snapshot of this name.

        Raises:
            SnapshotDamaged: the file is missing or not what was written.
        """
        content = self._content(digest)
        if content is None:
            path = self._snapshot(digest)
            raise SnapshotDamaged(f"{path} is {'truncated or changed' if path.exists() else 'missing'}")
        return content

    def _content(self, digest: str) -> bytes | None:
        """The snapshot's bytes, `None` unless they are what was written."""
        path = self._snapshot(digest)
        content = path.read_bytes() if path.exists() else b""
        return content if hashlib.sha256(content).hexdigest() == digest else None

    def thin_snapshots(self, latest: str) -> None:
        """Delete all but `latest` and the most recently written snapshots."""
        newest_first = sorted(
            (self.folder / "snapshots").glob("*.bin"), key=lambda path: -path.stat().st_mtime_ns
        )
        for path in newest_first[RECENT_SNAPSHOTS:]:
            if path.stem != latest:
                path.unlink(missing_ok=True)

    def _snapshot(self, digest: str) -> Path:
        return self.folder / "snapshots" / f"{digest}.bin"


_BOUNDARIES = (e.TaskFinished, e.Checkpoint)


def find_run(runs: Path, name: str) -> Path:
    """The folder of the run `name`, which may be a path or `latest`.

    Raises:
        UnknownRun: there is none; the message lists the nearest names.
    """
    known = list_runs(runs)
    if name == "latest" and known:
        return known[-1]
    for candidate in (runs / name, Path(name)):
        if any(candidate.glob("journal-*.jsonl")):
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
    """The run folders under `runs`, the oldest first."""
    folders = {path.parent for path in runs.glob("*/journal-*.jsonl")}
    return sorted(folders, key=lambda folder: (_first_segment_time(folder), folder.name))


def _first_segment_time(folder: Path) -> float:
    with min(folder.glob("journal-*.jsonl")).open("rb") as file:
        try:
            return float(e.EVENT.validate_json(file.readline()).time)
        except ValueError:
            return folder.stat().st_mtime


def latest_settings(events: Iterable[e.Event], default: RunSettings) -> RunSettings:
    """The settings in force after these events."""
    settings = default
    for event in events:
        if isinstance(event, e.RunStarted | e.Checkpoint | e.RunResumed):
            settings = event.settings
    return settings
